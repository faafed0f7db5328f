#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What docs/troubleshooting.md says is seen without a message, and its cures.

Needs python3-gst-1.0 and GStreamer's good and bad plugins, without which it exits
with status 77 or skips a test. launchlines.py runs the page's lines themselves.
"""

import os
import tempfile
import threading
import unittest

from gstpython import GLib, Gst, numpy

SECONDS = 30
ENDS = Gst.MessageType.EOS | Gst.MessageType.ERROR
PCM = "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"
# far more than the second that a queue holds by default
WINDOW = "output-buffer-duration=30000000000"


class SymptomsTest(unittest.TestCase):

    def parse(self, line):
        pipeline = Gst.parse_launch(line)
        self.addCleanup(pipeline.set_state, Gst.State.NULL)
        return pipeline

    def end_of(self, pipeline):
        """Plays to the end. Returns the error and its debug string, or None."""
        pipeline.set_state(Gst.State.PLAYING)
        message = pipeline.get_bus().timed_pop_filtered(
            SECONDS * Gst.SECOND, ENDS)
        self.assertIsNotNone(message, "it stands still")
        if message.type == Gst.MessageType.ERROR:
            return message.parse_error()
        return None

    def play_unread(self, line):
        """Plays to the end while nobody reads the bus. Returns the pipeline."""
        pipeline = self.parse(line)
        ended = threading.Event()

        def event(_pad, info):
            if info.get_event().type == Gst.EventType.EOS:
                ended.set()
            return Gst.PadProbeReturn.OK

        pipeline.get_by_name("sink").get_static_pad("sink").add_probe(
            Gst.PadProbeType.EVENT_DOWNSTREAM, event)
        pipeline.set_state(Gst.State.PLAYING)
        self.assertTrue(ended.wait(SECONDS), "there was no end")
        return pipeline

    @staticmethod
    def counter(pipeline, name):
        batcher = pipeline.get_by_name("batcher")
        return batcher.get_property("stats").get_value(name)

    def film(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "film.mkv")
        try:
            line = ("videotestsrc num-buffers=1000 ! video/x-raw, width=16, "
                    "height=16, framerate=25/1 ! matroskamux name=mux ! "
                    f"filesink location={path} "
                    "audiotestsrc num-buffers=1723 ! mux.")
            self.assertIsNone(self.end_of(self.parse(line)))
        except GLib.Error as error:
            self.skipTest(f"install gstreamer1.0-plugins-good: {error.message}")
        return path

    def play_windows_beside_video(self, video_queue, sink):
        return self.parse(
            f"filesrc location={self.film()} ! matroskademux name=d "
            f"d.video_0 ! queue name=video {video_queue} ! fakesink "
            f"d.audio_0 ! queue ! audiobatch name=batcher {WINDOW} ! "
            f"fakesink {sink}")

    def test_a_window_beside_video_holds_up_preroll(self):
        pipeline = self.play_windows_beside_video("", "")
        full = threading.Event()
        pipeline.get_by_name("video").connect("overrun", lambda _: full.set())
        pipeline.set_state(Gst.State.PLAYING)
        # from now on the demuxer is blocked, with some seconds of audio sent
        self.assertTrue(full.wait(SECONDS), "the video queue is never full")
        change, state, _ = pipeline.get_state(0)
        self.assertEqual((change, state),
                         (Gst.StateChangeReturn.ASYNC, Gst.State.READY))
        self.assertEqual(self.counter(pipeline, "batches"), 0)

    def test_a_sink_that_does_not_preroll_lets_the_film_play(self):
        pipeline = self.play_windows_beside_video("", "async=false")
        self.assertIsNone(self.end_of(pipeline))
        self.assertEqual(self.counter(pipeline, "batches"), 2)

    def test_a_video_queue_longer_than_a_window_lets_the_film_play(self):
        pipeline = self.play_windows_beside_video(
            "max-size-time=31000000000 max-size-buffers=0 max-size-bytes=0", "")
        self.assertIsNone(self.end_of(pipeline))
        self.assertEqual(self.counter(pipeline, "batches"), 2)

    def test_an_appsink_that_nobody_pulls_holds_all_batches(self):
        # with a limit appsink keeps one more, the one that it prerolled with
        for limit, held in (("", 100), ("max-buffers=8 drop=true", 9)):
            with self.subTest(limit):
                pipeline = self.play_unread(
                    "audiobatchsrc name=batcher num-buffers=100 ! appsink "
                    f"name=sink sync=false enable-last-sample=false {limit}")
                self.assertEqual(
                    self.counter(pipeline, "outstanding-batches"), held)

    def reports_on_the_bus(self, settings):
        pipeline = self.play_unread(
            "audiobatchsrc num-buffers=100 report-interval=10 "
            f"{settings} ! fakesink name=sink")
        bus, found = pipeline.get_bus(), 0
        while message := bus.pop_filtered(Gst.MessageType.ELEMENT):
            found += message.get_structure().get_name() == "audiobatch-report"
        return found

    def test_a_bus_that_nobody_reads_keeps_every_report(self):
        self.assertEqual(self.reports_on_the_bus(""), 10)
        self.assertEqual(self.reports_on_the_bus("post-messages=false"), 0)

    def push(self, source, sizes, parser=""):
        """Pushes buffers of PCM. Returns the error, or the sizes of batches."""
        pipeline = self.parse(
            f"appsrc name=source {source} ! {parser} audiobatch "
            "samples-per-batch=512 ! fakesink name=sink signal-handoffs=true")
        batches = []
        pipeline.get_by_name("sink").connect(
            "handoff", lambda _, batch, __: batches.append(batch.get_size()))
        pipeline.set_state(Gst.State.PLAYING)
        for size in sizes:
            pipeline.get_by_name("source").emit(
                "push-buffer", Gst.Buffer.new_wrapped(bytes(size)))
        pipeline.get_by_name("source").emit("end-of-stream")
        error = self.end_of(pipeline)
        return error[0].message if error else batches

    def test_appsrc_needs_format_time(self):
        self.assertIn("this one is in bytes", self.push(f"caps={PCM}", [640]))
        self.assertEqual(self.push(f"format=time caps={PCM}", [640] * 10),
                         [1024] * 6 + [256])

    def test_pcm_split_in_a_frame_needs_rawaudioparse(self):
        sizes = [641, 639] * 5
        self.assertIn("A buffer of 641 bytes is not a whole number of frames "
                      "of 2 bytes",
                      self.push(f"format=time caps={PCM}", sizes))
        parser = ("rawaudioparse pcm-format=s16le sample-rate=16000 "
                  "num-channels=1 !")
        batches = self.push("", sizes, parser)
        if isinstance(batches, str):
            self.fail(batches)
        self.assertEqual(batches, [1024] * 6 + [256])

    def test_a_fraction_for_output_buffer_duration_is_refused(self):
        with self.assertRaisesRegex(GLib.Error, "could not set property "
                                                '"output-buffer-duration"'):
            Gst.parse_launch("audiobatch output-buffer-duration=1/50 ! fakesink")
        batcher = Gst.ElementFactory.make("audiobatch")
        with self.assertRaises(TypeError):
            batcher.set_property("output-buffer-duration", Gst.Fraction(1, 50))
        Gst.util_set_object_arg(batcher, "output-buffer-duration", "1/50")
        self.assertEqual(batcher.get_property("output-buffer-duration"), 0)

    def test_a_hop_larger_than_a_batch_skips_samples_without_discont(self):
        pipeline = self.parse(
            "audiotestsrc num-buffers=20 ! audiobatch name=batcher "
            "hop-samples=2048 ! fakesink name=sink signal-handoffs=true")
        flagged = []
        pipeline.get_by_name("sink").connect(
            "handoff", lambda _, batch, __: flagged.append(
                batch.has_flags(Gst.BufferFlags.DISCONT)))
        self.assertIsNone(self.end_of(pipeline))
        self.assertEqual(flagged, [True] + [False] * 9)
        self.assertEqual([self.counter(pipeline, f"samples-{name}")
                          for name in ("in", "out", "dropped")],
                         [20480, 10240, 10240])

    def test_a_numpy_array_shows_another_batch_after_the_release(self):
        if numpy is None:
            self.skipTest("install python3-numpy")
        # appsink lets go of the first batch when the second one is pulled; the
        # third one can't begin before that, and gets the first one's memory
        pipeline = self.parse(
            "audiobatchsrc num-buffers=3 samples-per-batch=100 allocation=pool "
            "pool-max-buffers=2 max-outstanding-batches=2 ! "
            "appsink name=sink sync=false enable-last-sample=false")
        pipeline.set_state(Gst.State.PLAYING)
        sink = pipeline.get_by_name("sink")
        batch = sink.emit("pull-sample").get_buffer()
        _, info = batch.map(Gst.MapFlags.READ)
        array = numpy.frombuffer(info.data, numpy.float32)
        copy = array.copy()
        batch.unmap(info)
        del batch, info
        sink.emit("pull-sample")
        third = sink.emit("pull-sample").get_buffer()
        _, info = third.map(Gst.MapFlags.READ)
        now = numpy.frombuffer(info.data, numpy.float32)
        self.assertTrue((array == now).all(), "it shows the third batch")
        self.assertFalse((array == copy).all())
        third.unmap(info)


if __name__ == "__main__":
    Gst.init(None)
    unittest.main(verbosity=2)
