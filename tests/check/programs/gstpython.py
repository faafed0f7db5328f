# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer for Python, and numpy or None. Without GStreamer the test that imports
this is skipped."""

import sys
import unittest


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def report(result):
    """Ends the program with what unittest has found, and says what was skipped."""
    why = "; ".join(sorted({reason for _, reason in result.skipped}))
    # a class that is skipped as a whole is no test that ran
    skipped = sum(isinstance(test, unittest.TestCase) for test, _ in result.skipped)
    if result.wasSuccessful() and skipped == result.testsRun:
        skip(why)
    if why:
        print(f"skipped: {why}")
    sys.exit(0 if result.wasSuccessful() else 1)


try:
    import gi
    gi.require_version("Gst", "1.0")
    gi.require_version("GstApp", "1.0")
    gi.require_version("GstAudio", "1.0")
    from gi.repository import GLib, GObject, Gst, GstAudio
except (ImportError, ValueError) as missing:
    skip(f"apt-get install python3-gst-1.0 ({missing})")

try:
    import numpy
except ImportError:
    numpy = None
