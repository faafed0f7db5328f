# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tests run which line of the plugin."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from places import SOURCES, first_line_of_statement


def gcov(data):
    """gcov's report on some .gcda files, whose .gcno files are beside them."""
    lines = subprocess.check_output(
        ["gcov", "--json-format", "--stdout", *data], text=True,
        stderr=subprocess.DEVNULL).splitlines()
    return [file for line in lines for file in json.loads(line)["files"]]


class Coverage:
    """Lines and the tests that run them, each with its seconds. Kept in a file,
    which has all tests that were measured so far."""

    def __init__(self, path):
        self.path = path
        self.data = (json.loads(path.read_text()) if path.exists() else
                     {"seconds": {}, "left out": {}, "lines": {},
                      "functions": {}})

    def save(self):
        part = self.path.with_suffix(".part")
        with part.open("w") as file:
            json.dump(self.data, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self.path)

    def measure(self, tree, jobs):
        """Runs each test of @tree that is missing, alone."""
        _, tests = tree.build("coverage")
        names = [name for name in tests if name not in self.data["seconds"]
                 and name not in self.data["left out"]]
        if not names:
            return
        if not tree.make_tests("coverage", names, jobs):
            raise RuntimeError("the build for coverage fails")
        with ThreadPoolExecutor(jobs) as pool:
            for name, result, files in pool.map(
                    lambda name: self.run_test(tree, name), names):
                self.add(tree, name, result, files)
                self.save()

    def run_test(self, tree, name):
        """Runs a test. Returns what gcov tells about the plugin's files."""
        folder = self.path.with_name("coverage") / name.replace("/", "-")
        shutil.rmtree(folder, ignore_errors=True)
        # A test of time may fail if the machine is busy.
        for _ in range(2):
            result = tree.test("coverage", name, GCOV_PREFIX=str(folder))
            if result.passed:
                break
        # of the test's own sources too, which may include the plugin's headers
        data = list(folder.rglob("*.gcda"))
        for path in data:
            notes = Path("/") / path.relative_to(folder).with_suffix(".gcno")
            path.with_suffix(".gcno").symlink_to(notes)
        files = gcov(data) if data else []
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {result.how}, {result.seconds:.1f} s", flush=True)
        return name, result, files

    def add(self, tree, name, result, files):
        if not result.passed:
            self.data["left out"][name] = result.how
            return
        self.data["seconds"][name] = result.seconds
        build, _ = tree.build("coverage")
        sources = tree.root / SOURCES
        for file in files:
            path = Path(os.path.normpath(build / file["file"]))
            if path.is_relative_to(sources):
                self.add_file(name, str(path.relative_to(sources)), file)

    def add_file(self, name, path, file):
        functions = self.data["functions"].setdefault(path, {})
        for function in file["functions"]:
            functions[function["name"]] = [function["start_line"],
                                           function["end_line"]]
        lines = self.data["lines"].setdefault(path, {})
        for line in file["lines"]:
            names = lines.setdefault(str(line["line_number"]), [])
            if line["count"] > 0 and name not in names:
                names.append(name)

    def lines_of(self, file, first, last):
        """The tests of these lines. None if gcov knows no such line."""
        lines = self.data["lines"].get(file, {})
        known = [lines[str(n)] for n in range(first, last + 1)
                 if str(n) in lines]
        return set().union(*known) if known else None

    def tests_of(self, text, place):
        """The tests that run the statement of @place, the fastest first. A line
        without code of its own, such as a row of a table, is run by all that run
        its function or else its file; of a header without code, by all."""
        names = self.lines_of(
            place.file, first_line_of_statement(text, place.line), place.line)
        if names is None:
            for first, last in self.data["functions"].get(
                    place.file, {}).values():
                if first <= place.line <= last:
                    names = self.lines_of(place.file, first, last)
        if names is None:
            names = self.lines_of(place.file, 1, len(text.splitlines()))
        if names is None:
            names = set(self.data["seconds"])
        return sorted(names, key=lambda name: (self.seconds(name), name))

    def seconds(self, name):
        return self.data["seconds"][name]
