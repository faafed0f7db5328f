#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every gst-launch-1.0 and gst-inspect-1.0 line that the documents show.

usage: launchlines.py ROOT

The lines are in fenced blocks of sh in README.md and docs/*.md. Documents with a
test of their own are left out. Each line must end by itself, with exit status 0,
within a minute. If a block of text follows in README.md, it is what the line
prints.
"""

import sys
import tempfile
from itertools import pairwise

from documents import LAUNCH, OWN_TESTS, Tally, fences, read_all, run


def launch_lines(root):
    for name, text in read_all(root).items():
        if name in OWN_TESTS:
            continue
        for fence, following in pairwise([*fences(name, text), None]):
            if fence.kind == "sh":
                shown = (following.text if name == "README.md" and following
                         and following.kind == "text" else None)
                for command in fence.commands():
                    if LAUNCH.match(command):
                        yield fence.place, command, shown


def main():
    tally = Tally("lines")
    with tempfile.TemporaryDirectory() as folder:
        for place, command, shown in launch_lines(sys.argv[1]):
            fault, output = run(command, cwd=folder)
            if not fault and shown and output != shown:
                fault = f"prints\n{output}where this is shown:\n{shown}"
            tally.add(fault, f"{place}: {command}")
    tally.exit()


main()
