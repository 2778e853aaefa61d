#!/usr/bin/env bash
# Shows that the core calls no socket, clock, thread or file: its libraries' undefined symbols
# against tools/core_symbols.allow. And that it keeps no changing globals, where no sanitizer adds
# its own.
#
#   tools/check_symbols.sh <build folder> [allow list]
set -euo pipefail
export LC_ALL=C

build=${1:?usage: tools/check_symbols.sh <build folder> [allow list]}
allow=${2:-$(dirname "${BASH_SOURCE[0]}")/core_symbols.allow}
core=(base crypto wire ledger consensus peer gossip discovery verify node)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

archives=()
for module in "${core[@]}"; do
    if [[ -f $build/libqn_$module.a ]]; then
        archives+=("$build/libqn_$module.a")
    fi
done
if ((${#archives[@]} == 0)); then
    echo "error: no core library in $build" >&2
    exit 1
fi

# The expressions of one kind, as one that matches whole lines.
expressions() { # prefix
    sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$allow" |
        { if [[ -n $1 ]]; then sed -n "s/^$1://p"; else grep -v '^[a-z]*:' || true; fi; } |
        sed 's/.*/^(&)$/'
}
expressions '' >"$work/any"
nm --defined-only --extern-only "${archives[@]}" | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"

problems=0
symbols=0
for archive in "${archives[@]}"; do
    module=${archive##*/libqn_}
    module=${module%.a}
    { cat "$work/any"; expressions "$module"; } >"$work/allowed"
    # "<member> <symbol>"
    nm -u "$archive" | awk '/:$/ { member = substr($0, 1, length($0) - 1) } NF == 2 { print member, $2 }' |
        sort -u >"$work/used"
    symbols=$((symbols + $(wc -l <"$work/used")))
    cut -d ' ' -f 2 "$work/used" | sort -u | comm -23 - "$work/defined" |
        grep -vEf "$work/allowed" >"$work/refused" || true
    while read -r member symbol; do
        printf '%s/%s: calls %s, which the core may not\n' "$module" "${member%.o}" "$symbol"
        problems=$((problems + 1))
    done < <(awk 'NR == FNR { refused[$1]; next } $2 in refused' "$work/refused" "$work/used")

    if ! grep -q ' __\(asan\|tsan\|msan\|ubsan\)_' "$work/used"; then
        expressions data >"$work/data"
        while read -r symbol; do
            if ! grep -qEf "$work/data" <<<"$module/$symbol"; then
                printf '%s: keeps %s, a variable that changes between calls\n' "$module" "$symbol"
                problems=$((problems + 1))
            fi
        done < <(objdump -t "$archive" |
            awk 'NF > 4 && $(NF - 2) ~ /^\.(data|bss|tdata|tbss)/ && $(NF - 2) !~ /rel\.ro/ && $NF !~ /^\./ { print $NF }')
    fi
done

printf 'symbols: %d uses in %d libraries, %d problems\n' "$symbols" "${#archives[@]}" "$problems"
((problems == 0))
