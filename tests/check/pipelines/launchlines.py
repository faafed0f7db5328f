#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every gst-launch-1.0 and gst-inspect-1.0 line that the documents show.

usage: launchlines.py FILE.md ...

A line counts when it stands in a fenced block and begins with the program's
name. Each has to end by itself, with exit status 0, within a minute.
"""

import subprocess
import sys

PROGRAMS = ("gst-launch-1.0 ", "gst-inspect-1.0 ")
SECONDS = 60


def launch_lines(path):
    fenced = False
    with open(path, encoding="utf-8") as document:
        for number, line in enumerate(document, 1):
            if line.startswith("```"):
                fenced = not fenced
            elif fenced and line.startswith(PROGRAMS):
                yield number, line.strip()


def run(command):
    """What went wrong with it, or None."""
    try:
        done = subprocess.run(command, shell=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return f"did not end within {SECONDS} s"
    if done.returncode != 0:
        return f"exit status {done.returncode}\n{done.stdout[-2000:]}"
    return None


def main():
    failed = total = 0
    for path in sys.argv[1:]:
        for number, command in launch_lines(path):
            total += 1
            fault = run(command)
            print("FAIL" if fault else "ok  ", f"{path}:{number}: {command}")
            if fault:
                print(fault)
                failed += 1
    print(f"{total} lines, {failed} failed")
    return 1 if failed or total == 0 else 0


sys.exit(main())
