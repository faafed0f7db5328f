#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a second process, or a second machine, adds to a live stream.

Usage: ends.py [--streams N] [--seconds S] [--rounds N] [--json FILE]

Plays N live streams of mono F32 at 48 kHz in one process, and takes them with as many
branches in another one. Prints the CPU time of a second of one stream at each end, the
resident memory of one more stream, and its threads. A transport of which an element is
missing is left out. RTP and TCP go over loopback.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tables import (SKIPPED, add_options, leave_out, make_table, print_table,
                    show_progress, write_document)

# s until a process plays, and for each stream more
SETTLE = 1
SETTLE_STREAM = 0.01
PORT = 42000

SOURCE = "audiobatchsrc is-live=true wave=sine"
CAPS = "audio/x-raw,format=F32LE,rate=48000,channels=1,layout=interleaved"
RTP = "application/x-rtp,media=audio,clock-rate=48000,encoding-name=L16,channels=1"
SINK = "fakesink"

# name: the elements, the sender and the receiver of stream {n}
TRANSPORTS = {
    "none": (["audiobatchsrc"], f"{SOURCE} ! {SINK}", None),
    "shmsink": (
        ["shmsink", "shmsrc"],
        f"{SOURCE} ! {CAPS} ! shmsink socket-path={{folder}}/{{n}} shm-size=65536 "
        "wait-for-connection=true",
        f"shmsrc socket-path={{folder}}/{{n}} is-live=true do-timestamp=true "
        f"! {CAPS} ! {SINK} sync=false"),
    "unixfdsink": (
        ["unixfdsink", "unixfdsrc"],
        f"{SOURCE} allocation=pool ! {CAPS} ! unixfdsink socket-path={{folder}}/{{n}}",
        f"unixfdsrc socket-path={{folder}}/{{n}} ! {SINK} sync=false"),
    "RTP": (
        ["rtpL16pay", "udpsink", "rtpjitterbuffer"],
        f"{SOURCE} ! audio/x-raw,format=S16BE,rate=48000,channels=1 ! rtpL16pay "
        "! udpsink host=127.0.0.1 port={port}",
        f"udpsrc address=127.0.0.1 port={{port}} caps={RTP} "
        f"! rtpjitterbuffer latency=100 mode=none ! rtpL16depay ! {SINK} sync=false"),
    "GDP over TCP": (
        ["gdppay", "tcpserversink"],
        f"{SOURCE} ! gdppay ! tcpserversink host=127.0.0.1 port={{port}}",
        f"tcpclientsrc host=127.0.0.1 port={{port}} ! gdpdepay ! {SINK} sync=false"),
}

COLUMNS = [("transport", "transport", None), ("end", "end", None),
           ("cpu-us", "us", 0), ("kib", "KiB", 0), ("threads", "threads", 0)]


def has(element):
    return subprocess.run(["gst-inspect-1.0", element], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


class End:
    """A process with @count streams of @line, which tells what it takes."""

    def __init__(self, line, folder, count):
        words = []
        for n in range(count):
            words += line.format(folder=folder, n=n, port=PORT + n).split()
        self.process = subprocess.Popen(["gst-launch-1.0", "-q", *words],
                                        stdout=subprocess.DEVNULL)
        self.folder = Path(f"/proc/{self.process.pid}")

    def cpu(self):
        """In s, of all threads."""
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kib(self):
        for line in (self.folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1])

    def threads(self):
        return len(list((self.folder / "task").iterdir()))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def play(sender, receiver, count, seconds):
    """CPU time in s, KiB and threads of each end."""
    ends = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for line in filter(None, (sender, receiver)):
                ends.append(End(line, folder, count))
                time.sleep(SETTLE + SETTLE_STREAM * count)
            before = [end.cpu() for end in ends]
            time.sleep(seconds)
            if any(end.process.poll() is not None for end in ends):
                sys.exit(f"A process has ended: {sender}")
            return [(end.cpu() - start, end.kib(), end.threads())
                    for end, start in zip(ends, before)]
        finally:
            for end in reversed(ends):
                end.stop()


def measure(name, sender, receiver, args):
    """The rows of a transport, with the medians of all rounds."""
    one = play(sender, receiver, 1, 0)
    rounds = []
    for number in range(args.rounds):
        show_progress(f"{name}, round {number + 1} of {args.rounds}")
        rounds.append(play(sender, receiver, args.streams, args.seconds))
    show_progress("")
    for end, few, many in zip(("sender", "receiver"), one, zip(*rounds)):
        cpu, kib, threads = map(statistics.median, zip(*many))
        yield {"transport": name, "end": end,
               "cpu-us": cpu / args.seconds / args.streams * 1e6,
               "kib": (kib - few[1]) / (args.streams - 1),
               "threads": (threads - few[2]) / (args.streams - 1)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0],
        epilog="A transport of which an element is missing is left out.")
    add_options(parser, rounds=3)
    parser.add_argument("--streams", type=int, default=200, metavar="N",
                        help="streams from one process to the other (200)")
    parser.add_argument("--seconds", type=float, default=5, metavar="S",
                        help="length of each measurement (5)")
    args = parser.parse_args()
    if args.streams < 2:
        parser.error("--streams is at least 2")
    rows = []
    for name, (elements, sender, receiver) in TRANSPORTS.items():
        if missing := [element for element in elements if not has(element)]:
            leave_out(name, f"There is no element {missing[0]}.")
        else:
            rows += measure(name, sender, receiver, args)
    if not rows:
        sys.exit(SKIPPED)
    table = make_table(
        f"{args.streams} live streams, mono F32 at 48 kHz, from one process to "
        f"another; us of processor time for a second of one stream, and what one more "
        f"stream takes", COLUMNS, rows)
    print_table(table)
    write_document(args, "ends", [table])


main()
