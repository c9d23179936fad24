#!/usr/bin/env bash
# Kills the broker under load and checks what it kept; first shows that the checkers can fail.
#
#   tests/crash/run.sh [CYCLES] [arguments of crash_driver]     default 200 cycles, 50 with --ci
#
# FIFO queues get a fifth of the cycles, which are longer: leases have to end in them.
# SWITCHYARD_FAIR_MESSAGES: the noisy group's backlog, 1,000,000 and 100,000 with --ci.
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

check fifo-checker-finds-a-dropped-record \
  timeout 600 "$bin/fifo_driver" --binary "$bin/switchyard_mutant" --data-dir "$data/fifo-mutant" --cycles 10 --expect-loss
for promise in duplicate lease lost order undeleted; do
  check "fifo-checker-finds-$promise" timeout 300 "$bin/fifo_driver" --binary "$bin/switchyard" \
    --data-dir "$data/fifo-$promise" --cycles 5 --sabotage "$promise"
done
for scope in "" --per-group; do
  if timeout 3600 "$bin/fifo_driver" --binary "$bin/switchyard" --data-dir "$data/fifo$scope" \
    --cycles $((cycles / 5 < 5 ? 5 : cycles / 5)) $scope; then
    record "fifo-kill-cycles$scope" 1 0
  else
    keep_data=true
    record "fifo-kill-cycles$scope" 0 1
  fi
done

noise=${SWITCHYARD_FAIR_MESSAGES:-$([ -n "${SWITCHYARD_CI:-}" ] && echo 100000 || echo 1000000)}
check fair-rounds-fail-without-groups \
  timeout 300 "$bin/fair_backlog" --binary "$bin/switchyard" --data-dir "$data/fair-none" --messages 1000 --without-groups
if timeout 900 "$bin/fair_backlog" --binary "$bin/switchyard" --data-dir "$data/fair" --messages "$noise"; then
  record fair-quiet-group-behind-a-noisy-backlog 1 0
else
  keep_data=true
  record fair-quiet-group-behind-a-noisy-backlog 0 1
fi

if $keep_data; then
  echo "crash: the broken data folder and the broker's log are kept in $data"
else
  rm -rf "$data"
fi
finish
