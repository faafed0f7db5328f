#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares docs/moving-over.md with the installed peers.

usage: movingover.py ROOT

The tables must have a row for every property that the peer itself adds, with one of
ours. If a row says "the same", both properties must have the same type, default and
enum values, and the peer's range must contain ours.
"""

import re
import sys
from pathlib import Path

from documents import Tally
from enums import enum_default, enum_values, is_enum
from gstpython import Gst, skip

PAGE = "docs/moving-over.md"
PEERS = {"audiobuffersplit": "audiobatch", "audiotestsrc": "audiobatchsrc"}
PACKAGES = {"audiobuffersplit": "gstreamer1.0-plugins-bad",
            "audiotestsrc": "gstreamer1.0-plugins-base"}


def make(name):
    element = Gst.ElementFactory.make(name)
    if element is None:
        skip(f"there is no {name}; apt-get install {PACKAGES.get(name)}")
    return element


def rows(page, peer):
    """The peer's property, ours and the difference, for each row."""
    section = re.search(rf"(?ms)^## From {peer}\n(.*?)(?=^## |\Z)", page)[1]
    return re.findall(r"(?m)^\| `([a-z-]+)` \| `([a-z-]+)` \| (.*) \|$", section)


def choices(spec):
    if not is_enum(spec):
        return None
    return [value.value_nick for value in enum_values(spec)]


def limits(spec):
    return getattr(spec, "minimum", None), getattr(spec, "maximum", None)


def what_differs(ours, theirs):
    if choices(ours) != choices(theirs):
        return f"values {choices(ours)}, {choices(theirs)}"
    if choices(ours) is None:
        if ours.value_type != theirs.value_type:
            return f"types {ours.value_type.name}, {theirs.value_type.name}"
        if ours.default_value != theirs.default_value:
            return f"defaults {ours.default_value}, {theirs.default_value}"
        low, high = limits(ours)
        their_low, their_high = limits(theirs)
        if low is not None and (low < their_low or high > their_high):
            return f"ranges {low} to {high}, {their_low} to {their_high}"
    elif enum_default(ours).value_nick != enum_default(theirs).value_nick:
        return f"defaults {enum_default(ours)}, {enum_default(theirs)}"
    return None


def check_peer(page, peer, tally):
    element, own = make(peer), make(PEERS[peer])
    theirs = {spec.name: spec for spec in element.list_properties()
              if spec.owner_type == element.__gtype__}
    named = set()
    for old, new, difference in rows(page, peer):
        fault = None
        named.add(old)
        if old not in theirs:
            fault = f"{peer} has no {old}"
        elif own.find_property(new) is None:
            fault = f"{PEERS[peer]} has no {new}"
        elif difference.startswith("the same") and old == new:
            fault = what_differs(own.find_property(new), theirs[old])
        tally.add(fault, f"{peer} {old}: {new}")
    for name in sorted(set(theirs) - named):
        tally.add("the page does not have it", f"{peer} {name}")


def main():
    Gst.init(None)
    page = (Path(sys.argv[1]) / PAGE).read_text(encoding="utf-8")
    tally = Tally("properties")
    for peer in PEERS:
        check_peer(page, peer, tally)
    tally.exit()


main()
