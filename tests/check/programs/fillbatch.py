#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fill-batch from Python: samples with numpy and with struct, EOS and errors.

Needs python3-gst-1.0, without which it exits with status 77. If numpy is not
installed, the tests with numpy are skipped.
"""

import struct
import threading
import unittest
import unittest.mock

from gstpython import Gst, numpy

SAMPLES = 1024
SECONDS = 30


def fill_with_numpy(source, start, count, calls):
    batch = source.emit("new-batch")
    info = batch.map(Gst.MapFlags.WRITE)
    samples = numpy.frombuffer(info.data, dtype=numpy.float32)
    samples[:] = numpy.arange(start, start + count)
    batch.unmap(info)
    return batch


def fill_with_struct(source, start, count, calls):
    batch = source.emit("new-batch")
    with batch.map(Gst.MapFlags.WRITE) as info:
        struct.pack_into(f"={count}f", info.data, 0,
                         *range(start, start + count))
    return batch


class FillBatch(unittest.TestCase):
    def play(self, handler, batches=5, after=False):
        """The output, as (PTS, floats), and the first error or None. Without an
        error, the batches that are still out must be 0."""
        pipeline = Gst.parse_launch(
            f"audiobatchsrc name=src num-buffers={batches} ! "
            "audio/x-raw, format=F32LE, rate=48000, channels=1 ! "
            "fakesink name=sink sync=false signal-handoffs=true "
            "enable-last-sample=false")
        self.source = pipeline.get_by_name("src")
        self.calls = []
        self.references = []
        out = []

        def fill(source, start, count):
            self.calls.append(start)
            return handler(source, start, count, self.calls)

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

        connect = self.source.connect_after if after else self.source.connect
        if handler:
            connect("fill-batch", fill)
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
        else:
            self.assertEqual(self.source.props.outstanding_batches, 0)
        return out, error

    def check_ramp(self, out, batches):
        self.assertEqual(len(out), batches)
        for k, (pts, samples) in enumerate(out):
            self.assertEqual(pts, k * SAMPLES * Gst.SECOND // 48000)
            self.assertEqual(samples, tuple(
                float(n) for n in range(k * SAMPLES, (k + 1) * SAMPLES)))

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
        out, error = self.play(lambda source, *_: source.emit("new-batch"),
                               5000)
        self.assertIsNone(error)
        self.assertEqual(len(out), 5000)
        self.assertLessEqual(self.source.props.peak_outstanding_batches, 2)

    def test_the_handler_is_called_in_the_streaming_thread(self):
        threads = set()

        def note(source, start, count, calls):
            threads.add(threading.get_ident())
            return source.emit("new-batch")

        _, error = self.play(note)
        self.assertIsNone(error)
        self.assertEqual(len(threads), 1)
        self.assertNotIn(threading.get_ident(), threads)

    def test_new_batch_gives_the_only_reference(self):
        references = []

        def look(source, start, count, calls):
            batch = source.emit("new-batch")
            # the object for `mini_object` has a reference of its own
            references.append(batch.mini_object.refcount - 1)
            return batch

        _, error = self.play(look)
        self.assertIsNone(error)
        self.assertEqual(references, [1] * 5)

    def test_connect_after_works(self):
        out, error = self.play(fill_with_struct, after=True)
        self.assertIsNone(error)
        self.check_ramp(out, 5)

    def test_end_of_stream_ends_it_without_an_error(self):
        def three(source, start, count, calls):
            if len(calls) > 3:
                source.emit("end-of-stream")
                return None
            return fill_with_struct(source, start, count, calls)

        out, error = self.play(three, 100)
        self.assertIsNone(error)
        self.check_ramp(out, 3)

    def test_batch_returned_with_end_of_stream_is_the_last(self):
        def three(source, start, count, calls):
            if len(calls) == 3:
                source.emit("end-of-stream")
            return fill_with_struct(source, start, count, calls)

        out, error = self.play(three, 100)
        self.assertIsNone(error)
        self.check_ramp(out, 3)

    def assert_failed(self, error, words):
        self.assertIsNotNone(error)
        self.assertTrue(error.matches(Gst.LibraryError.quark(),
                                      Gst.LibraryError.FAILED), error)
        self.assertIn(words, error.message)

    def test_a_kept_batch_is_an_error_and_safe_to_touch(self):
        kept = []

        def keep(source, start, count, calls):
            batch = fill_with_struct(source, start, count, calls)
            if len(calls) == 3:
                kept.append(batch)
            return batch

        out, error = self.play(keep)
        self.check_ramp(out, 2)
        self.assert_failed(error, "has kept a reference to the batch")
        source = self.source
        # what uses its memory again would show
        self.play(fill_with_struct, 200)
        self.assertEqual(kept[0].pts, 2 * SAMPLES * Gst.SECOND // 48000)
        data = kept[0].extract_dup(0, kept[0].get_size())
        self.assertEqual(struct.unpack(f"={SAMPLES}f", data), tuple(
            float(n) for n in range(2 * SAMPLES, 3 * SAMPLES)))
        self.assertEqual(source.props.outstanding_batches, 1)
        kept.clear()
        self.assertEqual(source.props.outstanding_batches, 0)

    def test_memory_that_is_kept_is_an_error_and_goes_no_further(self):
        kept = []

        def keep(source, start, count, calls):
            batch = source.emit("new-batch")
            if len(calls) == 3:
                kept.append(batch.peek_memory(0))
            return batch

        out, error = self.play(keep)
        self.assertEqual(len(out), 2)
        self.assert_failed(error, "has kept a reference to the batch")

    def test_memory_that_is_kept_mapped_is_an_error(self):
        kept = []

        def keep(source, start, count, calls):
            batch = source.emit("new-batch")
            memory = batch.peek_memory(0)
            kept.append((memory, memory.map(Gst.MapFlags.WRITE)))
            return batch

        out, error = self.play(keep)
        self.assertEqual(out, [])
        self.assert_failed(error, "has kept a reference to the batch")
        memory, info = kept.pop()
        memory.unmap(info)

    def test_a_batch_of_its_own_is_refused(self):
        out, error = self.play(
            lambda *_: Gst.Buffer.new_allocate(None, 4 * SAMPLES, None))
        self.assertEqual(out, [])
        self.assert_failed(error, "not from new-batch")

    def test_a_second_new_batch_is_none(self):
        second = []

        def twice(source, start, count, calls):
            batch = source.emit("new-batch")
            second.append(source.emit("new-batch"))
            return batch

        out, error = self.play(twice)
        self.assertIsNone(error)
        self.assertEqual(len(out), 5)
        self.assertEqual(second, [None] * 5)
        self.assertIsNone(self.source.emit("new-batch"))

    def test_the_handler_names_its_own_error(self):
        def fail(source, start, count, calls):
            source.message_full(
                Gst.MessageType.ERROR, Gst.ResourceError.quark(),
                Gst.ResourceError.READ, "The tape is torn.", None,
                "fillbatch.py", "fail", 1)

        out, error = self.play(fail)
        self.assertEqual(out, [])
        self.assertTrue(error.matches(Gst.ResourceError.quark(),
                                      Gst.ResourceError.READ), error)
        self.assertEqual(error.message, "The tape is torn.")

    def test_a_handler_that_returns_nothing_is_an_error(self):
        out, error = self.play(lambda *_: None)
        self.assertEqual(out, [])
        self.assert_failed(error, "returned no batch at sample 0")

    def test_a_handler_that_raises_ends_the_stream_with_an_error(self):
        raised = []

        def fail(source, start, count, calls):
            batch = fill_with_struct(source, start, count, calls)
            if len(calls) == 3:
                raise ValueError("the tape is torn")
            return batch

        with unittest.mock.patch("sys.excepthook",
                                 lambda *what: raised.append(what[1])):
            out, error = self.play(fail, 100)
        self.check_ramp(out, 2)
        self.assert_failed(error, "returned no batch at sample 2048")
        self.assertEqual([str(what) for what in raised], ["the tape is torn"])


if __name__ == "__main__":
    Gst.init(None)
    unittest.main(verbosity=2)
