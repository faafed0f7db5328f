#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks the code in one place after another and checks that a test fails.

Works in a clone of the committed tree, built with AddressSanitizer and
UndefinedBehaviorSanitizer. The operators below find the places in gst/audiobatch;
the seed, which is printed, chooses among them. The same seed and count give the same
places for the same code. If a mutation only removes a call, such as a release, and no
test fails, some tests run in valgrind, to find leaks. Prints one line for each place:
killed (and by which tests) or survived. Two results are not counted: invalid (it did
not compile) and same (the behaviour does not change; equivalent.py says why). Exits
with 1 if less than 95 % are killed.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from equivalent import EQUIVALENT

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = "gst/audiobatch"
WANTED = 0.95

# Each: a name, a pattern for a line of code, and the replacement.
OPERATORS = [
    ("less", r" < ", " <= "),
    ("less-or-equal", r" <= ", " < "),
    ("more", r" > ", " >= "),
    ("more-or-equal", r" >= ", " > "),
    ("equal", r" == ", " != "),
    ("unequal", r" != ", " == "),
    ("and", r" && ", " || "),
    ("or", r" \|\| ", " && "),
    ("plus-one", r" \+ 1\b", ""),
    ("minus-one", r" - 1\b", ""),
    ("plus", r"(?<=[\w)]) \+ (?=[\w(])", " - "),
    ("minus", r"(?<=[\w)]) - (?=[\w(])", " + "),
    ("add-to", r" \+= ", " -= "),
    ("take-from", r" -= ", " += "),
    ("true", r"\bTRUE\b", "FALSE"),
    ("false", r"\bFALSE\b", "TRUE"),
    ("min", r"\bMIN \(", "MAX ("),
    ("max", r"\bMAX \(", "MIN ("),
    ("zero", r"= 0;", "= 1;"),
    ("discont", r"GST_BUFFER_FLAG_DISCONT", "GST_BUFFER_FLAG_HEADER"),
    ("gap", r"GST_BUFFER_FLAG_GAP\b", "GST_BUFFER_FLAG_HEADER"),
    ("flow-ok", r"return GST_FLOW_OK;", "return GST_FLOW_ERROR;"),
    ("flow-error", r"return GST_FLOW_ERROR;", "return GST_FLOW_OK;"),
    ("drop-release",
     r"^(\s+)\w*(?:unref|free|clear|unmap|stop|discard|close)\w* \(.*\);$",
     r"\1;"),
    ("drop-call", r"^(\s+)[a-z_]+ \([^=]*\);$", r"\1;"),
]

# Lines that only log, comment or assert.
TALK = re.compile(r"GST_\w*(?:DEBUG|LOG|INFO|TRACE)\w*|PLACER_DEBUG|\"|^#|"
                  r"^\s*(?:/\*|\*)|g_assert|static_assert")

# Tests that take as long as all others together, and find no more.
SLOW = ["month"]
PIPELINES = ["holding", "statechanges", "faults", "ownership", "misbehaving"]
# The tests for valgrind, besides the module's own one.
LEAKS = ["audiobatchsrc", "memory", "sourcefill", "streams"]


def code_lines(text):
    """The lines of code, with their numbers, without comments."""
    comment = False
    for number, line in enumerate(text.splitlines(), 1):
        starts = "/*" in line
        if not (comment or starts or TALK.search(line)):
            yield number, line
        if starts or comment:
            comment = "*/" not in line


def find_places(tree):
    """All places: (file, line, operator, number of the match in the line)."""
    places = []
    for path in sorted((tree / SOURCES).rglob("*.[ch]")):
        file = str(path.relative_to(tree / SOURCES))
        for number, line in code_lines(path.read_text()):
            for index, (_, pattern, _) in enumerate(OPERATORS):
                places += [(file, number, index, nth) for nth, _ in
                           enumerate(re.finditer(pattern, line))]
    return places


def name_of(place):
    file, line, index, nth = place
    return f"{file}:{line}:{OPERATORS[index][0]}:{nth}"


def mutate(text, place):
    """Returns the text with the place broken, the old line and the new one."""
    _, number, index, nth = place
    _, pattern, replacement = OPERATORS[index]
    lines = text.split("\n")
    line = lines[number - 1]
    match = list(re.finditer(pattern, line))[nth]
    lines[number - 1] = (line[:match.start()] + match.expand(replacement)
                         + line[match.end():])
    return "\n".join(lines), line.strip(), lines[number - 1].strip()


