#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads batches with numpy without a copy, keeps them, and changes them in place.

usage: loudness.py [RECORDING]

Prints the loudness of a recording over time, then amplifies it as far as it does
not clip. Needs python3-gst-1.0 and numpy.
"""

import player  # first: it prints what to install
from player import Gst, numpy

RECORDING = player.SOUNDS + "audio-channel-front-center.oga"
PIPELINE = (
    f"audioconvert ! audio/x-raw, format={player.FLOAT}, channels=1 ! "
    "audiobatch name=batch samples-per-batch=4096 ! "
    + player.SINK)
SILENCE_DB = -99.0


def decibels(value):
    return max(20 * numpy.log10(max(value, 1e-9)), SILENCE_DB)


def measure(samples):
    """Root mean square and peak. numpy reads the memory of the batch."""
    return (float(numpy.sqrt(numpy.mean(numpy.square(samples)))),
            float(numpy.max(numpy.abs(samples))))


def consume(sink):
    """In its own thread: returns the batches, each with its rms and peak."""
    kept = []
    for batch in player.pull_batches(sink):
        kept.append((batch, *player.with_samples(batch, measure)))
    return kept


def place(batch):
    """The address of the samples."""
    return player.with_samples(batch, lambda samples: samples.ctypes.data)


def amplify(batch, gain):
    """Amplifies in place; True if the samples did not move."""
    def multiply(samples):
        samples *= gain
        return samples.ctypes.data

    before = place(batch)
    flags = Gst.MapFlags.READ | Gst.MapFlags.WRITE
    return player.with_samples(batch, multiply, flags) == before


def main():
    recording = player.recording_parser(
        "Prints how loud a recording is, and makes it as loud as it can be.",
        RECORDING).parse_args().recording
    pipeline = player.open_recording(recording, PIPELINE)
    element = pipeline.get_by_name("batch")
    print(f"recording    {recording}")
    kept = player.consume(pipeline, consume)
    player.dispose(pipeline)
    del pipeline
    if not kept:
        raise player.PlayerError("There is nothing in it.")

    print("  from s    rms dB   peak dB")
    for batch, rms, peak in kept:
        print(f"{batch.pts / Gst.SECOND:8.3f}  {decibels(rms):8.1f}  "
              f"{decibels(peak):8.1f}")
    loudest = max(peak for _, _, peak in kept)
    gain = 1 / loudest if loudest > 0 else 1
    in_place = sum(amplify(batch, gain) for batch, _, _ in kept)
    peak = max(player.with_samples(batch, measure)[1] for batch, _, _ in kept)
    print(f"amplified    by {decibels(gain):.1f} dB, the peak is "
          f"{decibels(peak):.1f} dB now")
    print(f"batches      {element.props.batches}, {in_place} of them changed "
          "in place")
    print(f"outstanding  {element.props.outstanding_batches} batches, with the "
          "pipeline gone")


player.run(main)
