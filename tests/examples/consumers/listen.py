#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listens to a microphone, and prints when somebody speaks.

Gives frames of 512 samples at 16 kHz to Silero VAD, which runs in Node.js
(silero.mjs), and prints the element's figures each second. Ends with Ctrl-C.
Needs python3-gst-1.0 and nodejs, and the packages of docs/capture.md.
"""

import argparse
import os
import pathlib
import struct
import subprocess
import sys
import time

import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import GLib, Gst, GstApp

RATE = 16000
SAMPLES = 512
FORMAT = "F32LE" if sys.byteorder == "little" else "F32BE"
# As in Silero's own code: speech begins above one probability, ends below another.
BEGIN = 0.5
END = 0.35

# discont=fill: after a dropout, batches still have the right time.
# overrun=drop: if the detector is slower than the microphone for 2 s (64
# batches), lose audio and count it.
PIPELINE = (
    "{source} ! audioconvert ! audioresample ! "
    f"audio/x-raw, format={FORMAT}, rate={RATE}, channels=1 ! "
    f"audiobatch name=batch samples-per-batch={SAMPLES} tail=pad discont=fill "
    "max-outstanding-batches=64 overrun=drop ! "
    "appsink name=sink sync=false enable-last-sample=false")


class Detector:
    """Silero VAD in a process of its own."""

    def __init__(self, packages):
        program = pathlib.Path(__file__).with_name("silero.mjs")
        # --liftoff-only: starts at once, without compiling for seconds
        self.process = subprocess.Popen(
            ["node", "--liftoff-only", program, packages],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.answer() != "ready":
            sys.exit("The detector does not start: docs/capture.md says which "
                     "packages it needs.")
        self.speaking = False

    def answer(self):
        return self.process.stdout.readline().decode().strip()

    def add(self, begin, samples):
        """Prints when speech begins or ends. @begin is in seconds."""
        self.process.stdin.write(struct.pack("<I", len(samples)) + samples)
        self.process.stdin.flush()
        chance = float(self.answer())
        if self.speaking != (chance >= (END if self.speaking else BEGIN)):
            self.speaking = not self.speaking
            print(f"{begin:8.3f} s  speech "
                  f"{'begins' if self.speaking else 'ends'}", flush=True)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def print_figures(batch):
    """One line, from stats and from a latency query."""
    stats = batch.props.stats
    query = Gst.Query.new_latency()
    latency = (query.parse_latency()[1]
               if batch.get_static_pad("src").query(query) else 0)
    names = ("batches", "outstanding-batches", "dropped-batches",
             "samples-inserted", "breaks")
    print("           ", ", ".join(f"{stats.get_uint64(name).value} {name}"
                                   for name in names)
          + f", latency {latency / Gst.MSECOND:.0f} ms", flush=True)


def check_bus(bus):
    """Ends the program if the pipeline has failed."""
    message = bus.pop_filtered(Gst.MessageType.ERROR)
    if message:
        sys.exit(f"{message.src.get_name()}: {message.parse_error()[0].message}")


def listen(pipeline, detector):
    sink, batch = map(pipeline.get_by_name, ("sink", "batch"))
    due = time.monotonic() + 1
    while not sink.is_eos():
        sample = sink.try_pull_sample(Gst.SECOND // 10)
        if sample:
            buffer = sample.get_buffer()
            detector.add(buffer.pts / Gst.SECOND,
                         buffer.extract_dup(0, buffer.get_size()))
        check_bus(pipeline.get_bus())
        if time.monotonic() >= due:
            print_figures(batch)
            due += 1
    print_figures(batch)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--source", default="autoaudiosrc",
                         help="the beginning of a launch line (%(default)s)")
    options.add_argument("--packages", default="consumers",
                         help="where npm installed the packages (%(default)s)")
    given = options.parse_args()
    Gst.init(None)
    detector = Detector(os.path.abspath(given.packages))
    try:
        pipeline = Gst.parse_launch(PIPELINE.format(source=given.source))
    except GLib.Error as error:
        sys.exit(error.message)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        listen(pipeline, detector)
    except KeyboardInterrupt:
        pass
    finally:
        pipeline.set_state(Gst.State.NULL)
        detector.end()


main()
