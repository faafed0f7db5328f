# SPDX-License-Identifier: LGPL-2.1-or-later
"""A copy of a commit, its builds, and their tests."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

from places import SOURCES

PLUGIN = f"{SOURCES}/libgstaudiobatch.so"
# Seconds between two looks at a program.
TICK = 0.02

# 77: the test was skipped
ENDS_WELL = {"exit code 0", "exit code 77"}

# With clang there is no link-time optimization, so builds take seconds. Without
# debug information two object files are equal if their code is.
CLANG = ("-Doptimization=1", "-Ddebug=false")
# Each: the compiler and meson's options.
BUILDS = {
    "plain": ("clang", CLANG),
    "asan": ("clang", (*CLANG, "-Db_sanitize=address,undefined",
                       "-Db_lundef=false")),
    "coverage": ("gcc", ("-Dbuildtype=debug", "-Db_coverage=true")),
}

# The suites that can see gst/audiobatch, and scripts that take seconds.
SUITES = {"audiobatch:libs", "audiobatch:elements", "audiobatch:pipelines",
          "audiobatch:fuzz"}
SCRIPTS = {"fill-batch-python", "interface", "moving-over", "property-tables",
           "symptoms"}

# What .ci/run sets for its slow builds; and memory is filled, as meson does it.
ENVIRONMENT = {
    "AUDIOBATCH_MODEL_SEQUENCES": "1800",
    "AUDIOBATCH_MONTH_HOURS": "24",
    "AUDIOBATCH_SNAPSHOTS": "100000",
    "AUDIOBATCH_SOAK_SECONDS": "864",
    "CK_TIMEOUT_MULTIPLIER": "5",
    "MALLOC_PERTURB_": "165",
}


class Stop:
    """If it is asked for, no program goes on. No threading.Event: a signal handler
    sets it, and must not wait for a lock."""

    asked = False


class Stopped(Exception):
    """A program was ended, or not begun, because a stop was asked for."""


class Result(NamedTuple):
    passed: bool
    seconds: float
    how: str


class Test(NamedTuple):
    command: list
    environment: dict
    targets: list


def end_group(process):
    """Ends a program and all that it has started. Ninja needs the chance to remove
    what it has half written."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def wait_for(process, limit):
    """Returns the number of ticks, and how the program ended. On a busy machine, or
    one that is stopped, a tick is longer, and so are the limit and the result."""
    ticks = 0
    while not limit or ticks * TICK < limit:
        code = process.poll()
        if code is not None:
            return ticks, f"signal {-code}" if code < 0 else f"exit code {code}"
        if Stop.asked:
            raise Stopped
        time.sleep(TICK)
        ticks += 1
    return ticks, f"no end after {limit:.0f} s"


def run(command, folder, environment, limit=None):
    """Runs a program in a group of its own, for @limit seconds at most."""
    if Stop.asked:
        raise Stopped
    with subprocess.Popen(command, cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, close_fds=False,
                          start_new_session=True) as process:
        try:
            ticks, how = wait_for(process, limit)
        finally:
            end_group(process)
    return Result(how in ENDS_WELL, ticks * TICK, how)


class Tree:
    """A clone at @commit. One thread uses it, but all may run its tests."""

    def __init__(self, folder, source, commit):
        self.root = Path(folder)
        self.lock = threading.Lock()
        if not self.root.exists():
            self.git("clone", "-q", "--no-checkout", source, self.root,
                     folder=source)
        self.git("fetch", "-q", source, commit)
        # overwrites what an interrupted run has broken
        self.git("checkout", "-q", "--force", "--detach", commit)
        self.builds = {}

    def git(self, *command, folder=None):
        subprocess.run(["git", *command], cwd=folder or self.root, check=True)

    def build(self, kind):
        """The folder of a build, and its tests by name. Nothing is compiled."""
        with self.lock:
            if kind not in self.builds:
                self.builds[kind] = self.set_up(kind)
            return self.builds[kind]

    def set_up(self, kind):
        compiler, options = BUILDS[kind]
        folder = self.root / f"build-{kind}"
        environment = dict(os.environ, CC=compiler)
        ready = folder / "ready"
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            self.must(["meson", "setup", folder, *options], environment)
            # fill the registries with a program that has no sanitizer
            for name in ("registry", "registry-libs"):
                registry = folder / "tests" / "check" / f"{name}.bin"
                self.must(["gst-inspect-1.0"], dict(
                    environment, GST_REGISTRY_1_0=str(registry)))
            ready.touch()
        # meson files may have changed with the commit
        self.must(["ninja", "-C", folder, "build.ninja"], environment)
        return folder, self.read_tests(folder)

    def must(self, command, environment):
        result = run(command, self.root, environment)
        if not result.passed:
            raise RuntimeError(f"{' '.join(map(str, command))}: {result.how}")

    @staticmethod
    def read_tests(folder):
        def introspect(what):
            return json.loads(subprocess.check_output(
                ["meson", "introspect", what, folder]))
        files = {target["id"]: os.path.relpath(target["filename"][0], folder)
                 for target in introspect("--targets")}
        return {test["name"]: Test(test["cmd"], test["env"],
                                   [files[id] for id in test["depends"]])
                for test in introspect("--tests")
                if SUITES & set(test["suite"]) or test["name"] in SCRIPTS}

    def make(self, kind, targets, jobs=1):
        """Compiles. Returns whether it could."""
        folder, _ = self.build(kind)
        with self.lock:
            return run(["ninja", "-C", folder, "-j", str(jobs),
                        *sorted(targets)], folder, os.environ).passed

    def make_tests(self, kind, names, jobs=1):
        _, tests = self.build(kind)
        return self.make(kind, {PLUGIN}.union(
            *(tests[name].targets for name in names)), jobs)

    def test(self, kind, name, limit=None, **more):
        folder, tests = self.build(kind)
        test = tests[name]
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("GST_PLUGIN_PATH")}
        environment.update(test.environment, **ENVIRONMENT, **more)
        return run(test.command, folder, environment, limit)

    def test_in_valgrind(self, name, limit=None):
        folder, _ = self.build("plain")
        # in a folder of its own: two threads may do this in one build
        return run(["meson", "test", "-C", folder, "--no-rebuild", "-t", "0",
                    "--logbase", f"mutation-{threading.get_ident()}",
                    "--setup", "valgrind", name], folder, os.environ, limit)

    def objects(self):
        """What the compiler made of each file of the plugin."""
        folder, _ = self.build("plain")
        return {path: hashlib.sha256(path.read_bytes()).digest()
                for path in (folder / SOURCES).rglob("*.o")}
