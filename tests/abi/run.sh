#!/usr/bin/env bash
# The plugin ABI: the headers alone, the append-only gate, what plugins export, and a plugin built and
# run as a stranger would.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$root/tests/abi
include=$root/sdk/include

# header COMPILER FLAGS...: the C header compiles alone, without a warning.
header() {
  local compiler=$1
  shift
  echo '#include <switchyard/plugin.h>' | "$compiler" "$@" -Wall -Wextra -Werror -pedantic -I"$include" -fsyntax-only -
}
# wrapper COMPILER: each C++ header compiles alone.
wrapper() {
  local header
  for header in "$include"/switchyard/*.hpp; do
    echo "#include <switchyard/$(basename "$header")>" |
      "$1" -x c++ -std=c++20 -Wall -Wextra -Werror -pedantic -I"$include" -fsyntax-only - || return 1
  done
}
layout() { "$@" -Wall -Wextra -Werror -I"$include" -fsyntax-only "$here/layout.c"; }

for compiler in gcc clang-14; do
  check "abi-header-c99-$compiler" header "$compiler" -x c -std=c99
  check "abi-header-c++20-$compiler" header "$compiler" -x c++ -std=c++20
  check "abi-layout-c-$compiler" layout "$compiler" -std=gnu11
  check "abi-layout-c++-$compiler" layout "$compiler" -x c++ -std=c++20
done
check abi-wrapper-g++ wrapper g++
check abi-wrapper-clang++ wrapper clang++-14
check abi-layout-complete python3 "$here/layout.py" --check
check abi-append-only python3 "$here/gate.py" --check
check abi-gate-self-test python3 "$here/gate.py" --self-test

if command -v rustc >/dev/null && command -v cargo >/dev/null; then
  check abi-layout-rust python3 "$here/rust_layout.py"
  check abi-layout-rust-self-test python3 "$here/rust_layout.py" --self-test
else
  skip abi-layout-rust "rustc and cargo are not installed"
fi

if build release; then
  check abi-exports bash "$here/check_exports.sh" "$root"/build/release/lib/switchyard/plugins/*.so
  # A rule that nothing breaks proves nothing.
  breaks_the_rule() { ! bash "$here/check_exports.sh" "$root/build/release/tests/plugins/two_symbols.so"; }
  check abi-exports-self-test breaks_the_rule
  # What the core plugins are asked while trouble is made; the control API lets nobody in without an administrator.
  admin='{"name":"check","access_key":"SCW12345678901234567","secret_key":"11111111-2222-4333-8444-555555555555"}'
  for plugin in "$root"/build/release/lib/switchyard/plugins/*.so; do
    name=$(basename "$plugin" .so)
    more=()
    [ -f "$here/requests/$name.http" ] && more+=(--requests "$here/requests/$name.http")
    [ "$name" = control ] && more+=(--config "{\"admins\":[$admin]}")
    check "abi-plugin-check-$name" "$root/build/release/bin/switchyard" plugin check "$plugin" "${more[@]}"
  done
  check abi-out-of-tree bash "$here/out_of_tree.sh" "$root/build/release"
fi
finish
