#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a test program under GStreamer's leaks tracer, or under valgrind.
# usage: leaks.sh tracer|valgrind PROGRAM
set -u
how=$1
program=$2
log=$(mktemp) || exit 99
trap 'rm -f "$log"' EXIT

# Make the registry now: otherwise the program makes it, and loads every plugin.
gst-inspect-1.0 audiobatch >/dev/null || exit 99

case $how in
  tracer)
    CK_FORK=no GST_TRACERS=leaks GST_DEBUG=GST_TRACER:7 GST_DEBUG_NO_COLOR=1 \
      "$program" >"$log" 2>&1
    status=$?
    alive='object-alive, type-name=(string)[^%]'
    if grep -q "$alive" "$log"; then
      echo "these objects leaked:"
      grep "$alive" "$log"
      status=1
    fi
    ;;
  valgrind)
    if ! command -v valgrind >/dev/null; then
      echo "skipped: valgrind is not installed"
      exit 77
    fi
    CK_FORK=no G_SLICE=always-malloc CK_TIMEOUT_MULTIPLIER=20 \
      valgrind --quiet --error-exitcode=1 --leak-check=full \
      --errors-for-leak-kinds=definite \
      --suppressions="$(dirname "$0")/../../sanitizers/valgrind.supp" "$program" >"$log" 2>&1
    status=$?
    ;;
  *)
    echo "usage: leaks.sh tracer|valgrind PROGRAM"
    exit 2
    ;;
esac
tail -n 40 "$log"
exit $status
