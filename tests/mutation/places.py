# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the places of gst/audiobatch that can be broken, and breaks one."""

import re
from typing import NamedTuple

SOURCES = "gst/audiobatch"

# Each: a name, a pattern for a line of code, and the replacement.
OPERATORS = [
    ("less", r" < ", " <= "),
    ("less-or-equal", r" <= ", " < "),
    ("more", r" > ", " >= "),
    ("more-or-equal", r" >= ", " > "),
    ("equal", r" == ", " != "),
    ("unequal", r" != ", " == "),
    ("and", r" && ", " || "),
    ("or", r" \|\| ", " && "),
    ("plus-one", r" \+ 1\b", ""),
    ("minus-one", r" - 1\b", ""),
    ("plus", r"(?<=[\w)]) \+ (?=[\w(])", " - "),
    ("minus", r"(?<=[\w)]) - (?=[\w(])", " + "),
    ("add-to", r" \+= ", " -= "),
    ("take-from", r" -= ", " += "),
    ("true", r"\bTRUE\b", "FALSE"),
    ("false", r"\bFALSE\b", "TRUE"),
    ("min", r"\bMIN \(", "MAX ("),
    ("max", r"\bMAX \(", "MIN ("),
    ("zero", r"= 0;", "= 1;"),
    ("discont", r"GST_BUFFER_FLAG_DISCONT", "GST_BUFFER_FLAG_HEADER"),
    ("gap", r"GST_BUFFER_FLAG_GAP\b", "GST_BUFFER_FLAG_HEADER"),
    ("flow-ok", r"return GST_FLOW_OK;", "return GST_FLOW_ERROR;"),
    ("flow-error", r"return GST_FLOW_ERROR;", "return GST_FLOW_OK;"),
    ("drop-release",
     r"^(\s+)\w*(?:unref|free|clear|unmap|stop|discard|close)\w* \(.*\);$",
     r"\1;"),
    ("drop-call",
     r"^(\s+)(?!\w*(?:unref|free|clear|unmap|stop|discard|close))[a-z_]+ "
     r"\([^=]*\);$", r"\1;"),
]

# Lines that only log, comment or assert.
TALK = re.compile(r"GST_\w*(?:DEBUG|LOG|INFO|TRACE)\w*|PLACER_DEBUG|\"|^#|"
                  r"^\s*(?:/\*|\*)|g_assert|static_assert")

# A line that goes on with an expression: it begins with an operator.
CONTINUES = re.compile(r"\s*(?:&&|\|\||[=!<>]=|<<|>>|[-+*/?:<>|&]) ")


class Place(NamedTuple):
    """A match of an operator."""

    file: str
    line: int
    operator: int
    nth: int

    @property
    def operator_name(self):
        return OPERATORS[self.operator][0]

    def __str__(self):
        return f"{self.file}:{self.line}:{self.operator_name}:{self.nth}"


def code_lines(text):
    """The lines of code, with their numbers, without comments."""
    comment = False
    for number, line in enumerate(text.splitlines(), 1):
        starts = "/*" in line
        if not (comment or starts or TALK.search(line)):
            yield number, line
        if starts or comment:
            comment = "*/" not in line


def find_places(root):
    """All places of the tree @root, in a fixed order."""
    places = []
    for path in sorted((root / SOURCES).rglob("*.[ch]")):
        file = str(path.relative_to(root / SOURCES))
        for number, line in code_lines(path.read_text()):
            for index, (_, pattern, _) in enumerate(OPERATORS):
                places += [Place(file, number, index, nth) for nth, _ in
                           enumerate(re.finditer(pattern, line))]
    return places


def first_line_of_statement(text, number):
    """The line where the expression that goes on in line @number begins."""
    lines = text.splitlines()
    while number > 1 and (CONTINUES.match(lines[number - 1])
                          or lines[number - 2].rstrip()[-1:] in (",", "(", "=")):
        number -= 1
    return number


class Mutant:
    """The text of a file with one place broken."""

    def __init__(self, text, place):
        _, pattern, replacement = OPERATORS[place.operator]
        lines = text.split("\n")
        at = place.line - 1
        self.before = lines[at]
        match = list(re.finditer(pattern, self.before))[place.nth]
        lines[at] = (self.before[:match.start()] + match.expand(replacement)
                     + self.before[match.end():])
        self.text = "\n".join(lines)
        first, last = max(at - 3, 0), min(at + 4, len(lines) - 1)
        name = f"{SOURCES}/{place.file}"
        self.diff = "\n".join([
            f"--- a/{name}", f"+++ b/{name}",
            f"@@ -{first + 1},{last - first} +{first + 1},{last - first} @@",
            *(f" {line}" for line in lines[first:at]),
            f"-{self.before}", f"+{lines[at]}",
            *(f" {line}" for line in lines[at + 1:last])])
