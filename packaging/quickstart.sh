#!/usr/bin/env bash
# From a fresh Debian 12 to a running broker: installs what the build needs, builds, starts dev mode.
#
#   bash packaging/quickstart.sh [--build] [arguments of `switchyard run --dev`]
#
# --build stops after the build.  Data goes to ./switchyard-data unless --data-dir says otherwise.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=packaging/packages.sh
source "$root/packaging/packages.sh"

build_only=false
if [ "${1:-}" = --build ]; then
  build_only=true
  shift
fi

install_missing "quickstart" "${build_packages[@]}"
# -S and --preset cannot name another folder together, so the build starts from the root; the broker
# starts where the user stands.
(
  cd "$root"
  # A tree that was already configured, with its tests or without, stays as it is.
  if [ ! -f build/release/build.ninja ]; then
    cmake --preset release -DSWITCHYARD_TESTS=OFF >&2
  fi
  cmake --build --preset release >&2
)
if $build_only; then
  echo "built: $root/build/release/bin/switchyard" >&2
  exit 0
fi
exec "$root/build/release/bin/switchyard" run --dev "$@"
