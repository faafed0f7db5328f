# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frame of a benchmark in Python: options, and tables on stdout and in JSON, in
the form of bench.c."""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

# The exit status if the program can't run here; meson counts it as skipped.
SKIPPED = 77


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def add_options(parser, rounds):
    parser.add_argument("-r", "--rounds", type=positive, default=rounds, metavar="N",
                        help=f"rounds for each row of the tables ({rounds})")
    parser.add_argument("-j", "--json", metavar="FILE",
                        help="write the tables into FILE as well")
    parser.add_argument("--compiler", default="unknown", metavar="VERSION",
                        help="what to say about the compiler in the JSON")


def leave_out(what, why):
    print(f"Left out: {what}. {why}", flush=True)


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def make_table(title, columns, rows):
    return {"title": title, "rows": rows, "columns": [
        {"name": name, "heading": heading}
        | ({} if decimals is None else {"decimals": decimals})
        for name, heading, decimals in columns]}


def print_table(table):
    columns = table["columns"]
    print(f"{table['title']}\n")
    print("| " + " | ".join(c["heading"] for c in columns) + " |")
    print("|" + "---|" * len(columns))
    for row in table["rows"]:
        cells = [f"{row[c['name']]:.{c['decimals']}f}" if "decimals" in c
                 else row[c["name"]] for c in columns]
        print("| " + " | ".join(f"{cell:>{len(c['heading'])}}"
                                for cell, c in zip(cells, columns)) + " |")
    print(flush=True)


def program_version(program, option, pattern):
    output = subprocess.run([program, option], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True,
                            check=True).stdout
    return re.search(pattern, output)[1]


def describe_machine(compiler):
    """Like describe_machine() in bench.c."""
    info = Path("/proc/cpuinfo").read_text()
    processor = re.search(r"^model name\s*: (.*)", info, re.M)
    system = platform.freedesktop_os_release()
    return {
        "processor": processor[1].strip() if processor else "unknown",
        "cores": os.cpu_count(),
        "gstreamer": "GStreamer " + program_version(
            "gst-launch-1.0", "--version", r"version (\S+)"),
        "os": system.get("PRETTY_NAME", "unknown"),
        "compiler": compiler,
        "kernel": platform.release(),
    }


def write_document(args, name, tables):
    if not args.json:
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    document = {"benchmark": name,
                "date": now.isoformat(timespec="seconds"),
                "rounds": args.rounds,
                "machine": describe_machine(args.compiler),
                "tables": tables}
    Path(args.json).write_text(json.dumps(document, indent=2) + "\n")
