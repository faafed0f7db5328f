#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays real files through audiobatch, and checks every sample.

usage: realfiles.py [WORD...]

ffmpeg makes short files, good and badly interleaved ones. Each case plays to the
end once with identity in the place of audiobatch, and once for each value of the
property discont. All samples of the first play must come out of audiobatch, in
order and in whole batches, with exact times, and nothing else. With words, only
the cases whose name has one of them are run. If something is not installed,
prints what and exits with status 77.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import NamedTuple

from gstpython import Gst, GstAudio, skip

# longer than any play takes, even if other programs use all processors
SECONDS = 60
# In one play of thirty, decodebin3 of GStreamer 1.22 shows no stream at all, and
# playbin3 waits for ever, with identity too. Nothing has arrived at the element
# then: play again.
BEGIN_SECONDS = 3
TRIES = 10
MODES = ("resync", "fill")
BATCH = 0.05                    # seconds; no decoder's frames are as long
# defaults of audiobatch: a chunk whose time is less off than the first is due;
# a jump longer than the second is a break with fill too
ALIGNMENT_THRESHOLD = 40 * Gst.MSECOND
MAX_FILL = 5 * Gst.SECOND

PACKAGES = {
    "gstreamer1.0-plugins-base": ("oggdemux", "opusdec", "playbin", "playbin3"),
    "gstreamer1.0-plugins-good": ("aacparse", "flacdec", "flacparse", "jpegdec",
                                  "matroskademux", "mpegaudioparse",
                                  "mpg123audiodec", "qtdemux"),
    "gstreamer1.0-plugins-bad": ("faad", "tsdemux"),
}

#
# Files
#

# What the files are made of, one stream each: ffmpeg's source, the length in
# seconds, the options. No part of noise resembles another.
NOISE = "anoisesrc=sample_rate=16000:amplitude=0.5:seed="
FLAC_OPTIONS = "-c:a flac -frame_size 900 -sample_fmt s16"
PICTURES = "testsrc2=size=32x32:rate=5"
PICTURE = 0.201                 # seconds from one to the next, rounded up
STREAMS = {
    "jpeg.mkv": (PICTURES, 12, "-c:v mjpeg -pix_fmt yuvj420p"),
    "mpeg.mkv": (PICTURES, 12, "-c:v mpeg2video -r 25"),
    "flac.mkv": (NOISE + "1", 12.02, FLAC_OPTIONS),
    "short.mkv": (NOISE + "2", 3.71, FLAC_OPTIONS),
    # Matroska's times are in ms. The last samples would be behind the end that MP4
    # tells, and playbin's volume would cut them off.
    "short.mp4": (NOISE + "2", 3.71, FLAC_OPTIONS + " -strict experimental"),
    "next.mkv": (NOISE + "3", 7.01, FLAC_OPTIONS),
    "aac.mp4": (NOISE + "4", 12, "-c:a aac -b:a 32k"),
    "mp2.mkv": (NOISE + "5", 12, "-c:a mp2 -b:a 64k"),
    "opus.mkv": (NOISE + "6", 6, "-c:a libopus -b:a 24k"),
    "opus.ogg": (NOISE + "6", 6, "-c:a libopus -b:a 24k"),
    "sound.mp3": (NOISE + "7", 6, "-c:a libmp3lame"),
}

# Files of streams: the streams, and the options.
SHIFTED = "-itsoffset 10"
MIXES = {
    "good.mkv": ("jpeg.mkv", "flac.mkv", ""),
    "good.ts": ("mpeg.mkv", "mp2.mkv", ""),
    "begins-late.mkv": ("jpeg.mkv", SHIFTED + " -i flac.mkv", "-t 16"),
    "begins-late.ts": ("mpeg.mkv", SHIFTED + " -i mp2.mkv", "-t 16"),
    "short-sound.mkv": ("jpeg.mkv", "short.mkv", ""),
    "short-sound.mp4": ("jpeg.mkv", "short.mp4", "-strict experimental"),
    "edit-list.mp4": ("jpeg.mkv", "aac.mp4", ""),
    "begins-later.mp4": ("jpeg.mkv", "-itsoffset 0.5 -i aac.mp4", ""),
    "fragments.mp4": ("jpeg.mkv", "aac.mp4",
                      "-movflags empty_moov+default_base_moof -frag_duration "
                      "1000000"),
}

