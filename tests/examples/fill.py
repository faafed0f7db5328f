#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An application that fills the batches of audiobatchsrc: bells, with numpy.

usage: fill.py [FILE.wav]

Without a file the sound is discarded. Needs python3-gst-1.0 and numpy.
"""

import player  # first: it prints what to install
from player import Gst, numpy

RATE = 48000
STRIKE_SECONDS = 0.5
# partials of a bell: multiple of the note, loudness, decay
PARTIALS = ((0.5, 0.3, 1.0), (1.0, 0.5, 1.5), (1.2, 0.25, 2.0),
            (1.5, 0.2, 2.5), (2.0, 0.25, 3.5), (3.0, 0.1, 6.0))
# Westminster quarters: E, C, D, G
NOTES = (659.26, 523.25, 587.33, 392.00, 392.00, 587.33, 659.26, 523.25)
TAIL_SECONDS = 2
END = int((len(NOTES) * STRIKE_SECONDS + TAIL_SECONDS) * RATE)


def bells(start, count):
    """Samples @start to @start + @count of the melody."""
    time = numpy.arange(start, start + count) / RATE
    sound = numpy.zeros(count)
    for number, note in enumerate(NOTES):
        since = time - number * STRIKE_SECONDS
        rings = since >= 0
        for ratio, volume, decay in PARTIALS:
            sound[rings] += (volume * numpy.exp(-decay * since[rings])
                             * numpy.sin(2 * numpy.pi * note * ratio
                                         * since[rings]))
    return 0.25 * sound


def fill_batch(source, start, count):
    """Takes the next batch, writes to its own memory, and returns it. Must not keep a
    reference to it."""
    if start >= END:
        source.emit("end-of-stream")
        return None
    batch = source.emit("new-batch")
    info = batch.map(Gst.MapFlags.WRITE)
    numpy.frombuffer(info.data, dtype=numpy.float32)[:] = bells(start, count)
    batch.unmap(info)
    return batch


def main():
    file = player.parser("Bells, made in the fill-batch handler of "
                         "audiobatchsrc.", "file", None,
                         "where to write a WAV").parse_args().file
    sink = "wavenc ! filesink name=sink" if file else "fakesink name=sink"
    pipeline = player.launch(
        "audiobatchsrc name=source ! "
        f"audio/x-raw, format={player.FLOAT}, rate={RATE}, channels=1 ! {sink}")
    if file:
        pipeline.get_by_name("sink").props.location = file
    source = pipeline.get_by_name("source")
    source.connect("fill-batch", fill_batch)
    player.play(pipeline)

    print(f"notes        {len(NOTES)} bells, {END / RATE:.1f} s")
    print(f"batches      {source.props.batches} of "
          f"{source.props.samples_per_batch} samples")
    print(f"allocations  {source.props.allocations}, "
          f"{source.props.allocated_bytes} bytes")
    print(f"outstanding  {source.props.outstanding_batches} now, "
          f"{source.props.peak_outstanding_batches} at most")
    print(f"written      {file or 'nowhere'}")


player.run(main)
