#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what the plugin and its source say about themselves.

usage: reference.py ROOT BUILD

Each property and signal has a block of documentation in the source, in the form that
GStreamer's documentation reads, with text and the release that brought it. There is no
block for what the elements don't have. gst-inspect-1.0 shows the version, the package
and where to ask.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from documents import Tally
from gstpython import GObject, Gst

ELEMENTS = ("audiobatch", "audiobatchsrc")
BLOCK = re.compile(r"/\*\*\n((?: *\*(?: .*)?\n)+?) *\*/")
# The symbol is in the first line: a property, a signal, the page of an element or a
# type.
SYMBOL = re.compile(r"GstAudioBatch\w*(?:::?[\w-]+)?(?=:$)|SECTION:[\w-]+$")
REFERENCE = re.compile(r"#(GstAudioBatch\w*::?[\w-]+)")
SINCE = re.compile(r"(?m)^Since: (\d+\.\d+)$")
ASK = "issue tracker"


def blocks(root):
    """The symbol, the place and the text of each block of documentation."""
    for path in sorted((root / "gst/audiobatch").rglob("*.[ch]")):
        text = path.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            lines = re.sub(r"(?m)^ *\* ?", "", block[1]).splitlines()
            symbol = SYMBOL.match(lines[0])
            place = f"{path.name}:{text.count(chr(10), 0, block.start()) + 1}"
            yield symbol and symbol[0], place, "\n".join(lines[1:])


def symbols():
    """The properties and signals of the elements."""
    for name in ELEMENTS:
        element = Gst.ElementFactory.make(name)
        owner = element.__gtype__.name
        yield f"SECTION:element-{name}"
        for spec in element.list_properties():
            if spec.owner_type.name == owner:
                yield f"{owner}:{spec.name}"
        for signal in GObject.signal_list_names(element.__gtype__):
            yield f"{owner}::{signal}"


def what_lacks(text, releases):
    """What is wrong with the text of a block, or None."""
    since = SINCE.search(text)
    said = re.sub(r"(?m)^(?:@\w+|Since|Returns):.*$", "", text).split()
    if not since:
        return "it has no line Since"
    if since[1] not in releases:
        return f"NEWS.md has no release {since[1]}"
    return None if said else "it has no text"


def check_blocks(tally, root):
    news = (root / "NEWS.md").read_text(encoding="utf-8")
    releases = re.findall(r"(?m)^## (\d+\.\d+)\.\d+ ", news)
    there = set(symbols())
    found = []
    for symbol, place, text in blocks(root):
        found.append(symbol)
        fault = what_lacks(text, releases) if symbol else "it names no symbol"
        if symbol and (":" in symbol) and symbol not in there:
            fault = "the plugin has no such thing"
        if lost := set(REFERENCE.findall(text)) - there:
            fault = f"it refers to {', '.join(sorted(lost))}"
        tally.add(fault, f"{place}: {symbol}")
    for symbol in sorted(there):
        count = found.count(symbol)
        tally.add(None if count == 1 else f"{count} blocks",
                  f"{symbol} has one block")


def inspect(*arguments):
    """The fields that gst-inspect-1.0 prints."""
    text = subprocess.run(["gst-inspect-1.0", *arguments], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    return dict(re.findall(r"(?m)^  (\S[\w ]*?)  +(\S.*)$", text))


def check_inspect(tally, root):
    version = re.search(r"version : '([\d.]+)'",
                        (root / "meson.build").read_text(encoding="utf-8"))[1]
    said = inspect("--plugin", "audiobatch")
    for field, wanted in (("Version", version), ("Source module", "audiobatch"),
                          ("Binary package", "audiobatch"), ("Origin URL", ASK)):
        value = said.get(field, "")
        tally.add(None if wanted in value else f"it lacks {wanted!r}",
                  f"{field}: {value}")
    for name in ELEMENTS:
        author = inspect(name).get("Author", "")
        tally.add(None if ASK in author else f"it lacks {ASK!r}",
                  f"{name}: Author: {author}")


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:3])
    os.environ["GST_PLUGIN_PATH_1_0"] = str(build / "gst" / "audiobatch")
    os.environ.setdefault("GST_REGISTRY_FORK", "no")
    Gst.init(None)
    tally = Tally("checks")
    check_blocks(tally, root)
    check_inspect(tally, root)
    tally.exit()


main()
