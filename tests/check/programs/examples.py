#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the examples on known sounds and on real recordings.

usage: examples.py SOURCE BUILD            run the tests
       examples.py SOURCE BUILD --update   write the outputs to the document

docs/examples.md shows the output of each example. The output must still be the
same, except for figures that depend on the machine and its timing. The line that
builds an example by hand, there and in README.md, must build each one in C. If
something is missing here, the exit status is 77.
"""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import wave

from gstpython import Gst, numpy, skip

SOUNDS = pathlib.Path("/usr/share/sounds/freedesktop/stereo")
SPEECH = SOUNDS / "audio-channel-front-center.oga"
SECONDS = 60
BATCH = 1024

# Output that depends on the machine and its timing. Nothing else may differ.
TIMING = (
    (r"\d+ at most", "# at most"),
    (r"^(  held +)\d+ now", r"\1# now"),
    (r"^( *rate +)\d+ allocations/s", r"\1# allocations/s"),
    (r"\d+ ns for an allocation", "# ns for an allocation"),
    # depends on when the application receives the report
    (r"(\d+ batches), \d+ (allocations of 262144)", r"\1, # \2"),
    (r"\d+ in fresh memory, \d+ in rec", "# in fresh memory, # in rec"),
)

source = build = None


def run(command, env=None, cwd=None):
    return subprocess.run([str(word) for word in command], env=env, cwd=cwd,
                          timeout=SECONDS, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)


def example(name, *arguments, env=None):
    """Runs an example: NAME is in C, NAME.py in Python."""
    folder = (source if name.endswith(".py") else build) / "tests/examples"
    python = ["/usr/bin/python3"] if name.endswith(".py") else []
    return run([*python, folder / name, *arguments], env)


def normal(output):
    """The output without figures that depend on timing."""
    for pattern, substitute in TIMING:
        output = re.sub(pattern, substitute, output, flags=re.MULTILINE)
    return output


# A command in a block of its own, and its output in the next block.
SHOWN = re.compile(r"^```sh\n(?P<command>[^\n]+)\n```\n\n```text\n"
                   r"(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL)


# The command that builds an example by hand.
BY_HAND = re.compile(r"^```sh\nexample=recording; (?P<rest>[^\n]+)\n```$",
                     re.MULTILINE)


def shown_command(command):
    """Runs a command of the document as a reader would, with the paths of this
    build."""
    words = command.split()
    words = [str(build) if word == "build" else
             str(source / word[3:]) if word.startswith("../") else word
             for word in words]
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("GST_PLUGIN_PATH")}
    return run(words, env)


def document():
    return source / "docs/examples.md"


def update():
    """Writes the present outputs into the document."""
    def printed(match):
        done = shown_command(match["command"])
        if done.returncode != 0:
            sys.exit(f"{match['command']}: {done.stderr}")
        return (f"```sh\n{match['command']}\n```\n\n```text\n"
                f"{done.stdout}```")

    text = document().read_text(encoding="utf-8")
    document().write_text(SHOWN.sub(printed, text), encoding="utf-8")


def float_samples(path):
    """The samples of a WAV of 32-bit floats, which the wave module can't read."""
    data = path.read_bytes()
    place = 12
    while data[place:place + 4] != b"data":
        place += 8 + int.from_bytes(data[place + 4:place + 8], "little")
    size = int.from_bytes(data[place + 4:place + 8], "little")
    return numpy.frombuffer(data[place + 8:place + 8 + size], "<f4")


def strongest_hz(samples, rate):
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    return numpy.argmax(spectrum) * rate / len(samples)


def tone(hz, seconds, amplitude=0.5, rate=48000):
    time = numpy.arange(int(seconds * rate)) / rate
    return amplitude * numpy.sin(2 * numpy.pi * hz * time)


