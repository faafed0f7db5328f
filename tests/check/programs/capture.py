#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches of a live capture from a real sound server.

Starts a PulseAudio daemon of its own with a null sink, plays sounds into it and
captures the sink's monitor, live, with audiobatch. If something is not
installed, prints what and exits with status 77.
"""

import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import wave

RATE = 48000
SAMPLES = 1024
SECONDS = 30
FORMAT = f"audio/x-raw, format=S16LE, rate={RATE}, channels=1"
RECORDING = ("/usr/share/sounds/freedesktop/stereo/"
             "audio-channel-front-center.oga")


def skip(packages):
    print(f"skipped: nothing was captured; apt-get install {packages}")
    sys.exit(77)


try:
    import gi
    import numpy
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
except (ImportError, ValueError):
    skip("python3-gst-1.0 python3-numpy")


def time_of(position):
    return position * Gst.SECOND // RATE


class Daemon:
    """A PulseAudio daemon with a socket and a state of its own."""

    def __init__(self, folder):
        self.address = os.path.join(folder, "native")
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
             "--use-pid-file=no", "--disable-shm=yes", "--realtime=no",
             "--high-priority=no", "--log-target=stderr",
             "--load=module-null-sink sink_name=batches "
             f"format=s16le rate={RATE} channels=1",
             # last, so that a client that can connect finds the sink
             "--load=module-native-protocol-unix auth-anonymous=1 "
             f"socket={self.address}"],
            env={"PATH": os.environ["PATH"], "HOME": folder,
                 "XDG_RUNTIME_DIR": folder,
                 "PULSE_RUNTIME_PATH": os.path.join(folder, "runtime"),
                 "PULSE_STATE_PATH": os.path.join(folder, "state"),
                 "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def wait_until_it_listens(self):
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.address) == 0:
                    return
            time.sleep(0.05)
        self.log.seek(0)
        raise AssertionError(f"PulseAudio does not listen:\n{self.log.read()}")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def wait_for_end(pipeline):
    """Waits for EOS. Raises the pipeline's error, if it posts one."""
    message = pipeline.get_bus().timed_pop_filtered(
        SECONDS * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    if message is None:
        raise AssertionError(f"{pipeline.name} did not end")
    if message.type == Gst.MessageType.ERROR:
        raise AssertionError(message.parse_error())


def play(description):
    pipeline = Gst.parse_launch(description)
    try:
        pipeline.set_state(Gst.State.PLAYING)
        wait_for_end(pipeline)
    finally:
        pipeline.set_state(Gst.State.NULL)


class Capture:
    """The batches that come from the monitor while a sound plays."""

    def __init__(self):
        self.pipeline = Gst.parse_launch(
            "pulsesrc name=source device=batches.monitor buffer-time=2000000 "
            f"latency-time=10000 ! {FORMAT} ! audiobatch name=batch ! "
            "fakesink sync=false enable-last-sample=false")
        self.element = self.pipeline.get_by_name("batch")
        self.chunks = []
        self.batches = []
        self.arrived = queue.Queue()
        self.watch("sink", self.note_chunk)
        self.watch("src", self.note_batch)

    def watch(self, pad, callback):
        self.element.get_static_pad(pad).add_probe(
            Gst.PadProbeType.BUFFER, callback)

    def note_chunk(self, pad, info):
        self.chunks.append(info.get_buffer().get_size() // 2)
        return Gst.PadProbeReturn.OK

    def note_batch(self, pad, info):
        batch = info.get_buffer()
        self.batches.append((batch.pts, batch.duration, batch.offset,
                             batch.offset_end,
                             batch.has_flags(Gst.BufferFlags.DISCONT),
                             batch.extract_dup(0, batch.get_size())))
        self.arrived.put(None)
        return Gst.PadProbeReturn.OK

    def wait_for_batches(self, count):
        for _ in range(count):
            self.arrived.get(timeout=SECONDS)

    def wait_for_batches_from_now(self, count):
        while not self.arrived.empty():
            self.arrived.get()
        self.wait_for_batches(count)

    def latency(self, element, pad):
        query = Gst.Query.new_latency()
        if not element.get_static_pad(pad).query(query):
            raise AssertionError(f"{element.name} does not tell its latency")
        return query.parse_latency()

    def run(self, sound):
        self.pipeline.set_state(Gst.State.PLAYING)
        try:
            self.wait_for_batches(1)
            self.before = self.latency(
                self.pipeline.get_by_name("source"), "src")
            self.behind = self.latency(self.element, "src")
            play(f"filesrc location={sound} ! rawaudioparse format=pcm "
                 f"pcm-format=s16le sample-rate={RATE} num-channels=1 ! "
                 "pulsesink device=batches buffer-time=2000000")
            # the end of the sound is still on its way through the monitor
            self.wait_for_batches_from_now(RATE // SAMPLES)
            self.pipeline.send_event(Gst.Event.new_eos())
            wait_for_end(self.pipeline)
        finally:
            self.pipeline.set_state(Gst.State.NULL)

    def samples(self):
        return numpy.frombuffer(b"".join(batch[-1] for batch in self.batches),
                                numpy.int16)


def decode(location, raw):
    """Returns the samples. Writes silence and the samples to the file @raw.

    Silence first, because the monitor loses the first 9 ms of a stream.
    """
    play(f"filesrc location={location} ! decodebin ! audioconvert ! "
         f"audioresample ! {FORMAT} ! filesink location={raw}")
    samples = numpy.fromfile(raw, numpy.int16)
    silence = numpy.zeros(RATE // 10, numpy.int16)
    numpy.concatenate((silence, samples)).tofile(raw)
    return samples


def write_chirp(location):
    """Two seconds from 200 to 8000 Hz: no part resembles another."""
    seconds = numpy.arange(2 * RATE) / RATE
    phase = 2 * numpy.pi * (200 + (8000 - 200) / 2 * seconds / 2) * seconds
    with wave.open(location, "wb") as chirp:
        chirp.setnchannels(1)
        chirp.setsampwidth(2)
        chirp.setframerate(RATE)
        chirp.writeframes((8000 * numpy.sin(phase)).astype("<i2").tobytes())


def find(wanted, captured):
    """The position of the best match, and its correlation; 1 is equal."""
    size = 1 << (len(wanted) + len(captured)).bit_length()
    spectrum = numpy.fft.rfft(captured.astype(float), size)
    spectrum *= numpy.conj(numpy.fft.rfft(wanted.astype(float), size))
    products = numpy.fft.irfft(spectrum, size)
    places = len(captured) - len(wanted) + 1
    place = int(numpy.argmax(products[:places]))
    part = captured[place:place + len(wanted)].astype(float)
    energy = numpy.sum(part ** 2) * numpy.sum(wanted.astype(float) ** 2)
    return place, products[place] / numpy.sqrt(energy) if energy else 0


class CaptureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.folder = folder
        daemon = Daemon(folder)
        cls.addClassCleanup(daemon.end)
        daemon.wait_until_it_listens()
        os.environ["PULSE_SERVER"] = f"unix:{daemon.address}"

    def capture(self, location):
        raw = os.path.join(self.folder, "raw")
        wanted = decode(location, raw)
        self.assertGreater(len(wanted), RATE)
        capture = Capture()
        capture.run(raw)
        return capture, wanted

    def check_sizes(self, capture):
        """Only the last batch before a break or the end may be short."""
        sizes = [len(batch[-1]) // 2 for batch in capture.batches]
        for k, size in enumerate(sizes[:-1]):
            if not capture.batches[k + 1][4]:
                self.assertEqual(size, SAMPLES, f"batch {k}")
        self.assertLessEqual(max(sizes), SAMPLES)
        self.assertEqual(sum(sizes), sum(capture.chunks))
        self.assertNotIn(SAMPLES, capture.chunks,
                         "there was nothing to cut into batches")

    def check_times(self, capture):
        """From one break to the next, timestamps follow the sample count."""
        base = origin = position = due = 0
        for k, (pts, duration, start, end, broken, data) in enumerate(
                capture.batches):
            self.assertEqual(start, position, f"batch {k}")
            position += len(data) // 2
            self.assertEqual(end, position, f"batch {k}")
            if broken:
                self.assertGreaterEqual(pts, due, f"batch {k}")
                base, origin = pts, start
            self.assertEqual(pts, base + time_of(start - origin), f"batch {k}")
            due = base + time_of(end - origin)
            self.assertEqual(duration, due - pts, f"batch {k}")
        self.assertTrue(capture.batches[0][4], "the first batch is a break")

    def check_latency(self, capture):
        live, least, most = capture.before
        self.assertTrue(live)
        self.assertGreater(least, 0)
        batch = time_of(SAMPLES)
        self.assertEqual(capture.behind, (True, least + batch, most + batch))

    def check_sound(self, capture, wanted):
        captured = capture.samples()
        self.assertGreater(len(captured), len(wanted))
        place, likeness = find(wanted, captured)
        differ = numpy.sum(captured[place:place + len(wanted)] != wanted)
        breaks = sum(batch[4] for batch in capture.batches) - 1
        print(f"{len(capture.batches)} batches of chunks of "
              f"{sorted(set(capture.chunks))} samples, {breaks} breaks; "
              f"found at sample {place}, correlation {likeness:.6f}, "
              f"{differ} of {len(wanted)} samples differ")
        self.assertGreater(likeness, 0.99)
        self.assertEqual(differ, 0)

    def check(self, location):
        capture, wanted = self.capture(location)
        self.check_sizes(capture)
        self.check_times(capture)
        self.check_latency(capture)
        self.check_sound(capture, wanted)

    def test_a_recording_of_speech_comes_in_batches_of_1024(self):
        self.check(RECORDING)

    def test_a_chirp_comes_in_batches_of_1024(self):
        chirp = os.path.join(self.folder, "chirp.wav")
        write_chirp(chirp)
        self.check(chirp)


def main():
    if not shutil.which("pulseaudio"):
        skip("pulseaudio")
    if not os.path.exists(RECORDING):
        skip("sound-theme-freedesktop")
    Gst.init(None)
    for name, package in (("pulsesrc", "gstreamer1.0-pulseaudio"),
                          ("vorbisdec", "gstreamer1.0-plugins-base")):
        if not Gst.ElementFactory.find(name):
            skip(package)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
