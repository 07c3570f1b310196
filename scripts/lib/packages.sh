# Debian packages that swipfs needs. Sourced by the other scripts.

# What the build links and the mount runs with.
build_packages=(libfuse3-dev fuse3 libsqlite3-dev libisal-dev libb2-dev pkg-config)
# What the tests and benchmarks run beside it.
test_packages=(attr rsync git sqlite3 gcc libc6-dev procps util-linux python3 openssl tar)
bench_packages=(curl fio gcc libc6-dev nginx-light openssl python3)

# Installs what of the named packages is missing: as root, or says the command and ends.
require_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing. Install them and start again:" >&2
    echo "  sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "installing ${missing[*]}"
  local log
  log=$(mktemp)
  # A package list that is out of date is the usual cause of a failure: then once more with a new one.
  if ! { DEBIAN_FRONTEND=noninteractive apt-get install -y "${missing[@]}" ||
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y "${missing[@]}"; }; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "installing packages failed; the whole log is $log" >&2
    exit 1
  fi
  rm -f "$log"
}

require_swift() {
  command -v swift >/dev/null && return
  echo "There is no swift in PATH. Install Swift 6.3 or newer: https://www.swift.org/install/linux/" >&2
  exit 1
}
