# What the test scripts share: building, counting, Python and Node clients.  Sourced, not run.
#
# Every script counts with record(); tests/run.sh adds up.  A script that is run alone prints its
# own closing line with finish.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=packaging/packages.sh
source "$root/packaging/packages.sh"
logs=$root/build/test-logs
mkdir -p "$logs"
if [ -z "${SWITCHYARD_TEST_RESULTS:-}" ]; then
  SWITCHYARD_TEST_RESULTS=$(mktemp)
  export SWITCHYARD_TEST_RESULTS
  results_are_ours=true
fi

# What failed before this script does not count against it.
failed_so_far() {
  awk -F'\t' '{f += $3} END {print f + 0}' "$SWITCHYARD_TEST_RESULTS"
}
failed_at_start=$(failed_so_far)

# record NAME PASSED FAILED [SKIPPED]
record() {
  printf '%s\t%d\t%d\t%d\n' "$1" "$2" "$3" "${4:-0}" >>"$SWITCHYARD_TEST_RESULTS"
}

# skip NAME REASON: says so where everyone sees it, and counts.
skip() {
  echo "SKIPPED $1: $2"
  record "$1" 0 0 1
}

# check NAME COMMAND...: one case; its output goes to a log that is shown when it fails.
check() {
  local name=$1 log=$logs/${1//[^A-Za-z0-9_.-]/_}.log
  shift
  if "$@" >"$log" 2>&1; then
    echo "ok      $name"
    record "$name" 1 0
  else
    echo "FAILED  $name (status $?; the end of $log:)"
    tail -n "${SWITCHYARD_TEST_TAIL:-60}" "$log"
    record "$name" 0 1
    return 1
  fi
}

# gtest LABEL PROGRAM [ARGUMENTS...]: counts the program's cases; a program that dies counts as one failure more.
gtest() {
  local label=$1 program=$2
  shift 2
  local log=$logs/$label-$(basename "$program").log status=0
  timeout "${SWITCHYARD_TEST_TIMEOUT:-900}" "$program" "$@" >"$log" 2>&1 || status=$?
  local passed failed skipped
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\?\.$/\1/p' "$log" | tail -1)
  failed=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) tests\?, listed below:$/\1/p' "$log" | tail -1)
  skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) tests\?, listed below:$/\1/p' "$log" | tail -1)
  passed=${passed:-0} failed=${failed:-0} skipped=${skipped:-0}
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  if [ "$((passed + failed + skipped))" -eq 0 ]; then failed=1; fi  # A program without cases proves nothing.
  if [ "$failed" -gt 0 ]; then
    echo "FAILED  $label $(basename "$program"): $passed passed, $failed failed, status $status ($log)"
    grep -E '^\[  FAILED  \]|ERROR: |WARNING: ThreadSanitizer|runtime error' "$log" | sort -u | head -20
    tail -n 15 "$log"
  else
    echo "ok      $label $(basename "$program"): $passed cases"
  fi
  record "$label-$(basename "$program")" "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ]
}

# build PRESET [TARGET...]: configures and builds with the tests; the compiler's output only on failure.
build() {
  local preset=$1 log=$logs/build-$1.log started=$SECONDS
  shift
  # A compiler cache is used where it happens to be, and never needed.
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  if (cd "$root" && cmake --preset "$preset" -DSWITCHYARD_TESTS=ON &&
    cmake --build --preset "$preset" ${1:+--target "$@"}) >"$log" 2>&1; then
    echo "ok      build $preset ($((SECONDS - started)) s)"
    record "build-$preset" 1 0
  else
    echo "FAILED  build $preset; the end of $log:"
    tail -n 40 "$log"
    record "build-$preset" 0 1
    return 1
  fi
}

# python_venv NAME PACKAGE==VERSION...: a virtual environment under build/, made once per set of pins.
# Fails when the packages cannot be had.
python_venv() {
  local name=$1 folder=$root/build/venv-$1 pins
  shift
  pins="$*"
  [ "$(cat "$folder/pins" 2>/dev/null)" = "$pins" ] && return 0
  rm -rf "$folder"
  local python=python3
  # Debian's own interpreter first: its version is known; venv comes in a package of its own.
  [ -x /usr/bin/python3 ] && python=/usr/bin/python3
  {
    "$python" -m venv "$folder" &&
      "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
  } >"$logs/venv-$name.log" 2>&1 || return 1
  echo "$pins" >"$folder/pins"
}

# closing_line FILE: the sum of all records, alone on its line.
closing_line() {
  awk -F'\t' '{p += $2; f += $3; s += $4}
    END {printf "%d passed, %d failed", p, f; if (s) printf ", %d skipped", s; print ""}' "$1"
}

# finish: the end of a part's script.
finish() {
  local failed
  failed=$(failed_so_far)
  if [ "${results_are_ours:-false}" = true ]; then
    closing_line "$SWITCHYARD_TEST_RESULTS"
    rm -f "$SWITCHYARD_TEST_RESULTS"
  fi
  [ "$failed" -eq "$failed_at_start" ]
}
