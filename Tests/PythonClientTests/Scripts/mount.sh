#!/usr/bin/env bash
# Mounts an IPFS path with ipfs-api-mount and compares what it shows with a folder: mount.sh ENVIRONMENT HOST PORT CID FOLDER WORK
set -euo pipefail
environment=$1 host=$2 port=$3 cid=$4 folder=$5 work=$6
mkdir -p "$work/mnt"
"$environment/bin/ipfs-api-mount" --api-host "$host" --api-port "$port" "$cid" "$work/mnt" >"$work/log" 2>&1 &
mounter=$!
trap 'umount -l "$work/mnt" 2>/dev/null || true; kill $mounter 2>/dev/null || true; wait $mounter 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  mountpoint -q "$work/mnt" && break
  kill -0 $mounter 2>/dev/null || { cat "$work/log"; exit 1; }
  sleep 0.1
done
mountpoint -q "$work/mnt" || { cat "$work/log"; exit 1; }
diff -r "$folder" "$work/mnt"
# Not from its beginning on.
cmp <(tail -c 1000 "$folder/large") <(tail -c 1000 "$work/mnt/large")
echo "the same"