class Example(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, samples, rate=48000):
        """Writes a recording: mono, 16 bits."""
        path = self.folder / "recording.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(numpy.round(samples * 32768).clip(-32768, 32767)
                             .astype("<i2").tobytes())
        return path

    def output(self, name, *arguments):
        done = example(name, *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def figures(self, output, pattern):
        """The numbers in the one line that matches."""
        lines = re.findall(pattern, output, flags=re.MULTILINE)
        self.assertEqual(len(lines), 1, f"{pattern} in\n{output}")
        found = lines[0]
        return tuple(map(float, found if isinstance(found, tuple)
                         else (found,)))

    def rows(self, output):
        """The lines of a table: those that have only numbers."""
        return [tuple(map(float, line.split()))
                for line in output.splitlines()
                if re.fullmatch(r"[\s\d.-]+", line) and line.strip()]


class Document(Example):
    def test_what_it_shows_is_what_the_examples_print(self):
        text = document().read_text(encoding="utf-8")
        shown = list(SHOWN.finditer(text))
        self.assertEqual(len(shown), text.count("```sh\n") - 1,
                         "a command without an output")
        for match in shown:
            with self.subTest(match["command"]):
                done = shown_command(match["command"])
                self.assertEqual(done.returncode, 0, done.stderr)
                now = normal(done.stdout).splitlines()
                then = normal(match["output"]).splitlines()
                drift = "\n".join(difflib.unified_diff(
                    then, now, "docs/examples.md", "printed now", "", "", 3,
                    ""))
                self.assertEqual(drift, "", f"\n{drift}\nIf that is meant: "
                                 "examples.py SOURCE BUILD --update")

    def test_it_shows_every_example(self):
        text = document().read_text(encoding="utf-8")
        commands = "\n".join(m["command"] for m in SHOWN.finditer(text))
        # the consumers of another process are there, with its lines
        commands += (source / "docs/processes.md").read_text(encoding="utf-8")
        folder = source / "tests/examples"
        for path in (*folder.glob("*.c"), *folder.glob("*.py")):
            if path.stem != "player":
                name = path.name if path.suffix == ".py" else path.stem
                self.assertRegex(commands, rf"examples/{re.escape(name)}\b",
                                 f"{path} is not in docs/examples.md")

    def test_one_line_builds_each_example_by_hand(self):
        lines = [match["rest"] for path in (document(), source / "README.md")
                 for match in BY_HAND.finditer(path.read_text(encoding="utf-8"))]
        self.assertEqual(lines, [lines[0]] * 2)
        (self.folder / "tests").symlink_to(source / "tests")
        for path in (source / "tests/examples").glob("*.c"):
            if path.stem != "player":
                with self.subTest(path.stem):
                    for command in (["sh", "-c", f"example={path.stem}; {lines[0]}"],
                                    [self.folder / path.stem, "--help"]):
                        done = run(command, cwd=self.folder)
                        self.assertEqual(done.returncode, 0, done.stderr)

    def test_only_timing_may_differ(self):
        self.assertEqual(normal("found        3 that lasted"),
                         "found        3 that lasted")
        self.assertEqual(normal("outstanding  0 now, 7 at most"),
                         "outstanding  0 now, # at most")
        self.assertNotEqual(normal("report  8 batches, 8 allocations of 4"),
                            normal("report  8 batches, 9 allocations of 4"))


class Keep(Example):
    """Every sample of batch k of the recording is k / 100."""
    BATCHES = 40

    def run_keep(self, *arguments):
        levels = numpy.arange(self.BATCHES) / 100
        path = self.write(numpy.repeat(levels, BATCH))
        return self.output("keep", *arguments, path)

    def kept(self, output):
        return [(int(number), float(time), float(low), float(high), state)
                for number, time, low, high, state in re.findall(
                    r"^ +(\d+) +([\d.]+) +([\d.-]+) +([\d.-]+)  (\S.*)$",
                    output, flags=re.MULTILINE)]

    def test_batches_are_written_where_they_lie(self):
        output = self.run_keep()
        self.assertEqual(
            self.figures(output, r"^batches +(\d+), (\d+) of them writable, "
                         r"(\d+) copied"), (self.BATCHES, self.BATCHES, 0))

    def test_what_is_held_twice_is_copied_and_counted_as_that(self):
        output = self.run_keep("--at-once")
        self.assertEqual(
            self.figures(output, r"^batches +(\d+), (\d+) of them writable, "
                         r"(\d+) copied"), (self.BATCHES, 0, self.BATCHES))

    def check_kept(self, kept, numbers, gain):
        self.assertEqual([entry[0] for entry in kept], list(numbers))
        for number, time, low, high, state in kept:
            self.assertAlmostEqual(time, number * BATCH / 48000, delta=6e-4)
            # rounding to 16 bits, and to six digits
            for value in (low, high):
                self.assertAlmostEqual(value, gain * number / 100,
                                       delta=gain * 0.5 / 32768 + 1e-6)
            self.assertEqual(state, "as it was left")

    def test_kept_batches_are_not_touched_by_those_after_them(self):
        output = self.run_keep("--keep=0", "--gain=0")
        self.check_kept(self.kept(output), range(self.BATCHES), 1)
        self.assertEqual(self.figures(
            output, r"^kept +(\d+), with the pipeline gone; (\d+) batches"),
            (self.BATCHES, self.BATCHES))

    def test_the_last_ones_are_kept_and_amplified(self):
        output = self.run_keep("--keep=5", "--gain=6")
        self.check_kept(self.kept(output),
                        range(self.BATCHES - 5, self.BATCHES), 10 ** (6 / 20))
        # the other batches were released
        self.assertEqual(self.figures(
            output, r"^kept +(\d+), with the pipeline gone; (\d+) batches"),
            (5, 5))


class Frequency(Example):
    BIN = 48000 / 1024

    def test_it_finds_the_tones_of_a_recording_and_when_they_sound(self):
        # the first tone is at the centre of a bin, the others are not
        tones = (32 * self.BIN, 440.0, 9876.5)
        path = self.write(numpy.concatenate([tone(hz, 1) for hz in tones]))
        rows = self.rows(self.output("frequency", path))
        self.assertEqual(len(rows), len(tones), rows)
        for number, (hz, row) in enumerate(zip(tones, rows)):
            begin, end, found, db = row
            self.assertAlmostEqual(found, hz, delta=self.BIN / 10)
            # half of full scale; up to 1.4 dB less between two bins
            self.assertTrue(-7.6 < db < -5.9, row)
            # the windows that consist mostly of the tone
            self.assertAlmostEqual(begin, number, delta=1024 / 48000)
            self.assertAlmostEqual(end, number + 1, delta=1024 / 48000)

    def test_levels_are_decibels_of_full_scale(self):
        path = self.write(tone(32 * self.BIN, 1, 0.1))
        (_, _, hz, db), = self.rows(self.output("frequency", path))
        self.assertAlmostEqual(hz, 1500, delta=0.1)
        self.assertAlmostEqual(db, -20, delta=0.1)

    def test_windows_overlap_to_the_end(self):
        samples = 48000
        output = self.output("frequency", self.write(tone(1000, 1)))
        windows, = self.figures(output, r"^windows +(\d+) of 1024 samples")
        # a padded window has the samples after the last whole one
        self.assertEqual(windows, 1 + -(-(samples - 1024) // 256))

    def test_it_finds_nothing_in_silence(self):
        output = self.output("frequency", self.write(numpy.zeros(48000)))
        self.assertEqual(self.rows(output), [])
        self.assertEqual(self.figures(output, r"^found +(\d+)"), (0,))

    def test_the_busy_tone_is_425_hz_half_of_the_time(self):
        rows = self.rows(self.output("frequency",
                                     SOUNDS / "phone-outgoing-busy.oga"))
        self.assertEqual(len(rows), 3)
        for begin, end, hz, _ in rows:
            self.assertAlmostEqual(hz, 425, delta=8000 / 1024)
            self.assertAlmostEqual(end - begin, 0.5, delta=2 * 1024 / 8000)
        self.assertAlmostEqual(rows[2][0] - rows[0][0], 2, delta=0.1)


class Report(Example):
    def reports(self, output):
        return [tuple(map(int, line)) for line in re.findall(
            r"^report +(\d+) batches, (\d+) allocations of (\d+) bytes$",
            output, flags=re.MULTILINE)]

    def test_it_prints_each_report_and_the_last_one(self):
        path = self.write(tone(440, 25 * BATCH / 48000))
        output = self.output("report", "--interval=10", path)
        self.assertEqual(self.reports(output),
                         [(10, 10, 4096), (20, 20, 4096), (25, 25, 4096)])
        self.assertEqual(output.count("advice     fresh, reason: none"), 3)
        self.assertNotIn("done", output)
        self.assertIn("25 batches, 25 in fresh memory, 0 in recycled", output)

    def test_it_follows_the_advice_to_recycle(self):
        size = 256 * 1024 // 4
        path = self.write(numpy.zeros(15 * size), 192000)
        output = self.output("report", "--interval=4",
                             f"--samples-per-batch={size}", path)
        self.assertEqual([report[0] for report in self.reports(output)],
                         [4, 8, 12, 15])
        self.assertEqual(output.count("advice     pool, reason: batch-size"), 4)
        self.assertEqual(output.count("done       allocation=pool"), 1)
        batches, fresh, recycled = self.figures(
            output, r"^in all +(\d+) batches, (\d+) in fresh memory, (\d+) in")
        self.assertEqual(fresh + recycled, batches)
        self.assertGreater(recycled, 0)
        self.assertGreaterEqual(fresh, 4)


class Voice(Example):
    RATE = 48000

    def speak(self, *parts):
        """The segments that voice.py finds in noises of (seconds, amplitude)."""
        noise = numpy.random.default_rng(7)
        path = self.write(numpy.concatenate([
            amplitude * noise.uniform(-1, 1, int(seconds * self.RATE))
            for seconds, amplitude in parts]))
        output = self.output("voice.py", path)
        batches, = self.figures(output, r"^batches +(\d+) of 512 samples at "
                                "16000 Hz")
        seconds = sum(part[0] for part in parts)
        self.assertAlmostEqual(batches, seconds * 16000 / 512, delta=1)
        return [row[:2] for row in self.rows(output)]

    def check(self, segments, expected):
        self.assertEqual(len(segments), len(expected), segments)
        for segment, interval in zip(segments, expected):
            for found, true in zip(segment, interval):
                self.assertAlmostEqual(found, true, delta=0.05)

    def test_it_finds_no_speech_in_silence(self):
        self.assertEqual(self.speak((2, 0)), [])

    def test_it_finds_what_is_loud_and_when(self):
        self.check(self.speak((1, 0), (0.8, 0.3), (1, 0), (0.5, 0.3), (1, 0)),
                   [(1, 1.8), (2.8, 3.3)])

    def test_speech_that_lasts_to_the_end_ends_there(self):
        self.check(self.speak((1, 0), (1, 0.3)), [(1, 2)])

    def test_a_short_pause_ends_nothing(self):
        self.check(self.speak((0.5, 0), (0.5, 0.3), (0.15, 0), (0.5, 0.3),
                              (1, 0)), [(0.5, 1.65)])

    def test_a_click_is_no_speech(self):
        self.assertEqual(self.speak((1, 0), (0.01, 0.9), (1, 0)), [])

    def test_between_both_levels_speech_goes_on_and_does_not_begin(self):
        # noise of amplitude a has an rms of a / sqrt(3), and the resampler
        # leaves a third of its power: -41 dB
        between = 0.0275
        self.assertEqual(self.speak((2, between)), [])
        self.check(self.speak((0.5, 0), (0.5, 0.3), (0.5, between), (1, 0)),
                   [(0.5, 1.5)])

    def test_it_finds_the_two_words_of_a_real_recording(self):
        segments = self.rows(self.output("voice.py", SPEECH))
        self.check([row[:2] for row in segments], [(0.1, 0.45), (0.83, 1.34)])
        path = self.folder / "decoded.wav"
        done = run(["gst-launch-1.0", "-q", "filesrc", f"location={SPEECH}",
                    "!", "oggdemux", "!", "vorbisdec", "!", "audioconvert",
                    "!", "audio/x-raw,format=F32LE,channels=1", "!", "wavenc",
                    "!", "filesink", f"location={path}"])
        self.assertEqual(done.returncode, 0, done.stderr)
        energy = numpy.square(float_samples(path))
        time = numpy.arange(len(energy)) / 48000
        spoken = sum(energy[(time >= begin) & (time < end)].sum()
                     for begin, end, _ in segments)
        self.assertGreater(spoken / energy.sum(), 0.99)
        pause = energy[(time >= segments[0][1]) & (time < segments[1][0])]
        self.assertLess(pause.mean(), energy.mean() / 100)


class Loudness(Example):
    def test_it_measures_a_tone_and_amplifies_it_in_place(self):
        path = self.write(tone(4800, 10 * 4096 / 48000, 0.1))
        output = self.output("loudness.py", path)
        rows = self.rows(output)
        self.assertEqual(len(rows), 10)
        for number, (begin, rms, peak) in enumerate(rows):
            self.assertAlmostEqual(begin, number * 4096 / 48000, delta=6e-4)
            self.assertAlmostEqual(rms, -23.0, delta=0.11)
            # ten samples per period: the true peak is between two samples
            self.assertAlmostEqual(peak, -20.4, delta=0.11)
        gain, peak = self.figures(output, r"^amplified +by ([\d.-]+) dB, the "
                                  r"peak is ([\d.-]+) dB")
        self.assertAlmostEqual(gain, 20.4, delta=0.11)
        self.assertEqual(abs(peak), 0)
        self.assertEqual(self.figures(output, r"^batches +(\d+), (\d+) of "
                                      "them changed in place"), (10, 10))
        self.assertEqual(self.figures(output, r"^outstanding +(\d+)"), (10,))

    def test_silence_stays_silent(self):
        output = self.output("loudness.py", self.write(numpy.zeros(8192)))
        self.assertIn("amplified    by 0.0 dB, the peak is -99.0 dB", output)


class Fill(Example):
    def test_the_tune_begins_with_its_first_notes(self):
        path = self.folder / "tune.wav"
        output = self.output("fill", "--tempo=120", path)
        batches, = self.figures(output, r"^batches +(\d+) of 1024")
        sound = float_samples(path).reshape(-1, 2)
        self.assertEqual(len(sound), batches * BATCH)
        self.assertTrue((sound[:, 0] == sound[:, 1]).all())
        for number, hz in enumerate((261.63, 293.66, 329.63)):
            note = sound[number * 24000:(number + 1) * 24000, 0]
            self.assertAlmostEqual(strongest_hz(note, 48000), hz, delta=2)

    def test_the_bells_ring_their_first_notes(self):
        path = self.folder / "bells.wav"
        output = self.output("fill.py", path)
        batches, = self.figures(output, r"^batches +(\d+) of 1024")
        sound = float_samples(path)
        self.assertEqual(len(sound), batches * BATCH)
        for number, hz in enumerate((659.26, 523.25, 587.33, 392.00)):
            strike = sound[number * 24000:(number + 1) * 24000]
            self.assertAlmostEqual(strongest_hz(strike, 48000), hz, delta=3)


class Recording(Example):
    def test_it_consumes_every_sample(self):
        path = self.write(tone(32 * 46.875, 10 * BATCH / 48000, 0.25))
        output = self.output("recording", path)
        batches, peak, rms = self.figures(
            output, r"^consumed +(\d+) batches on another thread, peak "
            r"([\d.]+), rms ([\d.]+)")
        self.assertEqual(batches, 10)
        self.assertAlmostEqual(peak, 0.25, delta=1e-3)
        self.assertAlmostEqual(rms, 0.25 / numpy.sqrt(2), delta=1e-3)
        self.assertIn("format       F32LE, 48000 Hz, 1 channel(s)", output)
        self.assertEqual(output.splitlines()[-1], "OK: 10 batches, each in its "
                         "own memory, all writable, all released.")


class Faults(Example):
    """Each example, if something is wrong."""
    PLAYERS = ("recording", "keep", "frequency", "report", "loudness.py",
               "voice.py")
    ALL = (*PLAYERS, "fill", "fill.py")
    # what uridecodebin and the examples need, without a demuxer or decoder
    PLUGINS = ("coreelements", "typefindfunctions", "playback", "app",
               "audioconvert", "audioresample")

    def check(self, names, status, pattern, *arguments, env=None):
        for name in names:
            with self.subTest(name):
                done = example(name, *arguments, env=env)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertRegex(done.stderr, pattern)
                self.assertNotIn("Traceback", done.stderr)
                self.assertNotIn("CRITICAL", done.stderr)

    def few_plugins(self, audiobatch):
        """An environment with only a few plugins."""
        registry = Gst.Registry.get()
        folder = self.folder / "plugins"
        folder.mkdir()
        for name in self.PLUGINS:
            path = pathlib.Path(registry.find_plugin(name).get_filename())
            (folder / path.name).symlink_to(path)
        env = dict(os.environ)
        for name in ("GST_PLUGIN_PATH", "GST_REGISTRY",
                     "GST_PLUGIN_SYSTEM_PATH"):
            env.pop(name, None)
        env["GST_PLUGIN_SYSTEM_PATH_1_0"] = str(folder)
        env["GST_REGISTRY_1_0"] = str(self.folder / "registry.bin")
        env["GST_PLUGIN_PATH_1_0"] = (str(build / "gst/audiobatch")
                                      if audiobatch else "")
        return env

    def test_help_says_how_to_use_it(self):
        for name in self.ALL:
            with self.subTest(name):
                done = example(name, "--help")
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout, r"(?i)^usage:")
                self.assertIn("Exit status: 0", done.stdout)
                self.assertEqual(done.stderr, "")

    def test_a_wrong_option_is_status_2(self):
        self.check(self.ALL, 2, "--tpyo", "--tpyo")

    def test_wrong_values_are_status_2(self):
        self.check(("keep",), 2, "--keep is 0 or more", "--keep=-1")
        self.check(("frequency",), 2, "--shortest is 1", "--shortest=0")
        self.check(("report",), 2, "from 1 up", "--samples-per-batch=0")
        self.check(("voice.py",), 2, "--end must not be", "--end=0")
        self.check(("fill",), 2, "tempo is 10 to 1000", "--tempo=1")

    def test_a_missing_recording_is_named(self):
        path = self.folder / "none.oga"
        self.check(self.PLAYERS, 1, f"There is no recording {path}", path)

    def test_what_is_no_recording_is_an_error_not_a_hang(self):
        path = self.folder / "text.txt"
        path.write_text("This is no sound.\n" * 100, encoding="utf-8")
        self.check(self.PLAYERS, 1, "text file", path)

    def test_a_file_that_can_not_be_written_is_an_error(self):
        path = self.folder / "none/tune.wav"
        self.check(("fill", "fill.py"), 1, "sink: .*none/tune.wav", path)

    def test_a_missing_decoder_says_what_to_install(self):
        self.check(self.PLAYERS, 1, "There is no Ogg demuxer: install "
                   "gstreamer1.0-plugins-base", SPEECH,
                   env=self.few_plugins(True))

    def test_a_missing_plugin_says_what_to_do(self):
        self.check(self.ALL, 1, "no element \"audiobatch(src)?\": run this "
                   "within meson devenv", env=self.few_plugins(False))


def main():
    global source, build
    source, build = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    if not SPEECH.exists():
        skip("apt-get install sound-theme-freedesktop")
    if numpy is None:
        skip("apt-get install python3-numpy")
    if not shutil.which("meson"):
        skip("apt-get install meson")
    Gst.init(None)
    if "--update" in sys.argv:
        update()
        return
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)


if __name__ == "__main__":
    main()
