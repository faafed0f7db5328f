#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The resident memory of live streams on a 32-bit machine, emulated by qemu-user.

qemu's own memory must not count. With -B qemu maps the program's whole address
space at a fixed address, so only mappings there are counted, from /proc/PID/smaps.
The environment tells GStreamer where its plugins are."""

import argparse
import re
import subprocess
from pathlib import Path

GUEST = 0x2_0000_0000
GUEST_SIZE = 1 << 32
# Further streams, for the memory of one more.
MORE = 10
# With one report a second, all is running by then.
REPORTS = 3

SOURCE = "audiobatchsrc is-live=true report-interval=47"
FILTER = "audiobatch report-interval=47"
SINK = "fakesink"
# The same bytes a second, in buffers of the same size.
BASE = ("fakesrc is-live=true do-timestamp=true datarate=192000 sizetype=fixed "
        "sizemax=4096 ! fakesink silent=false")

MAPPING = re.compile(r"([0-9a-f]+)-[0-9a-f]+ \S{4} ")
RESIDENT = re.compile(r"Rss: +(\d+) kB")


def resident_kib(pid):
    """The resident memory of the emulated program."""
    total, ours = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if mapping := MAPPING.match(line):
            ours = GUEST <= int(mapping[1], 16) < GUEST + GUEST_SIZE
        elif ours and (resident := RESIDENT.match(line)):
            total += int(resident[1])
    return total


def measure(command, line, sign):
    """Resident memory of a launch line, after it has printed @sign often enough."""
    with subprocess.Popen(command + line.split(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        printed, left = [], REPORTS
        for text in process.stdout:
            printed.append(text)
            left -= sign in text
            if not left:
                resident = resident_kib(process.pid)
                process.kill()
                return resident
    raise SystemExit(f"{line} has ended:\n{''.join(printed)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("qemu", help="qemu-arm-static")
    parser.add_argument("root", type=Path, help="with gst-launch-1.0")
    args = parser.parse_args()
    command = [args.qemu, "-B", hex(GUEST), "-L", str(args.root),
               str(args.root / "usr/bin/gst-launch-1.0"), "-m", "-v"]

    report = "audiobatch-report"
    # the first run makes the registry, with all plugins in its memory
    measure(command, BASE, "last-message = chain")
    base = measure(command, BASE, "last-message = chain")
    lines = {
        "one live stream": f"{SOURCE} ! {SINK}",
        "one, batched again": f"{SOURCE} ! {FILTER} ! {SINK}",
        f"{1 + MORE} live streams": f"{SOURCE} ! {SINK} " * (1 + MORE),
    }
    figures = {name: measure(command, line, report)
               for name, line in lines.items()}
    one, *_, many = figures.values()
    print(f"footprint: without audiobatch {base} KiB")
    for name, figure in figures.items():
        print(f"footprint: {name} {figure} KiB")
    print(f"footprint: each stream more {(many - one) / MORE:.0f} KiB")


main()
