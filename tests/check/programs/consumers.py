#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives the batches of docs/recipes.md to the consumers that they are meant for.

usage: consumers.py ROOT FOLDER [unittest's options]

Takes launch lines of the page, with an appsink behind audiobatch, and hands each
batch as it is to a real consumer: the batches that the page asks for are
accepted and give the results that the page states, batches of another size are
refused. FOLDER is where npm installed the packages of the page. Skips consumers that
are not installed; if none is, the exit status is 77.
"""

import ctypes
import ctypes.util
import os
import re
import shutil
import struct
import subprocess
import sys
import unittest
from pathlib import Path

from documents import fences
from gstpython import Gst, numpy, report, skip

PAGE = "docs/recipes.md"
RECORDING = "/usr/share/sounds/freedesktop/stereo/audio-channel-front-center.oga"
SECONDS = 120
OPUS_APPLICATION_AUDIO = 2049
OPUS_BAD_ARG = -1

root = folder = None


def recipe(heading):
    """The first launch line below a heading of the page."""
    text = (root / PAGE).read_text(encoding="utf-8")
    section = re.search(rf"(?ms)^## {heading}\n(.*?)(?=^## |\Z)", text)[1]
    return next(fences(PAGE, section)).commands()[0]


def batches(heading, samples=None):
    """The bytes of each batch of a recipe; @samples is another batch size."""
    line = recipe(heading).split(maxsplit=2)[2]
    line = re.sub(r"(! audiobatch [^!]*!).*", r"\1 appsink name=sink sync=false",
                  line)
    if samples:
        line = re.sub(r"(samples-per-batch|output-buffer-duration-fraction)"
                      r"=[\d/]+", f"samples-per-batch={samples}", line)
    pipeline = Gst.parse_launch(line)
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    found = []
    while (sample := sink.emit("pull-sample")) is not None:
        batch = sample.get_buffer()
        found.append(batch.extract_dup(0, batch.get_size()))
    pipeline.set_state(Gst.State.NULL)
    return found


def segments(chances, seconds, begin=0.5, end=0.35):
    """When speech begins and ends: above one probability and below another."""
    found, start = [], None
    for k, chance in enumerate(chances):
        if start is None and chance >= begin:
            start = k * seconds
        elif start is not None and chance < end:
            found.append((start, k * seconds))
            start = None
    if start is not None:
        found.append((start, len(chances) * seconds))
    return [(round(a, 2), round(b, 2)) for a, b in found]


class NodeTest(unittest.TestCase):
    """A consumer in Node.js: a program, and the packages that it needs."""
    program = packages = None

    def setUp(self):
        if not shutil.which("node"):
            self.skipTest("apt-get install nodejs npm")
        for package in self.packages:
            if not (folder / "node_modules" / package).exists():
                self.skipTest(f"there is no {package} in {folder}: {PAGE} has "
                              "the npm line")

    def answers(self, frames, *arguments):
        path = root / "tests/examples/consumers" / self.program
        done = subprocess.run(
            # without optimised code, which takes seconds to compile
            ["node", "--liftoff-only", path, folder, *arguments],
            timeout=SECONDS, check=False, capture_output=True,
            input=b"".join(struct.pack("<I", len(frame)) + frame
                           for frame in frames))
        ready, *lines = done.stdout.decode().splitlines() or [""]
        self.assertEqual((done.returncode, ready), (0, "ready"),
                         done.stderr.decode())
        self.assertEqual(len(lines), len(frames))
        return lines

    def check_all_refused(self, frames, *arguments):
        for line in self.answers(frames, *arguments):
            self.assertTrue(line.startswith("refused: "), line)


class Silero(NodeTest):
    program = "silero.mjs"
    packages = ("onnxruntime-web", "@ricky0123/vad-web")
    heading = "Silero VAD"

    def speech(self, samples, *arguments):
        frames = batches(self.heading, samples)
        chances = [float(line) for line in self.answers(frames, *arguments)]
        return len(frames), segments(chances, samples / 16000)

    def test_45_frames_of_512_have_both_words(self):
        self.assertEqual(self.speech(512),
                         (45, [(0.10, 0.51), (0.80, 1.41)]))

    def test_without_the_samples_of_the_frame_before_the_times_differ(self):
        self.assertEqual(self.speech(512, "0"),
                         (45, [(0.13, 0.67), (0.80, 1.41)]))

    def test_frames_of_1024_are_refused(self):
        self.check_all_refused(batches(self.heading, 1024))

    def test_frames_of_160_are_taken_and_most_of_the_speech_is_missed(self):
        frames, found = self.speech(160)
        self.assertEqual(frames, 143)
        self.assertLess(sum(end - begin for begin, end in found), 0.1)


class WebRtc(NodeTest):
    program = "webrtc.mjs"
    packages = ("@echogarden/fvad-wasm",)
    heading = "WebRTC VAD"

    def test_frames_of_10_20_and_30_ms_have_both_words(self):
        for samples, pauses in ((160, 2), (320, 3), (480, 2)):
            frames = batches(self.heading, samples)
            answers = "".join(self.answers(frames))
            self.assertEqual(len(answers), 22849 // samples)
            self.assertRegex(answers, "^0+1+")
            # the long pause between the words
            pause = max(re.findall("0+", answers.strip("0")), key=len)
            self.assertAlmostEqual(len(pause) * samples / 16000, 0.4, delta=0.1)

    def test_frames_of_512_are_refused(self):
        self.check_all_refused(batches(self.heading, 512))

    def test_a_short_last_batch_is_refused(self):
        self.check_all_refused([batches(self.heading, 160)[0][:-2]])


class RnNoise(NodeTest):
    program = "rnnoise.mjs"
    packages = ("@shiguredo/rnnoise-wasm",)
    heading = "RNNoise"

    def test_noise_between_the_words_is_quieter_by_20_db(self):
        noise = numpy.random.default_rng(1)
        frames = []
        for frame in batches(self.heading):
            samples = numpy.frombuffer(frame, numpy.int16).astype(float)
            samples += noise.normal(0, 100, len(samples))
            frames.append(samples.clip(-32768, 32767).astype(numpy.int16)
                          .tobytes())
        rows = [tuple(map(float, line.split()))
                for line in self.answers(frames)]
        self.assertEqual(len(rows), 143)
        pause = rows[65:75]
        before, after = (sum(row[k] for row in pause) for k in (0, 1))
        print(f"noise {before / 10:.1f} before, {after / 10:.1f} after")
        self.assertLess(after, before / 10)
        self.assertGreater(max(row[2] for row in rows[10:45]), 0.9)

    def test_frames_of_512_are_refused(self):
        self.check_all_refused(batches(self.heading, 512))


class Aubio(unittest.TestCase):
    heading = "aubio"

    def setUp(self):
        try:
            import aubio
        except ImportError:
            self.skipTest("apt-get install python3-aubio")
        self.aubio = aubio

    def frames(self, samples=None):
        return [numpy.frombuffer(frame, numpy.float32)
                for frame in batches(self.heading, samples)]

    def test_frames_of_512_have_the_pitch_of_the_voice_and_the_second_word(self):
        pitch = self.aubio.pitch("yinfft", 2048, 512, 48000)
        onset = self.aubio.onset("default", 1024, 512, 48000)
        frames = self.frames()
        onsets, pitches = [], []
        for frame in frames:
            if onset(frame)[0]:
                onsets.append(round(onset.get_last_s(), 2))
            pitches.append(float(pitch(frame)[0]))
        self.assertEqual(len(frames), 134)
        # "front" begins with the noise of an f, and its o falls and rises
        vowel = numpy.array(pitches[20:30])
        self.assertGreater(vowel.min(), 155)
        self.assertLess(vowel.max(), 245)
        # the second word begins at 0.80 s
        self.assertTrue([at for at in onsets if 0.78 < at < 0.85], onsets)

    def test_frames_of_another_size_are_refused(self):
        pitch = self.aubio.pitch("yinfft", 2048, 512, 48000)
        with self.assertRaisesRegex(ValueError, "512"):
            pitch(self.frames(480)[0])


class Opus(unittest.TestCase):
    heading = "Opus"

    def setUp(self):
        name = ctypes.util.find_library("opus")
        if not name:
            self.skipTest("apt-get install libopus0")
        self.opus = ctypes.CDLL(name)
        self.opus.opus_encoder_create.restype = ctypes.c_void_p
        self.packet = ctypes.create_string_buffer(4000)
        self.encoder = ctypes.c_void_p(self.opus.opus_encoder_create(
            48000, 1, OPUS_APPLICATION_AUDIO, None))
        self.addCleanup(self.opus.opus_encoder_destroy, self.encoder)

    def encode(self, frame):
        """The size of the packet, or a negative error."""
        return self.opus.opus_encode_float(self.encoder, frame, len(frame) // 4,
                                     self.packet, len(self.packet))

    def test_frames_of_20_ms_give_a_packet_each(self):
        sizes = [self.encode(frame) for frame in batches(self.heading)]
        self.assertEqual(len(sizes), 72)
        self.assertGreater(min(sizes), 0)

    def test_frames_of_another_size_are_refused(self):
        for samples in (512, 1024, 1000):
            self.assertEqual(self.encode(batches(self.heading, samples)[0]),
                             OPUS_BAD_ARG)


def main():
    global root, folder
    root, folder = map(Path, (sys.argv.pop(1), sys.argv.pop(1)))
    if not os.path.exists(RECORDING):
        skip("apt-get install sound-theme-freedesktop")
    if numpy is None:
        skip("apt-get install python3-numpy")
    Gst.init(None)
    if not Gst.ElementFactory.find("vorbisdec"):
        skip("apt-get install gstreamer1.0-plugins-base")
    report(unittest.main(verbosity=2, exit=False).result)


if __name__ == "__main__":
    main()
