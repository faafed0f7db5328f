#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the benchmarks and updates docs/benchmark-tables.md and the pictures.

Usage: report.py [--rounds N] [--again] [--compiler VERSION] BUILD

Keeps the JSON of each program in BUILD/benchmarks; --again reads that instead of
running them. Needs gnuplot, valgrind for the instructions, and ffmpeg, node and
chromium. The figures in docs/benchmarks.md, which are taken from the tables, are
updated by hand.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent.parent / "docs"
PAGE = DOCS / "benchmark-tables.md"
PROGRAMS = ["transform", "source", "memory", "streams", "grid"]
# with the programs that they need
SCRIPTS = {"whole": ["consume"], "ends": []}

STYLE = """\
set terminal svg size 900,360 background rgb 'white' font 'sans-serif,12'
set encoding utf8
set grid
set key top right
set logscale x 2
set linetype 1 lc rgb '#0060ad' lw 2 pt 7 ps 0.6
set linetype 2 lc rgb '#888888' lw 2 pt 5 ps 0.6
set linetype 3 lc rgb '#dd181f' lw 2 pt 9 ps 0.6
set linetype 4 lc rgb '#0060ad' lw 2 pt 6 ps 0.6 dt 2
set linetype 5 lc rgb '#888888' lw 2 pt 4 ps 0.6 dt 2
set linetype 6 lc rgb '#dd181f' lw 2 pt 8 ps 0.6 dt 2
"""


def default_compiler():
    """The version of the compiler in PATH, which most likely made the build."""
    return subprocess.check_output(["cc", "-dumpfullversion"],
                                   text=True).strip()


def run_all(build, out, rounds, cc_version):
    """Runs each program. Its JSON goes to the folder @out."""
    environment = dict(os.environ)
    environment["GST_PLUGIN_PATH_1_0"] = str(build / "gst" / "audiobatch")
    programs = build / "tests" / "benchmarks"
    out.mkdir(exist_ok=True)
    commands = [[programs / f"benchmark-{name}", "--json", out / f"{name}.json"]
                + (["--rounds", str(rounds)] if rounds else [])
                for name in PROGRAMS]
    for name, arguments in SCRIPTS.items():
        commands.append(["/usr/bin/python3", HERE / f"{name}.py", "--compiler",
                         cc_version, "--json", out / f"{name}.json"]
                        + [programs / argument for argument in arguments])
    commands.append([HERE / "cost.py", "--record", "--json", out / "cost.json",
                     programs / "drive"])
    for command in commands:
        subprocess.run(command, env=environment, check=True,
                       stdout=subprocess.DEVNULL)


def format_cell(column, row):
    value = row[column["name"]]
    if "decimals" in column:
        return f"{value:.{column['decimals']}f}"
    return str(value)


def format_table(table):
    columns = table["columns"]
    align = ["---:" if "decimals" in column else "---" for column in columns]
    lines = [[column["heading"] for column in columns], align]
    lines += [[format_cell(column, row) for column in columns]
              for row in table["rows"]]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table['title']}:\n\n{text}\n"


def format_tables(document):
    """The text between two markers."""
    parts = [format_table(table) for table in document["tables"]]
    if "machine" in document:
        machine = document["machine"]
        parts.insert(0, f"{machine['processor']}, {machine['cores']} cores; "
                     f"{machine['os']}, Linux {machine['kernel']}; "
                     f"{machine['gstreamer']}; gcc {machine['compiler']}. "
                     f"{document['rounds']} rounds, {document['date'][:10]}.\n")
    return "\n".join(parts)


def fill_page(documents):
    page = PAGE.read_text()
    for name, document in documents.items():
        marked = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end -->)", re.S)
        if not marked.search(page):
            sys.exit(f"{PAGE} has no place for {name}")
        tables = format_tables(document)
        page = marked.sub(lambda m: f"{m[1]}\n{tables}\n{m[2]}", page)
    PAGE.write_text(page)


def data_block(name, rows, x, columns):
    """Rows of numbers as gnuplot's $name."""
    lines = [" ".join(str(row[key]) for key in [x, *columns]) for row in rows]
    return f"${name} << END\n" + "\n".join(lines) + "\nEND\n"


