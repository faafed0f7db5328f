#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares whole processes: with FFmpeg's asetnsamples on a file of raw audio, and
with the transfer of batches between two threads of Node.js, and of a browser.

Usage: whole.py [--rounds N] [--json FILE] CONSUME

Measures the CPU time of a process with all its threads. A run with next to nothing
to do measures the start, which is subtracted. If a program is not installed, its
comparison is left out, with a message. If all are left out, the exit status is 77.
"""

import argparse
import os
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from browser import NAMES, Browser, find_browser
from tables import (SKIPPED, add_options, leave_out, make_table, print_table,
                    program_version, show_progress, write_document)

HERE = Path(__file__).resolve().parent

RATE = 48000
BATCH = 1024
# of 128 samples, of which the consumer reads one
QUANTA = 8
# The file's length: 12 minutes, whole batches, and whole blocks of filesrc.
FILE_BATCHES = 32 * 1024
# Batches, and us between them: as fast as possible, and one each millisecond.
FLAT_OUT = (100_000, 0)
PACED = (1_000, 1_000)
# Batches of a run that measures the start.
LITTLE = 16

# What page.mjs does: its pace, batches, its buffers, and our batches.
BROWSER_JOBS = [
    ("offline", 6400, ["kept", "fresh", "returned"], FLAT_OUT),
    ("64 at a time", 6400, ["fresh", "returned"], FLAT_OUT),
    ("live", 94, ["kept", "fresh", "returned"], (94, BATCH * 1_000_000 // RATE)),
]

FILE_COLUMNS = [
    ("peer", "FFmpeg", None), ("way", "audiobatch", None),
    ("ours-ms", "audiobatch ms", 1), ("peer-ms", "FFmpeg ms", 1),
    ("ratio", "ratio", 3),
    ("ours-start-ms", "start", 1), ("peer-start-ms", "FFmpeg's start", 1),
    ("ours-net-ms", "without start", 1),
    ("peer-net-ms", "FFmpeg without start", 1),
    ("net-ratio", "ratio without start", 3),
]
TRANSFER_COLUMNS = [
    ("pace", "batches", None), ("way", "way", None),
    ("ours-us", "audiobatch us", 2), ("peer-us", "Node.js us", 2),
    ("ratio", "ratio", 3),
    ("ours-ms", "audiobatch, all, ms", 1), ("peer-ms", "Node.js, all, ms", 1),
    ("ours-start-ms", "start", 1), ("peer-start-ms", "Node.js's start", 1),
]

BROWSER_COLUMNS = [
    ("pace", "pace", None), ("buffers", "ArrayBuffers", None),
    ("batches", "batches", 0), ("reused", "used again", 0),
    ("wall-us", "chromium, wall us", 1), ("peer-us", "chromium us", 1),
    ("ours-us", "audiobatchsrc us", 2), ("ratio", "ratio", 4),
]


def fail(why):
    sys.exit(f"whole.py: {why}")


def run(command):
    """The CPU time of a process, in s."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command],
                                   stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            fail(f"{process.args} failed with {process.returncode}:\n"
                 + output.read().decode(errors="replace"))
    return usage.ru_utime + usage.ru_stime


def take_turns(what, commands, rounds):
    """Runs all commands in each round, with a different one first. Returns the
    times of each, round by round."""
    times = {name: [] for name in commands}
    names = list(commands)
    for name in names:
        run(commands[name])
    for number in range(rounds):
        show_progress(f"{what}, round {number + 1} of {rounds}")
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            times[name].append(run(commands[name]))
    show_progress("")
    return times


def compare(times, ours, peer):
    """The medians of the times, in s, and of the rounds' ratios."""
    def net(name):
        return [whole - start for whole, start
                in zip(times[name], times[name, "start"])]

    def ratio(a, b):
        return statistics.median(x / y for x, y in zip(a, b))

    result = {"ratio": ratio(times[ours], times[peer]),
              "net-ratio": ratio(net(ours), net(peer))}
    for who, name in (("ours", ours), ("peer", peer)):
        result[who] = statistics.median(times[name])
        result[f"{who}-start"] = statistics.median(times[name, "start"])
        result[f"{who}-net"] = statistics.median(net(name))
    return result


def with_starts(command_of, whole, little):
    """The commands to compare, and those that measure their starts."""
    commands = {}
    for name, make in command_of.items():
        commands[name] = make(whole)
        commands[name, "start"] = make(little)
    return commands


