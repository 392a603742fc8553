#!/usr/bin/env bash
# Measures three nodes beside three of etcd on this machine, in one run: in each
# round one after the other, each with fsync, the load at the leader. Prints a
# line a measurement, a table at the end, and what a command costs in processor
# time.
#
#   RIALTO_ETCD=/usr/bin/etcd make beside      the etcd to compare with; without it nothing is compared
#   ROUNDS=3 SECONDS_EACH=10                   how often, and for how long
#   wrk, if it is there, drives the JSON of both
set -euo pipefail
cd "$(dirname "$0")/../.."

etcd="${RIALTO_ETCD:-}"
if [ -z "$etcd" ]; then
  echo "beside: RIALTO_ETCD names no etcd; skipped"
  exit 0
fi
rounds="${ROUNDS:-3}" seconds="${SECONDS_EACH:-10}" offset="${PORT_OFFSET:-400}"
work="$(mktemp -d "${WORK:-/tmp}/beside.XXXXXX")"
started=()
finish() {
  local p
  for p in "${started[@]}"; do kill -INT "$p" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

go build -o "$work/beside" ./chaos/beside
binary="$PWD/bin/rialto"

"$binary" dev --nodes 3 --port-offset "$offset" --data "$work/rialto" >"$work/dev.txt" 2>&1 &
started+=($!)
peers="" # of etcd
for i in 1 2 3; do peers="$peers${peers:+,}e$i=http://127.0.0.1:$((22380 + offset + i))"; done
etcd_pids=()
for i in 1 2 3; do
  client="http://127.0.0.1:$((22370 + offset + i))" peer="http://127.0.0.1:$((22380 + offset + i))"
  "$etcd" --name "e$i" --data-dir "$work/etcd$i" --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "$peers" \
    --initial-cluster-state new --log-level error >"$work/etcd$i.txt" 2>&1 &
  started+=($!)
  etcd_pids+=($!)
done
for _ in $(seq 300); do
  grep -q 'Ctrl-C stops' "$work/dev.txt" && break
  sleep 0.2
done

if "$binary" status --server "http://127.0.0.1:$((8081 + offset))" | grep -q room_short; then
  echo "beside: the disk is short of room, so the venue takes orders slower: make room, or set RIALTO_ROOM_SLOW_ORDERS_PER_SECOND=1000000"
  exit 1
fi

# Who leads: in the table, role, URL and process of each node.
leader() { "$binary" status --server "http://127.0.0.1:$((8081 + offset))" | awk '$2 == "leader" {print $5}'; }
follower() { "$binary" status --server "http://127.0.0.1:$((8081 + offset))" | awk '$2 == "follower" {print $5; exit}'; }
pids() { "$binary" status --server "http://127.0.0.1:$((8081 + offset))" | awk '$2 == "leader" || $2 == "follower" {print $2, $4}' | sort -r; }
etcd_leader() {
  local i status
  for i in 1 2 3; do
    status="$(curl -s -X POST "http://127.0.0.1:$((22370 + offset + i))/v3/maintenance/status" -d '{}' | tr -d ' ')"
    if [ "$(sed -E 's/.*"leader":"([0-9]+)".*/\1/' <<<"$status")" = "$(sed -E 's/.*"member_id":"([0-9]+)".*/\1/' <<<"$status")" ]; then
      echo "127.0.0.1:$((22370 + offset + i))"
      return
    fi
  done
}

say() { # what, commands a second, p50, p99
  printf '%-44s %9.0f/s   p50 %8.2f ms   p99 %8.2f ms\n' "$1" "$2" "$3" "$4" | tee -a "$work/lines.txt"
}
of() { sed -E "s/.*\"$1\": ?([0-9.]+).*/\1/" <<<"$2"; }
by_wrk() { # what, connections, script, url
  command -v wrk >/dev/null || return 0
  local out
  out="$(wrk -t1 -c"$2" -d"${seconds}s" --latency -s "chaos/beside/$3.lua" "$4" | awk '
    function ms(t) { return t ~ /us$/ ? t / 1000 : t ~ /ms$/ ? t + 0 : t * 1000 }
    $1 == "50%" {p50 = ms($2)} $1 == "99%" {p99 = ms($2)} /Requests\/sec/ {print $2, p50, p99}')"
  # shellcheck disable=SC2086
  say "$1" $out
}
by_client() { # what, arguments of beside
  local out what="$1"
  shift
  out="$("$work/beside" "$@" --duration "${seconds}s")"
  say "$what" "$(of per_second "$out")" "$(of p50_ms "$out")" "$(of p99_ms "$out")"
}
by_bench() { # what, url, arguments of bench rest
  local out what="$1" url="$2"
  shift 2
  out="$("$binary" bench rest --server "$url" --duration "${seconds}s" --output json "$@" | tr -d '\n')"
  say "$what" "$(of commands_per_second "$out")" \
    "$(sed -E 's/.*"latency_ms": *\{ *"p50": *([0-9.]+).*/\1/' <<<"$out")" \
    "$(sed -E 's/.*"latency_ms": *\{[^}]*"p99": *([0-9.]+).*/\1/' <<<"$out")"
}
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }

for round in $(seq "$rounds"); do
  echo "== round $round of $rounds, load average $(cut -d' ' -f1 /proc/loadavg)"
  at="http://$(leader)" via="http://$(follower)" puts="$(etcd_leader)"
  by_client "floor: two syncs and a round trip" floor --folder "$work"
  by_client "entries of one client, sequencer to applied" commits --metrics "$at/metrics" &
  by_bench "one client, at the leader" "$at" --clients 1
  wait $!
  by_bench "one client, through a follower" "$via" --clients 1
  by_client "one client, etcd by gRPC" puts --address "$puts" --clients 1
  by_wrk "one client, at the leader, by wrk" 1 rialto "$at"
  by_wrk "one client, etcd's JSON by wrk" 1 etcd "http://$puts"
  by_wrk "64 connections, by wrk" 64 rialto "$at"
  by_wrk "64 connections, etcd's JSON by wrk" 64 etcd "http://$puts"
  mapfile -t nodes < <(pids)
  before=() && for n in "${nodes[@]}"; do before+=("$(ticks "${n#* }")"); done
  by_bench "64 clients, single commands" "$at" --clients 64
  commands="$(tail -1 "$work/lines.txt" | sed -E 's/.* ([0-9]+)\/s.*/\1/')"
  for i in "${!nodes[@]}"; do
    echo "  processor a command, ${nodes[$i]% *}: $(((($(ticks "${nodes[$i]#* }") - before[i]) * 10000) / (commands * seconds))) us"
  done
  by_client "64 clients, etcd by gRPC" puts --address "$puts" --clients 64
  by_bench "2,000 a second offered" "$at" --clients 64 --rate 2000
  by_client "2,000 a second offered, etcd by gRPC" puts --address "$puts" --clients 64 --rate 2000
  by_bench "16 clients, batches of 100" "$at" --clients 16 --batch 100
done

echo "== medians of $rounds rounds"
awk '{
  name = substr($0, 1, 44); sub(/ +$/, "", name); rest = substr($0, 45)
  split(rest, f, " +"); v = f[2]; sub(/\/s/, "", v)
  if (!(name in n)) order[++names] = name
  n[name]++; rate[name, n[name]] = v; p50[name, n[name]] = f[4]; p99[name, n[name]] = f[7]
}
function median(a, name, count,    i, j, t, b) {
  for (i = 1; i <= count; i++) b[i] = a[name, i] + 0
  for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++) if (b[j] < b[i]) { t = b[i]; b[i] = b[j]; b[j] = t }
  return b[int((count + 1) / 2)]
}
END {
  for (i = 1; i <= names; i++) {
    name = order[i]
    printf "%-44s %9.0f/s   p50 %8.2f ms   p99 %8.2f ms\n", name, median(rate, name, n[name]), median(p50, name, n[name]), median(p99, name, n[name])
  }
}' "$work/lines.txt"