# Files with audio behind the video: the well interleaved file, and the seconds.
LATE = {f"late-{seconds}.{kind}": (f"good.{kind}", seconds)
        for kind, lags in (("mkv", (0.3, 1, 3, 5, 10)), ("ts", (2, 4, 8)))
        for seconds in lags}


def command(arguments, folder):
    done = subprocess.run(arguments.split(), cwd=folder, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}\n{done.stderr}")
    return done.stdout


def ffmpeg(arguments, folder):
    return command(f"ffmpeg -nostdin -v error {arguments}", folder)


def make_stream(folder, name):
    source, seconds, options = STREAMS[name]
    ffmpeg(f"-f lavfi -i {source} -t {seconds} {options} {name}", folder)


def make_mix(folder, name):
    video, audio, options = MIXES[name]
    audio = audio if "-i " in audio else f"-i {audio}"
    ffmpeg(f"-i {video} {audio} -map 0:v -map 1:a -c copy {options} {name}",
           folder)


def vint(data, position):
    """A number of EBML, with its marker bit, and the position behind it."""
    length = 9 - data[position].bit_length()
    end = position + length
    return int.from_bytes(data[position:end], "big"), end


def elements(data, position, end):
    """The kind, start, start of the content, and end of each EBML element."""
    while position < end:
        kind, content = vint(data, position)
        size, content = vint(data, content)
        size -= 1 << (size.bit_length() - 1)
        yield kind, position, content, content + size
        position = content + size


SEGMENT, CLUSTER, CLUSTER_TIME = 0x18538067, 0x1F43B675, 0xE7
INFORMATION, TRACKS = 0x1549A966, 0x1654AE6B
SIMPLE_BLOCK, BLOCK_GROUP, BLOCK = 0xA3, 0xA0, 0xA1
AUDIO_TRACK = 2


class Block(NamedTuple):
    track: int
    time: int                   # in ms
    field: int                  # where in the element its time is
    element: bytes

    def in_cluster(self, time):
        return (self.element[:self.field] +
                (self.time - time).to_bytes(2, "big", signed=True) +
                self.element[self.field + 2:])


def blocks_of(data, content, end):
    """The blocks of a cluster."""
    for kind, start, content, end in elements(data, content, end):
        if kind == CLUSTER_TIME:
            base = int.from_bytes(data[content:end], "big")
        elif kind == BLOCK_GROUP:
            content = next(inside for inner, _, inside, _ in
                           elements(data, content, end) if inner == BLOCK)
        if kind in (SIMPLE_BLOCK, BLOCK_GROUP):
            track, field = vint(data, content)
            time = int.from_bytes(data[field:field + 2], "big", signed=True)
            yield Block(track - 0x80, base + time, field - start, data[start:end])


def element(kind, content):
    size = len(content) | 1 << 56
    return kind.to_bytes(4, "big") + size.to_bytes(8, "big") + content


def cluster(time, blocks):
    return element(CLUSTER, b"\xe7\x84" + time.to_bytes(4, "big") +
                   b"".join(block.in_cluster(time) for block in blocks))


