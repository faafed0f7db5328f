# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs page.mjs in a browser, without a window, and measures its CPU time."""

import ctypes
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ["chromium", "chromium-browser", "google-chrome-stable"]
OPTIONS = ["--headless", "--disable-gpu", "--no-first-run",
           "--disable-background-networking", "--disable-component-update",
           "--autoplay-policy=no-user-gesture-required"]
# s until the page is open, and for a job. A loaded machine takes a while.
START_TIMEOUT = 60
JOB_TIMEOUT = 180

# of <sys/prctl.h>
PR_SET_CHILD_SUBREAPER = 36


def find_browser():
    return next(filter(None, map(shutil.which, NAMES)), None)


class Handler(http.server.BaseHTTPRequestHandler):
    """Hands out the page, and jobs for it. A post has the result of the last job,
    and waits for the next one."""
    FILES = {
        "/": ("text/html", b"<!doctype html><script type=module src=page.mjs>"
              b"</script>"),
        "/page.mjs": ("text/javascript", (HERE / "page.mjs").read_bytes()),
        "/worklet.mjs": ("text/javascript", (HERE / "worklet.mjs").read_bytes()),
    }

    def do_GET(self):
        if self.path in self.FILES:
            self.answer(*self.FILES[self.path])
        else:
            self.send_error(404)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.server.results.put(json.loads(self.rfile.read(size)))
        self.answer("application/json", json.dumps(self.server.jobs.get()).encode())

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """On loopback, at a free port."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.jobs = queue.Queue()
        self.results = queue.Queue()

    def handle_error(self, *_):
        """A browser that ends closes connections in which nothing was asked."""


def descendants():
    """The processes that this one has started, with theirs."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items()
                   if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def cpu_times():
    """The CPU time of each descendant, in s. clock_getcpuclockid() gives a process
    this clock."""
    times = {}
    for pid in descendants():
        with suppress(OSError):
            times[pid] = time.clock_gettime(~pid << 3 | 2)
    return times


def end_descendants():
    """Processes whose parent has ended become our children."""
    with suppress(ChildProcessError):
        while True:
            for pid in descendants():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.wait()


class Browser:
    """A browser that has opened the page. Nothing is left of it after the with
    statement, nor if this process is killed, except for its folder in /tmp."""

    def __init__(self, program):
        self.program = program
        self.server = Server()
        self.stack = ExitStack()

    def __enter__(self):
        with self.stack:
            self.stack.callback(self.server.server_close)
            profile = self.stack.enter_context(
                tempfile.TemporaryDirectory(prefix="audiobatch-browser-"))
            self.start(profile)
            self.result(START_TIMEOUT)
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self, profile):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        self.stack.callback(end_descendants)
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", self.program, *OPTIONS, *sandbox,
             f"--user-data-dir={profile}",
             f"http://127.0.0.1:{self.server.server_port}/"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.stack.callback(self.server.shutdown)

    def result(self, timeout):
        try:
            return self.server.results.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"{self.program} does not answer.") from None

    def run(self, job):
        """What the page says of a job, with the CPU time of all processes, in s."""
        before = cpu_times()
        self.server.jobs.put(job)
        result = self.result(JOB_TIMEOUT)
        result["cpu"] = sum(after - before.get(pid, 0)
                            for pid, after in cpu_times().items())
        return result
