#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares docs/troubleshooting.md with the messages in the code.

usage: messages.py ROOT

Each error and warning that an element can post or log must be a heading of the page,
with figures in place of its format. Below it must be a cause and a cure. Each such
heading must be a message in the code.
"""

import re
import sys
from pathlib import Path

from documents import Tally

PAGE = "docs/troubleshooting.md"
CALL = re.compile(r"\b(g_set_error(?:_literal)?|GST_ELEMENT_(?:ERROR|WARNING)|"
                  r"GST_(?:CAT_)?(?:ERROR|WARNING)(?:_OBJECT)?) \(")
# Calls whose messages CALL does not find. OTHERS has the only allowed one: it posts
# an error of g_set_error().
OTHER = re.compile(r"\b(gst_message_new_(?:error|warning)\w*|g_error_new\w*|"
                   r"gst_element_message_full\w*|GST_ELEMENT_FLOW_ERROR|"
                   r"GST_ELEMENT_(?:ERROR|WARNING)_WITH_DETAILS|"
                   r"g_warning|g_critical) \(")
OTHERS = {"stream.c": ["gst_element_message_full"]}
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|\b(G_GU?INT64_FORMAT|G_GSIZE_FORMAT|'
                  r"GST_PTR_FORMAT)\b|([(),])")
SPEC = re.compile(r"%[-+ #0-9.]*(?:\w|$)")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text,
                  flags=re.DOTALL)


def first_text(call):
    """The first string among the arguments, with its parts joined."""
    words = ""
    for literal, spec, _ in TEXT.findall(call):
        if literal:
            words += literal
        elif spec:
            words += "s"
        elif words:
            return words.replace('\\"', '"')
    return words


def messages(root):
    """Place and format of each message in the code."""
    for path in sorted((root / "gst" / "audiobatch").rglob("*.[ch]")):
        text = without_comments(path.read_text(encoding="utf-8"))
        for call in CALL.finditer(text):
            line = text.count("\n", 0, call.start()) + 1
            yield f"{path.name}:{line}", first_text(text[call.end():])
        others = OTHER.findall(text)
        if others != OTHERS.get(path.name, []):
            sys.exit(f"{path.name} makes messages in a way that this test does "
                     f"not see: {', '.join(others)}")


def pattern(words):
    parts = [re.escape(part) for part in SPEC.split(words)]
    return re.compile(r"(.+)".join(parts))


def entries(page):
    """Each heading that is a message, and the text below it."""
    section = re.search(r"(?ms)^## Messages\n(.*?)(?=^## |\Z)", page)[1]
    parts = re.split(r"(?m)^### (.+)$", section)
    return dict(zip(parts[1::2], parts[2::2]))


def what_lacks(body):
    missing = [word for word in ("Cause:", "Cure:") if word not in body]
    return f"there is no {' and no '.join(missing)}" if missing else None


def main():
    root = Path(sys.argv[1])
    page = entries((root / PAGE).read_text(encoding="utf-8"))
    tally = Tally("messages")
    matched = set()
    for place, words in messages(root):
        found = [heading for heading in page
                 if pattern(words).fullmatch(heading)]
        matched.update(found)
        fault = None if found else f"{PAGE} has no heading for it"
        tally.add(fault, f"{place}: {words}")
    for heading, body in page.items():
        fault = what_lacks(body)
        if heading not in matched:
            fault = "no code gives this message"
        tally.add(fault, f"{PAGE}: {heading}")
    tally.exit()


main()
