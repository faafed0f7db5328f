#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the built plugin with the interface that docs/stability.md promises.

usage: interface.py [--write] BUILD

interface-1.0.txt has a line for each pad, property, choice, signal and field of stats.
Each line must be true of the plugin, which may have more. --write records what it has
now: for a release, or before 1.0 is out.
"""

import os
import sys
from pathlib import Path

from enums import enum_default, enum_values, is_enum
from gstpython import GObject, Gst

RECORD = Path(__file__).with_name("interface-1.0.txt")
ELEMENTS = ("audiobatch", "audiobatchsrc")
FLAGS = {1: "read", 2: "write", int(Gst.PARAM_CONTROLLABLE): "controllable",
         int(Gst.PARAM_MUTABLE_READY): "in-ready",
         int(Gst.PARAM_MUTABLE_PLAYING): "in-playing"}


def default(element, spec):
    if is_enum(spec):
        return enum_default(spec).value_nick
    if spec.value_type.name == "GstFraction":
        value = element.get_property(spec.name)
        return f"{int(value.num)}/{int(value.denom)}"
    return getattr(spec, "default_value", None)


def span(spec):
    low, high = (getattr(spec, name, None) for name in ("minimum", "maximum"))
    return "" if low is None else f" {low}..{high}"


def properties(element):
    """The element's own properties, and the choices of those that have some."""
    for spec in element.list_properties():
        if spec.owner_type != element.__gtype__:
            continue
        flags = ",".join(word for bit, word in FLAGS.items() if spec.flags & bit)
        yield (f"property {spec.name}: {spec.value_type.name} = "
               f"{default(element, spec)}{span(spec)} {flags}")
        for value in enum_values(spec) if is_enum(spec) else ():
            yield (f"choice {spec.value_type.name}: {value.value_nick} = "
                   f"{int(value)}")


def interface(name):
    element = Gst.ElementFactory.make(name)
    for template in element.get_pad_template_list():
        yield (f"pad {template.name_template}: {template.direction.value_nick} "
               f"{template.presence.value_nick}")
    yield from properties(element)
    for signal in GObject.signal_list_names(element.__gtype__):
        query = GObject.signal_query(signal, element.__gtype__)
        arguments = ", ".join(kind.name for kind in query.param_types)
        yield f"signal {signal}: ({arguments}) -> {query.return_type.name}"
    stats = element.get_property("stats")
    for i in range(stats.n_fields()):
        field = stats.nth_field_name(i)
        yield f"stats {field}: {stats.get_field_type(field).name}"


def main():
    build = Path(sys.argv[-1]).resolve()
    os.environ["GST_PLUGIN_PATH_1_0"] = str(build / "gst" / "audiobatch")
    os.environ.setdefault("GST_REGISTRY_FORK", "no")
    Gst.init(None)
    now = [f"{name} {line}" for name in ELEMENTS for line in interface(name)]
    if "--write" in sys.argv:
        RECORD.write_text("\n".join(now) + "\n", encoding="utf-8")
    promised = RECORD.read_text(encoding="utf-8").splitlines()
    gone = [line for line in promised if line not in now]
    print(*(f"FAIL {line}" for line in gone), sep="\n", end="\n" if gone else "")
    print(f"{len(promised)} promises, {len(gone)} broken")
    return 1 if gone or not promised else 0


sys.exit(main())
