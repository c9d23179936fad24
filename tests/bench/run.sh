#!/usr/bin/env bash
# The performance contract, row by row.  Arguments go to run.py (--help names them).
#
# With --ci the counts are small and the machine is shared, so targets of time are widened by half
# before a row fails; a quiet machine runs this without --ci.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

build release || { finish; exit 1; }
options=()
[ -n "${SWITCHYARD_CI:-}" ] && options=(--quick --slack 1.5)
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
