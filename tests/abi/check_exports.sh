#!/usr/bin/env bash
# Every built plugin exports its entry and nothing else, has no unique symbol, binds at load time, wants
# no executable stack, and links only with what the packages depend on.
#
#   check_exports.sh FILE.so...
set -uo pipefail
allowed='^(libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|libstdc\+\+\.so\.6|libcrypto\.so\.3|libcrypt\.so\.1|ld-linux[^ ]*)$'
failed=0
fail() {
  echo "$1"
  failed=1
}
[ $# -gt 0 ] || fail "no plugin to check"
for file in "$@"; do
  exported=$(nm -D --defined-only "$file" | awk '{print $NF}')
  [ "$exported" = switchyard_plugin_v1 ] || fail "$file exports: ${exported//$'\n'/ }"
  nm -D "$file" | awk '$(NF-1) == "u" {found = 1} END {exit !found}' && fail "$file has a unique symbol"
  readelf -dW "$file" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW' || fail "$file is not bound at load time"
  readelf -lW "$file" | awk '$1 == "GNU_STACK" {print $7}' | grep -qx RW || fail "$file wants an executable stack"
  while read -r library; do
    [[ $library =~ $allowed ]] || fail "$file links with $library"
  done < <(readelf -dW "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
done
exit $failed
