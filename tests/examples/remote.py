#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the batches of another process with numpy, where they lie.

usage: remote.py [--caps CAPS] [--batches N] SOCKET

With --caps it reads from shmsink, which does not tell the format; otherwise from
unixfdsink. Needs python3-gst-1.0 and numpy.
"""

import itertools

import player  # first: it prints what to install
from player import Gst, numpy


def peak(samples):
    return float(numpy.max(numpy.abs(samples)))


def main():
    options = player.parser("Prints the batches that another process sends.",
                            "socket", None, "the socket-path of its sink")
    options.add_argument("--caps", help="the format, which has to be F32")
    options.add_argument("--batches", type=int, default=10)
    arguments = options.parse_args()
    source = (f"shmsrc socket-path={arguments.socket} ! {arguments.caps}"
              if arguments.caps
              else f"unixfdsrc socket-path={arguments.socket}")
    pipeline = player.launch(f"{source} ! {player.SINK}")
    pipeline.set_state(Gst.State.PLAYING)
    batches = player.pull_batches(pipeline.get_by_name("sink"))
    number = -1
    for number, batch in enumerate(itertools.islice(batches,
                                                    arguments.batches)):
        print(f"batch {number:3}   {batch.get_size() // 4} values, "
              f"peak {player.with_samples(batch, peak):.3f}")
        # let it go before the next one: the other process waits for it
        del batch
    pipeline.set_state(Gst.State.NULL)
    if number < 0:
        raise player.PlayerError("Nothing came.")


if __name__ == "__main__":
    player.run(main)
