#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks the code in one place after another and sees whether the tests notice.

Works in a copy of the tree, on what is committed, built with AddressSanitizer
and UndefinedBehaviorSanitizer. The places are drawn from all that the operators
below find in gst/audiobatch, by a seed that is printed; the same seed and count
give the same places for the same code. Where only a release is left out and no
test fails, some are run in valgrind, for leaks. Prints one line for each place:
killed (and by which tests), survived, or, not counted, invalid (it did not
compile) or same (equivalent.py says why it does what it did before). Ends with 1
when less than 95 % are killed.
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

# Each: a name, what it looks for in a line of code, and what it puts there.
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

# Lines that only talk.
TALK = re.compile(r"GST_\w*(?:DEBUG|LOG|INFO|TRACE)\w*|PLACER_DEBUG|\"|^#|"
                  r"^\s*(?:/\*|\*)|g_assert|static_assert")

# Tests that would take the time of all others together, and see no more.
SLOW = ["month"]
PIPELINES = ["holding", "statechanges", "faults", "ownership", "misbehaving"]
# What is run in valgrind, besides the module's own test.
LEAKS = ["audiobatchsrc", "memory", "sourcefill", "streams"]


def code_lines(text):
    """Numbers and lines of what is code: comments are left out."""
    comment = False
    for number, line in enumerate(text.splitlines(), 1):
        starts = "/*" in line
        if not (comment or starts or TALK.search(line)):
            yield number, line
        if starts or comment:
            comment = "*/" not in line


def find_places(tree):
    """All that can be broken: (file, line, operator, which match in it)."""
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
    """Returns the text with the place broken, the line before and after."""
    _, number, index, nth = place
    _, pattern, replacement = OPERATORS[index]
    lines = text.split("\n")
    line = lines[number - 1]
    match = list(re.finditer(pattern, line))[nth]
    lines[number - 1] = (line[:match.start()] + match.expand(replacement)
                         + line[match.end():])
    return "\n".join(lines), line.strip(), lines[number - 1].strip()


class Tree:
    """A copy of what is committed, with builds of its own."""

    def __init__(self, folder):
        self.root = Path(folder) / "tree"
        subprocess.run(["git", "clone", "-q", ROOT, self.root], check=True)
        # no link-time optimization with clang: a place is built in seconds
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
        # other elements are registered by a program without a sanitizer
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
        """Names of the tests that fail or hang, of those that @args choose."""
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
        """The C tests of a folder, but for the slow ones."""
        folder = self.root / "tests" / "check" / folder
        names = {str(path.relative_to(folder).with_suffix(""))
                 for path in folder.rglob("*.c")}
        return sorted(names & self.names - set(SLOW))

    def own_tests(self, file):
        """Those of a module, or of an element, by its name."""
        name = str(Path(file).with_suffix("")).replace("gst", "")
        return {name} & self.names - set(SLOW)

    def killers(self, file):
        """Which tests notice; the module's own one is asked first."""
        own = self.own_tests(file)
        for names in (sorted(own), self.tests_in("libs"),
                      self.tests_in("elements"), PIPELINES):
            failed = names and self.failed_tests(
                self.build, "testlog.json", "-t", "0.3", *names)
            if failed:
                return failed
        return []

    def leak_finders(self, file):
        """Which tests leak."""
        own = self.own_tests(file)
        if not self.run("ninja", "-C", self.plain):
            return []
        return self.failed_tests(self.plain, "testlog-valgrind.json",
                                 "--setup", "valgrind",
                                 *sorted(own | set(LEAKS)))


def try_place(tree, place):
    """Returns the verdict and what led to it."""
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
    """The places in the order in which they are tried."""
    places = find_places(ROOT)
    if args.only:
        return [place for place in places if name_of(place) in args.only]
    random.Random(args.seed).shuffle(places)
    return places


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=80,
                        help="places that have to compile (default 80)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="PLACE", nargs="+",
                        help="these places, as they are printed")
    parser.add_argument("--list", action="store_true",
                        help="print all places and end")
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
          f"survived, {counts['invalid']} did not compile, {counts['same']} do "
          "what they did before")
    return 0 if counts["killed"] >= WANTED * tried else 1


if __name__ == "__main__":
    sys.exit(main())