class Tree:
    """A clone of the committed tree, with builds of its own."""

    def __init__(self, folder):
        self.root = Path(folder) / "tree"
        subprocess.run(["git", "clone", "-q", ROOT, self.root], check=True)
        # with clang there is no link-time optimization, so builds take seconds
        self.build = self.set_up("build", "-Db_lundef=false",
                                 "-Db_sanitize=address,undefined")
        self.plain = self.set_up("build-plain")
        tests = subprocess.check_output(
            ["meson", "introspect", "--tests", self.build])
        self.names = {test["name"] for test in json.loads(tests)}

    def set_up(self, name, *options):
        build = self.root / name
        self.run("meson", "setup", build, "-Doptimization=1", "-Ddebug=true",
                 *options, env=dict(os.environ, CC="clang"), check=True)
        self.run("meson", "compile", "-C", build, check=True)
        # fill the registry with a program that has no sanitizer
        registry = str(build / "tests" / "check" / "registry.bin")
        self.run("gst-inspect-1.0", check=True,
                 env=dict(os.environ, GST_REGISTRY_1_0=registry))
        return build

    def run(self, *command, check=False, env=None):
        return subprocess.run(command, cwd=self.root, env=env, check=check,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def failed_tests(self, build, log, *args):
        """Names of the tests chosen by @args that fail or hang."""
        path = build / "meson-logs" / log
        path.unlink(missing_ok=True)
        if self.run("meson", "test", "-C", build, "--no-rebuild",
                    "--maxfail", "1", *args):
            return []
        tests = [json.loads(line) for line in path.read_text().splitlines()]
        return [f"{test['name'].split(' / ')[-1]} ({test['result'].lower()})"
                for test in tests
                if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")]

    def tests_in(self, folder):
        """The C tests of a folder, without the slow ones."""
        folder = self.root / "tests" / "check" / folder
        names = {str(path.relative_to(folder).with_suffix(""))
                 for path in folder.rglob("*.c")}
        return sorted(names & self.names - set(SLOW))

    def own_tests(self, file):
        """The tests of a module or an element, found by its name."""
        name = str(Path(file).with_suffix("")).replace("gst", "")
        return {name} & self.names - set(SLOW)

    def killers(self, file):
        """The tests that fail. Runs the module's own test first."""
        own = self.own_tests(file)
        for names in (sorted(own), self.tests_in("libs"),
                      self.tests_in("elements"), PIPELINES):
            failed = names and self.failed_tests(
                self.build, "testlog.json", "-t", "0.3", *names)
            if failed:
                return failed
        return []

    def leak_finders(self, file):
        """The tests that leak in valgrind."""
        own = self.own_tests(file)
        if not self.run("ninja", "-C", self.plain):
            return []
        return self.failed_tests(self.plain, "testlog-valgrind.json",
                                 "--setup", "valgrind",
                                 *sorted(own | set(LEAKS)))


def try_place(tree, place):
    """Returns the verdict and its reason."""
    path = tree.root / SOURCES / place[0]
    operator = OPERATORS[place[2]][0]
    original = path.read_text()
    broken, before, after = mutate(original, place)
    reason = EQUIVALENT.get((place[0], operator, before, place[3]))
    if reason:
        return "same", reason
    path.write_text(broken)
    try:
        if not tree.run("ninja", "-C", tree.build):
            return "invalid", ""
        killers = tree.killers(place[0])
        if not killers and operator.startswith("drop"):
            killers = tree.leak_finders(place[0])
    finally:
        path.write_text(original)
    if killers:
        return "killed", ", ".join(killers)
    return "survived", f"{before}  ->  {after}"


def choose(args):
    """The places, in the order to try them."""
    places = find_places(ROOT)
    if args.only:
        return [place for place in places if name_of(place) in args.only]
    random.Random(args.seed).shuffle(places)
    return places


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=80,
                        help="number of places that compile (default 80)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="PLACE", nargs="+",
                        help="only these places, named as printed")
    parser.add_argument("--list", action="store_true",
                        help="print all places and exit")
    args = parser.parse_args()
    places = choose(args)
    if args.list:
        print("\n".join(map(name_of, places)))
        return 0
    print(f"{len(places)} places, seed {args.seed}", flush=True)
    counts = {"killed": 0, "survived": 0, "invalid": 0, "same": 0}
    folder = tempfile.mkdtemp(prefix="audiobatch-mutation-")
    try:
        tree = Tree(folder)
        for place in places:
            if counts["killed"] + counts["survived"] == args.count:
                break
            verdict, detail = try_place(tree, place)
            counts[verdict] += 1
            print(f"{verdict:8} {name_of(place)}  {detail}", flush=True)
    finally:
        shutil.rmtree(folder)
    tried = counts["killed"] + counts["survived"]
    print(f"{counts['killed']} of {tried} killed, {counts['survived']} "
          f"survived, {counts['invalid']} did not compile, {counts['same']} did "
          "not change the behaviour")
    return 0 if counts["killed"] >= WANTED * tried else 1


if __name__ == "__main__":
    sys.exit(main())
