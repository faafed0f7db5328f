# SPDX-License-Identifier: LGPL-2.1-or-later
"""Enum properties, alike for every version of PyGObject.

In 3.42 a property has the class of its values, and its default is one of them. In
3.50 it has no class, and its default is a plain number. From 3.52 on the class is a
Python enum.
"""

from gstpython import GObject


def is_enum(spec):
    return spec.value_type.parent.name == "GEnum"


def enum_values(spec):
    """All values in order, each with `value_name` and `value_nick`."""
    # in every version the property's value has the class
    kind = type(GObject.new(spec.owner_type).get_property(spec.name))
    values = getattr(kind, "__enum_values__", None)
    return sorted(kind if values is None else values.values())


def enum_default(spec):
    return next(value for value in enum_values(spec)
                if value == int(spec.default_value))
