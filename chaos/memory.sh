#!/usr/bin/env bash
# What three nodes have resident, part by part: under load for a while, and at
# rest after it. Takes MINUTES of load (60), then MINUTES_IDLE (3); LOAD are the
# arguments of `rialto bench rest` (64 clients of single commands as fast as they
# are answered). Fails if a node had more than LIMIT_MIB (150) in pages of 4 KiB.
# An hour of full load writes some tens of gigabytes to WORK (a temporary folder).
set -euo pipefail
cd "$(dirname "$0")/.."

binary="$PWD/bin/rialto"
minutes="${MINUTES:-60}"
idle="${MINUTES_IDLE:-3}"
limit="${LIMIT_MIB:-150}"
load="${LOAD:---clients 64}"
offset="${PORT_OFFSET:-4000}"
work="$(mktemp -d "${WORK:-/tmp}/rialto-memory-XXXXXX")"
dev=""
finish() {
  if [ -n "$dev" ]; then
    kill -INT "$dev" 2>/dev/null || true
    wait "$dev" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

"$binary" dev --nodes 3 --data "$work/data" --port-offset "$offset" >"$work/dev.txt" 2>&1 &
dev=$!
for _ in $(seq 600); do
  grep -q 'Ctrl-C stops' "$work/dev.txt" && break
  kill -0 "$dev" 2>/dev/null || { cat "$work/dev.txt"; exit 1; }
  sleep 0.1
done
servers=""
for n in 1 2 3; do servers="$servers,http://127.0.0.1:$((8080 + n + offset))"; done
export RIALTO_SERVER="${servers#,}"

resident() { # the row of what is resident now, and the row of the most so far
  "$binary" status memory | awk -v at="$1" '/^in pages of 4 KiB/ {printf "%s: %s %s %s MiB", at, $(NF-2), $(NF-1), $NF}
    /^the most so far/ {printf ", the most so far %s %s %s\n", $(NF-2), $(NF-1), $NF}'
}

# shellcheck disable=SC2086 # the arguments are words
"$binary" bench rest $load --duration "${minutes}m" >"$work/load.txt" &
bench=$!
minute=0
while kill -0 "$bench" 2>/dev/null; do
  sleep 60
  minute=$((minute + 1))
  resident "minute $minute"
done
cat "$work/load.txt"
echo "== under load"
"$binary" status memory
sleep "$((idle * 60))"
echo "== at rest for $idle minutes"
"$binary" status memory
"$binary" status memory | awk -v limit="$limit" '/^the most so far/ {for (i = NF - 2; i <= NF; i++) if ($i > limit) over = 1}
  END {print over ? "a node had more than " limit " MiB" : "no node had more than " limit " MiB"; exit over}'
