#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs gst-audiobatch-profile-1.0 as its users do.

usage: profile.py PROGRAM MANPAGE PAGE

PAGE is docs/profile.md; a test runs each of its commands.

If there is no gnuplot, mandoc or terminal, the tests that need it are left out, with
a message. The others run. Unless one fails, the exit status is then 77 (skipped).
"""

import csv
import fcntl
import io
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from pathlib import Path
from xml.etree import ElementTree

import documents

PROGRAM = sys.argv[1]
MANPAGE = Path(sys.argv[2])
PAGE = Path(sys.argv[3])
# Longer than any run on a busy machine. meson limits the whole test.
SECONDS = 900
SUMS = ("batches", "allocations", "reused", "fallbacks", "allocated-bytes",
        "cpu-ns", "page-faults")
NOTHING = "interrupted before the first run ended, so nothing was measured"
missing = []


class Fault(Exception):
    """A failed check."""


class LeftOut(Exception):
    """What a test needs but is missing here."""


def check(holds, *what):
    if not holds:
        raise Fault(" ".join(str(one) for one in what))


def run(*args, status=0, env=None):
    """Runs the program. It must end with @status; returns its output."""
    done = subprocess.run([PROGRAM, *args], timeout=SECONDS, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, env=env)
    check(done.returncode == status, "status", done.returncode, "not", status,
          "of", args, "\n" + done.stdout + done.stderr)
    return done


def have(tool, package):
    if shutil.which(tool):
        return True
    missing.append(f"{tool} (apt-get install {package})")
    return False


def only_mode(document, name, case=0):
    modes = document["cases"][case]["modes"]
    return next(mode for mode in modes if mode["mode"] == name)


def check_sums(mode):
    """The runs are complete, and their figures add up."""
    check(len(mode["runs"]) == mode["rounds"], mode)
    for name in SUMS:
        total = sum(one[name] for one in mode["runs"])
        check(total == mode["all"][name], mode["mode"], name, total)
    costs = sorted(one["cpu-ns-per-batch"] for one in mode["runs"])
    check(costs[0] == mode["cpu-ns-per-batch-least"]
          and costs[-1] == mode["cpu-ns-per-batch-most"]
          and costs[0] <= mode["all"]["cpu-ns-per-batch"] <= costs[-1], mode)


def check_run(mode, one, batches, size):
    """Checks the counters of one run: whole batches of @size bytes."""
    got = [one[name] for name in ("batches", "allocations", "reused")]
    check(got[0] == batches and got[1] + got[2] == batches, mode, one)
    check(mode != "fresh" or got[1] == batches, mode, one)
    check(mode != "pool" or got[2] > batches // 2, mode, one)
    check(one["allocated-bytes"] == got[1] * size
          and one["bytes-per-batch"] == size, mode, one)
    check(one["cpu-ns"] > 0 and one["page-faults"] > 0, mode, one)
    check(one["allocation-ns-p50"] <= one["allocation-ns-p99"]
          <= one["allocation-ns-p999"] <= one["allocation-ns-max"], mode, one)
    check(one["cpu-ns-per-batch"] == one["cpu-ns"] / batches, mode, one)


def test_counters_of_every_case_add_up(folder):
    path = folder / "all.json"
    run("--rate", "48000,96000", "--channels", "1,2", "--samples-per-batch",
        "256,8192", "--batches", "2000", "--rounds", "2", "--format", "S16LE",
        "--json", path)
    document = json.loads(path.read_text())
    check(document["interrupted"] is False and len(document["cases"]) == 8)
    for case in document["cases"]:
        size = case["channels"] * case["samples-per-batch"] * 2
        check([mode["mode"] for mode in case["modes"]]
              == ["fresh", "pool", "auto"], case["name"])
        for mode in case["modes"]:
            check(mode["rounds"] == 2, mode)
            check_sums(mode)
            for one in mode["runs"]:
                check_run(mode["mode"], one, 2000, size)
        check(case["verdict"]["choice"] in ("fresh", "pool", "either"), case)
        check(case["modes"][0]["all"]["advice"] == "fresh", case)


def test_a_launch_line_is_measured_as_one_word_or_several(folder):
    line = ("audiotestsrc num-buffers=100 samplesperbuffer=4096 ! "
            "audio/x-raw,format=F32LE,rate=16000,channels=1 ! "
            "audiobatch samples-per-batch=512 ! queue ! fakesink")
    for words in ([line], line.split()):
        path = folder / "line.json"
        done = run("--rounds", "1", "--mode", "fresh,pool", "--json", path,
                   *words)
        document = json.loads(path.read_text())
        check(document["cases"][0]["name"] == line, document)
        for mode in document["cases"][0]["modes"]:
            check_run(mode["mode"], mode["runs"][0], 800, 2048)
        check(line.split(" ! ")[0] in done.stdout, done.stdout)


def test_all_elements_of_the_line_are_set_and_counted(folder):
    path = folder / "two.json"
    run("--rounds", "1", "--mode", "pool", "--json", path,
        "audiobatchsrc num-buffers=500 allocation=fresh ! "
        "audiobatch samples-per-batch=512 allocation=fresh ! fakesink")
    one = only_mode(json.loads(path.read_text()), "pool")["runs"][0]
    check(one["batches"] == 1500, one)
    check(one["allocations"] + one["reused"] == 1500, one)
    check(one["reused"] > 1400, one)


def test_a_consumer_that_holds_batches_empties_the_pool(folder):
    path = folder / "hold.json"
    run("--rounds", "1", "--mode", "fresh,pool", "--same-thread", "--hold",
        "40", "--batches", "2000", "--json", path)
    document = json.loads(path.read_text())
    fresh = only_mode(document, "fresh")["runs"][0]
    pool = only_mode(document, "pool")["runs"][0]
    # 40 held batches and the one on its way
    check(fresh["peak-outstanding-batches"] == 41 and fresh["fallbacks"] == 0, fresh)
    check(pool["fallbacks"] > 0
          and pool["allocations"] + pool["reused"] == 2000, pool)


def test_duration_ends_a_stream_without_an_end(folder):
    path = folder / "live.json"
    run("--rounds", "1", "--mode", "fresh", "--duration", "0.5", "--json",
        path, "audiobatchsrc is-live=true ! fakesink")
    one = only_mode(json.loads(path.read_text()), "fresh")["runs"][0]
    # 23.4 batches in half a second; the source catches up if it is late
    check(0.5e9 <= one["wall-ns"] and 10 <= one["batches"]
          <= one["wall-ns"] / 1e9 * 46.875 + 2, one)


def test_csv_says_the_same_as_json(folder):
    done = run("--channels", "1,2", "--batches", "2000", "--rounds", "3",
               "--csv", "-", "--json", folder / "same.json")
    document = json.loads((folder / "same.json").read_text())
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    check(len(rows) == 6, rows)
    check("Keep fresh" in done.stderr or "tay with fresh" in done.stderr
          or "Recycle" in done.stderr, done.stderr)
    expected = [(case["name"], mode) for case in document["cases"]
                for mode in case["modes"]]
    for row, (case, mode) in zip(rows, expected):
        check(row.pop("case") == case and row.pop("mode") == mode["mode"], row)
        check(int(row.pop("rounds")) == mode["rounds"], row)
        figures = {**mode["all"], **{key: value for key, value in mode.items()
                                     if key.startswith("cpu-")}}
        check(row.keys() == figures.keys(), row, figures)
        for name, value in figures.items():
            same = (row[name] == value if isinstance(value, str)
                    else float(row[name]) == value)
            check(same, name, row[name], value)


def test_csv_keeps_quotes_and_commas_of_the_launch_line(_folder):
    line = 'audiobatchsrc name="a, b" num-buffers=5 ! fakesink'
    done = run("--rounds", "1", "--mode", "fresh", "--csv", "-", line)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    check([row["case"] for row in rows] == [line], rows)


def test_json_on_stdout_is_json_alone(_folder):
    done = run("--rounds", "1", "--batches", "2000", "--json", "-")
    check(json.loads(done.stdout)["program"] == "gst-audiobatch-profile")
    check("fresh" in done.stderr and "\r" not in done.stderr, done.stderr)


def test_what_the_pipeline_prints_is_not_in_the_report(_folder):
    done = run("--rounds", "1", "--mode", "fresh", "--json", "-",
               "audiobatchsrc num-buffers=3 ! fdsink fd=1")
    check(json.loads(done.stdout)["cases"], done.stdout)


def test_the_table_has_a_row_for_each_mode(_folder):
    done = run("--rounds", "2", "--batches", "2000")
    rows = {line.split()[0]: line.split()
            for line in done.stdout.splitlines() if line}
    for mode in ("fresh", "pool", "auto"):
        check(rows[mode][1] == "4000", rows[mode])
    check("6 runs" in done.stdout, done.stdout)
    check("allocation=auto " in done.stdout, done.stdout)
    check(done.stderr == "", done.stderr)


def test_plots_are_drawn(folder):
    if not have("gnuplot", "gnuplot-nox"):
        return
    line = 'audiobatchsrc num-buffers=2000 name="it_s_a" ! fakesink'
    for name, begin in (("a'b.svg", b"<?xml"), ("c d.png", b"\x89PNG")):
        for words in (["--channels", "1,2", "--batches", "2000"], [line]):
            path = folder / name
            run("--rounds", "1", "--plot", path, *words)
            picture = path.read_bytes()
            check(picture.startswith(begin) and len(picture) > 5000, name)
            check(not name.endswith("svg") or (b">fresh<" in picture
                                               and b">pool<" in picture), name)
            path.unlink()


def texts(svg):
    """The texts of a picture: the words, and how far down they are."""
    name = "{http://www.w3.org/2000/svg}"
    return [("".join(group.find(name + "text").itertext()).strip(),
             float(group.get("transform").split(",")[1].split(")")[0]))
            for group in ElementTree.fromstring(svg).iter(name + "g")
            if group.find(name + "text") is not None]


def draw(folder, *words, env=None):
    path = folder / "x.svg"
    run("--rounds", "1", "--plot", path, *words, env=env)
    return path.read_text(encoding="utf-8")


def test_the_title_the_legend_and_the_plots_have_lines_of_their_own(folder):
    if not have("gnuplot", "gnuplot-nox"):
        return
    line = "audiobatchsrc num-buffers=2000\n!\tqueue ! " + "queue ! " * 9 + "fakesink"
    for words, title in ((["--batches", "2000"], "What batches cost"),
                         ([line], "audiobatchsrc num-buffers=2000 ! queue")):
        shown = texts(draw(folder, *words))
        heights = [next(y for text, y in shown if text.startswith(begin))
                   for begin in (title, "fresh", "CPU time of a batch")]
        check(all(below - above >= 20 for above, below
                  in zip(heights, heights[1:])), heights)
        check(heights[0] >= 12, heights)
        for mode in ("pool", "auto"):
            check((mode, heights[1]) in shown, mode, shown)


def test_pictures_have_microseconds_in_every_locale(folder):
    if not have("gnuplot", "gnuplot-nox"):
        return
    for locale in ("C", "C.UTF-8"):
        shown = [text for text, _ in
                 texts(draw(folder, "--batches", "2000",
                            env={**os.environ, "LC_ALL": locale}))]
        check("\u00b5s" in shown, shown)
        check(sum(bool(re.fullmatch(r"[0-9.]+ \u00b5s", text))
                  for text in shown) == 3, shown)
        check(not any(re.search(r"\b(us|ns|ms)$", text) for text in shown), shown)


def test_the_picture_is_named_by_us(folder):
    if not have("gnuplot", "gnuplot-nox"):
        return
    for words, title in (
            (["--batches", "2000"],
             "What batches cost, by where their memory comes from"),
            (['audiobatchsrc num-buffers=9 name="a<b&c" ! fakesink'],
             'audiobatchsrc num-buffers=9 name="a<b&c" ! fakesink')):
        root = ElementTree.fromstring(draw(folder, *words))
        got = root.find("{http://www.w3.org/2000/svg}title").text
        check(got == title, got)


def test_the_table_has_microseconds_in_every_locale(_folder):
    for locale, unit in (("C", "us"), ("C.UTF-8", "\u00b5s")):
        done = run("--mode", "fresh", "--rounds", "1", "--batches", "2000",
                   env={**os.environ, "LC_ALL": locale})
        check(re.search(rf"^fresh +2000 +[0-9.]+ {unit} ", done.stdout, re.M),
              done.stdout)


def test_without_gnuplot_nothing_is_measured(folder):
    env = {**os.environ, "PATH": str(folder)}
    done = run("--plot", folder / "x.svg", status=3, env=env)
    check("gnuplot" in done.stderr and "apt-get install" in done.stderr
          and done.stdout == "", done.stderr)
    check(not (folder / "x.svg").exists())


def test_a_gnuplot_that_fails_is_told_of(folder):
    tool = folder / "gnuplot"
    tool.write_text("#!/bin/sh\necho no such terminal >&2\nexit 1\n")
    tool.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = run("--rounds", "1", "--batches", "2000", "--plot",
               folder / "x.svg", status=3, env=env)
    check("no such terminal" in done.stderr and "fresh" in done.stdout,
          done.stderr)


def test_files_that_cannot_be_written_are_told_of_before(folder):
    for option in ("--json", "--csv", "--plot"):
        path = str(folder / "none" / "x.svg")
        done = run(option, path, status=3)
        check(path in done.stderr and done.stdout == "", done.stderr)
    done = run("--json", folder, status=3)
    check(str(folder) in done.stderr and "directory" in done.stderr.lower(),
          done.stderr)


def test_a_full_disk_is_told_of(_folder):
    if not os.path.exists("/dev/full"):
        missing.append("/dev/full")
        return
    for option in ("--json", "--csv"):
        done = run("--rounds", "1", "--batches", "2000", option, "/dev/full",
                   status=3)
        check("/dev/full" in done.stderr and "No space" in done.stderr,
              done.stderr)


def test_wrong_options_and_lines_are_told_of(_folder):
    for args, text in (
            (["--rate", "0"], "'0'"),
            (["--channels", "x"], "'x'"),
            (["--plot", "x.pdf"], "'x.pdf'"),
            (["fakesrc ! fakesink"], "no audiobatch or audiobatchsrc"),
            (["audiobatchsrc ! nosuchelement"], "nosuchelement"),
            (["audiobatchsrc", "!", "nosuchelement"], "nosuchelement"),
            (["audiobatchsrc nosuchproperty=1 ! fakesink"], "nosuchproperty"),
            (["--rate", "8000", "audiobatchsrc ! fakesink"], "--rate")):
        done = run(*args, status=1)
        check(text in done.stderr and "--help" in done.stderr
              and done.stdout == "", args, done.stderr)


def test_without_the_plugin_the_way_to_it_is_told(folder):
    env = {**os.environ, "GST_PLUGIN_PATH_1_0": str(folder),
           "GST_REGISTRY_1_0": str(folder / "registry.bin")}
    env.pop("GST_PLUGIN_PATH", None)
    probe = subprocess.run(["gst-inspect-1.0", "audiobatch"], env=env,
                           capture_output=True, check=False)
    if probe.returncode == 0:
        missing.append("a GStreamer without an installed audiobatch")
        return
    done = run(status=1, env=env)
    check("GST_PLUGIN_PATH_1_0" in done.stderr, done.stderr)


def test_an_element_s_error_is_shown_with_its_debug_text(_folder):
    done = run("--rounds", "1", "audiobatchsrc num-buffers=5 ! "
               "filesink location=/nosuchfolder/x", status=2)
    for text in ("allocation=fresh", "GstFileSink", "/nosuchfolder/x",
                 "Debug: ", "No such file or directory"):
        check(text in done.stderr, text, "not in", done.stderr)


def test_a_stream_without_batches_is_a_failure(_folder):
    done = run("audiobatchsrc num-buffers=0 ! fakesink", status=2)
    check("before the first batch" in done.stderr, done.stderr)


def test_a_crash_ends_the_run_and_not_the_program(folder):
    """Kills the child as soon as its output shows that it plays."""
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    path = folder / "crash.json"
    child = subprocess.Popen(
        [PROGRAM, "--json", path, "--duration", "60",
         f"audiobatchsrc is-live=true ! filesink location={fifo}"],
        stderr=subprocess.PIPE, text=True)
    with open(fifo, "rb") as stream:
        check(stream.read(1) != b"")
        os.kill(only_child(child.pid), signal.SIGSEGV)
        # in here: a closed FIFO would be another signal
        stderr = child.communicate(timeout=SECONDS)[1]
    check(child.returncode == 2 and "signal 11" in stderr, child.returncode,
          stderr)


def only_child(pid):
    """Not from /proc/PID/task/PID/children, which may miss some."""
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except OSError:
            continue
        # pid (name) state parent
        if int(stat.rpartition(")")[2].split()[1]) == pid:
            children.append(int(path.parent.name))
    check(len(children) == 1, children)
    return children[0]


class Terminal:
    """The program with stderr on a terminal; stdout is a pipe.

    With @columns, the terminal is that wide. With @both, stdout is there, too."""

    def __init__(self, *args, columns=0, both=False, env=None):
        try:
            main, side = pty.openpty()
        except OSError as error:
            raise LeftOut(f"pseudo terminal ({error}; mount a devpts file "
                          "system on /dev/pts)") from error
        self.seen = ""
        self.main = main
        if columns:
            fcntl.ioctl(side, termios.TIOCSWINSZ,
                        struct.pack("HHHH", 50, columns, 0, 0))
        self.process = subprocess.Popen(
            [PROGRAM, *args], stdin=subprocess.DEVNULL, stderr=side,
            stdout=side if both else subprocess.PIPE, text=True,
            start_new_session=True,
            env={"COLUMNS": "", **os.environ, **(env or {})})
        os.close(side)
        self.killer = threading.Timer(SECONDS, self.process.kill)
        self.killer.start()

    def read_until(self, text):
        """Reads until the terminal shows @text; if that is None, to the end."""
        while text is None or text not in self.seen:
            try:
                data = os.read(self.main, 4096)
            except OSError:
                data = b""
            if not data:
                break
            self.seen += data.decode()
        if text is None or text in self.seen:
            return
        # otherwise the test waits for the timer
        self.killer.cancel()
        raise Fault(f"never shown: {text} in {self.seen}")

    def finish(self):
        """Waits until every process with this terminal as stderr has ended.
        Returns the exit status and stdout."""
        self.read_until(None)
        stdout = self.process.communicate()[0]
        self.killer.cancel()
        os.close(self.main)
        return self.process.returncode, stdout


def test_a_terminal_shows_how_far_it_is(_folder):
    terminal = Terminal("--rounds", "1", "--batches", "2000")
    status, stdout = terminal.finish()
    check(status == 0 and "fresh" in stdout and "\r" not in stdout, stdout)
    for text in ("[--------------------] run 1 of 3: fresh",
                 "[######--------------] run 2 of 3, ",
                 "[#############-------] run 3 of 3, "):
        check(text in terminal.seen, text, "not in", terminal.seen)
    check(terminal.seen.endswith("\r\x1b[K"), repr(terminal.seen[-80:]))


def shown(*args, **how):
    """The lines that the program leaves on a terminal, without the progress."""
    terminal = Terminal(*args, both=True, **how)
    status, _ = terminal.finish()
    check(status == 0, status, terminal.seen)
    text = re.sub(r"[^\n]*\r\x1b\[K", "", terminal.seen.replace("\r\n", "\n"))
    return text.split("\n")


def check_fits(lines, columns):
    """No line is longer than the terminal. The figures are complete."""
    for line in lines:
        check(len(line) <= columns, len(line), "columns:", line)
    text = " ".join(lines)
    for what in ("batches", "CPU of", "p99.9", "faults", "RSS", "reused",
                 "fresh", "pool", "auto", "4000", "allocation=auto"):
        check(what in text, what, "not in", lines)


def test_the_table_and_the_verdict_fit_the_terminal(_folder):
    for columns in (150, 80, 40):
        lines = shown("--rounds", "2", "--batches", "2000", columns=columns)
        check_fits(lines, columns)
        figures = [line for line in lines if line.startswith("CPU of a batch")]
        check(len(figures) == {150: 0, 80: 1, 40: 3}[columns], lines)


def test_a_long_launch_line_fits_the_terminal(_folder):
    name = "a" * 90 + "\u00e9" + "\u6f22\u5b57" * 10
    lines = shown("--rounds", "1", f"audiobatchsrc\tnum-buffers=9\tname={name} "
                  "! fakesink", columns=40)
    for line in lines:
        wide = sum(character in "\u6f22\u5b57" for character in line)
        check("\t" not in line and len(line) + wide <= 40, lines)
    check(name in "".join(lines), lines)


def test_columns_can_ask_for_less_than_the_terminal_has(_folder):
    args = ("--rounds", "2", "--batches", "2000")
    check_fits(shown(*args, columns=150, env={"COLUMNS": "40"}), 40)
    check_fits(shown(*args, columns=40, env={"COLUMNS": "150"}), 40)
    check_fits(shown(*args, columns=40, env={"COLUMNS": "x"}), 40)
    env = {**os.environ, "COLUMNS": "40"}
    done = run(*args, env=env)
    check(re.search(r"^fresh +4000 .* 0$", done.stdout, re.M), done.stdout)


def test_the_table_beside_json_fits_the_terminal_of_stderr(_folder):
    terminal = Terminal("--rounds", "2", "--batches", "2000", "--json", "-",
                        columns=40)
    _, stdout = terminal.finish()
    check(json.loads(stdout)["cases"], stdout)
    check("\r\nCPU of a batch " in terminal.seen, terminal.seen)


def test_ctrl_c_shows_and_writes_what_was_measured(folder):
    path = folder / "early.json"
    terminal = Terminal("--rounds", "50", "--json", path,
                        "audiobatchsrc is-live=true num-buffers=20 ! fakesink")
    terminal.read_until("run 2 of 150")
    terminal.process.send_signal(signal.SIGINT)
    status, stdout = terminal.finish()
    check(status == 130, status, stdout)
    check("interrupted" in terminal.seen, terminal.seen)
    check(re.search(r"^fresh +20 ", stdout, re.M), stdout)
    check("No verdict" in stdout, stdout)
    document = json.loads(path.read_text())
    check(document["interrupted"] is True, document)
    check_run("fresh", only_mode(document, "fresh")["runs"][0], 20, 4096)


def interrupt_first(*args):
    """Interrupts the first run. Returns what stderr showed, and stdout."""
    terminal = Terminal(*args, "audiobatchsrc is-live=true ! fakesink")
    terminal.read_until("run 1 of 9")
    terminal.process.send_signal(signal.SIGINT)
    status, stdout = terminal.finish()
    check(status == 130, status, stdout, terminal.seen)
    return terminal.seen, stdout


def test_ctrl_c_before_the_first_result_says_so(folder):
    path = folder / "nothing.json"
    seen, stdout = interrupt_first("--json", path)
    check(NOTHING in seen and "this is what" not in seen, seen)
    check(stdout == "", stdout)
    check(not path.exists(), "there is nothing to write")


def test_ctrl_c_before_the_first_result_is_json_on_stdout(folder):
    seen, stdout = interrupt_first("--json", "-", "--csv", folder / "x.csv")
    document = json.loads(stdout)
    check(NOTHING in seen, seen)
    check(document["interrupted"] is True and document["cases"] == []
          and document["error"] == NOTHING, document)
    check(document["program"] == "gst-audiobatch-profile", document)
    check(not (folder / "x.csv").exists(), "there is nothing to write")


def test_ctrl_c_after_a_result_is_json_on_stdout(_folder):
    terminal = Terminal("--rounds", "50", "--json", "-",
                        "audiobatchsrc is-live=true num-buffers=20 ! fakesink")
    terminal.read_until("run 2 of 150")
    terminal.process.send_signal(signal.SIGINT)
    status, stdout = terminal.finish()
    document = json.loads(stdout)
    check(status == 130 and document["interrupted"] is True, document)
    check("interrupted; this is what was measured" in terminal.seen
          and "interrupted" in document["error"], terminal.seen, document)
    check_run("fresh", only_mode(document, "fresh")["runs"][0], 20, 4096)


def test_ctrl_c_while_the_program_starts_is_told_of(_folder):
    """Interrupts the whole group, as a terminal does, before anything is shown."""
    terminal = Terminal("--json", "-", "audiobatchsrc is-live=true ! fakesink")
    wait_for_handler(terminal.process.pid)
    os.killpg(terminal.process.pid, signal.SIGINT)
    status, stdout = terminal.finish()
    check(status == 130 and NOTHING in terminal.seen, status, terminal.seen)
    check(json.loads(stdout)["interrupted"] is True, stdout)


def wait_for_handler(pid):
    """Until the process handles SIGINT, or has ended."""
    status = Path(f"/proc/{pid}/status")
    while True:
        text = status.read_text()
        caught = int(re.search(r"^SigCgt:\s*(\w+)", text, re.M).group(1), 16)
        if caught >> (signal.SIGINT - 1) & 1 or "State:\tZ" in text:
            return


def test_ctrl_c_while_a_run_starts_is_an_interrupt(_folder):
    """The run does not handle the signal yet, so it ends by it."""
    terminal = Terminal("audiobatchsrc is-live=true ! fakesink")
    terminal.read_until("run 1 of 9")
    os.killpg(terminal.process.pid, signal.SIGINT)
    status, _ = terminal.finish()
    check(status == 130 and NOTHING in terminal.seen, status, terminal.seen)


def test_a_failure_before_the_first_result_is_json_on_stdout(_folder):
    done = run("--json", "-", "audiobatchsrc num-buffers=0 ! fakesink", status=2)
    document = json.loads(done.stdout)
    check(document["interrupted"] is False and document["cases"] == [], document)
    check("before the first batch" in document["error"], document)


def test_one_round_says_what_to_type(_folder):
    done = run("--rounds", "1", "--batches", "2000", "--json", "-")
    verdict = json.loads(done.stdout)["cases"][0]["verdict"]
    # a difference of a third can be seen in one round
    if verdict["choice"] == "none":
        check("type --rounds 3" in verdict["sentence"], verdict)


def test_help_and_the_man_page_have_the_same_options(_folder):
    told = run("--help").stdout
    options = set(re.findall(r"(--[a-z][a-z-]*)", told.split("tion Options:")[1]
                             .split("Examples:")[0]))
    check({"--rate", "--plot", "--version"} <= options, options)
    listed = set()
    for line in MANPAGE.read_text().splitlines():
        if line.startswith(".It Fl"):
            listed |= {"-" + name for name in re.findall(r"Fl (-\S+)", line)}
    check(options | {"--help"} == listed, options ^ listed)
    for status in ("0 ", "1 ", "2 ", "3 ", "130 "):
        text = told.split("Exit status:")[1]
        check(re.search(rf"^  {status}", text, re.M), status, text)
        check(f".It {status.strip()}\n" in MANPAGE.read_text(), status)
    check("Examples:" in told and "--run" not in told, told)


def test_the_version_is_the_project_s(_folder):
    check(re.fullmatch(r"gst-audiobatch-profile-1\.0 \d+\.\d+\.\d+\n",
                       run("--version").stdout))


def test_the_man_page_is_without_fault(_folder):
    if not have("mandoc", "mandoc"):
        return
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", MANPAGE],
                          capture_output=True, text=True, check=False)
    check(done.returncode == 0, done.stdout + done.stderr)


def test_the_commands_of_the_page_run(_folder):
    path = f"{Path(PROGRAM).resolve().parent}:{os.environ['PATH']}"
    blocks = documents.fences("docs/profile.md", PAGE.read_text())
    commands = [command for block in blocks if block.kind == "sh"
                for command in block.commands()]
    check(len(commands) >= 3, commands)
    for command in commands:
        fault, output = documents.run(command, SECONDS,
                                      env=dict(os.environ, PATH=path))
        check(not fault, command, fault)
        check("fresh " in output and "pool " in output, command, output)


def main():
    failed = 0
    tests = [(name, test) for name, test in globals().items()
             if name.startswith("test_")]
    for name, test in tests:
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(Path(folder))
                print("ok  ", name, flush=True)
            except LeftOut as what:
                missing.append(str(what))
                print("skip", name, flush=True)
            except Exception as fault:  # run the other tests too
                failed += 1
                print("FAIL", name, repr(fault), fault, flush=True)
    print(f"{len(tests)} tests, {failed} failed")
    for what in sorted(set(missing)):
        print(f"left out: there is no {what}")
    return 1 if failed else 77 if missing else 0


sys.exit(main())
