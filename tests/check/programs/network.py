#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches from one machine to another, as docs/network.md shows.

usage: network.py DOCUMENT NETWORKEND [unittest's options]

The machines are two network namespaces, connected by a veth pair. The tests run
the document's launch lines: unchanged with gst-launch-1.0, and with networkend
(networkend.c), which sends known samples and records the buffers. If namespaces
can't be made here, the exit status is 77.

All this happens in a mount namespace and a network namespace of this process, so
the kernel removes them however the process ends.
"""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections import namedtuple

SECONDS = 90
RATE = 48000
SAMPLES = 1024
BATCHES = 100
INSIDE = "AUDIOBATCH_TEST_NETWORK"
# Ethernet, IPv4, UDP and RTP
PACKET_HEADERS = 14 + 20 + 8 + 12
RTP_HEADER = 12
GDP_HEADER = 62
# GstBufferFlags
DISCONT = 1 << 6
HEADER = 1 << 10
GAP = 1 << 11
RAMP_STEP = 0x9E3779B1

# a receiver that connects but reads nothing
STUCK = f"""{sys.executable} -c '
import os, signal, socket
end = socket.create_connection((os.environ["HOST"], os.environ["PORT"]))
signal.pause()'"""

Buffer = namedtuple("Buffer", "where size pts duration start end flags "
                              "refs memories memory_refs part writable")
Line = namedtuple("Line", "command listens")


def skip(why):
    print(f"skipped: nothing was sent; {why}")
    sys.exit(77)


def mount_namespace():
    return os.readlink("/proc/self/ns/mnt")


def enter_namespaces():
    """Runs this program again, in namespaces in which it may make others."""
    if not shutil.which("ip"):
        skip("apt-get install iproute2")
    unshare = ["unshare", "--mount", "--net"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    trial = subprocess.run(
        unshare + ["sh", "-c", "mount -t tmpfs tmpfs /run && "
                               "ip netns add trial && "
                               "ip netns exec trial true"],
        capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        skip("network namespaces can't be made here (try as root): "
             + trial.stderr.strip())
    os.environ[INSIDE] = mount_namespace()
    os.execvp(unshare[0], unshare + [sys.executable] + sys.argv)


def read_lines(path):
    """The lines of the document: {name: {role: Line}}."""
    pairs = {}
    mark = None
    with open(path, encoding="utf-8") as document:
        for number, line in enumerate(document, 1):
            found = re.match(
                r"<!-- network: (\S+) (sender|receiver)( listens)? -->", line)
            if found:
                mark = found
            elif line.startswith("gst-launch-1.0 "):
                if mark is None:
                    raise SystemExit(f"{path}:{number}: no mark says which "
                                     "end of a network this line is")
                pairs.setdefault(mark[1], {})[mark[2]] = Line(
                    line.strip(), mark[3] is not None)
                mark = None
    return pairs


def ip(*arguments):
    return subprocess.run(("ip",) + arguments, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


class Machine:
    """A network namespace with one end of the wire."""

    def __init__(self, number):
        self.name = f"machine{number}"
        self.device = f"wire{number}"
        self.address = f"10.77.0.{number}"
        self.mac = f"02:00:00:00:00:{number:02x}"
        ip("netns", "add", self.name)

    def connect(self, other):
        # no neighbour or router discovery: only the stream's bytes must count
        link = ("-n", self.name, "link", "set", self.device)
        ip(*link, "addrgenmode", "none")
        # TCP packets no larger than on a real wire
        ip(*link, "gso_max_segs", "1")
        ip(*link, "address", self.mac)
        ip("-n", self.name, "addr", "add", f"{self.address}/24",
           "dev", self.device)
        ip(*link, "up")
        ip("-n", self.name, "neigh", "add", other.address, "lladdr", other.mac,
           "dev", self.device, "nud", "permanent")

    def bytes_sent(self):
        shown = json.loads(ip("-n", self.name, "-s", "-j", "link", "show",
                              "dev", self.device))
        return shown[0]["stats64"]["tx"]["bytes"]


class Process:
    """A launch line, running on a machine."""

    def __init__(self, machine, command, host, port):
        self.port = port
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", machine.name,
             # exec: the process must be the program, not a shell
             "sh", "-c", f"exec {command}"],
            env=dict(os.environ, HOST=host, PORT=str(port)), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def listens(self):
        for protocol, state in (("udp", "07"), ("tcp", "0A")):
            with open(f"/proc/{self.process.pid}/net/{protocol}",
                      encoding="ascii") as table:
                for line in table:
                    words = line.split()
                    if (words[1].endswith(f":{self.port:04X}")
                            and words[3] == state):
                        return True
        return False

    def wait_until_it_listens(self):
        deadline = time.monotonic() + SECONDS
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("it does not listen: "
                                     + self.process.stdout.read())
            time.sleep(0.02)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        output, _ = self.process.communicate(timeout=SECONDS)
        if self.process.returncode != 0:
            raise AssertionError(f"exit status {self.process.returncode}: "
                                 f"{output[-4000:]}")

    def end(self):
        """Ends the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def ramp(start, end):
    return bytes(((n + 1) * RAMP_STEP & 0xFFFFFFFF) >> 24
                 for n in range(start, end))


def times(base, position):
    return base + position * 10**9 // RATE


class NetworkTest(unittest.TestCase):
    lines = {}
    networkend = None
    ports = itertools.count(5004)

    @classmethod
    def setUpClass(cls):
        sender, receiver = Machine(1), Machine(2)
        ip("link", "add", sender.device, "netns", sender.name, "type", "veth",
           "peer", "name", receiver.device, "netns", receiver.name)
        sender.connect(receiver)
        receiver.connect(sender)
        cls.machines = {"sender": sender, "receiver": receiver}

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, name, change=lambda role, command: command):
        """Starts both ends of a pair, first the one that listens."""
        pair = self.lines[name]
        roles = sorted(pair, key=lambda role: not pair[role].listens)
        host = self.machines[roles[0]].address
        port = next(self.ports)
        ends = {}
        for role in roles:
            ends[role] = Process(self.machines[role],
                                 change(role, pair[role].command), host, port)
            self.addCleanup(ends[role].end)
            if pair[role].listens:
                ends[role].wait_until_it_listens()
        return ends

    def record(self, role):
        return os.path.join(self.folder, role)

    def start_recorded(self, name, sender, receiver, edit=("", ""),
                       stand_in=None):
        """Like start(), but with networkend and its options for each end."""
        def change(role, command):
            if role == "receiver" and stand_in:
                return stand_in
            options = sender if role == "sender" else receiver
            return command.replace(*edit).replace(
                "gst-launch-1.0",
                f"{self.networkend} --record={self.record(role)} {options}", 1)
        return self.start(name, change)

    def seen(self, role, where):
        with open(self.record(role), encoding="ascii") as lines:
            return [Buffer(where, *map(int, line.split()[1:]))
                    for line in lines if line.startswith(where + " ")]

    def source_figures(self):
        """The most batches that were outstanding, and how many were dropped."""
        with open(self.record("sender"), encoding="ascii") as lines:
            return tuple(map(int, list(lines)[-1].split()[1:]))

    def data(self):
        with open(self.record("receiver") + ".data", "rb") as data:
            return data.read()

    def send(self, name, options="", edit=("", ""), lost=0):
        """Sends BATCHES batches, of which @lost bytes are lost. Returns the bytes
        on the wire."""
        size = self.sample_size(name)
        wire = self.machines["sender"].bytes_sent()
        # with TCP the sender closes the connection at the end
        until = (BATCHES * SAMPLES * size - lost
                 if name.startswith("rtp") else 0)
        ends = self.start_recorded(name, f"--batches={BATCHES} {options}",
                                   f"--until={until}", edit)
        ends["receiver"].wait()
        ends["sender"].wait()
        return self.machines["sender"].bytes_sent() - wire

    @staticmethod
    def sample_size(name):
        return {"rtp-l16": 2, "rtp-l24": 3}.get(name, 4)

    def check_times(self, batches):
        """Timestamps follow the sample count, without a break."""
        base = batches[0].pts
        position = 0
        for batch in batches:
            self.assertEqual(batch.start, position)
            self.assertEqual(batch.pts, times(base, position))
            self.assertEqual(batch.flags & DISCONT,
                             DISCONT if position == 0 else 0)
            position = batch.end
            self.assertEqual(batch.pts + batch.duration, times(base, position))

    def check_owned(self, batches):
        """The receiver is the only owner of each batch."""
        for batch in batches:
            self.assertEqual(
                (batch.refs, batch.memories, batch.memory_refs, batch.part,
                 batch.writable), (1, 1, 1, 0, 1))

    def check_whole(self, batches, size):
        self.assertEqual([batch.size for batch in batches],
                         [SAMPLES * size] * BATCHES)

    def check_packets(self, name, packets):
        """The depayloader's chunks for each batch."""
        size = self.sample_size(name)
        chunks = self.seen("receiver", "chunk")
        self.assertEqual([chunk.size for chunk in chunks],
                         [samples * size for samples in packets] * BATCHES)
        position = 0
        for chunk in chunks:
            # RTP's timestamps are in samples, so times are rounded once more
            self.assertAlmostEqual(
                chunk.pts, times(chunks[0].pts, position), delta=1)
            self.assertEqual((chunk.refs, chunk.memories, chunk.part),
                             (1, 1, 1))
            position += chunk.size // size

    def check_rtp(self, name, packets):
        size = self.sample_size(name)
        wire = self.send(name)
        self.assertEqual(self.data(), ramp(0, BATCHES * SAMPLES * size))
        batches = self.seen("receiver", "batch")
        self.check_whole(batches, size)
        self.check_times(batches)
        self.check_owned(batches)
        self.check_packets(name, packets)
        # each batch is released before the second next one is made
        self.assertLessEqual(self.source_figures()[0], 2)
        print(f"{name}: {SAMPLES * size} bytes of samples in {len(packets)} "
              f"packets, {wire / BATCHES:.1f} bytes on the wire")
        self.assertEqual(wire, BATCHES * (
            SAMPLES * size + len(packets) * PACKET_HEADERS))

    def test_l16_over_rtp_is_exact(self):
        self.check_rtp("rtp-l16", (694, 330))

    def test_l24_over_rtp_is_exact(self):
        self.check_rtp("rtp-l24", (462, 462, 100))

    def check_gdp(self, received):
        """Each batch arrives as it was sent, in the receiver's own memory."""
        sent = {batch.start: batch for batch in self.seen("sender", "sent")}
        for batch in received:
            there = sent[batch.start]
            self.assertEqual(
                (batch.size, batch.pts, batch.duration, batch.end,
                 batch.flags),
                (there.size, there.pts, there.duration, there.end,
                 there.flags & (DISCONT | GAP)))
        starts = [batch.start for batch in received]
        self.assertEqual(starts, list(range(
            starts[0], starts[0] + SAMPLES * len(starts), SAMPLES)))
        self.assertEqual(self.data(), ramp(starts[0] * 4,
                                           received[-1].end * 4))
        self.check_owned(received)

    def test_gdp_over_tcp_keeps_batches_as_they_are(self):
        wire = self.send("gdp-push")
        received = self.seen("receiver", "batch")
        self.check_whole(received, 4)
        self.check_gdp(received)
        self.check_times(received)
        self.assertTrue(any(batch.flags & GAP for batch in received))
        self.assertLessEqual(self.source_figures()[0], 2)
        payload = [buffer.size for buffer in self.seen("sender", "payload")
                   if not buffer.flags & HEADER]
        self.assertEqual(payload,
                         [SAMPLES * 4 + GDP_HEADER] * BATCHES)
        print(f"gdp-push: {SAMPLES * 4} bytes of samples, {payload[0]} with "
              f"GDP's header, {wire / BATCHES:.1f} bytes on the wire")
        self.assertGreater(wire, sum(payload))
        self.assertLess(wire, 1.1 * sum(payload))

    def test_gdp_over_tcp_can_be_joined_at_any_batch(self):
        ends = self.start_recorded(
            "gdp", "", f"--until={BATCHES * SAMPLES * 4}")
        ends["receiver"].wait()
        ends["sender"].interrupt()
        ends["sender"].wait()
        received = self.seen("receiver", "batch")
        self.assertGreaterEqual(len(received), BATCHES)
        self.check_gdp(received)

    def test_gdp_does_not_carry_what_planar_batches_need(self):
        done = subprocess.run(
            [self.networkend, "--record=" + self.record("both"),
             *"audiobatchsrc ! audio/x-raw, layout=non-interleaved, channels=2 "
              "! gdppay ! gdpdepay ! audiobatch ! fakesink".split()],
            text=True, timeout=SECONDS, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("has no GstAudioMeta", done.stdout)

    def test_a_stuck_receiver_costs_a_bounded_number_of_batches(self):
        bound = 500
        self.assertIn(f"max-outstanding-batches={bound} overrun=drop",
                      self.lines["gdp"]["sender"].command)
        # in real time this would take half a minute
        ends = self.start_recorded("gdp", "--until-dropped=10", "",
                                   (" is-live=true", ""), STUCK)
        ends["sender"].wait()
        ends["receiver"].interrupt()
        peak, dropped = self.source_figures()
        print(f"stuck receiver: {peak} batches outstanding at the most, "
              f"{dropped} dropped")
        self.assertEqual(peak, bound)
        self.assertGreaterEqual(dropped, 10)

    def lose(self, edit=("", "")):
        """Loses six packets of 200, each the second of its batch."""
        every, lost = 30, 330
        self.send("rtp-l16", f"--drop-every={every}", edit, 6 * lost * 2)
        batches = self.seen("receiver", "batch")
        self.assertEqual(len(self.seen("receiver", "chunk")),
                         2 * BATCHES - 6)
        breaks = [batch for batch in batches if batch.flags & DISCONT][1:]
        print(f"6 of {2 * BATCHES} packets lost, {edit[1] or 'filled'}: "
              f"{len(batches)} batches, {len(breaks)} breaks, samples of a "
              f"batch {sorted({batch.size // 2 for batch in batches})}")
        wanted = bytearray(ramp(0, BATCHES * SAMPLES * 2))
        gaps = [(every // 2 * (k + 1) * SAMPLES - lost) * 2 for k in range(6)]
        return batches, breaks, wanted, [(gap, gap + lost * 2) for gap in gaps]

    def test_lost_packets_are_filled_with_silence_in_their_place(self):
        batches, breaks, wanted, gaps = self.lose()
        for start, end in gaps:
            wanted[start:end] = bytes(end - start)
        self.assertEqual(self.data(), wanted)
        self.assertEqual(breaks, [])
        self.check_whole(batches, 2)
        self.check_times(batches)
        self.check_owned(batches)

    def test_lost_packets_without_filling_are_breaks(self):
        batches, breaks, wanted, gaps = self.lose(
            ("discont=fill max-fill=1000000000", "discont=resync"))
        for start, end in reversed(gaps):
            del wanted[start:end]
        self.assertEqual(self.data(), wanted)
        self.assertEqual(
            [batch.pts - batches[0].pts for batch in breaks],
            [times(0, end // 2) for _, end in gaps])
        sizes = [batch.size // 2 for batch in batches]
        self.assertEqual(sizes, ([SAMPLES] * 14 + [694]) * 6 + [SAMPLES] * 10)
        self.check_owned(batches)

    def test_the_lines_of_the_document_work_as_they_stand(self):
        for name in self.lines:
            with self.subTest(name):
                ends = self.start(name)
                output = ends["receiver"].process.stdout
                listed = (line for line in output if "= chain" in line)
                wanted = f"({SAMPLES * self.sample_size(name)} bytes"
                for line in itertools.islice(listed, 20):
                    self.assertIn(wanted, line)
                # a sender whose receiver is gone ends with an error
                ends["sender"].interrupt()
                ends["sender"].wait()
                # the end of a connection ends the receiver too
                if name.startswith("rtp"):
                    ends["receiver"].interrupt()
                ends["receiver"].wait()


def main():
    outside = os.environ.get(INSIDE)
    if outside in (None, mount_namespace()):
        enter_namespaces()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    NetworkTest.lines = read_lines(sys.argv[1])
    NetworkTest.networkend = os.path.abspath(sys.argv[2])
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=2)


if __name__ == "__main__":
    main()
