#!/usr/bin/env bash
# How long it takes from a clone to a killed leader, the build included: this
# repository is cloned into a folder of its own and built with an empty build
# cache; the modules are those that the machine has. It prints seconds since the
# beginning.
set -euo pipefail
offset="${PORT_OFFSET:-4100}"
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
dir=$(mktemp -d); dev=
end() {
  [ -z "$dev" ] || { kill -INT "$dev" 2>/dev/null || true; wait "$dev" 2>/dev/null || true; }
  chmod -R u+w "$dir"; rm -rf "$dir"
}
trap end EXIT
since() { awk -v from="$begun" -v to="$(date +%s.%N)" -v what="$1" 'BEGIN { printf "%6.1f s  %s\n", to - from, what }'; }

echo "$(nproc) processors, $(go version), modules as this machine has them, no build cache"
begun=$(date +%s.%N)
git clone -q "$repository" "$dir/rialto"
cd "$dir/rialto"
since "cloned"
GOCACHE=$dir/cache make build > "$dir/build.log" 2>&1 || { cat "$dir/build.log"; exit 1; }
since "built"
bin/rialto dev --nodes 3 --flow --port-offset "$offset" --data "$dir/dev" > "$dir/dev.log" 2>&1 &
dev=$!
until grep -q 'Ctrl-C stops' "$dir/dev.log"; do
  kill -0 "$dev" 2>/dev/null || { cat "$dir/dev.log"; exit 1; }
  sleep 0.05
done
since "three nodes trade"
bin/rialto kill-leader --data "$dir/dev"
since "the leader is killed, another one leads"
