#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs, runs without installing, and releases, as a user would.

usage: install.py staged|devenv|dist|elsewhere ROOT BUILD

staged: meson install into a folder of its own has every file in its place, and
  gst-inspect-1.0 finds the plugin there, with its name, version, license and
  elements; with the prefix /usr that place is GStreamer's own.
devenv: meson devenv finds the plugin of the build directory.
dist: meson dist makes a tarball that can be set up, built, and passes the tests
  of its modules. It is made of what is committed, and skipped outside of git.
elsewhere: on a system that is not Linux the profile tool is left out with a
  message, and an error if it was asked for.
"""

import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from documents import run

SKIPPED = 77
BUILD_SECONDS = 900
ELEMENTS = ["audiobatch", "audiobatchsrc"]
# What meson test and the tests' environment set, and would lead astray.
UNSET = ("DESTDIR", "GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0", "GST_REGISTRY",
         "GST_REGISTRY_1_0", "MALLOC_PERTURB_", "MESON_TEST_ITERATION")


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def must(command, seconds=60, **options):
    """Its output; without success this is the end."""
    print("+", *command, flush=True)
    fault, output = run(command, seconds, **options)
    if fault:
        sys.exit(f"{fault}\n{output[-4000:]}")
    return output


def expect(found, wanted, what):
    print("ok  " if found == wanted else "FAIL", f"{what}: {found}", flush=True)
    if found != wanted:
        sys.exit(f"where {wanted} is right")


def introspect(build, what):
    fault, output = run(["meson", "introspect", str(build), f"--{what}"])
    if fault:
        sys.exit(fault)
    return json.loads(output)


def find_plugin(build):
    """Where the plugin goes when it is installed."""
    for built, installed in introspect(build, "installed").items():
        if Path(built).name.startswith("libgstaudiobatch."):
            return Path(installed)
    sys.exit("the plugin is not installed at all")


def fields(text):
    """What gst-inspect-1.0 says of the plugin."""
    return dict(re.findall(r"(?m)^  (\S[\w ]*?)  +(\S.*)$", text))


def check_plugin(text, path, version):
    said = fields(text)
    expect(said.get("Name"), "audiobatch", "name")
    expect(said.get("Version"), version, "version")
    expect(said.get("License"), "LGPL", "license")
    expect(os.path.realpath(said.get("Filename", "")), os.path.realpath(path),
           "file")
    expect(sorted(re.findall(r"(?m)^  (\w+): ", text)), ELEMENTS, "elements")


def expect_in(words, text, what):
    """The words in @text, however its lines are broken."""
    joined = " ".join(text.split())
    if words not in joined:
        sys.exit(f"{what} lacks {words!r}:\n{text[-4000:]}")
    print("ok  ", f"{what}: {words}", flush=True)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def under(folder, installed):
    """Where @installed lies when @folder is the root."""
    return folder / Path(installed).relative_to("/")


def check_staged(build, folder):
    os.environ["GST_REGISTRY_1_0"] = str(folder / "registry.bin")
    stage = folder / "stage"
    must(["meson", "install", "--no-rebuild", "--quiet", "-C", str(build),
          "--destdir", str(stage)])
    for built, installed in introspect(build, "installed").items():
        if not under(stage, installed).exists():
            sys.exit(f"{installed} (from {built}) is not there")
        print("ok  ", installed)
    plugin = under(stage, find_plugin(build))
    text = must(["gst-inspect-1.0", "--plugin", "audiobatch"],
                env=dict(os.environ, GST_PLUGIN_PATH_1_0=str(plugin.parent)))
    check_plugin(text, plugin, introspect(build, "projectinfo")["version"])


def check_prefix(root, folder):
    """Into the folder where GStreamer looks, if it is the system's prefix."""
    usual = must(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"])
    prefix = must(["pkg-config", "--variable=prefix", "gstreamer-1.0"])
    build = folder / "prefixed"
    must(["meson", "setup", "--prefix", prefix.strip(), str(build), str(root)],
         300)
    expect(str(find_plugin(build).parent), usual.strip(), "plugin folder")


def check_devenv(build, folder):
    os.environ["GST_REGISTRY_1_0"] = str(folder / "registry.bin")
    os.environ["GST_REGISTRY_FORK"] = "no"
    text = must(["meson", "devenv", "-C", str(build), "gst-inspect-1.0",
                 "--plugin", "audiobatch"])
    check_plugin(text, build / "gst" / "audiobatch" / find_plugin(build).name,
                 introspect(build, "projectinfo")["version"])


def check_dist(root, folder):
    if not shutil.which("git") or not (root / ".git").exists():
        skip("meson dist wants a git checkout, and git; this is neither, or "
             "git is not installed (apt-get install git)")
    made, source = folder / "made", folder / "source"
    must(["meson", "setup", str(made), str(root)], 300)
    must(["meson", "dist", "-C", str(made), "--no-tests", "--allow-dirty",
          "--formats", "gztar"], 300)
    version = introspect(made, "projectinfo")["version"]
    tarball = made / "meson-dist" / f"audiobatch-{version}.tar.gz"
    with tarfile.open(tarball) as archive:
        archive.extractall(source)
    source = source / f"audiobatch-{version}"
    build = source / "build"
    must(["meson", "setup", str(build), str(source)], 300)
    must(["meson", "compile", "-C", str(build)], BUILD_SECONDS)
    print(must(["meson", "test", "-C", str(build), "--suite", "libs"],
               BUILD_SECONDS)[-600:])


def machine(system):
    """A cross file for this very machine."""
    multiarch = must(["gcc", "-print-multiarch"]).strip()
    processor = multiarch.split("-")[0]
    return (f"[binaries]\nc = 'gcc'\nar = 'ar'\nstrip = 'strip'\n"
            f"pkgconfig = 'pkg-config'\n"
            f"[host_machine]\nsystem = '{system}'\n"
            f"cpu_family = '{processor}'\ncpu = '{processor}'\n"
            f"endian = '{sys.byteorder}'\n")


def check_elsewhere(root, folder):
    cross = write(folder / "freebsd.ini", machine("freebsd"))
    command = ["meson", "setup", "--cross-file", str(cross),
               "-Dtests=disabled"]
    output = must([*command, str(folder / "auto"), str(root)], 300)
    expect_in("gst-audiobatch-profile-1.0 is left out: it reads /proc and calls "
              "prctl(), which only Linux has, and this is for freebsd", output,
              "meson setup")
    command += ["-Dprofile=enabled", str(folder / "enabled"), str(root)]
    print("+", *command, flush=True)
    fault, output = run(command, 300)
    expect(fault is None, False, "success with -Dprofile=enabled")
    expect_in("gst-audiobatch-profile-1.0 reads /proc and calls prctl(), which "
              "only Linux has", output, "the error")


def main():
    what, root, build = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    for name in UNSET:
        os.environ.pop(name, None)
    if not shutil.which("meson"):
        skip("there is no meson in PATH")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what == "staged":
            check_staged(build.resolve(), folder)
            check_prefix(root.resolve(), folder)
        elif what == "devenv":
            check_devenv(build.resolve(), folder)
        else:
            {"dist": check_dist,
             "elsewhere": check_elsewhere}[what](root.resolve(), folder)


main()