def delay_matroska(data, seconds):
    """Moves the audio's blocks back in the file. Their times stay the same."""
    head, segment = elements(data, 0, len(data))
    content, blocks = b"", []
    for kind, start, inside, end in elements(data, *segment[2:]):
        if kind in (INFORMATION, TRACKS):
            content += data[start:end]
        elif kind == CLUSTER:
            blocks += blocks_of(data, inside, end)

    def place(block):
        return block.time + (block.track == AUDIO_TRACK) * int(1000 * seconds)

    # a cluster for each second
    for second, found in groupby(sorted(blocks, key=place),
                                 lambda block: place(block) // 1000):
        content += cluster(second * 1000, found)
    return data[:head[3]] + element(SEGMENT, content)


# of MPEG-TS, and the numbers that ffmpeg gives to streams
PACKET = 188
VIDEO_PID, AUDIO_PID = 0x100, 0x101


def presentation_time(packet):
    """The PTS in 90 kHz if a picture or some audio starts in the packet."""
    payload = packet[4 + (packet[4] + 1 if packet[3] & 0x20 else 0):]
    if not packet[1] & 0x40 or payload[:3] != b"\0\0\1" or payload[7] < 0x80:
        return None
    # 33 bits, with marker bits between them
    return ((payload[9] >> 1 & 7) << 30 | payload[10] << 22 |
            payload[11] >> 1 << 15 | payload[12] << 7 | payload[13] >> 1)


def delay_transport(data, seconds):
    """Moves the audio's packets back in the file. Their times stay the same."""
    packets, places = [], {VIDEO_PID: 0}
    for start in range(0, len(data), PACKET):
        packet = data[start:start + PACKET]
        pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
        time = presentation_time(packet)
        if time is not None:
            places[pid] = time + (pid == AUDIO_PID) * int(90000 * seconds)
        # tables have no time and stay with the video
        packets.append((places.get(pid, places[VIDEO_PID]), packet))
    packets.sort(key=lambda placed: placed[0])
    return b"".join(packet for _, packet in packets)


def check_lag(folder, name, seconds):
    """Raises an error unless ffprobe finds the audio that far behind."""
    listing = command("ffprobe -v error -show_entries "
                      f"packet=codec_type,pts_time,pos -of compact {name}", folder)
    packets = [dict(field.split("=") for field in line.split("|")[1:4])
               for line in listing.splitlines() if re.search(r"pos=\d", line)]
    packets.sort(key=lambda packet: int(packet["pos"]))
    while packets[-1]["codec_type"] == "audio":
        packets.pop()                   # the video has ended
    for packet in packets:
        time = float(packet["pts_time"])
        if packet["codec_type"] == "video":
            video = time
        elif not -PICTURE <= video - time - seconds <= 0.001:
            raise RuntimeError(f"{name}: audio is {video - time} s behind")


def make_late(folder, name):
    original, seconds = LATE[name]
    delay = delay_matroska if name.endswith("mkv") else delay_transport
    with open(os.path.join(folder, original), "rb") as file:
        data = file.read()
    with open(os.path.join(folder, name), "wb") as file:
        file.write(delay(data, seconds))
    check_lag(folder, name, seconds)


def make_files(folder):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for make, names in ((make_stream, STREAMS), (make_mix, MIXES),
                            (make_late, LATE)):
            list(pool.map(lambda name, do=make: do(folder, name), names))


#
# Plays
#


class Chunk(NamedTuple):
    """A buffer as the sink gets it."""

    time: int                   # running time
    duration: int
    discont: bool
    stream: str                 # its identifier
    rate: int
    frame: int                  # bytes of a sample of all channels
    data: bytes

    @property
    def samples(self):
        return len(self.data) // self.frame


class Play:
    """What arrives at the sink of the audio, until EOS."""

    def __init__(self, description, following=None):
        self.chunks = []
        self.stuck = False          # nothing has arrived at the element
        self.pipeline = Gst.parse_launch(description)
        # playbin puts its sinks into the pipeline later
        self.sink = self.pipeline.get_by_name("out") or \
            self.pipeline.get_property("audio-sink")
        self.batch = self.pipeline.get_by_name("batch") or \
            self.pipeline.get_property("audio-filter")
        self.sink.get_static_pad("sink").add_probe(
            Gst.PadProbeType.BUFFER, self.note)
        if following:
            self.pipeline.connect("about-to-finish", self.go_on, [following])

    def go_on(self, playbin, following):
        if following:
            playbin.set_property("uri", following.pop())

    def note(self, pad, info):
        buffer = info.get_buffer()
        segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
        audio = GstAudio.AudioInfo.new_from_caps(pad.get_current_caps())
        self.chunks.append(Chunk(
            segment.to_running_time(Gst.Format.TIME, buffer.pts), buffer.duration,
            buffer.has_flags(Gst.BufferFlags.DISCONT),
            pad.get_stream_id(), audio.rate, audio.bpf,
            buffer.extract_dup(0, buffer.get_size())))
        return Gst.PadProbeReturn.OK

    def end(self, seconds):
        """What ends the play, or None if nothing does so far."""
        return self.pipeline.get_bus().timed_pop_filtered(
            seconds * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)

    def run(self):
        """Returns what went wrong, or None."""
        self.pipeline.set_state(Gst.State.PLAYING)
        message = self.end(BEGIN_SECONDS)
        if message is None:
            self.stuck = not self.batch.get_static_pad("sink").get_sticky_event(
                Gst.EventType.STREAM_START, 0)
            message = None if self.stuck else self.end(SECONDS)
        self.pipeline.set_state(Gst.State.NULL)
        if message is None:
            return f"no EOS within {SECONDS} s"
        if message.type == Gst.MessageType.ERROR:
            return str(message.parse_error())
        return None

    def samples(self):
        return sum(chunk.samples for chunk in self.chunks)

    def figure(self, name):
        return self.batch.get_property("stats").get_uint64(name)[1]


def duration_of(samples, rate):
    return samples * Gst.SECOND // rate


def real_breaks(plain, mode):
    """The first sample of each run, and its time, by the plain decode.

    With fill, smaller jumps are filled. No file has one, so that nothing may be
    inserted or dropped.
    """
    breaks, position = {}, 0
    for chunk in plain:
        jump = abs(chunk.time - base - duration_of(position - origin, chunk.rate)) \
            if breaks else 0
        if not breaks or jump > MAX_FILL or mode == "resync" and (
                chunk.discont and chunk.stream == stream
                or jump >= ALIGNMENT_THRESHOLD):
            base, origin = chunk.time, position
            breaks[position] = chunk.time
        position += chunk.samples
        stream = chunk.stream
    return breaks


def check_batches(batches, breaks, size):
    """Returns the short batches, and what is wrong with sizes and times."""
    faults, short, position = [], 0, 0
    for batch in batches:
        if position in breaks:
            base, origin = breaks[position], position
        where = f"batch at sample {position}"
        if batch.discont != (position in breaks):
            faults.append(f"{where}: DISCONT is {batch.discont}")
        wanted = base + duration_of(position - origin, batch.rate)
        if batch.time != wanted:
            faults.append(f"{where}: time {batch.time}, not {wanted}")
        position += batch.samples
        end = base + duration_of(position - origin, batch.rate)
        if wanted + batch.duration != end:
            faults.append(f"{where}: duration {batch.duration}")
        if batch.samples != size:
            short += 1
            if position not in breaks and batch is not batches[-1]:
                faults.append(f"{where}: {batch.samples} samples")
    return short, faults


class Case(NamedTuple):
    name: str
    pipeline: str
    seconds: float = BATCH
    following: str = ""         # file that playbin plays next


class Results:
    def __init__(self, folder):
        self.folder = folder
        self.total = self.failed = 0
        print(f"{'case':48} {'plain':>7} {'out':>7} inserted short runs")

    def play(self, case, element):
        description = case.pipeline.replace("BATCH", element)
        description = description.replace("FOLDER/", self.folder + "/")
        following = case.following and f"file://{self.folder}/{case.following}"
        for _ in range(TRIES):
            play = Play(description, following)
            fault = play.run()
            if not play.stuck:
                break
        return play, fault

    def run(self, case):
        plain, fault = self.play(case, "identity name=batch")
        if fault or not plain.chunks:
            self.tell(case.name, "plain", plain.samples(), fault or "no samples")
            return
        for mode in MODES:
            self.check(case, mode, plain)

    def check(self, case, mode, plain):
        play, fault = self.play(
            case, f"audiobatch name=batch discont={mode} report-interval=0 "
            f"output-buffer-duration={round(case.seconds * Gst.SECOND)}")
        breaks = real_breaks(plain.chunks, mode)
        size = round(case.seconds * plain.chunks[0].rate)
        faults = [fault] if fault else []
        wanted, got = (b"".join(chunk.data for chunk in chunks)
                       for chunks in (plain.chunks, play.chunks))
        if wanted != got:
            frame = plain.chunks[0].frame
            differs = len(os.path.commonprefix((wanted, got))) // frame
            faults.append(f"the samples differ from sample {differs} on")
        for figure in ("samples-inserted", "samples-dropped", "samples-pending"):
            if play.figure(figure):
                faults.append(f"{figure}: {play.figure(figure)}")
        short, more = check_batches(play.chunks, breaks, size)
        faults += more[:3]
        self.tell(f"{case.name}, {mode}", f"{plain.samples()}",
                  f"{play.samples():7} {play.figure('samples-inserted'):8} "
                  f"{short:5} {len(breaks):4}", "; ".join(faults))

    def tell(self, name, plain, out, fault):
        self.total += 1
        self.failed += bool(fault)
        print(f"{name:48} {plain:>7} {out}  {fault or 'ok'}", flush=True)

    def exit(self):
        print(f"{self.total} plays, {self.failed} failed")
        sys.exit(1 if self.failed or self.total == 0 else 0)


#
# Cases
#


FLAC = "capsfilter caps=audio/x-flac ! queue ! flacparse ! flacdec"
MP2 = "capsfilter caps=audio/mpeg ! queue ! mpegaudioparse ! mpg123audiodec"
AAC = "capsfilter caps=audio/mpeg ! queue ! aacparse ! faad"
SINK = " ! BATCH ! fakesink name=out"
# Without samples, the sink of the audio prerolls on a GAP event. Demuxers send the
# first one when the audio is 3 to 5 s behind. The video's queue must hold that much,
# but not all of the video, because at its end all sinks preroll.
LIMITS = "max-size-time=6000000000 max-size-buffers=0 max-size-bytes=0"
# If no batch is full at 3.7 s, it comes when GAP events cover 1 s behind it.
LONG_LIMITS = LIMITS.replace("=6", "=9")


def pipeline(file, demuxer, audio, video, limits=LIMITS):
    return (f"filesrc location=FOLDER/{file} ! {demuxer} name=d "
            f"d. ! {audio}{SINK} "
            f"d. ! capsfilter caps={video} ! queue {limits} ! fakesink")


def in_file(file, *decoders):
    return f"filesrc location=FOLDER/{file} ! " + " ! ".join(decoders)


def played(player, file):
    return (f'{player} uri=file://FOLDER/{file} audio-filter="BATCH" '
            'audio-sink="fakesink name=out" video-sink="fakesink"')


# demuxer, decoder of the audio, and video of each kind of file
KINDS = {
    "mkv": ("matroskademux", FLAC, "image/jpeg"),
    "mp4": ("qtdemux", FLAC, "image/jpeg"),
    "ts": ("tsdemux", MP2, "video/mpeg"),
}


def plain_cases():
    for name in (*LATE, "begins-late.mkv", "begins-late.ts"):
        yield Case(name, pipeline(name, *KINDS[name.split(".")[-1]]))
    for name in ("short-sound.mkv", "short-sound.mp4"):
        for seconds in (BATCH, 1, 5):
            yield Case(f"{name}, batches of {seconds} s",
                       pipeline(name, *KINDS[name[-3:]], LONG_LIMITS),
                       seconds=seconds)
    for name in ("edit-list.mp4", "begins-later.mp4", "fragments.mp4"):
        yield Case(name, pipeline(name, "qtdemux", AAC, "image/jpeg"))
    for name, *decoder in (("opus.ogg", "oggdemux", "opusdec"),
                           ("opus.mkv", "matroskademux", "opusdec"),
                           ("sound.mp3", "mpegaudioparse", "mpg123audiodec")):
        yield Case(name, in_file(name, *decoder) + SINK)


def joined_cases():
    first, second = (in_file(name, "matroskademux", "flacparse", "flacdec")
                     for name in ("flac.mkv", "next.mkv"))
    for adjust in ("true", "false"):
        yield Case(f"concat adjust-base={adjust}",
                   f"concat name=c adjust-base={adjust}{SINK} "
                   f"{first} ! c. {second} ! c.")


def player_cases():
    for player in ("playbin", "playbin3"):
        for name in ("good", "late-0.3", "late-3", "late-10", "short-sound"):
            yield Case(f"{player}, {name}.mkv", played(player, f"{name}.mkv"))
        yield Case(f"{player}, two files", played(player, "flac.mkv"),
                   following="next.mkv")
    # Not with playbin3: it reads no 5 s of audio before both sinks have prerolled,
    # and with audio that begins late it sometimes never begins, with identity too.
    yield Case("playbin, begins-late.mkv", played("playbin", "begins-late.mkv"))


def cases():
    yield from plain_cases()
    yield from joined_cases()
    yield from player_cases()


def check_requirements():
    missing = [] if shutil.which("ffmpeg") and shutil.which("ffprobe") \
        else ["ffmpeg"]
    missing += [package for package, names in PACKAGES.items()
                if not all(map(Gst.ElementFactory.find, names))]
    if missing:
        skip(f"no file was played; apt-get install {' '.join(missing)}")


def main():
    Gst.init(None)
    check_requirements()
    with tempfile.TemporaryDirectory() as folder:
        make_files(folder)
        results = Results(folder)
        for case in cases():
            if not sys.argv[1:] or any(word in case.name
                                       for word in sys.argv[1:]):
                results.run(case)
    results.exit()


main()
