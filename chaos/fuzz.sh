#!/usr/bin/env bash
# Runs every fuzz target for a while, one after the other: ./fuzz.sh 60s
set -euo pipefail
cd "$(dirname "$0")/.."
time="${1:-60s}"
grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do
  package="./$(dirname "${file#./}")"
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
  done
done
