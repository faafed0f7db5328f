#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the lines of docs/processes.md: each consumer with its producer.

usage: processes.py SOURCE BUILD [unittest's options]

A line belongs to the mark before it, <!-- processes: shm producer -->. If nothing
can be run here, the exit status is 77.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

SECONDS = 60
PEAK = 0.8
source = build = None


def has_element(name):
    return subprocess.run(["gst-inspect-1.0", "--exists", name],
                          check=False).returncode == 0


def marked_lines():
    """The lines of the document: {way: [(role, command)]}."""
    text = (source / "docs/processes.md").read_text(encoding="utf-8")
    lines = {}
    for way, role, command in re.findall(
            r"<!-- processes: (\S+) (producer|consumer) -->\n```sh\n(.*?)\n```",
            text, re.DOTALL):
        command = command.replace("build/tests", f"{build}/tests")
        lines.setdefault(way, []).append((role, command))
    if len(re.findall(r"^```sh$", text, re.MULTILINE)) != sum(
            map(len, lines.values())):
        raise SystemExit("docs/processes.md has a command without a mark")
    return lines


class Lines(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.env = dict(os.environ, SOCKET=self.folder + "/socket",
                        PYTHONUNBUFFERED="1")

    def start(self, command, **pipes):
        # "exec": signals are for the program, not for the shell
        process = subprocess.Popen("exec " + command, shell=True, cwd=source,
                                   env=self.env, text=True, **pipes)
        self.addCleanup(process.wait, SECONDS)
        self.addCleanup(process.kill)
        return process

    def start_producer(self, command):
        """Returns when its sink has a first batch, and so a socket and caps."""
        producer = self.start(command.replace("gst-launch-1.0",
                                              "gst-launch-1.0 -v", 1),
                              stdout=subprocess.PIPE)
        for line in producer.stdout:
            if re.search(r"sink:? ?.*sink.*caps = audio/x-raw", line):
                break
        return producer

    def consume(self, command):
        """The first ten lines about batches."""
        consumer = self.start(command, stdout=subprocess.PIPE)
        found = []
        for line in consumer.stdout:
            if re.search(r"\d+ (samples|values)|\(\d+ bytes", line):
                found.append(line)
            if len(found) == 10:
                break
        # the examples end by themselves
        if "gst-launch" in command:
            consumer.send_signal(signal.SIGINT)
        consumer.stdout.read()
        self.assertEqual(consumer.wait(SECONDS), 0)
        consumer.stdout.close()
        self.assertEqual(len(found), 10)
        return found

    def check(self, way):
        lines = marked_lines()[way]
        (role, producer), consumers = lines[0], lines[1:]
        self.assertEqual(role, "producer")
        self.assertTrue(consumers)
        running = self.start_producer(producer)
        for _, consumer in consumers:
            with self.subTest(consumer):
                for line in self.consume(consumer):
                    self.assertRegex(line, r"1024 (samples|values)|\(4096 b")
                    if "peak" in line:
                        peak = float(line.rsplit(" ", 1)[1])
                        self.assertAlmostEqual(peak, PEAK, delta=0.01)
        running.send_signal(signal.SIGINT)
        running.stdout.read()
        running.stdout.close()
        running.wait(SECONDS)

    def test_shm(self):
        self.check("shm")

    def test_unixfd(self):
        if not has_element("unixfdsink"):
            self.skipTest("unixfdsink came with GStreamer 1.24")
        self.check("unixfd")


if __name__ == "__main__":
    source, build = map(pathlib.Path, sys.argv[1:3])
    if not has_element("shmsink"):
        print("skipped: install gstreamer1.0-plugins-bad")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
