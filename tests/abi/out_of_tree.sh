#!/usr/bin/env bash
# A plugin built by a stranger: the SDK is installed into a folder of its own, the C example is built
# against it outside of the tree (with CMake, and with pkg-config alone), checked, loaded by its path into
# the real broker, and talked to with curl.
#
#   out_of_tree.sh BUILD_DIR [sdk|broker]
set -euo pipefail
build=$(cd "$1" && pwd)
part=${2:-all}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
broker=
finish() {
  local status=$?
  if [ -n "$broker" ]; then
    kill "$broker" 2>/dev/null || true
    wait "$broker" 2>/dev/null || true
  fi
  if [ "$status" -ne 0 ] && [ -f "$work/broker.log" ]; then tail -n 20 "$work/broker.log"; fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
umask 022

cmake --install "$build" --component dev --prefix "$work/sdk" >"$work/install.log"
cp -r "$work/sdk/share/doc/switchyard-sdk/examples/line_counter" "$work/line_counter"
cmake -S "$work/line_counter" -B "$work/out" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/sdk" \
  -DCMAKE_C_FLAGS="-Wall -Wextra -Werror -pedantic" >"$work/cmake.log"
cmake --build "$work/out" >>"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
plugin=$work/out/line_counter.so
bash "$root/tests/abi/check_exports.sh" "$plugin"
# The build must not have seen the tree.
if grep -rlF "$root" "$work/out" "$work/sdk"; then
  echo "the files above name the source tree"
  exit 1
fi
echo "built with find_package(Switchyard)"

mkdir "$work/by-hand"
export PKG_CONFIG_PATH=$work/sdk/share/pkgconfig
# shellcheck disable=SC2046
cc -std=c99 -O2 -Wall -Wextra -Werror $(pkg-config --cflags switchyard-sdk) "$work/line_counter/line_counter.c" \
  -o "$work/by-hand/line_counter.so" $(pkg-config --libs switchyard-sdk)
bash "$root/tests/abi/check_exports.sh" "$work/by-hand/line_counter.so"
echo "built with pkg-config"
[ "$part" = sdk ] && exit 0

switchyard=$build/bin/switchyard
[ -x "$switchyard" ] || { echo "$switchyard is not built"; exit 1; }
for file in "$plugin" "$work/by-hand/line_counter.so"; do
  "$switchyard" plugin check "$file" >"$work/check.log" || { cat "$work/check.log"; exit 1; }
done
echo "passes plugin check"

cat >"$work/switchyard.yaml" <<YAML
http:
  listen: 127.0.0.1:0
bootstrap:
  namespaces:
    - name: lines
      protocol: sqs_sns
      account_id: "111122223333"
plugins:
  line_counter:
    path: $plugin
    required: true
    anonymous_namespace: lines
YAML
start() {
  : >"$work/ready"
  "$switchyard" run --dev --data-dir "$work/data" --config "$work/switchyard.yaml" >"$work/ready" 2>"$work/broker.log" &
  broker=$!
  # The ready line is the contract; without it within 20 s the test has failed.
  timeout 20 sh -c 'until grep -q "^switchyard ready" "$1"; do kill -0 "$2" && sleep 0.05; done' _ "$work/ready" "$broker"
  url=$(sed -n 's/^switchyard ready.*http=\([^ ]*\).*/\1/p' "$work/ready")
}
stop() {
  kill -TERM "$broker"
  wait "$broker"
  broker=
}
expect() { # STATUS BODY CURL-ARGUMENTS...
  local status=$1 body=$2 got
  shift 2
  got=$(curl -sS -m 10 -w '|%{http_code}' "$@" "$url/lines")
  [ "$got" = "$body|$status" ] || { echo "expected '$body|$status', got '$got' from curl $*"; exit 1; }
}

start
expect 200 0$'\n'
expect 204 '' -X DELETE
expect 201 1$'\n' --data-binary 'first line'
expect 201 2$'\n' --data-binary 'second line'
expect 200 'first line' -X DELETE
expect 404 'no protocol of this server answers here'$'\n' -X PATCH
echo "speaks with curl"
stop
start
expect 200 1$'\n'
expect 200 'second line' -X DELETE
expect 200 0$'\n'
stop
echo "keeps its lines over a restart"
