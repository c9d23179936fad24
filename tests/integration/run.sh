#!/usr/bin/env bash
# Real clients and real faults against the real broker.  Arguments go to pytest.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$root/tests/integration

[ -n "${SWITCHYARD_BINARY:-}" ] || build release || { finish; exit 1; }
source "$here/install_clients.sh"
install_clients || { finish; exit 1; }
run_pytest integration "$here" "$@"
finish
