#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the links between the documents.

usage: links.py ROOT

Each relative link in README.md and docs/*.md must lead to a file, and its anchor,
if it has one, to a heading of that file. docs/README.md must link to every page of
docs/.
"""

import re
import sys
from pathlib import Path

from documents import Tally, prose, read_all

# Its text may go over a line's end.
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:")
INDEX = "docs/README.md"


def anchors(text):
    """The anchors that GitHub makes from headings."""
    found = set()
    for heading in re.findall(r"(?m)^#+ +(.+?) *$", prose(text)):
        bare = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(bare.replace(" ", "-"))
    return found


def links(text):
    """Line and target of each link within the project."""
    words = prose(text)
    for link in LINK.finditer(words):
        if not ELSEWHERE.match(link[1]):
            yield words.count("\n", 0, link.end()) + 1, link[1]


def follow(root, name, target, texts):
    """What is wrong with the link, or None, and the name of its target."""
    path, _, anchor = target.partition("#")
    place = ((root / name).parent / path).resolve() if path else root / name
    if not place.exists():
        return f"there is no {path}", None
    if not place.is_relative_to(root):
        return f"{path} is outside of the project", None
    led_to = str(place.relative_to(root))
    if anchor and anchor not in anchors(texts.get(led_to, "")):
        return f"{led_to} has no heading for #{anchor}", led_to
    return None, led_to


def main():
    root = Path(sys.argv[1]).resolve()
    texts = read_all(root)
    tally = Tally("links")
    listed = {INDEX}
    for name, text in texts.items():
        for number, target in links(text):
            fault, led_to = follow(root, name, target, texts)
            tally.add(fault, f"{name}:{number}: {target}")
            if name == INDEX:
                listed.add(led_to)
    for name in texts:
        if name.startswith("docs/"):
            fault = None if name in listed else f"{INDEX} has no link to it"
            tally.add(fault, f"{name} in the index")
    tally.exit()


main()
