#!/usr/bin/env bash
# Measures three nodes on this machine through the REST port, with fsync:
# single commands, an offered rate, batches, and the gap that a client sees
# when the leader is killed. Prints JSON lines, each with a name.
set -euo pipefail
cd "$(dirname "$0")/.."

binary="$PWD/bin/rialto"
seconds="${SECONDS_EACH:-15}"
work="$(mktemp -d)"
dev=""
finish() {
  if [ -n "$dev" ]; then
    kill -INT "$dev" 2>/dev/null || true
    wait "$dev" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

"$binary" dev --nodes 3 --supervise --data "$work/data" >"$work/dev.txt" 2>&1 &
dev=$!
for _ in $(seq 300); do
  grep -q 'Ctrl-C stops' "$work/dev.txt" && break
  kill -0 "$dev" 2>/dev/null || { cat "$work/dev.txt"; exit 1; }
  sleep 0.1
done

measure() { # name, arguments of bench rest
  local name="$1"
  shift
  echo "== $name: rialto bench rest $*"
  "$binary" bench rest "$@" --duration "${seconds}s" --output json
}

measure "64 clients, single commands" --clients 64
measure "2,000 a second offered, single commands" --clients 64 --rate 2000
measure "16 clients, batches of 100" --clients 16 --batch 100
measure "at rest: one client, 20 a second" --clients 1 --rate 20

echo "== leader killed under load: the longest gap at a client"
# With two of three nodes down nobody can lead: the next leader is killed only
# once the last one is back.
all_ready() {
  local port
  for port in 8081 8082 8083; do
    curl -sf -o /dev/null "http://127.0.0.1:$port/readyz" || return 1
  done
}
"$binary" bench rest --clients 16 --rate 1000 --duration 20s --output json &
load=$!
for _ in 1 2; do
  sleep 3
  until all_ready; do sleep 0.2; done
  pid="$("$binary" status --output json | tr -d ' \n' | sed -E 's/.*"leader":"([^"]*)".*/\1/')"
  victim="$("$binary" status | awk -v n="$pid" '$1 == n {print $4}')"
  echo "kill -9 $victim ($pid)"
  kill -9 "$victim"
done
wait "$load"
