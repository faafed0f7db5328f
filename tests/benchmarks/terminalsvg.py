#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a picture of a terminal from the text on stdin.

usage: terminalsvg.py < TEXT > PICTURE.svg

Highlights commands, which are lines that begin with "$ ", and verdicts: from one of
the phrases in VERDICT at the start of a line to the next colon, comma or full stop.
"""

import re
import sys
from html import escape

SIZE = 14
# The width of a character in DejaVu Sans Mono. textLength stretches other fonts to
# the same width.
ADVANCE = SIZE * 0.602
LINE = 19
MARGIN = 18
BAR = 30

VERDICT = re.compile(r"(Recycle|Keep fresh|Stay with fresh|"
                     r"It makes (?:no measurable|little) difference|"
                     r"No verdict)([^:,.]*)")
STYLE = """\
text { font-family: 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas,
  monospace; font-size: %dpx; fill: #d8dee9; white-space: pre }
.command { fill: #a3be8c; font-weight: bold }
.verdict { fill: #ebcb8b; font-weight: bold }
""" % SIZE


def span(text, kind=None):
    mark = f' class="{kind}"' if kind else ""
    return f"<tspan{mark}>{escape(text)}</tspan>"


def spans(line):
    """The line as spans of one style each."""
    if line.startswith("$ "):
        return span(line, "command")
    verdict = VERDICT.match(line)
    if verdict:
        end = verdict.end()
        return span(line[:end], "verdict") + span(line[end:])
    return span(line)


def draw(lines):
    width = round(2 * MARGIN + ADVANCE * max(len(line) for line in lines))
    height = BAR + 2 * MARGIN + LINE * (len(lines) - 1) + SIZE // 2
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{height}" viewBox="0 0 {width} {height}">',
           f"<style>\n{STYLE}</style>",
           f'<rect width="{width}" height="{height}" rx="8" fill="#242933"/>',
           f'<path d="M0 {BAR}V8a8 8 0 0 1 8-8H{width - 8}a8 8 0 0 1 8 8'
           f'V{BAR}z" fill="#3b4252"/>']
    for number, colour in enumerate(("#bf616a", "#ebcb8b", "#a3be8c")):
        out.append(f'<circle cx="{MARGIN + 20 * number}" cy="{BAR // 2}" '
                   f'r="6" fill="{colour}"/>')
    for number, line in enumerate(lines):
        if line.strip():
            out.append(f'<text xml:space="preserve" x="{MARGIN}" '
                       f'y="{BAR + MARGIN + LINE * number + 4}" '
                       f'textLength="{ADVANCE * len(line):.1f}">'
                       f"{spans(line)}</text>")
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    lines = sys.stdin.read().expandtabs().rstrip("\n").split("\n")
    if len(sys.argv) > 1 or lines == [""]:
        sys.exit(__doc__)
    sys.stdout.write(draw([line.rstrip() for line in lines]))


main()