def plot(name, columns):
    """The plot of a block's columns by its first one."""
    return "plot " + ", ".join(
        f"${name} using 1:{i} with linespoints title '{column}'"
        for i, column in enumerate(columns, 2)) + "\n"


def draw(file, title, script):
    """Draws the picture. gnuplot would give the file its own name as a title."""
    picture = subprocess.run(["gnuplot"], check=True, text=True,
                             stdout=subprocess.PIPE,
                             input=STYLE + script).stdout
    (DOCS / file).write_text(picture.replace("<title>Gnuplot", f"<title>{title}",
                                             1))


def draw_transform(document):
    """Cost by chunk size, compared with the peers."""
    ways = ["audiobatch", "floor", "audiobuffersplit"]
    script = ("set multiplot layout 1,2\nset yrange [0:*]\n"
              "set xrange [100:80000]\n"
              "set xtics (128, 480, 1024, 4096, 65536)\n"
              "set xlabel 'samples of a chunk'\nset ylabel 'ns of a batch'\n")
    for channels in (1, 8):
        rows = [row for row in document["tables"][0]["rows"]
                if row["channels"] == channels and row["format"] == "F32LE"]
        block = f"channels{channels}"
        script += data_block(block, rows, "chunk", ways)
        script += (f"set title 'F32, {channels} "
                   f"channel{'s' if channels > 1 else ''}'\n")
        script += plot(block, ways)
    draw("benchmarks-transform.svg", "Cost of a batch by the size of the chunks",
         script)


def by_allocation(rows):
    """A row for each size, with columns for each allocation mode."""
    sizes = {}
    for row in rows:
        size = sizes.setdefault(row["kib"], {"kib": row["kib"]})
        for key, heading in (("p50", "p50"), ("p999", "p99.9")):
            size[f"{row['allocation']} {heading}"] = row[key]
    return list(sizes.values())


def draw_memory(document):
    """Fresh and recycled memory by batch size."""
    columns = [f"{allocation} {part}" for part in ("p50", "p99.9")
               for allocation in ("fresh", "pool", "auto")]
    script = ("set multiplot layout 1,2\nset logscale y\nset key top left\n"
              "set xlabel 'KiB of a batch'\nset ylabel 'µs of a batch'\n")
    # without the tables of other processes
    for number, table in enumerate(document["tables"][:2]):
        block = f"table{number}"
        script += data_block(block, by_allocation(table["rows"]), "kib",
                             columns)
        script += f"set title '{table['title'].split(';')[0]}'\n"
        script += plot(block, columns)
    draw("benchmarks-memory.svg", "Cost of a batch's memory by its size",
         script)


def draw_streams(document):
    """Cost by number of streams, compared with the peers."""
    ways = ["audiobatch", "audiobuffersplit"]
    script = ("set multiplot layout 1,2\nset logscale x 10\n"
              "set yrange [0:*]\nset xlabel 'live streams in one process'\n"
              "set ylabel 'µs of processor time for a second of one'\n")
    for wave in ("sine", "silence"):
        parts = []
        for chunk in (480, 1024):
            rows = [row for row in document["tables"][0]["rows"]
                    if row["wave"] == wave and row["chunk"] == chunk]
            block = f"{wave}{chunk}"
            script += data_block(block, rows, "streams", ways)
            parts += [f"${block} using 1:{i} with linespoints lt "
                      f"{i - 1 if chunk == 480 else i + 2} "
                      f"title '{way}, chunks of {chunk}'"
                      for i, way in enumerate(ways, 2)]
        script += f"set title '{wave}'\nplot {', '.join(parts)}\n"
    draw("benchmarks-streams.svg", "Cost of a live stream by their number",
         script)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--compiler", default=default_compiler(),
                        metavar="VERSION", help="of the build's gcc")
    parser.add_argument("build", type=Path)
    args = parser.parse_args()
    out = args.build.resolve() / "benchmarks"
    if not args.again:
        run_all(args.build.resolve(), out, args.rounds, args.compiler)
    documents = {name: json.loads((out / f"{name}.json").read_text())
                 for name in [*PROGRAMS, *SCRIPTS, "cost"]}
    fill_page(documents)
    draw_transform(documents["transform"])
    draw_memory(documents["memory"])
    draw_streams(documents["streams"])


if __name__ == "__main__":
    main()
