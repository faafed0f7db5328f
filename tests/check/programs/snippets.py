#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles and runs the programs and commands in README.md and docs/*.md.

usage: snippets.py ROOT BUILD

Compiles C with warnings as errors. A block with a main() is also run. Other blocks
are functions or statements; they get the includes, and statements also the variables
of AROUND. Runs Python with this interpreter; a block that does not import gi is only
compiled. launchlines.py runs launch lines; "meson devenv" is run here. Any other
command must be in COVERED, with what runs it. Blocks of text are output. There are
no other kinds of blocks.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from documents import LAUNCH, OWN_TESTS, Tally, fences, read_all, run

SKIPPED = 77
DEVENV = "meson devenv -C build "

# Commands that something else runs, and what. Each must be in a document.
COVERED = {
    "S=$([ \"$(id -u)\" = 0 ] || echo sudo); $S apt-get update":
        ".ci/run takes it from the README",
    "meson test -C build": ".ci/run, in the README's second command",
    "meson compile -C build": ".ci/run, for other folders",
    "meson test -C build --benchmark": ".ci/run, with one round",
    "example=recording; cc -o $example tests/examples/$example.c "
    "tests/examples/player.c $(pkg-config --cflags --libs gstreamer-app-1.0 "
    "gstreamer-audio-1.0 gstreamer-fft-1.0 gstreamer-pbutils-1.0) -lm":
        "examples.py, for each example in C",
    "meson configure build --prefix=/usr && sudo meson install -C build":
        "install.py, into a folder of its own and without sudo",
    "meson setup build-static -Ddefault_library=static "
    "&& meson install -C build-static": "install.py, into a folder of its own",
    "cc -o application application.c $(pkg-config --cflags --libs "
    "gstaudiobatch)": "install.py",
    "cp -r docs/packaging/debian . && sudo apt-get update && sudo apt-get "
    "build-dep -y --no-install-recommends ./": ".ci/package",
    "dpkg-buildpackage -b -us -uc": ".ci/package",
    "cd .. && sudo apt install -y ./gstreamer1.0-audiobatch_*.deb":
        ".ci/package",
    ".ci/run": "a maintainer, before a change lands",
    ".ci/package": ".ci/run",
    ".ci/system debian-13": ".ci/run",
    ".ci/system armhf": ".ci/run",
    "meson test -C build --print-errorlogs batch/batch":
        "the README's command runs that test with all the others",
    "meson test -C build --suite libs": "install.py, in what it unpacks",
    "tests/check/programs/properties.py --write build":
        "properties.py itself, which fails on what it would write",
    "tests/check/programs/interface.py --write build":
        "interface.py itself, which compares with what this wrote",
    "indent gst/audiobatch/batch/batch.c; indent gst/audiobatch/batch/batch.c":
        ".ci/run, for every file",
    "meson setup build-coverage -Db_coverage=true -Dbuildtype=debug":
        ".ci/run",
    "meson test -C build-coverage --setup slow": ".ci/run",
    "meson test -C build-coverage profile": ".ci/run",
    "meson test -C build --setup day --suite soak":
        "a maintainer: it takes half an hour",
    "gcovr --root . --filter gst/ --print-summary build-coverage": ".ci/run",
    "tests/mutation/mutate.py --count 100":
        "a maintainer: it takes two hours",
    "CC=clang meson setup build-fuzz -Dfuzz=enabled "
    "-Db_sanitize=address,undefined -Db_lundef=false": ".ci/run",
    "meson compile -C build-fuzz": ".ci/run",
    "FUZZ_SECONDS=60 meson compile -C build-fuzz fuzz": ".ci/run",
    'FUZZ_SECONDS=3600 FUZZ_SEED="1 2" FUZZ_FROM="seeds nothing" FUZZ_JOBS=2 '
    "meson compile -C build-fuzz fuzz": "a maintainer: it takes 8 hours",
    "CC=clang meson setup build-fuzz-tsan -Dfuzz=enabled -Db_sanitize=thread "
    "-Db_lundef=false": "a maintainer: see the next one but one",
    "meson compile -C build-fuzz-tsan": "a maintainer: see the next one",
    "FUZZ_SECONDS=600 meson compile -C build-fuzz-tsan fuzz":
        "a maintainer; the seeds run in the suite races of .ci/run's TSan build",
    "GST_DEBUG=audiobatch:7,GST_EVENT:5 build-fuzz/tests/fuzz/fuzz-audiobatch "
    "tests/fuzz/seeds/audiobatch/050c612c7db8":
        "the test fuzz-replay-audiobatch of that build, with all seeds",
    "meson test -C build --suite fuzz":
        "the README's command runs these tests with all the others",
    "tests/fuzz/seeds.py build-fuzz/tests/fuzz/fuzz-timeline "
    "build-fuzz/tests/fuzz/fuzz-timeline.work/corpus":
        "a maintainer: it changes the seeds",
}

