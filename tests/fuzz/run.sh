#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh FUZZER...: runs each fuzzer, and prints for each run the number of
# inputs, the CPU seconds for 1000 of them, and the code coverage. Exits with 1
# if one failed.
#
# FUZZ_SECONDS  how long each run takes (60)
# FUZZ_SEED     seeds of the random numbers, one run for each: "1 2 3"; 0 (the
#               default) is another one each time
# FUZZ_FROM     "seeds" (the default): from the seeds and from what earlier runs
#               found; "nothing"; or "seeds nothing": a run for each
# FUZZ_JOBS     how many run at a time (1)
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
TIMEFORMAT='cpu %U %S'

# report NAME RUN LOG STATUS: one line, and the end of the log if it failed
report() {
  local outcome=ok
  if [ "$4" != 0 ]; then
    outcome=FAILED
    tail -n 60 "$3"
  fi
  awk -v name="$1 $2" -v outcome="$outcome" -v log_file="$3" '
    /^stat::number_of_executed_units:/ { inputs = $2 }
    /^cpu / { cpu = $2 + $3 }
    match($0, /cov: [0-9]+/) { cov = substr($0, RSTART, RLENGTH) }
    END {
      printf "%s: %s, %d inputs, %.2f CPU s for 1000, %s, log in %s\n", name,
        outcome, inputs, inputs ? cpu * 1000 / inputs : 0, cov, log_file
    }' "$3"
}

# run_one FUZZER FROM SEED
run_one() {
  local name work log corpus status rss=1024
  name=$(basename "$1")
  work=$(dirname "$1")/$name.work
  log=$work/log-$2-$3
  corpus=("$work/corpus" "$here/seeds/${name#fuzz-}")
  if [ "$2" = nothing ]; then
    corpus=("$work/nothing-$3")
    rm -rf "${corpus[0]}"
  fi
  mkdir -p "${corpus[0]}"
  # ThreadSanitizer reports the memory that it refuses as if it were used.
  [ "$name" = fuzz-race ] && rss=0
  # The default schedule (-entropic=1) takes most of the time for itself.
  { time "$1" -max_total_time="${FUZZ_SECONDS:-60}" -seed="$3" -entropic=0 \
    -max_len=600 -timeout=30 -rss_limit_mb="$rss" -print_final_stats=1 \
    -use_value_profile=1 -artifact_prefix="$work/" "${corpus[@]}"; } \
    >"$log" 2>&1
  status=$?
  report "$name" "from $2, seed $3" "$log" "$status"
  return "$status"
}

status=0
running=0
for fuzzer in "$@"; do
  for from in ${FUZZ_FROM:-seeds}; do
    for seed in ${FUZZ_SEED:-0}; do
      if [ "$running" -ge "${FUZZ_JOBS:-1}" ]; then
        wait -n || status=1
        running=$((running - 1))
      fi
      run_one "$fuzzer" "$from" "$seed" &
      running=$((running + 1))
    done
  done
done
while [ "$running" -gt 0 ]; do
  wait -n || status=1
  running=$((running - 1))
done
exit "$status"
