#!/usr/bin/env bash
# Every fuzz target on its kept corpus, then the hostile requests against the sanitizer build.
#
#   tests/fuzz/run.sh [TARGET...]      SWITCHYARD_FUZZ_SECONDS per target: default 60, 10 with --ci
#
# What a run finds worth keeping goes to build/fuzz-corpus; tests/fuzz/corpus/NAME holds what is kept for good.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

default_seconds=60
[ -n "${SWITCHYARD_CI:-}" ] && default_seconds=10
seconds=${SWITCHYARD_FUZZ_SECONDS:-$default_seconds}
# Each of these reads bytes that strangers send or that a disk gives back.
required=(http http_head sigv4 query_form sqs_json control nkey_jwt yaml journal_replay
  nats_wire nats_connect nats_conf nats_jwt nats_nkey)
[ $# -gt 0 ] && required=("$@")

build asan || { finish; exit 1; }
bin=$root/build/asan/bin

fuzz() {
  local name=$1 fresh=$root/build/fuzz-corpus/$1 kept=$root/tests/fuzz/corpus/$1
  mkdir -p "$fresh" "$kept" "$root/build/fuzz-findings"
  if [ -z "$(ls -A "$kept" 2>/dev/null)" ]; then
    echo "tests/fuzz/corpus/$name is empty: a target without a kept corpus starts from nothing each time"
    return 1
  fi
  # Every kept input once: a regression is found even when the time is short.
  "$bin/fuzz_$name" -runs=0 -rss_limit_mb=2048 "$kept" &&
    "$bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$root/build/fuzz-findings/$name-" "$fresh" "$kept"
}

export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
names=("${required[@]}")
if [ $# -eq 0 ]; then
  for program in "$bin"/fuzz_*; do
    name=$(basename "$program")
    [[ " ${names[*]} " == *" ${name#fuzz_} "* ]] || names+=("${name#fuzz_}")
  done
fi
for name in "${names[@]}"; do
  check "fuzz-$name" fuzz "$name" && grep -hE 'stat::(number_of_executed_units|average_exec_per_sec)' "$logs/fuzz-$name.log" |
    sed "s/^/        /"
done

if [ $# -eq 0 ]; then
  source "$root/tests/integration/install_clients.sh"
  install_clients &&
    SWITCHYARD_BINARY=$root/build/asan/bin/switchyard SWITCHYARD_START_SECONDS=60 \
      run_pytest fuzz-hostile-requests "$root/tests/integration" -m hostile
fi
finish
