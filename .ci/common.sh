# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by .ci/run and .ci/system: reads the README's commands and counts
# tests. shellcheck shell=bash

passed=0
failed=0

# Packages that the tests of the documents need besides the README's: sound
# servers, and what consumes batches.
consumer_tools=(
  gnuplot-nox gstreamer1.0-alsa gstreamer1.0-pipewire gstreamer1.0-pulseaudio
  iproute2 libasound2-plugins nodejs pipewire pipewire-bin pulseaudio
  python3-aubio wireplumber
)

# the n-th command of the README's section "Set up"
readme_command() {
  sed -n '/^## Set up/,/^## /p' README.md |
    sed -n '/^```sh$/,/^```$/p' | grep -v '^```' | sed -n "$1p"
}

# count_tests LOG SECONDS: adds up meson's test log, and names tests that did
# not pass
count_tests() {
  local counts
  counts=$(python3 - "$1" <<'PY'
import json, sys
good = bad = skipped = 0
for line in open(sys.argv[1], encoding="utf-8"):
    test = json.loads(line)
    if test["result"] in ("OK", "EXPECTEDFAIL"):
        good += 1
    elif test["result"] == "SKIP":
        print("skipped:", test["name"], test.get("stdout", "").strip()[-200:],
              file=sys.stderr)
    else:
        bad += 1
        print("failed:", test["name"], file=sys.stderr)
        print(test.get("stdout", "")[-4000:], file=sys.stderr)
        print(test.get("stderr", "")[:8000], file=sys.stderr)
print(good, bad)
PY
  ) || counts="0 1"
  # a log without tests is a failure
  [ "$counts" = "0 0" ] && counts="0 1"
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
  echo "      ${counts% *} passed, ${counts#* } failed ($2 s)"
}

# suite NAME LOG COMMAND...: runs tests and counts each
suite() {
  local name=$1 log=$2 start=$SECONDS output
  shift 2
  echo "--    $name"
  output=$(mktemp)
  rm -f "$log"
  "$@" >"$output" 2>&1 </dev/null
  [ -e "$log" ] || tail -n 100 "$output"
  rm -f "$output"
  count_tests "$log" $((SECONDS - start))
}
