#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the cost of a batch, in instructions, with that of the peers.

Usage: cost.py [--optimization LEVEL] [--sanitize KIND] [--record]
               [--json FILE] DRIVE

Callgrind counts two runs of DRIVE that differ only in length. The difference is
the cost of the batches, without the start. If a ratio exceeds the one in RECORDED
by more than TOLERANCE, the test fails. Each version of GStreamer has a record of
its own, because the peers and the base classes differ. --record prints the record
of the running version, as a line for RECORDED, instead of checking. With zero-copy a
chunk of a batch costs less than through the elements in LIMITS. Calls of malloc are
counted in the same way; they must equal MALLOCS in every version. --json writes
the counts, with those of the floor, in the form of the benchmarks.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SKIPPED = 77
TOLERANCE = 1.03

# The recorded ratios: our instructions divided by the peer's, for a batch of 1024
# samples, mono F32, with -O3 and link-time optimization. They are above 1 for chunks
# of which the peer pushes parts without a copy, while we copy.
CASES = (
    ("rebatch", "128"),
    ("rebatch", "480"),
    ("rebatch", "1024"),
    ("rebatch", "4096"),
    ("rebatch", "65536"),
    ("make", "sine"),
    ("make", "silence"),
    ("make", "white-noise"),
    ("make", "triangle"),
)

# By the running version of GStreamer, in the order of CASES.
RECORDED = {
    # Debian 12, gcc 12
    "1.22.0": (0.731, 0.750, 1.313, 0.984, 1.020, 0.055, 0.561, 0.107, 0.274),
    # Debian 13, gcc 14
    "1.26.2": (0.736, 0.776, 1.285, 1.056, 1.120, 0.057, 0.547, 0.110, 0.284),
    # the development version of 2026-08, built with -O2 on Debian 13, gcc 14
    "1.29.2": (0.744, 0.781, 1.297, 1.066, 1.142, 0.056, 0.545, 0.109, 0.282),
}

# Our instructions with zero-copy for a chunk that is a batch: the case, the way and the
# case to compare with, and the limit of the ratio. 1024x8 has 8 channels.
ZERO_COPY = "zero-copy"
LIMITS = (
    ("1024", "identity", "1024", 1.00),
    ("1024", "audiobuffersplit", "1024", 0.90),
    ("1024x8", ZERO_COPY, "1024", 1.01),
)

# Calls of malloc per batch of a running audiobatchsrc, by allocation and samples. A
# fresh batch needs two: the block with its samples, and the GstBuffer. (Without
# valgrind an older GLib takes the GstBuffer from its slice allocator.) What auto ends
# in depends on the machine.
MALLOCS = {
    ("fresh", "1024"): 2,
    ("pool", "1024"): 0,
    ("fresh", "262144"): 2,
    ("pool", "262144"): 0,
}

# At the end of a run two threads meet, which may cost a few calls more or less.
MALLOC_TOLERANCE = 0.01

# These would change the counts: meson sets MALLOC_PERTURB_, which fills memory.
UNSET = ("GST_DEBUG", "GST_TRACERS", "G_SLICE", "MALLOC_PERTURB_")

OURS = {"rebatch": "audiobatch", "make": "audiobatchsrc"}
PEERS = {"rebatch": "audiobuffersplit", "make": "audiotestsrc"}

# Whole numbers of the longest chunk (64 batches). The difference contains one
# report, which we post every 1000 batches.
SHORT, LONG = 640, 640 + 1024


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def check_build(args):
    """The record is valid only for a release build."""
    if args.sanitize != "none":
        skip(f"a sanitizer is in the build ({args.sanitize})")
    if args.optimization not in ("2", "3"):
        skip(f"the optimization of the build is {args.optimization}")
    if not shutil.which("valgrind"):
        skip("there is no valgrind")


