#!/usr/bin/env bash
# Every check that reads the source: ./dev check. Goes on after a failure, so that one run shows
# all of them.
#
#   tools/check.sh <release build folder>
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:?usage: tools/check.sh <release build folder>}

failed=()
check() { # name, command...
    local name=$1
    shift
    printf '==> check: %s\n' "$name"
    "$@" || failed+=("$name")
}

# shellcheck source=tools/clang_format.sh
source tools/clang_format.sh

format() {
    local tool files
    if ! tool=$(find_clang_format); then
        echo 'not checked: formatting is checked with clang-format 14 only, which is not packaged here'
        return
    fi
    mapfile -t files < <(c_files)
    ((${#files[@]} > 0)) || return 0
    # One line a file; ./dev format shows, in git diff, what it would be.
    "$tool" --dry-run -Werror "${files[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: error: code should be clang-formatted.*//p' |
        sort | uniq -c | awk '{ print $2 ": " $1 " places (./dev format " $2 ")"; bad = 1 } END { exit bad }'
}

# Since the branch left main; on main itself, the last commit; and what is not committed yet.
changed_sources() {
    local base
    base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || true)
    if [[ -z $base || $base == $(git rev-parse HEAD) ]]; then
        base=$(git rev-parse -q --verify HEAD~ || git hash-object -t tree /dev/null)
    fi
    {
        git diff --name-only --diff-filter=d "$base" -- '*.c'
        git ls-files -o --exclude-standard -- '*.c'
    } | sort -u
}

tidy() {
    local file files=()
    while read -r file; do
        # Only what is compiled has the flags that clang-tidy needs.
        if grep -q "\"file\": \"$PWD/$file\"" "$build/compile_commands.json"; then
            files+=("$file")
        fi
    done < <(changed_sources)
    echo "${#files[@]} changed files"
    ((${#files[@]} == 0)) && return
    # One file a process: version 14's va_list checker carries state from one file to the next.
    # gcc's own options in compile_commands.json are unknown to clang; that says nothing of ours.
    local log=$build/clang-tidy.log status=0
    printf '%s\0' "${files[@]}" |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet \
            --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-optimization-argument \
            >"$log" 2>&1 || status=1
    # Each finding once, without the steps that led there; a header's is told by all its users.
    if ((status != 0)); then
        grep -E '(error|warning): ' "$log" | sed "s|^$PWD/||" | sort -u
        echo "all of it is in $log"
    fi
    return "$status"
}

python=python3
[[ ! -x /usr/bin/python3 ]] || python=/usr/bin/python3

check format format
check layers "$python" tools/check_layers.py --order
check sizes "$python" tools/check_size.py
check symbols tools/check_symbols.sh "$build"
check selftest "$python" tools/check_selftest.py
check clang-tidy tidy

if ((${#failed[@]} > 0)); then
    printf 'failed: %s\n' "${failed[*]}"
    exit 1
fi
echo 'all checks passed'
