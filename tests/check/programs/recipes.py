#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the commands and programs of docs/recipes.md and checks what they say.

usage: recipes.py ROOT            run the test
       recipes.py ROOT --update   write the outputs to the page

Below a launch line the page states how many batches it makes out of how many
samples. Both must equal audiobatch's report. The batches must also follow from the
line's size, hop and tail, and whole batches must have all their samples.

Below another block is what it prints, or nothing. All run in one folder. OTHERS run
elsewhere.
"""

import os
import re
import shutil
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from documents import Tally, run

PAGE = "docs/recipes.md"
RECORDING = "/usr/share/sounds/freedesktop/stereo/audio-channel-front-center.oga"
# A block, and below it the claim or the output, if there is one.
BLOCK = re.compile(r"(?P<varies><!-- recipe: figures vary -->\n)?"
                   r"```(?P<kind>sh|python)\n(?P<text>.*?)^```\n"
                   r"(?:\n(?:(?P<batches>\d+) batches out of (?P<samples>\d+) "
                   r"samples\.\n|```text\n(?P<output>.*?)^```\n))?",
                   re.MULTILINE | re.DOTALL)
# .ci/run and consumers.py run these
OTHERS = ("npm install ",)
# without it the picture is not drawn
GNUPLOT = "gnuplot "


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


def check_batches(line, batches, samples):
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


def run_splitmuxsink(text, folder):
    """Sometimes splitmuxsink keeps the end of the stream to itself, as the page
    says. The files must be whole all the same."""
    line, others = text.split("\n", 1)
    fault, output = run(line, 15, cwd=folder)
    if fault and "did not end" in fault:
        print("splitmuxsink did not tell that the stream has ended")
    elif fault:
        return fault, output
    return run(others, cwd=folder)


def printed(block, folder):
    """What went wrong, or None, and what the block prints."""
    if block["kind"] == "python":
        program = Path(folder) / "program.py"
        program.write_text(block["text"], encoding="utf-8")
        return run(["/usr/bin/python3", str(program)], cwd=folder)
    if "splitmuxsink" in block["text"]:
        return run_splitmuxsink(block["text"], folder)
    return run(block["text"], cwd=folder)


def check_output(block, folder):
    fault, output = printed(block, folder)
    expected = block["output"] or ""
    if block["varies"]:
        output, expected = (re.sub(r"\d+", "#", text)
                            for text in (output, expected))
    if not fault and output != expected:
        fault = f"the page has\n{expected}and it printed\n{output}"
    return fault


def check(block, folder):
    if block["batches"]:
        return check_batches(block["text"].strip(), int(block["batches"]),
                             int(block["samples"]))
    return check_output(block, folder)


def update(path, text, folder):
    """Writes what the blocks print to the page."""
    def with_output(match):
        block = match.groupdict()
        if block["output"] is None:
            return match[0]
        fault, output = printed(block, folder)
        if fault:
            sys.exit(fault)
        return match[0].replace(f"```text\n{block['output']}",
                                f"```text\n{output}")

    path.write_text(BLOCK.sub(with_output, text), encoding="utf-8")


def to_run(text):
    """The blocks that run here, of a page with no other blocks."""
    blocks = [match.groupdict() for match in BLOCK.finditer(text)]
    outputs = sum(block["output"] is not None for block in blocks)
    fences = len(re.findall("(?m)^```", text)) // 2
    if fences != len(blocks) + outputs:
        sys.exit(f"{fences} blocks, of which {len(blocks)} are commands or "
                 f"programs and {outputs} outputs")
    return [block for block in blocks
            if not block["text"].startswith(OTHERS)
            and (shutil.which("gnuplot")
                 or not block["text"].startswith(GNUPLOT))]


def main():
    if not os.path.exists(RECORDING):
        print(f"skipped: there is no {RECORDING}; install "
              "sound-theme-freedesktop")
        sys.exit(77)
    path = Path(sys.argv[1]) / PAGE
    text = path.read_text(encoding="utf-8")
    tally = Tally("recipes")
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[2:] == ["--update"]:
            return update(path, text, folder)
        for block in to_run(text):
            tally.add(check(block, folder), block["text"].splitlines()[0])
    return tally.exit()


main()