def write_samples(path, samples):
    """A ramp, as mono F32."""
    block = struct.pack(f"={BATCH}f", *(i / BATCH for i in range(BATCH)))
    with open(path, "wb") as file:
        for _ in range(samples // BATCH):
            file.write(block)


def ffmpeg_command(file):
    """Input and output have the same format, so FFmpeg converts nothing, and it
    starts no idle threads."""
    return ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1",
            "-filter_threads", "1", "-f", f"f32{sys.byteorder[0]}e",
            "-ar", RATE, "-ac", 1, "-i", file,
            "-af", f"asetnsamples=n={BATCH}", "-c:a",
            f"pcm_f32{sys.byteorder[0]}e", "-threads", "1", "-f", "null", "-"]


def ffmpeg_default_command(file):
    """The usual command. FFmpeg converts to S16, for the null muxer."""
    return ["ffmpeg", "-nostdin", "-v", "error", "-f",
            f"f32{sys.byteorder[0]}e", "-ar", RATE, "-ac", 1, "-i", file,
            "-af", f"asetnsamples=n={BATCH}", "-f", "null", "-"]


def launch_command(file, *filesrc):
    return ["gst-launch-1.0", "-q", "filesrc", f"location={file}", *filesrc, "!",
            "rawaudioparse", "format=pcm", f"pcm-format=f32{sys.byteorder[0]}e",
            f"sample-rate={RATE}", "num-channels=1", "!",
            "audiobatch", f"samples-per-batch={BATCH}", "!", "fakesink"]


def compare_files(folder, rounds):
    """audiobatch in gst-launch-1.0 and FFmpeg."""
    whole, little = folder / "whole.raw", folder / "little.raw"
    write_samples(whole, FILE_BATCHES * BATCH)
    write_samples(little, LITTLE * BATCH)
    ours = {
        "filesrc": launch_command,
        "filesrc blocksize=65536":
            lambda file: launch_command(file, "blocksize=65536"),
    }
    peers = {
        "-c:a pcm_f32": ffmpeg_command,
        "defaults": ffmpeg_default_command,
    }
    times = take_turns("FFmpeg", with_starts({**ours, **peers}, whole, little),
                       rounds)
    rows = []
    for peer in peers:
        for way in ours:
            result = compare(times, way, peer)
            row = {"peer": peer, "way": way, "ratio": result["ratio"],
                   "net-ratio": result["net-ratio"]}
            row.update({f"{key}-ms": value * 1e3
                        for key, value in result.items() if "ratio" not in key})
            rows.append(row)
    version = program_version("ffmpeg", "-version", r"version (\S+)")
    return make_table(
        f"{FILE_BATCHES} batches of {BATCH} samples, mono F32, from a file, by "
        f"gst-launch-1.0 and by FFmpeg {version}; ms of processor time",
        FILE_COLUMNS, rows)


def compare_transfers(consume, rounds):
    """audiobatch ! queue ! appsink and postMessage()."""
    script = HERE / "transfer.mjs"
    rows = []
    for batches, interval in (FLAT_OUT, PACED):
        ways = {
            "audiobatch":
                lambda n: [consume, "--interval", interval, "chunks", n],
            "audiobatchsrc, fill-batch":
                lambda n: [consume, "--interval", interval, "fill", n],
            "floor":
                lambda n: [consume, "--interval", interval, "floor", n],
            "Node.js": lambda n: ["node", script, n, interval],
        }
        pace = f"each {interval / 1000:g} ms" if interval else "flat out"
        times = take_turns(f"Node.js, {pace}",
                           with_starts(ways, batches, LITTLE), rounds)
        for way in list(ways)[:-1]:
            result = compare(times, way, "Node.js")
            done = batches - LITTLE
            rows.append({
                "pace": pace, "way": way, "ratio": result["net-ratio"],
                "ours-us": result["ours-net"] * 1e6 / done,
                "peer-us": result["peer-net"] * 1e6 / done,
                "ours-ms": result["ours"] * 1e3,
                "peer-ms": result["peer"] * 1e3,
                "ours-start-ms": result["ours-start"] * 1e3,
                "peer-start-ms": result["peer-start"] * 1e3})
    version = program_version("node", "--version", r"v(\S+)")
    return make_table(
        f"Batches from one thread to another, to queue ! appsink and by Node.js "
        f"{version}; us of processor time for each, without the start",
        TRANSFER_COLUMNS, rows)