PACKAGES = ("gstreamer-1.0", "gstreamer-base-1.0", "gstreamer-audio-1.0",
            "gstreamer-app-1.0")
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
            "-Wno-unused-function", "-Wno-unused-variable",
            "-Wno-unused-but-set-variable", "-Wno-pedantic")

INCLUDES = """\
#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>
"""

# The variables that statements may use.
AROUND = INCLUDES + """\
void snippet (GstElement * pipeline, GstElement * element, GstAppSink * sink);

void
snippet (GstElement * pipeline, GstElement * element, GstAppSink * sink)
{
%s
}
"""


def compiler_flags():
    done = subprocess.run(["pkg-config", "--cflags", "--libs", *PACKAGES],
                          text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0 or not shutil.which("gcc"):
        print("skipped: to compile the snippets, install gcc, pkg-config and "
              "libgstreamer-plugins-base1.0-dev")
        sys.exit(SKIPPED)
    return shlex.split(done.stdout)


def check_c(text, folder, flags):
    whole = re.search(r"\bmain \(", text) is not None
    if not whole:
        has_functions = re.search(r"(?m)^\{", text) is not None
        text = INCLUDES + text if has_functions else AROUND % text
    source, program = folder / "snippet.c", folder / "snippet"
    source.write_text(text, encoding="utf-8")
    how = ["-o", str(program)] if whole else ["-fsyntax-only"]
    fault, _ = run(["gcc", *WARNINGS, *how, str(source), *flags])
    if fault or not whole:
        return fault
    return run([str(program)], cwd=folder)[0]


def check_python(text, folder):
    source = folder / "snippet.py"
    source.write_text(text, encoding="utf-8")
    try:
        compile(text, "snippet", "exec")
    except SyntaxError as error:
        return str(error)
    if not re.search(r"(?m)^import gi\b", text):
        return None
    return run([sys.executable, str(source)], cwd=folder)[0]


def check_command(command, build, used):
    if LAUNCH.match(command):
        return None
    if command.startswith(DEVENV):
        inside = command.removeprefix(DEVENV)
        return run(f"meson devenv -C {shlex.quote(build)} {inside}", 300)[0]
    for covered in COVERED:
        # the README's two commands continue with packages
        if command == covered or (covered.endswith("apt-get update")
                                  and command.startswith(covered)):
            used.add(covered)
            return None
    return "nothing runs this: add it to COVERED, with what does"


def check_sh(fence, build, used):
    faults = [fault for command in fence.commands()
              if (fault := check_command(command, build, used))]
    return "\n".join(faults) or None


def check_own_test(root, name):
    """The document's own test must exist and name the document."""
    test = root / OWN_TESTS[name]
    if not test.exists():
        return f"there is no {OWN_TESTS[name]}"
    if name not in test.read_text(encoding="utf-8"):
        return f"{OWN_TESTS[name]} does not name {name}"
    return None


def main():
    root, build = Path(sys.argv[1]).resolve(), sys.argv[2]
    flags = compiler_flags()
    tally = Tally("snippets")
    used = set()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checks = {
            "c": lambda fence: check_c(fence.text, folder, flags),
            "python": lambda fence: check_python(fence.text, folder),
            "sh": lambda fence: check_sh(fence, build, used),
            "text": lambda fence: None,
        }
        for name, text in read_all(root).items():
            if name in OWN_TESTS:
                tally.add(check_own_test(root, name), f"{name}: own test")
                continue
            for fence in fences(name, text):
                check = checks.get(fence.kind)
                fault = (check(fence) if check else
                         "blocks are c, python, sh or text (output)")
                tally.add(fault, f"{fence.place}: {fence.kind}")
    for command in COVERED:
        tally.add(None if command in used else "no document has it any more",
                  f"COVERED: {command}")
    tally.exit()


main()
