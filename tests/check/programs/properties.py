#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the property tables of docs/elements.md from the built plugin.

usage: properties.py [--write] BUILD

Without --write it fails if a table differs from the plugin, if a property of a new
element does not have its default, or if the document does not explain exactly the
fields of `stats`.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

from enums import enum_default, enum_values, is_enum
from gstpython import Gst

DOCUMENT = Path(__file__).parents[3] / "docs" / "elements.md"
OURS = ("audiobatch", "audiobatchsrc")
COLUMNS = ("property", "type", "default", "range", "set", "meaning")

TYPES = {
    "gboolean": "boolean",
    "gdouble": "double",
    "gint64": "int64",
    "guint": "uint",
    "guint64": "uint64",
    "GstFraction": "fraction",
    "GstStructure": "GstStructure",
}
WRITABLE = 2


def inspect_fraction(element, name):
    """The range of a fraction, which introspection lacks."""
    text = subprocess.run(["gst-inspect-1.0", element], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    return re.search(rf"{name}\s*:.*?Fraction\. Range: (\S+) - (\S+) ", text,
                     re.DOTALL).groups()


def number(value):
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def kind(spec):
    return "enum" if is_enum(spec) else TYPES[spec.value_type.name]


def default(element, spec):
    """The declared default; for a fraction, the value of a new element."""
    if is_enum(spec):
        return f"`{enum_default(spec).value_nick}`"
    if spec.value_type.name == "gboolean":
        return "true" if spec.default_value else "false"
    if kind(spec) == "fraction":
        value = element.get_property(spec.name)
        return f"{int(value.num)}/{int(value.denom)}"
    return number(spec.default_value)


def span(element, spec):
    if is_enum(spec):
        return ", ".join(f"`{value.value_nick}`" for value in enum_values(spec))
    if spec.value_type.name == "gboolean":
        return "true, false"
    if kind(spec) == "fraction":
        low, high = inspect_fraction(element.get_factory().get_name(), spec.name)
    else:
        low, high = number(spec.minimum), number(spec.maximum)
    return f"{low} to {high}"


def when(spec):
    if spec.flags & Gst.PARAM_CONTROLLABLE:
        return "any time, by controllers too"
    if spec.flags & Gst.PARAM_MUTABLE_PLAYING:
        return "any time"
    if spec.flags & Gst.PARAM_MUTABLE_READY:
        return "NULL, READY"
    raise SystemExit(f"{spec.name} does not say when it may be set")


def row(cells):
    return f"| {' | '.join(cells)} |"


def settings_table(element, specs):
    lines = [row(COLUMNS), "|---" * len(COLUMNS) + "|"]
    for spec in specs:
        lines.append(row((f"`{spec.name}`", kind(spec), default(element, spec),
                          span(element, spec), when(spec), spec.blurb)))
    return lines


def figures_table(specs):
    lines = [row(("property", "type", "meaning")), "|---|---|---|"]
    for spec in specs:
        lines.append(row((f"`{spec.name}`", kind(spec), spec.blurb)))
    return lines


def choices_table(specs):
    lines = [row(("property", "value", "meaning")), "|---|---|---|"]
    for spec in specs:
        for value in enum_values(spec):
            lines.append(row((f"`{spec.name}`", f"`{value.value_nick}`",
                              value.value_name)))
    return lines


def check_defaults(element, specs):
    """The properties of a new element must have their declared defaults."""
    for spec in specs:
        if spec.flags & WRITABLE and kind(spec) != "fraction":
            value = element.get_property(spec.name)
            if value != spec.default_value:
                sys.exit(f"{element.get_factory().get_name()} begins with "
                         f"{spec.name}={value}, and declares "
                         f"{spec.default_value}")


def tables():
    """The name and the lines of each table."""
    both, src = (Gst.ElementFactory.make(name) for name in OURS)
    own = {}
    for element in (both, src):
        own[element] = {spec.name: spec for spec in element.list_properties()
                        if spec.owner_type.name.startswith("GstAudioBatch")}
        check_defaults(element, own[element].values())
    shared = [spec for name, spec in own[both].items() if name in own[src]]
    settings = [spec for spec in shared if spec.flags & WRITABLE]
    figures = [spec for spec in shared if not spec.flags & WRITABLE]
    alone = {element: [spec for name, spec in own[element].items()
                       if name not in {spec.name for spec in shared}]
             for element in own}
    every = settings + alone[both] + alone[src]
    return {
        "both": settings_table(both, settings),
        "figures": figures_table(figures),
        "audiobatch": settings_table(both, alone[both]),
        "audiobatchsrc": settings_table(src, alone[src]),
        "choices": choices_table([spec for spec in every if is_enum(spec)]),
    }


def fill_in(text):
    """@text with the present tables."""
    for name, lines in tables().items():
        begin, end = f"<!-- begin properties {name} -->", "<!-- end -->"
        block = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        table = "\n".join((begin, "", *lines, "", end))
        text, found = block.subn(lambda _, table=table: table, text)
        if found != 1:
            sys.exit(f"{DOCUMENT} has {found} places for the table {name}")
    return text


def check_stats(text):
    """Prints the fields that only `stats` or only the document has."""
    section = re.search(r"### Figures\n(.*?)(?=\n##|\Z)", text, re.DOTALL)[1]
    explained = set()
    for line in section.splitlines():
        if line.startswith("| `"):
            explained |= set(re.findall(r"`([^`]+)`", line.split("|")[1]))
    stats = Gst.ElementFactory.make(OURS[0]).get_property("stats")
    fields = {stats.nth_field_name(i) for i in range(stats.n_fields())}
    for name in sorted(fields ^ explained):
        print(f"`{name}` is not", "explained in the document" if name in fields
              else "a field of stats")
    return fields == explained


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true",
                        help="write the tables into docs/elements.md")
    parser.add_argument("build", type=Path, help="the build directory")
    args = parser.parse_args()
    os.environ["GST_PLUGIN_PATH_1_0"] = str(
        args.build.resolve() / "gst" / "audiobatch")
    os.environ.setdefault("GST_REGISTRY_FORK", "no")
    Gst.init(None)

    text = DOCUMENT.read_text(encoding="utf-8")
    wanted = fill_in(text)
    if args.write:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        print(*difflib.unified_diff(text.splitlines(), wanted.splitlines(),
                                    "docs/elements.md", "the plugin", "",
                                    "", 0, ""), sep="\n")
        print("write them: tests/check/programs/properties.py --write build")
        return 1
    return 0 if check_stats(wanted) else 1


sys.exit(main())
