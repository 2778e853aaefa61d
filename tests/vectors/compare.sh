#!/usr/bin/env bash
# compare.sh <generator> <folder>: the vectors in the folder are those that the generator makes.
set -euo pipefail
generator=${1:?usage: compare.sh <generator> <folder>}
folder=${2:?usage: compare.sh <generator> <folder>}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$generator" "$work"
if ! diff -r "$work" "$folder"; then
    echo "error: other vectors than the program makes; to take them over: $generator $folder" >&2
    exit 1
fi
printf 'vectors: %s files the same\n' "$(find "$work" -type f | wc -l)"
