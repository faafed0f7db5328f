#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares docs/packaging/debian with the project. .ci/package builds the packages.

usage: packaging.py ROOT BUILD

What meson installs is in one package each, and nothing else is in a file list. The
version is that of the changelog and of NEWS.md. What meson.build asks of GStreamer
and meson is what the packages ask for. If README.md makes the packages too, its lines
are those of docs/packaging/README.md.
"""

import fnmatch
import json
import re
import sys
from pathlib import Path

from documents import Tally, fences, run

MAKER = "dpkg-buildpackage"


def installed(build):
    """What meson installs, as on Debian. No static plugin is packaged."""
    fault, output = run(["meson", "introspect", str(build), "--installed",
                         "--buildoptions"])
    if fault:
        sys.exit(fault)
    said = json.loads(output)
    prefix = next(option["value"] for option in said["buildoptions"]
                  if option["name"] == "prefix")
    for path in said["installed"].values():
        if Path(path).suffix not in (".a", ".pc"):
            name = str(Path("usr") / Path(path).relative_to(prefix))
            yield re.sub(r"^usr/lib.*(?=/gstreamer-1.0/)", "usr/lib/arch", name)


def lists(debian):
    """The package and the pattern of each line of the lists of installed files."""
    for path in sorted(debian.glob("*.install")):
        for pattern in path.read_text(encoding="utf-8").split():
            yield path.stem, pattern


def check_lists(tally, debian, files):
    patterns = list(lists(debian))
    for name in files:
        owners = [package for package, pattern in patterns
                  if fnmatch.fnmatch(name, pattern)]
        tally.add(None if len(owners) == 1 else f"it is in {owners}",
                  f"{name} is in one package")
    for package, pattern in patterns:
        tally.add(None if fnmatch.filter(files, pattern)
                  else "meson installs no such file", f"{package}: {pattern}")


def check_sources(tally, root, debian):
    """The lists of documents and examples name files of the source."""
    for path in sorted([*debian.glob("*.docs"), *debian.glob("*.examples")]):
        for pattern in path.read_text(encoding="utf-8").split():
            tally.add(None if list(root.glob(pattern)) else "no such file",
                      f"{path.name}: {pattern}")


def first(pattern, path):
    found = re.search(pattern, path.read_text(encoding="utf-8"))
    return found[1] if found else None


def check_same(tally, what, wanted, **found):
    for where, value in found.items():
        tally.add(None if value == wanted else f"{value}, where {wanted} is right",
                  f"{what}: {where}")


def check_versions(tally, root, debian):
    project = root / "meson.build"
    control = debian / "control"
    check_same(tally, "version", first(r"version : '([\d.]+)'", project),
               changelog=first(r"^audiobatch \((.+?)\)", debian / "changelog"),
               news=first(r"(?m)^## ([\d.]+) ", root / "NEWS.md"))
    check_same(tally, "GStreamer", first(r"gst_req = '(.+)'", project),
               core=first(r"libgstreamer1.0-dev \((.+)\)", control),
               base=first(r"libgstreamer-plugins-base1.0-dev \((.+)\)", control))
    check_same(tally, "meson", first(r"meson_version : '(.+)'", project),
               control=first(r"\bmeson \((.+)\)", control))
    check_same(tally, "json-glib",
               first(r"json-glib-1.0',\s+version : '(.+)'",
                     root / "gst/profile/meson.build"),
               control=first(r"libjson-glib-dev \((.+)\)", control))


def makers(root, name):
    text = (root / name).read_text(encoding="utf-8")
    return [fence.text for fence in fences(name, text) if MAKER in fence.text]


def check_readme(tally, root):
    page = makers(root, "docs/packaging/README.md")
    tally.add(None if len(page) == 1 else f"{len(page)} blocks",
              f"docs/packaging/README.md has one block with {MAKER}")
    for block in makers(root, "README.md"):
        tally.add(None if [block] == page else f"the lines differ:\n{block}",
                  "README.md makes the packages in the same way")


def main():
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    debian = root / "docs/packaging/debian"
    tally = Tally("checks")
    files = list(installed(build))
    if len(files) < 3:
        print("skipped: this build installs no shared plugin or no profile tool")
        sys.exit(77)
    check_lists(tally, debian, files)
    check_sources(tally, root, debian)
    check_versions(tally, root, debian)
    check_readme(tally, root)
    tally.exit()


main()
