#!/usr/bin/env bash
# Runs each libFuzzer target of a build for some seconds: ./dev fuzz.
#
#   tools/fuzz.sh <fuzz build folder> <seconds> [target...]
#
# New inputs go to build/, not to the committed corpus; a crash is left as fuzz/crashes/<target>-*,
# to be committed to fuzz/corpus/<target>/ together with its fix.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:?usage: tools/fuzz.sh <fuzz build folder> <seconds> [target...]}
seconds=${2:?}
shift 2

targets=("$@")
if ((${#targets[@]} == 0)); then
    for source in fuzz/*_fuzz.c; do
        [[ -e $source ]] || continue
        source=${source##*/}
        targets+=("${source%_fuzz.c}")
    done
fi
((${#targets[@]} > 0)) || { echo 'error: no fuzz targets' >&2; exit 1; }

failed=()
for target in "${targets[@]}"; do
    program=$build/fuzz/fuzz_$target
    [[ -x $program ]] || { echo "error: no fuzz target $target" >&2; exit 2; }
    found=$build/corpus/$target
    log=$build/fuzz_$target.log
    mkdir -p "$found" fuzz/crashes
    printf '==> fuzz: %s for %s s' "$target" "$seconds"
    corpora=("$found")
    [[ ! -d fuzz/corpus/$target ]] || corpora+=("fuzz/corpus/$target")
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="fuzz/crashes/$target-" "${corpora[@]}" >"$log" 2>&1; then
        sed -n 's/^stat::number_of_executed_units: */ : runs /p' "$log"
    else
        printf ': FAILED, all of it in %s\n' "$log"
        grep -n -e '^==.*ERROR' -e 'SUMMARY' -e 'Test unit written' "$log" || tail -n 20 "$log"
        failed+=("$target")
    fi
done
((${#failed[@]} == 0)) || { printf 'failed: %s\n' "${failed[*]}"; exit 1; }
