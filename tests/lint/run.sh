#!/usr/bin/env bash
# Style and structure: format, clang-tidy, direction of includes, sizes of files.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
cd "$root" || exit 1
lint=$root/tests/lint

# Sources that git knows or would add: what other tools leave behind is not ours to judge.
sources() {
  git -C "$root" ls-files -co --exclude-standard -- "$@" | while read -r file; do
    [ -f "$root/$file" ] && echo "$file"
  done
}

# The SDK's C is laid out by hand, as a table that is read: one function or member a line, comments in a column.
format() {
  sources 'kernel/*.cc' 'kernel/*.h' 'plugins/*.cc' 'plugins/*.h' 'sdk/*.hpp' 'sdk/*.cc' 'tests/*.cc' 'tests/*.h' |
    xargs clang-format-14 --dry-run -Werror
}

# Only files that a build compiles have a command line to check them with.
tidy() {
  # The clang build: its command lines hold no option that only GCC knows.
  cmake --preset asan -DSWITCHYARD_TESTS=ON >/dev/null || return 1
  local files
  files=$(sources 'kernel/*.cc' 'plugins/*.cc' | sed "s|^|$root/|")
  # shellcheck disable=SC2086
  printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy-14 -p build/asan --quiet 2>&1 |
    grep -vE '^[0-9]+ warnings? generated|^$|Suppressed|Use -header-filter'
  return "${PIPESTATUS[1]}"
}

check lint-include-direction-self-test python3 "$lint/include_direction.py" --self-test
check lint-include-direction python3 "$lint/include_direction.py"
check lint-file-size python3 "$lint/file_size.py" && cat "$logs/lint-file-size.log"
check lint-format format
check lint-tidy tidy
finish
