#!/usr/bin/env bash
# Runs node 24 (the first with ML-DSA and ML-KEM of its own) on the arguments. It comes with the
# test packages, since distributions carry older ones.
set -euo pipefail
modules=$(dirname "${BASH_SOURCE[0]}")/../node_modules

for node in "$modules/.bin/node" "$modules"/node-linux-*/bin/node; do
    if [[ -x $node ]]; then
        exec "$node" "$@"
    fi
done
echo "error: no node in node_modules/: ./dev test installs it (npm ci)" >&2
exit 1
