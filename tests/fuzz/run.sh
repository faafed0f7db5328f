#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh FUZZER...: runs each for FUZZ_SECONDS, starting from the seeds and from
# the corpus of earlier runs. Prints for each the number of inputs and the code
# coverage. Exits with 1 if one failed. FUZZ_SEED seeds the random numbers; if
# it is 0 or not set, each run is different.
set -uo pipefail
seconds=${FUZZ_SECONDS:-60}
seeds=$(cd "$(dirname "$0")" && pwd)/seeds
status=0

for fuzzer in "$@"; do
  name=$(basename "$fuzzer")
  work=$(dirname "$fuzzer")/$name.work
  mkdir -p "$work/corpus"
  if "$fuzzer" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -max_len=600 -timeout=30 \
    -rss_limit_mb=1024 -print_final_stats=1 -use_value_profile=1 \
    -artifact_prefix="$work/" \
    "$work/corpus" "$seeds/${name#fuzz-}" >"$work/log" 2>&1; then
    outcome=ok
  else
    outcome=FAILED
    status=1
    tail -n 60 "$work/log"
  fi
  echo "$name: $outcome," \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") inputs," \
    "$(grep -o 'cov: [0-9]*' "$work/log" | tail -n 1)," \
    "log in $work/log"
done
exit "$status"
