#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what tests/mutation promises, without breaking anything: places in each
folder, one broken line each, the tests that run a line, and results that survive an
interruption."""

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "tests" / "mutation"))

from coverage import Coverage  # noqa: E402
from mutate import Journal, Queue  # noqa: E402
from places import (OPERATORS, SOURCES, Mutant, Place,  # noqa: E402
                    find_places)

CODE = """\
static gboolean
fits (guint n)
{
  if (n == 0
      && more > 1)
    return FALSE;
  return TRUE;
}
static const Row rows[] = {
  {"a", TRUE},
};
"""


def place(line, name):
    index = [operator[0] for operator in OPERATORS].index(name)
    return Place("time/fits.c", line, index, 0)


def every_folder_has_places_and_each_breaks_one_line():
    places = find_places(ROOT)
    folders = {path.relative_to(ROOT / SOURCES).parts[0]
               for path in (ROOT / SOURCES).rglob("*.c")}
    assert folders == {at.file.split("/")[0] for at in places
                       if at.file.endswith(".c")}
    for at in places:
        text = (ROOT / SOURCES / at.file).read_text()
        mutant = Mutant(text, at)
        broken = [new for old, new in zip(text.split("\n"),
                                          mutant.text.split("\n"), strict=True)
                  if old != new]
        assert len(broken) == 1 and f"\n+{broken[0]}" in mutant.diff, str(at)


def a_mutant_meets_the_tests_of_its_line(folder):
    coverage = Coverage(folder / "coverage.json")
    coverage.data.update({
        "seconds": {"slow": 9, "fast": 1, "other": 1},
        "lines": {"time/fits.c": {"4": ["slow", "fast"], "5": [], "6": [],
                                  "7": ["slow"]}},
        "functions": {"time/fits.c": {"fits": [1, 8]}}})
    coverage.save()
    coverage = Coverage(folder / "coverage.json")
    # the condition begins in line 4
    assert coverage.tests_of(CODE, place(5, "and")) == ["fast", "slow"]
    # nobody runs line 6
    assert coverage.tests_of(CODE, place(6, "false")) == []
    # a row of a table: all that run the file
    assert coverage.tests_of(CODE, place(10, "true")) == ["fast", "slow"]
    # a file that gcov does not know: all
    elsewhere = place(5, "and")._replace(file="time/other.h")
    assert coverage.tests_of(CODE, elsewhere) == ["fast", "other", "slow"]


def results_survive_half_a_line(folder):
    path = folder / "journal.jsonl"
    verdicts = ["noticed", "did not build", "survivor", "equivalent"]
    journal = Journal(path)
    for number, verdict in enumerate(verdicts):
        journal.add({"place": str(number), "verdict": verdict,
                     "why": "", "seconds": 0})
    with path.open("a") as file:
        file.write('{"place": "4", "verd')
    journal = Journal(path)
    assert list(journal.results) == ["0", "1", "2", "3"]
    assert journal.counted() == 2
    journal.drop_half_line()
    journal.add({"place": "5", "verdict": "noticed"})
    assert [json.loads(line)["place"] for line in
            path.read_text().splitlines()] == ["0", "1", "2", "3", "5"]


def the_draw_goes_on_where_it_was(folder):
    places = [place(line, "true") for line in range(1, 9)]
    verdicts = ["noticed", "did not build", "survivor", "equivalent"] * 2
    expected = [str(at) for at in places[:5]]

    def go_on(steps):
        journal = Journal(folder / "draw.jsonl")
        queue = Queue(places, 3, journal)
        while steps and (at := queue.take()):
            steps -= 1
            queue.done({"place": str(at), "verdict": verdicts[at.line - 1],
                        "why": "", "seconds": 0})
        return list(journal.results)

    assert go_on(2) == expected[:2]
    assert go_on(100) == expected
    assert go_on(100) == expected


def main():
    every_folder_has_places_and_each_breaks_one_line()
    with tempfile.TemporaryDirectory() as folder:
        for check in (a_mutant_meets_the_tests_of_its_line,
                      results_survive_half_a_line,
                      the_draw_goes_on_where_it_was):
            check(Path(folder))


main()
