# shellcheck shell=bash
# The baseline of all benchmarks: libfuse's own C example passthrough_ll, as Debian's libfuse3-dev ships it, compiled
# with -O2 and mounted over a directory with the writeback cache. To be sourced.
#
#   baseline_build DIRECTORY              compiles it to DIRECTORY/passthrough_ll (once)
#   baseline_mount DIRECTORY SOURCE MOUNTPOINT
#                                         mounts SOURCE at MOUNTPOINT, returns when it can be used
#   baseline_unmount MOUNTPOINT           unmounts and waits for the process; what was written is on SOURCE then
#
# Each returns a status and prints one line to standard error when it fails.

baseline_build() {
  local directory=$1 examples=/usr/share/doc/libfuse3-dev/examples flags
  [[ -x $directory/passthrough_ll ]] && return 0
  mkdir -p "$directory" || return 1
  local name
  for name in passthrough_ll.c passthrough_helpers.h; do
    if [[ -f $examples/$name ]]; then
      cp "$examples/$name" "$directory/$name"
    elif [[ -f $examples/$name.gz ]]; then
      gzip -dc "$examples/$name.gz" >"$directory/$name"
    else
      echo "baseline: $examples/$name is missing: apt-get install libfuse3-dev" >&2
      return 1
    fi || return 1
  done
  flags=$(pkg-config --cflags --libs fuse3) || return 1
  # shellcheck disable=SC2086  # the flags are words
  if ! "${CC:-gcc}" -O2 "$directory/passthrough_ll.c" -o "$directory/passthrough_ll" $flags; then
    echo "baseline: cannot compile passthrough_ll.c" >&2
    return 1
  fi
}

baseline_mount() {
  local directory=$1 source=$2 mountpoint=$3 process
  # It keeps a descriptor for each node that the kernel knows, 50,000 files and more.
  (
    ulimit -n 1000000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    exec "$directory/passthrough_ll" -f -o "source=$source,writeback,cache=always" "$mountpoint" \
      >"$directory/passthrough_ll.log" 2>&1
  ) &
  process=$!
  for _ in {1..100}; do
    if mountpoint -q "$mountpoint"; then
      baseline_processes[$mountpoint]=$process
      return 0
    fi
    kill -0 "$process" 2>/dev/null || break
    sleep 0.05
  done
  echo "baseline: cannot mount at $mountpoint: $(tail -n 1 "$directory/passthrough_ll.log")" >&2
  kill "$process" 2>/dev/null
  return 1
}

baseline_unmount() {
  local mountpoint=$1 process=${baseline_processes[$1]:-}
  if ! umount "$mountpoint"; then
    echo "baseline: $mountpoint is still in use" >&2
    return 1
  fi
  [[ -n $process ]] && wait "$process"
  unset "baseline_processes[$mountpoint]"
}

# The process of each mount point.
declare -gA baseline_processes=()
