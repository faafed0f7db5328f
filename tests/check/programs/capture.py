#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches of a live capture from real sound servers, as docs/capture.md shows.

usage: capture.py ROOT BUILD [unittest's options]

Starts PulseAudio and PipeWire, each with a sink of its own, plays sounds into it and
captures the sink's monitor, live, with audiobatch. Then runs all that the page shows.
What is not installed is left out; if nothing is, prints what and exits with status
77.
"""

import os
import queue
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave
from pathlib import Path

from documents import fences, run
from gstpython import Gst, numpy, report, skip

RATE = 48000
SAMPLES = 1024
SECONDS = 30
# For a batch of a source that plays.
PATIENCE = 10
FORMAT = f"audio/x-raw, format=S16LE, rate={RATE}, channels=1"
PAGE = "docs/capture.md"
VARIES = "<!-- capture: figures vary -->"
RECORDING = ("/usr/share/sounds/freedesktop/stereo/"
             "audio-channel-front-center.oga")

root = build = None


def time_of(position):
    return position * Gst.SECOND // RATE


class Daemon:
    """A sound server with a socket and a state of its own."""

    def __init__(self, folder, command, socket_name, **settings):
        self.address = os.path.join(folder, socket_name)
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": folder,
            "XDG_CONFIG_HOME": folder, "XDG_RUNTIME_DIR": folder,
            "XDG_STATE_HOME": folder,
            "DBUS_SESSION_BUS_ADDRESS": "disabled:", **settings}
        self.processes = []
        self.start(command)
        self.wait_until_it_listens()

    def start(self, command):
        self.processes.append(subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log))

    def wait_until_it_listens(self):
        deadline = time.monotonic() + SECONDS
        while self.processes[0].poll() is None and time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.address) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"nobody listens:\n{self.text()}")

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def end(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


def start_pulseaudio(folder):
    """With a null sink, whose monitor is the default source."""
    daemon = Daemon(
        folder,
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
         "--use-pid-file=no", "--disable-shm=yes", "--realtime=no",
         "--high-priority=no", "--log-target=stderr",
         "--load=module-null-sink sink_name=batches "
         f"format=s16le rate={RATE} channels=1",
         # last, so that a client that can connect finds the sink
         "--load=module-native-protocol-unix auth-anonymous=1 "
         f"socket={os.path.join(folder, 'native')}"],
        "native", PULSE_RUNTIME_PATH=os.path.join(folder, "runtime"),
        PULSE_STATE_PATH=os.path.join(folder, "state"))
    os.environ["PULSE_SERVER"] = f"unix:{daemon.address}"
    return daemon


# A sink to play into, and a source of silence, which is the default one.
PIPEWIRE = """
context.properties = {
    core.daemon = true  core.name = pipewire-0
    default.clock.rate = %d  default.clock.quantum = 4800
    default.clock.min-quantum = 4800  default.clock.max-quantum = 4800
}
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-spa-node-factory }
    { name = libpipewire-module-client-node }
    { name = libpipewire-module-client-device }
    { name = libpipewire-module-access }
    { name = libpipewire-module-adapter }
    { name = libpipewire-module-link-factory }
    { name = libpipewire-module-session-manager }
]
context.objects = [
    { factory = metadata  args = { metadata.name = default } }
    { factory = adapter  args = {
        factory.name = support.null-audio-sink  node.name = batches
        media.class = Audio/Sink  audio.position = [ MONO ] } }
    { factory = adapter  args = {
        factory.name = support.null-audio-sink  node.name = silence
        media.class = Audio/Source/Virtual  audio.position = [ MONO ] } }
]
"""

# WirePlumber without devices and D-Bus: 0.4 reads the first two, 0.5 the last.
WIREPLUMBER = {
    "main.lua.d/51-none.lua":
        'alsa_monitor.enabled = false\nv4l2_monitor.enabled = false\n'
        'libcamera_monitor.enabled = false\n'
        'default_access.properties["enable-flatpak-portal"] = false\n',
    "bluetooth.lua.d/51-none.lua": "bluez_monitor.enabled = false\n",
    "wireplumber.conf.d/51-none.conf":
        "wireplumber.profiles = { main = { hardware.audio = disabled "
        "hardware.bluetooth = disabled hardware.video-capture = disabled "
        "support.portal-permissionstore = disabled "
        "support.reserve-device = disabled support.logind = disabled } }\n",
}


def start_pipewire(folder):
    """PipeWire, and WirePlumber, which connects streams to sinks and sources."""
    settings = {"pipewire.conf": PIPEWIRE % RATE}
    settings |= {f"wireplumber/{name}": text
                 for name, text in WIREPLUMBER.items()}
    for name, text in settings.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    daemon = Daemon(folder, ["pipewire", "-c",
                             os.path.join(folder, "pipewire.conf")],
                    "pipewire-0")
    os.environ["XDG_RUNTIME_DIR"] = folder
    start_wireplumber(daemon)
    return daemon


def start_wireplumber(daemon):
    """Waits until it has made the sink's ports."""
    deadline = time.monotonic() + SECONDS
    daemon.start(["wireplumber"])
    while time.monotonic() < deadline:
        ports = subprocess.run(["pw-link", "--input"], text=True, check=False,
                               capture_output=True).stdout
        if "batches:playback" in ports:
            return
        if daemon.processes[-1].poll() is not None:
            daemon.start(["wireplumber"])
        time.sleep(0.05)
    raise AssertionError(f"WirePlumber makes no ports:\n{daemon.text()}")


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

    def __init__(self, source, behind):
        self.pipeline = Gst.parse_launch(
            f"{source} name=source ! {behind}{FORMAT} ! audiobatch name=batch ! "
            "fakesink sync=false enable-last-sample=false")
        self.element = self.pipeline.get_by_name("batch")
        self.chunks = []
        self.times = set()
        self.captured = b""
        self.batches = []
        self.arrived = queue.Queue()
        self.watch("sink", self.note_chunk)
        self.watch("src", self.note_batch)

    def watch(self, pad, callback):
        self.element.get_static_pad(pad).add_probe(
            Gst.PadProbeType.BUFFER, callback)

    def note_chunk(self, pad, info):
        chunk = info.get_buffer()
        self.chunks.append(chunk.get_size() // 2)
        self.times.add(chunk.pts)
        self.captured += chunk.extract_dup(0, chunk.get_size())
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
            self.arrived.get(timeout=PATIENCE)

    def wait_for_batches_from_now(self, count):
        while not self.arrived.empty():
            self.arrived.get()
        self.wait_for_batches(count)

    def latency(self, element, pad):
        query = Gst.Query.new_latency()
        if not element.get_static_pad(pad).query(query):
            raise AssertionError(f"{element.name} does not tell its latency")
        return query.parse_latency()

    def run(self, play_sound):
        self.pipeline.set_state(Gst.State.PLAYING)
        try:
            self.wait_for_batches(1)
            self.before = self.latency(
                self.pipeline.get_by_name("source"), "src")
            self.behind = self.latency(self.element, "src")
            play_sound()
            # the end of the sound is still on its way through the monitor
            self.wait_for_batches_from_now(RATE // SAMPLES)
            self.pipeline.send_event(Gst.Event.new_eos())
            wait_for_end(self.pipeline)
        finally:
            self.pipeline.set_state(Gst.State.NULL)

    def samples(self):
        return numpy.frombuffer(b"".join(batch[-1] for batch in self.batches),
                                numpy.int16)


def write(location, samples):
    with wave.open(location, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.astype("<i2").tobytes())


def decode(location, sound):
    """Returns the samples. Writes silence and the samples to the WAV @sound.

    Silence first, because the monitor loses the beginning of a stream.
    """
    raw = sound + ".raw"
    play(f"filesrc location={location} ! decodebin ! audioconvert ! "
         f"audioresample ! {FORMAT} ! filesink location={raw}")
    samples = numpy.fromfile(raw, numpy.int16)
    silence = numpy.zeros(RATE // 2, numpy.int16)
    write(sound, numpy.concatenate((silence, samples, silence)))
    return samples


def write_chirp(location):
    """Two seconds from 200 to 8000 Hz: no part resembles another."""
    seconds = numpy.arange(2 * RATE) / RATE
    phase = 2 * numpy.pi * (200 + (8000 - 200) / 2 * seconds / 2) * seconds
    write(location, 8000 * numpy.sin(phase))


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


class CaptureTest:
    """What is the same with each sound server. Subclasses say how to play."""
    packages = programs = elements = ()
    source = None
    behind = ""
    tries = 1
    may_lose = False

    @classmethod
    def setUpClass(cls):
        missing = [name for name in cls.programs if not shutil.which(name)]
        missing += [name for name in cls.elements
                    if not Gst.ElementFactory.find(name)]
        if missing:
            raise unittest.SkipTest(f"apt-get install {cls.packages} "
                                    f"(there is no {', '.join(missing)})")
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.addClassCleanup(cls.start(cls.folder).end)

    def capture(self, location):
        sound = os.path.join(self.folder, "sound.wav")
        wanted = decode(location, sound)
        self.assertGreater(len(wanted), RATE)
        capture = Capture(self.source, self.behind)
        capture.run(lambda: self.play(sound))
        return capture, wanted

    def check_sizes(self, capture):
        """Only the last batch before a break or the end may be short."""
        sizes = [len(batch[-1]) // 2 for batch in capture.batches]
        for k, size in enumerate(sizes[:-1]):
            if not capture.batches[k + 1][4]:
                self.assertEqual(size, SAMPLES, f"batch {k}")
        self.assertLessEqual(max(sizes), SAMPLES)
        self.assertEqual(sum(sizes), sum(capture.chunks))
        self.assertEqual(capture.samples().tobytes(), capture.captured)
        self.assertNotIn(SAMPLES, capture.chunks,
                         "there was nothing to cut into batches")

    def check_times(self, capture):
        """From one break to the next, timestamps follow the sample count. A
        run begins with a chunk, whose time may lie before the last run's end."""
        base = origin = position = 0
        for k, (pts, duration, start, end, broken, data) in enumerate(
                capture.batches):
            self.assertEqual(start, position, f"batch {k}")
            position += len(data) // 2
            self.assertEqual(end, position, f"batch {k}")
            if broken:
                self.assertIn(pts, capture.times, f"batch {k}")
                base, origin = pts, start
            self.assertEqual(pts, base + time_of(start - origin), f"batch {k}")
            due = base + time_of(end - origin)
            self.assertEqual(duration, due - pts, f"batch {k}")
        self.assertTrue(capture.batches[0][4], "the first batch is a break")

    def check_latency(self, capture):
        live, least, most = capture.before
        self.assertTrue(live)
        batch = time_of(SAMPLES)
        if most != Gst.CLOCK_TIME_NONE:
            most += batch
        self.assertEqual(capture.behind, (True, least + batch, most))

    def has_sound(self, capture, wanted):
        """Has each sample of the sound been captured?"""
        captured = capture.samples()
        self.assertGreater(len(captured), len(wanted))
        place, likeness = find(wanted, captured)
        differ = numpy.sum(captured[place:place + len(wanted)] != wanted)
        breaks = sum(batch[4] for batch in capture.batches) - 1
        print(f"{len(capture.batches)} batches of chunks of "
              f"{sorted(set(capture.chunks))} samples, {breaks} breaks; "
              f"found at sample {place}, correlation {likeness:.6f}, "
              f"{differ} of {len(wanted)} samples differ")
        return likeness > 0.99 and differ == 0

    def check(self, location):
        for _ in range(self.tries):
            try:
                capture, wanted = self.capture(location)
            except queue.Empty:
                print(f"no sound for {PATIENCE} s")
                continue
            self.check_sizes(capture)
            self.check_times(capture)
            self.check_latency(capture)
            if self.has_sound(capture, wanted):
                return
        if self.may_lose:
            self.skipTest("the sound server stopped or lost samples each time; "
                          "this machine is too busy")
        self.fail("samples are missing")

    def test_a_recording_of_speech_comes_in_batches_of_1024(self):
        self.check(RECORDING)

    def test_a_chirp_comes_in_batches_of_1024(self):
        chirp = os.path.join(self.folder, "chirp.wav")
        write_chirp(chirp)
        self.check(chirp)

    def test_the_voice_detector_prints_when_somebody_speaks(self):
        packages = build / "consumers"
        if not (packages / "node_modules/onnxruntime-web").exists():
            self.skipTest(f"{PAGE} has the npm line")
        sound = os.path.join(self.folder, "sound.wav")
        decode(RECORDING, sound)
        for _ in range(self.tries):
            lines = self.listen(packages, sound)
            speech = [line.split()[-1] for line in lines if "speech" in line]
            if speech == ["begins", "ends"] * 2:
                return
            print("not heard:", lines)
        if self.may_lose or any(re.search(r" [1-9]\d* dropped", line)
                                for line in lines):
            self.skipTest("this machine is too busy to listen in real time")
        self.fail(lines)

    def listen(self, packages, sound):
        """What the example prints while the sound plays, to its second end."""
        lines = []
        with subprocess.Popen(
                ["/usr/bin/python3",
                 root / "tests/examples/consumers/listen.py", "--packages",
                 packages, "--source", f"{self.source} ! queue"],
                stdout=subprocess.PIPE, text=True) as listener:
            late = threading.Timer(SECONDS, listener.kill)
            late.start()
            for line in listener.stdout:
                lines.append(line)
                # the figures: now it listens
                if len(lines) == 1:
                    self.assertRegex(line, r"\d+ batches, .* latency \d+ ms")
                    self.play(sound)
                if sum("ends" in line for line in lines) == 2:
                    listener.terminate()
            late.cancel()
        return lines


class PulseAudio(CaptureTest, unittest.TestCase):
    programs = ("pulseaudio",)
    elements = ("pulsesrc",)
    packages = "pulseaudio gstreamer1.0-pulseaudio"
    source = ("pulsesrc device=batches.monitor buffer-time=2000000 "
              "latency-time=10000")
    start = staticmethod(start_pulseaudio)

    def play(self, sound):
        play(f"filesrc location={sound} ! wavparse ! "
             "pulsesink device=batches buffer-time=2000000")


class PipeWire(CaptureTest, unittest.TestCase):
    programs = ("pipewire", "wireplumber", "pw-cat")
    elements = ("pipewiresrc",)
    packages = "pipewire wireplumber gstreamer1.0-pipewire"
    # without the priority of real time it loses a period of a busy machine
    tries = 3
    may_lose = True
    # without it PipeWire 1.4 stops
    behind = "queue ! "
    source = ("pipewiresrc target-object=batches "
              "stream-properties=props,stream.capture.sink=true")
    start = staticmethod(start_pipewire)

    def play(self, sound):
        subprocess.run(["pw-cat", "--playback", "--target", "batches", sound],
                       check=True, timeout=SECONDS)


def outputs(text):
    """Each block of commands or a program, and what the page says it prints."""
    blocks = list(fences(PAGE, text))
    for block, after in zip(blocks, [*blocks[1:], None]):
        if block.kind != "text":
            shown = after is not None and after.kind == "text"
            yield block, after.text if shown else None


class Page(unittest.TestCase):
    """All that the page shows, with both sound servers."""
    needs = {"pulseaudio": "pulseaudio", "pipewire": "pipewire",
             "wireplumber": "wireplumber", "pkg-config": "pkg-config"}
    elements = {"pulsesrc": "gstreamer1.0-pulseaudio",
                "pipewiresrc": "gstreamer1.0-pipewire",
                "alsasrc": "gstreamer1.0-alsa libasound2-plugins"}

    @classmethod
    def setUpClass(cls):
        missing = {package for name, package in cls.needs.items()
                   if not shutil.which(name)}
        missing |= {package for name, package in cls.elements.items()
                    if not Gst.ElementFactory.find(name)}
        if missing:
            raise unittest.SkipTest(f"apt-get install "
                                    f"{' '.join(sorted(missing))}")
        cls.text = (root / PAGE).read_text(encoding="utf-8")
        for start in (start_pulseaudio, start_pipewire):
            cls.folder = tempfile.mkdtemp()
            cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
            cls.addClassCleanup(start(cls.folder).end)
        # alsasrc takes its audio from PulseAudio
        alsa = Path(cls.folder, "asoundrc")
        alsa.write_text("pcm.!default { type pulse }\n", encoding="utf-8")
        os.environ["ALSA_CONFIG_PATH"] = f"/usr/share/alsa/alsa.conf:{alsa}"

    def shorten(self, command):
        """Ten seconds in less than one; interrupts a line that has no end."""
        command = command.replace("num-buffers=1000", "num-buffers=50")
        if "autoaudiosrc" in command:
            command = f"timeout --preserve-status -s INT 3 {command}"
        if command.startswith("meson devenv -C build "):
            command = command.replace("-C build", f"-C {shlex.quote(str(build))}", 1)
        return command

    def run_here(self, command):
        # pipewiresrc sometimes waits for good for its first buffer: try again.
        # timeout(1) also ends what the shell has started.
        for _ in range(3):
            fault, output = run(
                ["timeout", "-k", "5", str(2 * PATIENCE), "sh", "-c",
                 self.shorten(command)], 3 * SECONDS, cwd=self.folder)
            if not fault:
                return output
            print(f"again: {command}: {fault}")
        raise AssertionError(f"{command}\n{fault}")

    def printed(self, block):
        if block.kind == "python":
            Path(self.folder, "program.py").write_text(block.text,
                                                       encoding="utf-8")
            return self.run_here("/usr/bin/python3 program.py")
        if block.kind == "c":
            Path(self.folder, "capture.c").write_text(block.text,
                                                      encoding="utf-8")
            return ""
        output = ""
        for command in block.commands():
            if command.startswith("npm "):
                continue
            if "listen.py" in command and (
                    "--source" not in command or
                    not (build / "consumers/node_modules").exists()):
                return None
            output += self.run_here(command)
            if command.startswith("gcc "):
                output += self.run_here("./capture")
            elif "gst-launch-1.0 -m " in command:
                self.assertRegex(output, r"audiobatch-report|pushed|samples in")
        return output

    def test_each_command_and_program_prints_what_the_page_says(self):
        for block, expected in outputs(self.text):
            with self.subTest(block.place):
                output = self.printed(block)
                if expected is None or output is None:
                    continue
                before = self.text.splitlines()[block.line - 2]
                if before == VARIES:
                    output, expected = map(self.without_figures,
                                           (output, expected))
                self.assertEqual(output, expected)

    def without_figures(self, text):
        """The kinds of lines. Of the detector, what does not depend on timing."""
        if " s  speech " in text:
            return re.findall(".* s  speech .*", text)
        return sorted(set(re.sub(r"\d+", "#", text).splitlines()))


def main():
    global root, build
    root, build = (Path(sys.argv.pop(1)).resolve() for _ in range(2))
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
