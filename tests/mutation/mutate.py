#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks the code in one place after another and checks that a test fails.

Works in build-mutation/, on copies of a commit; it never changes your files. The
seed, which is printed, draws the places from all of gst/audiobatch. The first run for
a commit measures which test runs which line (coverage.py). A mutant then meets only
the tests that run its line, the fastest first, until one fails. That test must pass
on the unbroken code and fail once more on the broken one, so a busy machine proves
nothing. If none fails, the tests run again with AddressSanitizer and
UndefinedBehaviorSanitizer, and for a call that is gone, some run in valgrind.

Each result is written at once. The same command with the same seed goes on where the
last one was interrupted, at any time and in any way. --report shows what is done.

Each place is one of: noticed; survivor; equivalent (equivalent.py says why, or the
compiler makes the same code of both); did not build. The first two count. Exits with
1 if less than 95 % of them are noticed.
"""

import argparse
import fcntl
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from coverage import Coverage
from equivalent import EQUIVALENT
from places import SOURCES, Mutant, find_places
from tree import Stop, Stopped, Tree

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build-mutation"
WANTED = 0.95
JOBS = 2

# Seconds. A test hangs if it takes so many times longer than for coverage, within
# these limits, and then so many times longer than the unbroken code right now.
LEAST_LIMIT = 20
MOST_LIMIT = 120
TIMES = 5
# These make a test slower.
SLOWER = {"plain": 1, "asan": 5, "valgrind": 100}

# The tests for valgrind, besides the module's own one.
LEAKS = {"audiobatchsrc", "memory", "sourcefill", "streams"}


class Journal:
    """The results of one draw: a file with one line of JSON for each place."""

    def __init__(self, path):
        self.path = path
        self.results = {}
        for line in self.whole_lines().splitlines():
            result = json.loads(line)
            self.results[result["place"]] = result

    def whole_lines(self):
        """A power cut may leave half a line at the end."""
        text = self.path.read_bytes() if self.path.exists() else b""
        return text[:text.rfind(b"\n") + 1]

    def drop_half_line(self):
        if self.path.exists():
            os.truncate(self.path, len(self.whole_lines()))

    def add(self, result):
        self.results[result["place"]] = result
        with self.path.open("a") as file:
            file.write(json.dumps(result) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def counts(self):
        return Counter(result["verdict"] for result in self.results.values())

    def counted(self):
        counts = self.counts()
        return counts["noticed"] + counts["survivor"]


class Queue:
    """Hands out places in the order of the draw, until @count of them count. So
    the same places are tried, however many threads and interruptions there are."""

    def __init__(self, places, count, journal):
        self.places = [place for place in places
                       if str(place) not in journal.results]
        self.count = count
        self.journal = journal
        self.under_way = 0
        self.changed = threading.Condition()

    def take(self):
        """The next place. None if there is nothing more to do."""
        with self.changed:
            while (self.under_way and not Stop.asked and
                   self.journal.counted() + self.under_way >= self.count):
                self.changed.wait(0.5)
            if (Stop.asked or not self.places
                    or self.journal.counted() >= self.count):
                return None
            self.under_way += 1
            return self.places.pop(0)

    def done(self, result):
        with self.changed:
            self.under_way -= 1
            self.changed.notify_all()
            if result:
                self.journal.add(result)
                print(f"[{self.journal.counted()}/{self.count}] "
                      + line_of(result), flush=True)


def line_of(result):
    return (f"{result['verdict']:13} {result['place']}  {result['why']} "
            f"({result['seconds']:.0f} s)")


class Worker:
    """One thread with a tree of its own to break."""

    def __init__(self, tree, clean, coverage):
        self.tree = tree
        self.clean = clean
        self.coverage = coverage
        if not tree.make_tests("plain", []):
            raise RuntimeError("the unbroken code does not compile")
        self.objects = tree.objects()

    def work(self, queue):
        while place := queue.take():
            result = None
            try:
                result = self.try_place(place)
            finally:
                queue.done(result)

    def try_place(self, place):
        path = self.tree.root / SOURCES / place.file
        text = path.read_text()
        mutant = Mutant(text, place)
        began = time.monotonic()
        path.write_text(mutant.text)
        try:
            verdict, why = self.judge(place, text, mutant)
        finally:
            path.write_text(text)
        return {"place": str(place), "verdict": verdict, "why": why,
                "seconds": round(time.monotonic() - began, 1),
                "diff": mutant.diff}

    def judge(self, place, text, mutant):
        """Returns the verdict and its reason."""
        reason = EQUIVALENT.get((place.file, place.operator_name,
                                 mutant.before.strip(), place.nth))
        if reason:
            return "equivalent", reason
        if not self.tree.make_tests("plain", []):
            return "did not build", ""
        if self.tree.objects() == self.objects:
            return "equivalent", "the compiler makes the same code of it"
        names = self.coverage.tests_of(text, place)
        if not names:
            return "survivor", "not covered: no test runs the line"
        return (self.first_that_notices("plain", names)
                or self.by_slower_tools(place, names)
                or ("survivor", f"{len(names)} tests run the line"))

    def by_slower_tools(self, place, names):
        verdict = self.first_that_notices("asan", names)
        if verdict or not place.operator_name.startswith("drop"):
            return verdict
        own = place.file.rsplit(".", 1)[0].replace("gst", "")
        return self.first_that_notices(
            "valgrind", [name for name in names if name in LEAKS | {own}])

    def first_that_notices(self, tool, names):
        kind = "asan" if tool == "asan" else "plain"
        for name in names:
            if not self.tree.make_tests(kind, [name]):
                return "did not build", f"{name}, {kind}"
            how = self.notices(tool, kind, name)
            if how:
                return "noticed", f"{name}: {how}"
        return None

    def notices(self, tool, kind, name):
        """How the test @name fails on the broken code; None if it does not."""
        def run(tree, limit):
            if tool == "valgrind":
                return tree.test_in_valgrind(name, limit)
            return tree.test(kind, name, limit)
        limit = SLOWER[tool] * min(max(
            LEAST_LIMIT, TIMES * self.coverage.seconds(name)), MOST_LIMIT)
        first = run(self.tree, limit)
        if first.passed:
            return None
        if not self.clean.make_tests(kind, [name]):
            raise RuntimeError(f"{name} does not compile")
        clean = run(self.clean, 10 * limit)
        if not clean.passed:
            return None
        again = run(self.tree, max(limit, TIMES * clean.seconds))
        how = again.how if tool == "plain" else f"{again.how} ({tool})"
        return None if again.passed else how


def lock():
    """Only one run at a time. What an ended run has started holds the lock too,
    since it inherits the file."""
    file = os.open(WORK / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    os.set_inheritable(file, True)
    for _ in range(60):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(1)
    sys.exit(f"another run, or a test of one, still uses {WORK}")


def drop_builds_after_power_cut():
    """Files of the last boot may have been cut short. The results have not."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    file = WORK / "boot"
    if file.exists() and file.read_text() != boot:
        for ready in WORK.glob("*/build-*/ready"):
            ready.unlink()
    file.write_text(boot)


