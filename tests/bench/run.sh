#!/usr/bin/env bash
# The performance contract, row by row.  Arguments go to run.py (--help names them).
#
# With --ci the counts are small and the machine is anybody's: only a row that misses its target of
# time threefold fails, which a regression does and a busy neighbour rarely.  The contract itself is
# judged without --ci, on a quiet machine; memory is judged in full either way.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

build release || { finish; exit 1; }
options=()
[ -n "${SWITCHYARD_CI:-}" ] && options=(--quick --slack 3)
verdict=$(mktemp)
python3 "$root/tests/bench/run.py" "${options[@]}" --json "$verdict" "$@"
if [ -s "$verdict" ]; then
  read -r met missed < <(python3 -c 'import json, sys; v = json.load(open(sys.argv[1])); print(v["met"], v["missed"])' "$verdict")
  record bench "$met" "$missed"
else
  record bench 0 1
fi
rm -f "$verdict"
finish
