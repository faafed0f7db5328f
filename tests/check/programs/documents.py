# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads README.md, NEWS.md and docs/, for the tests that check them."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

# Documents with a test of their own that runs their commands and programs: the
# test's path from the root. The test must name the document.
OWN_TESTS = {
    "docs/capture.md": "tests/check/programs/capture.py",
    "docs/examples.md": "tests/check/programs/examples.py",
    "docs/network.md": "tests/check/programs/network.py",
    "docs/processes.md": "tests/check/programs/processes.py",
    "docs/profile.md": "tests/check/programs/profile.py",
    "docs/recipes.md": "tests/check/programs/recipes.py",
}

LAUNCH = re.compile(r"(?:[A-Z_0-9]+=\S+ )*gst-(?:launch|inspect)-1\.0 ")
FENCE = re.compile(r"(\s*)(```+|~~~+)(.*)")


class Fence(NamedTuple):
    name: str
    line: int
    kind: str
    text: str

    @property
    def place(self):
        return f"{self.name}:{self.line}"

    def commands(self):
        """Each command of a block of sh, with continued lines joined."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        return [line.strip() for line in joined.splitlines()
                if line.strip() and not line.lstrip().startswith("#")]


def paths(root):
    """Name and path of each document."""
    found = [root / "README.md", root / "NEWS.md",
             *sorted((root / "docs").rglob("*.md"))]
    return {str(path.relative_to(root)): path for path in found}


def fences(name, text):
    """The fenced blocks of a document. ValueError if a fence is not clear."""
    start, kind, lines = 0, "", []
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.fullmatch(line)
        if mark is None:
            lines.append(line)
        elif mark[1] or mark[2] != "```":
            raise ValueError(f"{name}:{number}: a fence is three backticks at "
                             "the start of a line")
        elif start == 0:
            start, kind, lines = number, mark[3].strip(), []
        else:
            yield Fence(name, start, kind, "\n".join(lines) + "\n")
            start = 0
    if start:
        raise ValueError(f"{name}:{start}: the fence has no end")


def prose(text):
    """The document without its fenced blocks, line for line."""
    inside = False
    out = []
    for line in text.splitlines():
        mark = FENCE.fullmatch(line)
        out.append("" if mark or inside else line)
        inside ^= mark is not None
    return "\n".join(out)


def kill(process):
    """Kills the process and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run(command, seconds=60, **options):
    """Runs @command. Returns what went wrong, or None, and the output. If it
    does not end, or this program is ended, nothing that it has started stays."""
    with subprocess.Popen(command, text=True, start_new_session=True,
                          shell=isinstance(command, str),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(process)
            output, _ = process.communicate()
            return f"did not end within {seconds} s", output
        except BaseException:
            kill(process)
            raise
    if process.returncode != 0:
        return f"exit status {process.returncode}\n{output[-2000:]}", output
    return None, output


# So ends meson a test that takes too long. Its process group does not have what
# run() has started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))


class Tally:
    """Counts the checks and prints those that failed."""

    def __init__(self, things):
        self.things = things
        self.total = self.failed = 0

    def add(self, fault, what):
        self.total += 1
        print("FAIL" if fault else "ok  ", what, flush=True)
        if fault:
            print(fault)
            self.failed += 1

    def exit(self):
        """Exits. No checks at all is a failure too."""
        print(f"{self.total} {self.things}, {self.failed} failed")
        sys.exit(1 if self.failed or self.total == 0 else 0)


def read_all(root):
    """Name and text of each document."""
    return {name: Path(path).read_text(encoding="utf-8")
            for name, path in paths(Path(root)).items()}
