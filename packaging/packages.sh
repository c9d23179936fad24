# Debian 12 package lists and one function that installs what is missing.  Sourced, not run.

build_packages=(
  g++ cmake ninja-build pkg-config
  libboost1.81-dev libpoco-dev libleveldb-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libssl-dev
)
test_packages=(
  clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 libgtest-dev libbenchmark-dev
  abigail-tools strace wrk redis-server redis-tools openssl curl
)

# install_missing REASON PACKAGE...
#
# Asks dpkg first, so that a machine that has everything needs neither root nor a network.
install_missing() {
  local reason=$1
  shift
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "$reason: this is not a Debian system (no dpkg and apt-get); install by hand what these packages hold: $*" >&2
    return 1
  fi
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "$reason: these packages are missing and need root: ${missing[*]}" >&2
      echo "Run as root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "$reason: installing ${missing[*]}" >&2
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
  "${apt[@]}" update >&2 || echo "$reason: the package lists could not be refreshed; going on with the old ones" >&2
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2; then
    echo "$reason: apt-get could not install: ${missing[*]}; its own message is above" >&2
    return 1
  fi
}
