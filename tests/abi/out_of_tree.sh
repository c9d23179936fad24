#!/usr/bin/env bash
# Plugins built by strangers: the SDK is installed into a folder of its own, the examples are built against
# it outside of the tree (CMake, pkg-config alone, cargo without a registry), checked, loaded by their path
# into the real broker one after the other on one data folder, and talked to (talk_lines.py).
#
#   out_of_tree.sh BUILD_DIR [sdk|broker]
#
# SWITCHYARD_BINARY is used instead of the build's when it is set.
set -euo pipefail
build=$(cd "$1" && pwd)
part=${2:-all}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The default of some distributions: what is built may be written by the group, which the server refuses.
umask 002
strict="-Wall -Wextra -Werror -pedantic"

cmake --install "$build" --component dev --prefix "$work/sdk" >"$work/install.log"
export PKG_CONFIG_PATH=$work/sdk/share/pkgconfig
examples=$work/sdk/share/doc/switchyard-sdk/examples
languages=(c cpp)
if command -v cargo >/dev/null; then languages+=(rust); else echo "cargo is not installed: the Rust example is left out"; fi

# with_cmake NAME -> $work/NAME/out/lines.so
with_cmake() {
  cp -r "$examples/$1" "$work/$1"
  cmake -S "$work/$1" -B "$work/$1/out" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/sdk" \
    --no-warn-unused-cli -DCMAKE_C_FLAGS="$strict" -DCMAKE_CXX_FLAGS="$strict" >"$work/cmake.log"
  cmake --build "$work/$1/out" >>"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
}
with_cmake lines_c
with_cmake lines_cpp
# The build must not have seen the tree.
if grep -rlF "$root" "$work/lines_c" "$work/lines_cpp" "$work/sdk"; then
  echo "the files above name the source tree"
  exit 1
fi
echo "C and C++ built with find_package(Switchyard)"

mkdir "$work/by-hand"
# shellcheck disable=SC2046
cc -std=c99 -O2 $strict $(pkg-config --cflags switchyard-sdk) "$work/lines_c/lines.c" \
  -o "$work/by-hand/lines_c.so" $(pkg-config --libs switchyard-sdk)
# shellcheck disable=SC2046
c++ -std=c++20 -O2 $strict $(pkg-config --cflags switchyard-sdk) "$work/lines_cpp/lines.cpp" \
  -o "$work/by-hand/lines_cpp.so" $(pkg-config --libs switchyard-sdk)
# As the guide says for whoever builds without its CMake function.
chmod go-w "$work"/by-hand/*.so
echo "C and C++ built with pkg-config"

declare -A plugin=([c]=$work/lines_c/out/lines.so [cpp]=$work/lines_cpp/out/lines.so)
if [[ " ${languages[*]} " == *" rust "* ]]; then
  cp -r "$examples/lines_rust" "$work/lines_rust"
  (cd "$work/lines_rust" && cargo build --release --offline) >"$work/cargo.log" 2>&1 || { cat "$work/cargo.log"; exit 1; }
  plugin[rust]=$work/lines_rust/target/release/liblines.so
  chmod go-w "${plugin[rust]}"
  echo "Rust built with cargo, without a registry"
fi
for file in "${plugin[@]}" "$work"/by-hand/*.so; do bash "$root/tests/abi/check_exports.sh" "$file"; done
[ "$part" = sdk ] && exit 0

switchyard=${SWITCHYARD_BINARY:-$build/bin/switchyard}
[ -x "$switchyard" ] || { echo "$switchyard is not built"; exit 1; }
for file in "${plugin[@]}" "$work"/by-hand/*.so; do
  "$switchyard" plugin check "$file" --requests "$root/tests/abi/requests/lines.http" >"$work/check.log" || { echo "$file:"; cat "$work/check.log"; exit 1; }
done
echo "pass plugin check"

# The guide's own commands, timed.
python3 "$root/tests/abi/guide.py" "$switchyard" "$work/sdk"

# What `plugin new` writes is built, tested and checked by the commands of its own README, untouched.
readme_commands() { sed -n '/^```sh$/,/^```$/p' README.md | sed -n '/^switchyard run/q; /^```/!p'; }
new=$work/new
mkdir "$new" "$work/bin"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$(realpath "$switchyard")" >"$work/bin/switchyard"
chmod +x "$work/bin/switchyard"
for language in "${languages[@]}"; do
  name=fresh_$language
  "$switchyard" plugin new "$name" --lang "$language" --dir "$new" >"$work/new.log"
  (cd "$new/$name" && readme_commands) >"$work/commands"
  grep -q '^switchyard plugin check' "$work/commands" || { echo "$name/README.md has no plugin check"; exit 1; }
  # A shell of its own: behind || nothing of this one would end at the first failure.
  (cd "$new/$name" && PATH=$work/bin:$PATH CMAKE_PREFIX_PATH=$work/sdk CFLAGS=$strict CXXFLAGS=$strict \
    bash -euxo pipefail "$work/commands") >"$work/fresh.log" 2>&1 ||
    { echo "plugin new --lang $language:"; cat "$work/fresh.log"; exit 1; }
  bash "$root/tests/abi/check_exports.sh" "$(find "$new/$name" -name "*$name.so" -not -path '*/deps/*')"
  echo "plugin new --lang $language builds, passes its test and plugin check"
done

talk=()
for language in "${languages[@]}"; do talk+=("$language=${plugin[$language]}"); done
python3 "$root/tests/abi/talk_lines.py" "$switchyard" "${talk[@]}"
