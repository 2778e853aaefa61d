# Sourced: which clang-format, and which files.
# shellcheck shell=bash

# Other versions format differently, so only this one's verdict counts.
find_clang_format() {
    local tool
    for tool in clang-format-14 clang-format; do
        if "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then
            echo "$tool"
            return
        fi
    done
    return 1
}

# Existing ones: somebody may have deleted one that git still lists.
c_files() {
    git ls-files -co --exclude-standard -- '*.c' '*.h' | while read -r file; do
        [[ ! -f $file ]] || echo "$file"
    done
}
