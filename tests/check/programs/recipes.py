#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the launch lines of docs/recipes.md and checks their batches.

usage: recipes.py ROOT

Below each line the page states how many batches it makes out of how many samples.
Both must equal audiobatch's report. The batches must also follow from the line's
size, hop and tail, and whole batches must have all their samples.
"""

import os
import re
import sys
from fractions import Fraction
from pathlib import Path

from documents import Tally, fences, run

PAGE = "docs/recipes.md"
RECORDING = "/usr/share/sounds/freedesktop/stereo/audio-channel-front-center.oga"
CLAIM = re.compile(r"```\n\n(\d+) batches out of (\d+) samples\.\n")


def setting(line, name, default):
    """The value of a property, or of the rate in the caps."""
    found = re.search(rf"\b{name}=([\w/]+)", line)
    return found[1] if found else default


def by_fraction(samples, size, tail):
    """The first k batches have floor (k * size) samples together."""
    whole = samples // size
    while int((whole + 1) * size) <= samples:
        whole += 1
    rest = samples - int(whole * size)
    return whole + (rest > 0 and tail != "drop")


def by_hop(samples, size, hop, tail):
    whole = (samples - size) // hop + 1 if samples >= size else 0
    end = (whole - 1) * hop + size if whole else 0
    # overlapping batches already contain all samples up to @end
    begin = max(end, whole * hop)
    return whole + (samples > begin and tail != "drop")


def work_out(line, samples):
    """The number of batches that the line must make."""
    tail = setting(line, "tail", "short")
    fraction = Fraction(setting(line, "output-buffer-duration-fraction", "0"))
    if fraction:
        rate = int(setting(line, "rate", "0"))
        return by_fraction(samples, fraction * rate, tail)
    size = int(setting(line, "samples-per-batch", "1024"))
    hop = int(setting(line, "hop-samples", "0")) or size
    return by_hop(samples, size, hop, tail)


def figure(report, name):
    return int(re.search(rf"\b{name}=\(guint64\)(\d+)", report)[1])


def check(line, batches, samples):
    """What is wrong with the line or with the page's claim, or None."""
    fault, output = run(line)
    reports = re.findall(r"audiobatch-report, .*", output)
    if fault or not reports:
        return fault or "there is no report"
    # the blank excludes other names, which end with "-batches"
    made = int(re.search(r" batches=\(guint64\)(\d+)", reports[-1])[1])
    came = figure(reports[-1], "samples-in")
    if (made, came) != (batches, samples):
        return f"{made} batches out of {came} samples, where {batches} and " \
            f"{samples} are claimed"
    if work_out(line, samples) != made:
        return f"{made} batches, where {work_out(line, samples)} are right"
    size = setting(line, "samples-per-batch", None)
    if size and setting(line, "tail", "short") != "short" \
            and figure(reports[-1], "samples-out") != made * int(size):
        return f"not all of the {made} batches have {size} samples"
    return None


def main():
    if not os.path.exists(RECORDING):
        print(f"skipped: there is no {RECORDING}; install "
              "sound-theme-freedesktop")
        sys.exit(77)
    text = (Path(sys.argv[1]) / PAGE).read_text(encoding="utf-8")
    lines = [command for fence in fences(PAGE, text)
             for command in fence.commands()]
    claims = [(int(batches), int(samples))
              for batches, samples in CLAIM.findall(text)]
    tally = Tally("recipes")
    if len(lines) != len(claims):
        tally.add(f"{len(lines)} lines, {len(claims)} claims", PAGE)
    for line, (batches, samples) in zip(lines, claims):
        tally.add(check(line, batches, samples),
                  f"{batches} out of {samples}: {line}")
    tally.exit()


main()
