#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The consumer of a voice detector: exactly 512 samples at 16 kHz, each time.

usage: voice.py [RECORDING]

Prints when somebody speaks. Here loud sound counts as speech; to use a model,
replace only level(). Needs python3-gst-1.0 and numpy.
"""

import player  # first: it prints what to install
from player import Gst, numpy

RECORDING = player.SOUNDS + "audio-channel-front-center.oga"
RATE = 16000
SAMPLES = 512
# tail=pad: the last batch has 512 samples as well
PIPELINE = (
    "audioconvert ! audioresample ! "
    f"audio/x-raw, format={player.FLOAT}, rate={RATE}, channels=1 ! "
    f"audiobatch samples-per-batch={SAMPLES} tail=pad ! "
    + player.SINK)

# A batch is 32 ms. So many loud ones in a row begin a segment, and so many quiet
# ones end it: a click is too short for speech, the pause before a consonant too
# short for an end.
BEGIN_BATCHES = 2
END_BATCHES = 8


def level(samples):
    """Decibels of full scale."""
    if len(samples) != SAMPLES:
        raise player.PlayerError(f"a batch of {len(samples)} samples, not of "
                                 f"{SAMPLES}")
    rms = numpy.sqrt(numpy.mean(numpy.square(samples)))
    return 20 * numpy.log10(max(rms, 1e-9))


class Detector:
    """Speech begins above one level and ends below a lower one."""

    def __init__(self, begin_db, end_db):
        self.begin_db = begin_db
        self.end_db = end_db
        self.segments = []
        self.speaking = False
        self.count = 0
        self.begin = self.end = 0.0
        self.loudest = -numpy.inf

    def add(self, begin, end, decibels):
        """A batch from @begin to @end, in seconds."""
        if self.speaking:
            self.go_on(end, decibels)
        elif decibels < self.begin_db:
            self.count = 0
        else:
            self.maybe_begin(begin, end, decibels)

    def maybe_begin(self, begin, end, decibels):
        if self.count == 0:
            self.begin = begin
            self.loudest = decibels
        self.loudest = max(self.loudest, decibels)
        self.end = end
        self.count += 1
        if self.count == BEGIN_BATCHES:
            self.speaking = True
            self.count = 0

    def go_on(self, end, decibels):
        self.loudest = max(self.loudest, decibels)
        if decibels >= self.end_db:
            self.end = end
            self.count = 0
            return
        self.count += 1
        if self.count == END_BATCHES:
            self.finish()

    def finish(self):
        """Ends the segment, if there is one."""
        if self.speaking:
            self.segments.append((self.begin, self.end, self.loudest))
        self.speaking = False
        self.count = 0


def detect(sink, detector):
    """In its own thread: returns the number of batches."""
    batches = 0
    for batch in player.pull_batches(sink):
        begin = batch.pts / Gst.SECOND
        detector.add(begin, begin + SAMPLES / RATE,
                     player.with_samples(batch, level))
        batches += 1
    detector.finish()
    return batches


def main():
    options = player.recording_parser(
        "Prints when somebody speaks in a recording.", RECORDING)
    options.add_argument("--begin", type=float, default=-35, metavar="DB",
                         help="speech begins at so many decibels of full "
                         "scale (%(default)s)")
    options.add_argument("--end", type=float, default=-45, metavar="DB",
                         help="and lasts while it is not below so many "
                         "(%(default)s)")
    given = options.parse_args()
    if given.end > given.begin:
        options.error("--end must not be above --begin")
    pipeline = player.open_recording(given.recording, PIPELINE)
    detector = Detector(given.begin, given.end)
    print(f"recording    {given.recording}")
    batches = player.consume(pipeline,
                             lambda sink: detect(sink, detector))
    print("  from s      to s   loudest dB")
    for begin, end, loudest in detector.segments:
        print(f"{begin:8.3f}  {end:8.3f}  {loudest:11.1f}")
    spoken = sum(end - begin for begin, end, _ in detector.segments)
    print(f"speech       {spoken:.3f} s, in {len(detector.segments)} piece(s)")
    print(f"batches      {batches} of {SAMPLES} samples at {RATE} Hz")


player.run(main)