def run_job(browser, pace, buffers, batches):
    result = browser.run({"pace": pace, "buffers": buffers, "batches": batches})
    expected = 0 if buffers == "kept" else batches
    if result.get("received") != expected or result["sum"] != expected * QUANTA:
        fail(f"{batches} batches of the browser, {pace}, {buffers}: {result}")
    return result


def measure_job(browser, pace, buffers, batches):
    """CPU and wall time of a batch, in s, and the buffers that were used again."""
    little, whole = (run_job(browser, pace, buffers, n)
                     for n in (LITTLE, batches))
    return [(whole[key] - little[key]) / (batches - LITTLE)
            for key in ("cpu", "wall")] + [whole["reused"]]


def measure_fill(consume, batches, interval):
    """CPU time of a batch, in s."""
    whole, little = (run([consume, "--interval", interval, "fill", n])
                     for n in (batches, LITTLE))
    return (whole - little) / (batches - LITTLE)


def compare_browser(consume, rounds, program):
    """audiobatchsrc ! queue ! appsink and an AudioWorklet with its page."""
    measured = {}
    with Browser(program) as browser:
        for pace, batches, ways, _ in BROWSER_JOBS:
            run_job(browser, pace, ways[-1], batches)
        for number in range(rounds):
            show_progress(f"browser, round {number + 1} of {rounds}")
            for pace, batches, ways, ours in BROWSER_JOBS:
                fill = measure_fill(consume, *ours)
                for buffers in ways:
                    measured.setdefault((pace, buffers, batches), []).append(
                        [fill, *measure_job(browser, pace, buffers, batches)])
    show_progress("")
    version = program_version(program, "--version", r"(\d\S+)")
    return make_table(
        f"Batches from one thread to another, to queue ! appsink and from an "
        f"AudioWorklet to its page in chromium {version}; us for each, of "
        f"processor time where it does not say wall, without the start",
        BROWSER_COLUMNS, [browser_row(*way, values)
                          for way, values in measured.items()])


def browser_row(pace, buffers, batches, values):
    ours, peer, wall, reused = map(statistics.median, zip(*values))
    return {"pace": pace, "buffers": buffers, "batches": batches,
            "reused": reused, "wall-us": wall * 1e6, "peer-us": peer * 1e6,
            "ours-us": ours * 1e6,
            "ratio": statistics.median(row[0] / row[1] for row in values)}


def measure(consume, rounds):
    """The tables of all comparisons that are possible here."""
    tables = []
    if not shutil.which("ffmpeg"):
        leave_out("FFmpeg", "There is no ffmpeg (apt install ffmpeg).")
    elif subprocess.run(["gst-inspect-1.0", "--exists",
                         "rawaudioparse"]).returncode:
        leave_out("FFmpeg", "There is no element rawaudioparse "
                  "(apt install gstreamer1.0-plugins-base).")
    else:
        with tempfile.TemporaryDirectory(prefix="audiobatch-whole-") as folder:
            tables.append(compare_files(Path(folder), rounds))
        print_table(tables[-1])
    if shutil.which("node"):
        tables.append(compare_transfers(consume, rounds))
        print_table(tables[-1])
    else:
        leave_out("Node.js", "There is no node (apt install nodejs).")
    measure_browser(consume, rounds, tables)
    return tables


def measure_browser(consume, rounds, tables):
    program = find_browser()
    if not program:
        leave_out("the browser", f"There is no {' or '.join(NAMES)} "
                  "(apt install chromium).")
        return
    try:
        tables.append(compare_browser(consume, rounds, program))
        print_table(tables[-1])
    except TimeoutError as error:
        leave_out("the browser", error)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0],
        epilog="A comparison whose program is not installed is left out.")
    add_options(parser, rounds=7)
    parser.add_argument("consume", type=Path, metavar="CONSUME",
                        help="the program of that name that was built here")
    args = parser.parse_args()
    if not shutil.which("gst-launch-1.0"):
        leave_out("all", "There is no gst-launch-1.0 "
                  "(apt install gstreamer1.0-tools).")
        sys.exit(SKIPPED)

    # meson sets this for tests, and it costs time.
    os.environ.pop("MALLOC_PERTURB_", None)
    # meson ends a test that takes too long so; no browser may stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("whole.py: terminated"))
    tables = measure(args.consume.resolve(), args.rounds)
    if not tables:
        sys.exit(SKIPPED)
    write_document(args, "whole", tables)


if __name__ == "__main__":
    main()
