#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fill-batch from Python: samples with numpy and with struct, EOS and errors.

Needs python3-gst-1.0, without which it exits with status 77. If numpy is not
installed, the tests with numpy are skipped.
"""

import struct
import sys
import threading
import unittest

try:
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
except (ImportError, ValueError):
    print("no GStreamer for this Python")
    sys.exit(77)

try:
    import numpy
except ImportError:
    numpy = None

SAMPLES = 1024
SECONDS = 30


def fill_with_numpy(source, batch, start, calls):
    memory = batch.peek_memory(0)
    info = memory.map(Gst.MapFlags.WRITE)
    samples = numpy.frombuffer(info.data, dtype=numpy.float32)
    samples[:] = numpy.arange(start, start + len(samples))
    del samples
    memory.unmap(info)
    return Gst.FlowReturn.OK


def fill_with_struct(source, batch, start, calls):
    memory = batch.peek_memory(0)
    info = memory.map(Gst.MapFlags.WRITE)
    count = len(info.data) // 4
    struct.pack_into(f"={count}f", info.data, 0, *range(start, start + count))
    memory.unmap(info)
    return Gst.FlowReturn.OK


class FillBatch(unittest.TestCase):
    def play(self, handler, batches=5):
        """The output, as (PTS, floats), and the first error or None."""
        pipeline = Gst.parse_launch(
            f"audiobatchsrc name=src num-buffers={batches} ! "
            "audio/x-raw, format=F32LE, rate=48000, channels=1 ! "
            "fakesink name=sink sync=false signal-handoffs=true "
            "enable-last-sample=false")
        self.source = pipeline.get_by_name("src")
        self.calls = []
        self.references = []
        out = []

        def fill(source, batch, start):
            self.calls.append(start)
            return handler(source, batch, start, self.calls)

        def probe(pad, info):
            # these counts include the references of this probe's objects
            batch = info.get_buffer()
            memory = batch.peek_memory(0)
            self.references.append((batch.mini_object.refcount,
                                    memory.mini_object.refcount))
            return Gst.PadProbeReturn.OK

        def handoff(sink, batch, pad):
            data = batch.extract_dup(0, batch.get_size())
            out.append((batch.pts, struct.unpack(f"={len(data) // 4}f", data)))

        if handler:
            self.source.connect("fill-batch", fill)
        self.source.get_static_pad("src").add_probe(
            Gst.PadProbeType.BUFFER, probe)
        pipeline.get_by_name("sink").connect("handoff", handoff)
        pipeline.set_state(Gst.State.PLAYING)
        message = pipeline.get_bus().timed_pop_filtered(
            SECONDS * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
        pipeline.set_state(Gst.State.NULL)
        self.assertIsNotNone(message, "the stream did not end")
        error = None
        if message.type == Gst.MessageType.ERROR:
            error, _ = message.parse_error()
        return out, error

    def check_ramp(self, out, batches):
        self.assertEqual(len(out), batches)
        for k, (pts, samples) in enumerate(out):
            self.assertEqual(pts, k * SAMPLES * Gst.SECOND // 48000)
            self.assertEqual(samples, tuple(
                float(n) for n in range(k * SAMPLES, (k + 1) * SAMPLES)))
        self.assertEqual(self.source.props.outstanding_batches, 0)

    @unittest.skipIf(numpy is None, "no numpy")
    def test_numpy_writes_the_samples_in_place(self):
        out, error = self.play(fill_with_numpy)
        self.assertIsNone(error)
        self.check_ramp(out, 5)
        self.assertEqual(self.calls, [k * SAMPLES for k in range(5)])
        self.assertEqual(self.source.props.allocations, 5)

    def test_struct_writes_the_samples_in_place(self):
        out, error = self.play(fill_with_struct)
        self.assertIsNone(error)
        self.check_ramp(out, 5)
        self.assertEqual(self.source.props.allocations, 5)

    @unittest.skipIf(numpy is None, "no numpy")
    def test_downstream_sees_no_more_references_than_without_a_handler(self):
        self.play(None)
        without = self.references
        self.assertEqual(len(without), 5)
        for handler in (fill_with_numpy, fill_with_struct):
            self.play(handler)
            self.assertEqual(self.references, without)

    def test_thousands_of_batches_leave_no_reference_behind(self):
        out, error = self.play(lambda *_: Gst.FlowReturn.OK, 5000)
        self.assertIsNone(error)
        self.assertEqual(len(out), 5000)
        self.assertEqual(self.source.props.outstanding_batches, 0)
        self.assertLessEqual(self.source.props.peak_outstanding_batches, 2)

    def test_the_handler_is_called_in_the_streaming_thread(self):
        threads = set()

        def note(source, batch, start, calls):
            threads.add(threading.get_ident())
            return Gst.FlowReturn.OK

        _, error = self.play(note)
        self.assertIsNone(error)
        self.assertEqual(len(threads), 1)
        self.assertNotIn(threading.get_ident(), threads)

    def test_eos_ends_the_stream_without_an_error(self):
        def three(source, batch, start, calls):
            if len(calls) > 3:
                return Gst.FlowReturn.EOS
            return fill_with_struct(source, batch, start, calls)

        out, error = self.play(three, 100)
        self.assertIsNone(error)
        self.check_ramp(out, 3)

    # PyGObject lends the batch's object only for the call; afterwards it refers
    # to nothing. But a handler can keep the memory.
    def test_memory_that_is_kept_is_an_error_and_goes_no_further(self):
        kept = []

        def keep(source, batch, start, calls):
            if len(calls) == 3:
                kept.append(batch.peek_memory(0))
            return Gst.FlowReturn.OK

        out, error = self.play(keep)
        self.assertEqual(len(out), 2)
        self.assertIsNotNone(error)
        self.assertTrue(error.matches(Gst.LibraryError.quark(),
                                      Gst.LibraryError.FAILED), error)
        self.assertIn("has kept a reference to the batch", error.message)

    def test_memory_that_is_kept_mapped_is_an_error(self):
        kept = []

        def keep(source, batch, start, calls):
            memory = batch.peek_memory(0)
            info = memory.map(Gst.MapFlags.WRITE)
            kept.append((memory, info))
            return Gst.FlowReturn.OK

        out, error = self.play(keep)
        self.assertEqual(out, [])
        self.assertIn("has kept a reference to the batch", error.message)
        memory, info = kept.pop()
        memory.unmap(info)

    def test_the_handler_names_its_own_error(self):
        def fail(source, batch, start, calls):
            source.message_full(
                Gst.MessageType.ERROR, Gst.ResourceError.quark(),
                Gst.ResourceError.READ, "The tape is torn.", None,
                "fillbatch.py", "fail", 1)
            return Gst.FlowReturn.ERROR

        out, error = self.play(fail)
        self.assertEqual(out, [])
        self.assertTrue(error.matches(Gst.ResourceError.quark(),
                                      Gst.ResourceError.READ), error)
        self.assertEqual(error.message, "The tape is torn.")

    def test_an_error_without_a_name_says_whose_it_is(self):
        out, error = self.play(lambda *_: Gst.FlowReturn.ERROR)
        self.assertEqual(out, [])
        self.assertIn("handler of fill-batch returned \"error\" for the batch "
                      "at sample 0", error.message)


if __name__ == "__main__":
    Gst.init(None)
    unittest.main(verbosity=2)
