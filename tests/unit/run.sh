#!/usr/bin/env bash
# Unit tests in three builds: release, clang with ASan and UBSan, and ThreadSanitizer.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1:suppressions=$root/tests/tsan.supp

run_all() {
  local preset=$1 program
  for program in "$root/build/$preset"/bin/unit_*; do
    [ -x "$program" ] && gtest "$preset" "$program"
  done
}

# Power is lost at ten thousand points per test of journal and engine; with --ci, and under the sanitizers, at as
# many as the programs choose by themselves.
run_release() {
  if [ -z "${SWITCHYARD_CI:-}${SWITCHYARD_POWER_LOSS_POINTS:-}" ]; then
    local -x SWITCHYARD_POWER_LOSS_POINTS=10000
    # Every point of the engine is a recovery: a quarter of an hour is not always enough.
    local -x SWITCHYARD_TEST_TIMEOUT=${SWITCHYARD_TEST_TIMEOUT:-3600}
  fi
  run_all release
}

build release && run_release
# The same build serves the fuzz targets and the hostile requests of the fuzz part.
build asan && run_all asan
# Kernel and unit tests only: a target of their own keeps plugins and tools out.
build tsan unit_tests && run_all tsan
finish
