#!/usr/bin/env bash
# The one test command: installs what the tests need, builds, runs, counts.
#
#   bash tests/run.sh [--ci] [unit|lint|abi|integration|fuzz|crash|bench|fresh ...]
#
# No part named = every part but fresh, which installs a Debian of its own and has to be named.  --ci shortens counts (cycles, seconds, repetitions), never cases.
# The last line is `N passed, N failed`, with `, N skipped` when something could not be run.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

parts=()
export SWITCHYARD_CI=""
for argument in "$@"; do
  case $argument in
    --ci) SWITCHYARD_CI=1 ;;
    unit | lint | abi | integration | fuzz | crash | bench | fresh) parts+=("$argument") ;;
    *)
      echo "unknown argument '$argument'; parts: unit lint abi integration fuzz crash bench fresh; option: --ci" >&2
      exit 2
      ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(lint unit abi integration crash fuzz bench)

SWITCHYARD_TEST_RESULTS=$(mktemp)
export SWITCHYARD_TEST_RESULTS
trap 'rm -f "$SWITCHYARD_TEST_RESULTS"' EXIT
# shellcheck source=tests/lib.sh
source "$here/lib.sh"

if ! install_missing "tests" "${build_packages[@]}" "${test_packages[@]}"; then
  record "packages" 0 1
fi

for part in "${parts[@]}"; do
  started=$SECONDS
  echo "== $part"
  if [ -f "$here/$part/run.sh" ]; then
    # A script that stops before it has counted its failure must not pass.
    before=$(awk -F'\t' '{f += $3} END {print f + 0}' "$SWITCHYARD_TEST_RESULTS")
    bash "$here/$part/run.sh" </dev/null
    status=$?
    after=$(awk -F'\t' '{f += $3} END {print f + 0}' "$SWITCHYARD_TEST_RESULTS")
    if [ "$status" -ne 0 ] && [ "$before" -eq "$after" ]; then record "$part" 0 1; fi
  else
    echo "FAILED  $part: tests/$part/run.sh does not exist"
    record "$part" 0 1
  fi
  echo "== $part took $((SECONDS - started)) s"
done

echo
echo "Failed or skipped:"
awk -F'\t' '$3 > 0 {print "  FAILED  " $1; n++} $4 > 0 {print "  SKIPPED " $1; n++} END {if (!n) print "  nothing"}' \
  "$SWITCHYARD_TEST_RESULTS"
echo
closing_line "$SWITCHYARD_TEST_RESULTS"
awk -F'\t' '{p += $2; f += $3} END {exit !(f == 0 && p > 0)}' "$SWITCHYARD_TEST_RESULTS"