def running_version(drive):
    """The library's version, which may differ from that of the headers."""
    return subprocess.run([drive, "version"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def make_registry(drive, folder):
    """A new registry for all runs, so that they start alike. Skips if an element is
    missing."""
    os.environ["GST_REGISTRY_1_0"] = str(folder / "registry")
    for job, example in (("rebatch", "1024"), ("make", "sine")):
        for element in (OURS[job], PEERS[job]):
            run = subprocess.run([drive, job, element, example, "1"])
            if run.returncode == SKIPPED:
                skip(f"there is no {element}")
            run.check_returncode()
    os.environ["GST_REGISTRY_UPDATE"] = "no"


def profile(drive, folder, job, element, case, batches):
    """Callgrind's output for one run."""
    out = folder / f"{job}-{element}-{case}-{batches}"
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
         "--compress-strings=no", drive, job, element, case, str(batches)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(f"valgrind {element} {case}:\n{run.stderr}")
    return out.read_text()


def count(*run):
    """The instructions of one run."""
    return int(re.search(r"^totals: (\d+)", profile(*run), re.M)[1])


def count_mallocs(*run):
    """The number of allocations of one run, by any function."""
    calls = re.findall(r"^cfn=(?:malloc|calloc|realloc|memalign|aligned_alloc|"
                       r"posix_memalign)$\ncalls=(\d+)", profile(*run), re.M)
    return sum(map(int, calls))


def count_ways(counter, drive, folder, ways):
    """The count of @counter per batch, for each way."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = {(way, n): pool.submit(counter, drive, folder, *way, n)
                  for way in ways for n in (SHORT, LONG)}
    return {way: (counts[way, LONG].result() - counts[way, SHORT].result())
            / (LONG - SHORT) for way in ways}


def count_all_mallocs(drive, folder):
    """Calls of malloc per batch, by allocation and samples."""
    ways = [("allocate", *case) for case in MALLOCS]
    return {way[1:]: n for way, n in
            count_ways(count_mallocs, drive, folder, ways).items()}


def count_all(drive, folder, with_floor):
    """Instructions per batch, by job, element and case."""
    ways = [(job, element, case) for job, case in CASES
            for element in (OURS[job], PEERS[job])]
    for ours, way, other, _ in LIMITS:
        ways += [("rebatch", ZERO_COPY, ours), ("rebatch", way, other)]
    if with_floor:
        ways += [(job, "floor", case) for job, case in CASES
                 if job == "rebatch"]
    return count_ways(count, drive, folder, list(dict.fromkeys(ways)))


def make_table(title, job, case_name, costs):
    """A table of the counts, ours first, with the ratio to each of the others."""
    others = [PEERS[job]]
    if job == "rebatch":
        others.insert(0, "floor")
    ways = [OURS[job], *others]
    columns = [{"name": case_name, "heading": case_name}]
    columns += [{"name": way, "heading": way, "decimals": 0} for way in ways]
    columns += [{"name": f"to-{way}", "heading": f"of {way}", "decimals": 3}
                for way in others]
    rows = []
    for case in [case for of_job, case in CASES if of_job == job]:
        row = {way: round(costs[job, way, case]) for way in ways}
        row[case_name] = case
        for way in others:
            row[f"to-{way}"] = (costs[job, OURS[job], case]
                                / costs[job, way, case])
        rows.append(row)
    return {"title": title, "columns": columns, "rows": rows}


def make_zero_copy_table(costs):
    ways = [(ZERO_COPY, "1024"), (ZERO_COPY, "1024x8"), ("identity", "1024"),
            ("audiobuffersplit", "1024")]
    ours = costs["rebatch", ZERO_COPY, "1024"]
    return {
        "title": "Chunks of 1024 samples that are nobody else's; instructions "
                 "of a batch, F32, the making of the chunks included",
        "columns": [
            {"name": "way", "heading": "way"},
            {"name": "channels", "heading": "channels"},
            {"name": "cost", "heading": "instructions", "decimals": 0},
            {"name": "ratio", "heading": "zero-copy, of this", "decimals": 3}],
        "rows": [{"way": way, "channels": (case.split("x") + ["1"])[1],
                  "cost": round(costs["rebatch", way, case]),
                  "ratio": ours / costs["rebatch", way, case]}
                 for way, case in ways]}


def make_malloc_table(mallocs):
    return {
        "title": "Calls of malloc for a batch of audiobatchsrc, mono F32, once "
                 "it runs, without reports",
        "columns": [
            {"name": "allocation", "heading": "allocation"},
            {"name": "samples", "heading": "samples of a batch"},
            {"name": "mallocs", "heading": "mallocs", "decimals": 3}],
        "rows": [{"allocation": allocation, "samples": samples, "mallocs": n}
                 for (allocation, samples), n in mallocs.items()]}


def write_json(path, costs, mallocs):
    """The same document as the benchmarks write."""
    tables = [
        make_table("Chunks to batches; instructions of a batch, mono F32, the "
                   "making of the chunks included", "rebatch", "chunk", costs),
        make_zero_copy_table(costs),
        make_table("Waves; instructions of a batch, mono F32", "make", "wave",
                   costs),
        make_malloc_table(mallocs),
    ]
    document = {"benchmark": "cost", "tables": tables}
    Path(path).write_text(json.dumps(document, indent=2) + "\n")


def ratio_of(costs, job, case):
    return costs[job, OURS[job], case] / costs[job, PEERS[job], case]


def print_record(version, costs):
    ratios = ", ".join(f"{ratio_of(costs, *case):.3f}" for case in CASES)
    print(f'    "{version}": ({ratios}),')


def check_costs(costs, record):
    """Returns how many ratios are worse than recorded."""
    worse = 0
    for (job, case), recorded in zip(CASES, record, strict=True):
        ours = costs[job, OURS[job], case]
        peer = costs[job, PEERS[job], case]
        ratio = ratio_of(costs, job, case)
        failed = ratio > recorded * TOLERANCE
        worse += failed
        print(f"{'FAIL' if failed else 'ok  '} {OURS[job]:13} {case:11} "
              f"{ours:7.0f} of {PEERS[job]:16} {peer:7.0f} is {ratio:.3f}, "
              f"recorded {recorded:.3f}")
    return worse


def check_zero_copy(costs):
    """Returns how many limits are exceeded."""
    worse = 0
    for case, way, other_case, limit in LIMITS:
        ours = costs["rebatch", ZERO_COPY, case]
        other = costs["rebatch", way, other_case]
        failed = ours > other * limit
        worse += failed
        print(f"{'FAIL' if failed else 'ok  '} {ZERO_COPY:13} {case:11} "
              f"{ours:7.0f} of {way:16} {other:7.0f} is {ours / other:.3f}, "
              f"at most {limit:.2f}")
    return worse


def check_mallocs(mallocs):
    """Returns how many counts are wrong."""
    wrong = 0
    for case, wanted in MALLOCS.items():
        failed = abs(mallocs[case] - wanted) > MALLOC_TOLERANCE
        wrong += failed
        print(f"{'FAIL' if failed else 'ok  '} {case[0]} batches of {case[1]} "
              f"samples: {mallocs[case]:.3f} mallocs each, {wanted} wanted")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimization", default="3")
    parser.add_argument("--sanitize", default="none")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("drive")
    args = parser.parse_args()
    check_build(args)
    for name in UNSET:
        os.environ.pop(name, None)
    version = running_version(args.drive)
    counts_costs = args.record or args.json or version in RECORDED
    with tempfile.TemporaryDirectory(prefix="audiobatch-cost-") as folder:
        make_registry(args.drive, Path(folder))
        if counts_costs:
            costs = count_all(args.drive, Path(folder), bool(args.json))
        mallocs = count_all_mallocs(args.drive, Path(folder))
    if args.json:
        write_json(args.json, costs, mallocs)
    if args.record:
        print_record(version, costs)
        return 0
    wrong = check_mallocs(mallocs)
    if version in RECORDED:
        wrong += check_costs(costs, RECORDED[version])
        wrong += check_zero_copy(costs)
    elif not wrong:
        drive = Path(args.drive).resolve()
        skip(f"no ratios are recorded for GStreamer {version}. This prints a "
             f"line for RECORDED in tests/benchmarks/cost.py: meson devenv -C "
             f"{drive.parents[2]} {Path(__file__).resolve()} --record {drive}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