def full_name(commit):
    return subprocess.check_output(
        ["git", "rev-parse", "--verify", f"{commit}^{{commit}}"], cwd=ROOT,
        text=True).strip()


def measure(clean, commit):
    """The coverage of the commit."""
    coverage = Coverage(WORK / f"{commit[:12]}-coverage.json")
    coverage.measure(clean, JOBS)
    for name, how in coverage.data["left out"].items():
        print(f"left out, since it fails on the unbroken code: {name} ({how})")
    return coverage


def draw(args, tree):
    places = find_places(tree.root)
    if args.only:
        return [place for place in places if str(place) in args.only]
    random.Random(args.seed).shuffle(places)
    return places


def run_all(args, journal):
    clean = Tree(WORK / "clean", ROOT, args.commit)
    places = draw(args, clean)
    print(f"{len(places)} places, seed {args.seed}, commit {args.commit[:12]}",
          flush=True)
    coverage = measure(clean, args.commit)
    queue = Queue(places, args.count, journal)

    def work(number):
        tree = Tree(WORK / f"tree-{number}", ROOT, args.commit)
        Worker(tree, clean, coverage).work(queue)

    with ThreadPoolExecutor(JOBS) as pool:
        try:
            threads = [pool.submit(work, n + 1) for n in range(JOBS)]
            while wait(threads, 1, "FIRST_EXCEPTION").not_done:
                if any(t.done() and t.exception() for t in threads):
                    break
        finally:
            Stop.asked = True
    for thread in threads:
        if thread.exception() and not isinstance(thread.exception(), Stopped):
            raise thread.exception()


def report(args, journal):
    """Prints the survivors and the sums. Returns whether enough was noticed."""
    for result in journal.results.values():
        if result["verdict"] == "survivor":
            print(f"\n{line_of(result)}\n{result['diff']}")
    counts = journal.counts()
    counted = journal.counted()
    lost = sum(result["why"].startswith("not covered")
               for result in journal.results.values())
    print(f"\nnoticed {counts['noticed']}, survivors {counts['survivor']} "
          f"({lost} not covered), equivalent {counts['equivalent']}, did not "
          f"build {counts['did not build']}: "
          f"{100 * counts['noticed'] / max(counted, 1):.1f} % noticed; seed "
          f"{args.seed}, commit {args.commit[:12]}")
    if counted < args.count and not args.only:
        print(f"{counted} of {args.count} are done; go on with: {sys.argv[0]} "
              f"--count {args.count} --seed {args.seed} --commit "
              f"{args.commit[:12]}")
    return counts["noticed"] >= WANTED * counted


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100,
                        help="number of places that count (default 100)")
    parser.add_argument("--seed", type=int, default=None,
                        help="draws the places (default: a new one)")
    parser.add_argument("--commit", default="HEAD",
                        help="what to break (default HEAD)")
    parser.add_argument("--only", metavar="PLACE", nargs="+", default=[],
                        help="only these places, named as printed, once more")
    parser.add_argument("--list", action="store_true",
                        help="print all places of the files as they are and exit")
    parser.add_argument("--report", action="store_true",
                        help="print the results so far and exit")
    args = parser.parse_args()
    if args.report and args.seed is None:
        parser.error("--report needs --seed")
    if args.seed is None:
        args.seed = random.randrange(10**6)
    args.commit = full_name(args.commit)
    return args


def stop(*_):
    """Ends the programs that run, and then the threads."""
    Stop.asked = True
    raise KeyboardInterrupt


def main():
    args = parse()
    if args.list:
        print("\n".join(map(str, find_places(ROOT))))
        return 0
    WORK.mkdir(exist_ok=True)
    path = WORK / f"{args.commit[:12]}-{args.seed}-{args.count}.jsonl"
    if args.report:
        return 0 if report(args, Journal(path)) else 1
    lock()
    drop_builds_after_power_cut()
    if args.only:
        path = WORK / "only.jsonl"
        path.unlink(missing_ok=True)
    journal = Journal(path)
    journal.drop_half_line()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    began = time.monotonic()
    try:
        run_all(args, journal)
    except KeyboardInterrupt:
        pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    passed = report(args, journal)
    print(f"this took {(time.monotonic() - began) / 60:.0f} min, and "
          f"{(used.ru_utime + used.ru_stime) / 60:.0f} min of CPU time")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
