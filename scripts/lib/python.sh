# Environments of Python in .build, for tests. Sourced by other scripts, which have sourced packages.sh.

# Makes an environment with what a file of requirements names: python_environment FOLDER REQUIREMENTS [OPTION OF PIP…]
python_environment() {
  local target=$1 requirements=$2
  shift 2
  # Written last, so that what was interrupted is done again.
  cmp -s "$requirements" "$target/installed" && return
  require_packages python3
  # A Python of Debian makes environments only with one more package.
  python3 -c 'import ensurepip, venv' 2>/dev/null || require_packages python3-venv
  rm -rf "$target"
  mkdir -p .build
  python3 -m venv "$target"
  "$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$@" -r "$requirements"
  cp "$requirements" "$target/installed"
}
