#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Picks the seeds of a fuzzer: the inputs that together reach the most code.

seeds.py FUZZER CORPUS... picks from the folders CORPUS and from the present
seeds, and replaces seeds/NAME, where FUZZER is fuzz-NAME.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

MOST_SEEDS = 40
# as in meson.build: memory that is refused is no crash
ENV = {"ASAN_OPTIONS": "allocator_may_return_null=1:max_allocation_size_mb=40"}


def features_of_each(fuzzer, folders, work):
    """The features that each input reaches, by libFuzzer's merge control file."""
    control = work / "control"
    (work / "merged").mkdir()
    subprocess.run([fuzzer, "-set_cover_merge=1", "-max_len=600",
                    f"-merge_control_file={control}",
                    f"-artifact_prefix={work}/", work / "merged",
                    *folders], check=True, stderr=subprocess.DEVNULL,
                   env={**ENV, **os.environ})
    lines = control.read_text().splitlines()
    names = lines[2:2 + int(lines[0])]
    features = {}
    for line in lines[2 + len(names):]:
        word, index, *numbers = line.split()
        if word == "FT":
            features[names[int(index)]] = set(map(int, numbers))
    return features


def pick(features):
    """Greedy: takes the input that adds most features; of equals the shortest."""
    reached, picked = set(), []
    while len(picked) < MOST_SEEDS:
        best = max(sorted(features), key=lambda name: (
            len(features[name] - reached), -pathlib.Path(name).stat().st_size))
        if features[best] <= reached:
            break
        reached |= features[best]
        picked.append(pathlib.Path(best).read_bytes())
    return picked, len(reached), len(set().union(*features.values()))


def main():
    fuzzer = pathlib.Path(sys.argv[1]).resolve()
    name = fuzzer.name.removeprefix("fuzz-")
    seeds = pathlib.Path(__file__).parent / "seeds" / name
    seeds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        features = features_of_each(fuzzer, [*sys.argv[2:], seeds],
                                    pathlib.Path(work))
        picked, reached, known = pick(features)
    shutil.rmtree(seeds)
    seeds.mkdir()
    for data in picked:
        (seeds / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)
    print(f"{name}: {len(picked)} seeds of {sum(map(len, picked))} bytes reach "
          f"{reached} of {known} features")


main()
