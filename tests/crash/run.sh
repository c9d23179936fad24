#!/usr/bin/env bash
# Kills the broker under load and checks what it kept; first shows that the checker can fail.
#
#   tests/crash/run.sh [CYCLES] [arguments of crash_driver]     default 200 cycles, 50 with --ci
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

cycles=200
[ -n "${SWITCHYARD_CI:-}" ] && cycles=50
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  cycles=$1
  shift
fi

build release all switchyard_mutant || { finish; exit 1; }
bin=$root/build/release/bin
# A folder on the disk that the user's data would be on: tmpfs would hide the cost of a sync.
data=$(mktemp -d "$root/build/crash-XXXXXX")
keep_data=false

gtest crash "$bin/crash_ledger_test"
check crash-checker-finds-a-dropped-record \
  timeout 600 "$bin/crash_driver" --binary "$bin/switchyard_mutant" --data-dir "$data/mutant" --cycles 10 --expect-loss

# Its progress lines are the point, so they go to the terminal as well.
if "$bin/crash_driver" --binary "$bin/switchyard" --data-dir "$data/broker" --cycles "$cycles" "$@"; then
  record crash-kill-cycles 1 0
else
  keep_data=true
  record crash-kill-cycles 0 1
fi

if $keep_data; then
  echo "crash: the broken data folder and the broker's log are kept in $data"
else
  rm -rf "$data"
fi
finish
