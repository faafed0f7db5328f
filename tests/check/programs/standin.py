#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""audiobatchsrc in place of audiotestsrc: only the name changes.

Ten launch lines from GStreamer's own documentation, each with the file that it is
from. They run with audiobatchsrc in place of audiotestsrc and are otherwise
unchanged. Each must end with exit status 0, and the file that it writes must be
decodable.
"""

import os
import re
import subprocess
import sys
import tempfile

SECONDS = 60

LINES = (
    ("gst-plugins-base/ext/vorbis/gstvorbisenc.c",
     "gst-launch-1.0 -v audiotestsrc wave=sine num-buffers=100 ! "
     "audioconvert ! vorbisenc ! oggmux ! filesink location=sine.ogg"),
    ("gst-plugins-base/ext/opus/gstopusenc.c",
     "gst-launch-1.0 -v audiotestsrc wave=sine num-buffers=100 ! "
     "audioconvert ! opusenc ! oggmux ! filesink location=sine.ogg"),
    ("gst-plugins-good/ext/flac/gstflacenc.c",
     "gst-launch-1.0 audiotestsrc num-buffers=100 ! flacenc ! "
     "filesink location=beep.flac"),
    ("gst-plugins-good/ext/speex/gstspeexenc.c",
     "gst-launch-1.0 audiotestsrc num-buffers=100 ! speexenc ! oggmux ! "
     "filesink location=beep.ogg"),
    ("gst-plugins-good/ext/wavpack/gstwavpackenc.c",
     "gst-launch-1.0 audiotestsrc num-buffers=500 ! audioconvert ! "
     "wavpackenc ! filesink location=sinewave.wv"),
    ("gst-plugins-good/ext/lame/gstlamemp3enc.c",
     "gst-launch-1.0 -v audiotestsrc wave=sine num-buffers=100 ! "
     "audioconvert ! lamemp3enc ! filesink location=sine.mp3"),
    ("gst-plugins-good/gst/debugutils/gsttaginject.c",
     "gst-launch-1.0 audiotestsrc num-buffers=100 ! "
     "taginject tags=\"title=testsrc,artist=gstreamer\" ! vorbisenc ! "
     "oggmux ! filesink location=test.ogg"),
    ("gst-plugins-good/gst/replaygain/gstrganalysis.c",
     "gst-launch-1.0 -t audiotestsrc wave=sine num-buffers=512 ! "
     "rganalysis ! fakesink"),
    ("gst-plugins-bad/gst/debugutils/gstchopmydata.c",
     "gst-launch-1.0 -v audiotestsrc num-buffers=10 ! chopmydata min-size=100 "
     "max-size=200 step-size=2 ! fakesink -v"),
    ("gst-docs/markdown/tutorials/basic/handy-elements.md",
     "gst-launch-1.0 audiotestsrc num-buffers=1000 ! fakesink sync=false"),
)


def run(command):
    """Runs @command. Returns what went wrong, or None."""
    try:
        done = subprocess.run(command, shell=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return f"did not end within {SECONDS} s"
    if done.returncode != 0:
        return f"exit status {done.returncode}\n{done.stdout[-2000:]}"
    return None


def stand_in(line):
    """Returns what went wrong with the line or with its file, or None."""
    command, names = re.subn(r"\baudiotestsrc\b", "audiobatchsrc", line)
    if names == 0:
        return "there is nothing to stand in for"
    fault = run(command)
    location = re.search(r"location=(\S+)", line)
    if fault or not location:
        return fault
    if os.path.getsize(location[1]) < 1000:
        return f"{location[1]} has only {os.path.getsize(location[1])} bytes"
    fault = run(f"gst-launch-1.0 filesrc location={location[1]} ! decodebin ! "
                "audioconvert ! fakesink")
    return f"can't be decoded: {fault}" if fault else None


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for path, line in LINES:
            fault = stand_in(line)
            print("FAIL" if fault else "ok  ", f"{path}: {line}")
            if fault:
                print(fault)
                failed += 1
        os.chdir("/")
    print(f"{len(LINES)} lines, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
