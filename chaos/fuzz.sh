#!/usr/bin/env bash
# Runs every fuzz target for a while, one after the other: ./fuzz.sh 60s
# With a folder only those in it: ./fuzz.sh 60s gateways/fix
set -euo pipefail
cd "$(dirname "$0")/.."
time="${1:-60s}"
grep -rlE '^func Fuzz' --include='*_test.go' "./${2:-}" | sort | while read -r file; do
  package="./$(dirname "${file#./}")"
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 2s "$package"
  done
done
