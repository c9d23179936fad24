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

build release && run_all release
# The same build serves the fuzz targets and the hostile requests of the fuzz part.
build asan && run_all asan
# Kernel and unit tests only: a target of their own keeps plugins and tools out.
build tsan unit_tests && run_all tsan
finish
