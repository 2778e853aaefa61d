#!/usr/bin/env bash
# Installs a build into a folder of its own and builds a program against that: the public headers
# compile alone, and qnet.pc names all that libqnet.a needs.
#
#   CC=gcc QN_SANITIZE= tools/check_install.sh <build folder>
set -euo pipefail
build=${1:?usage: tools/check_install.sh <build folder>}
flags=(-std=c17 -Wall -Wextra -Wpedantic -Werror)
[[ -z ${QN_SANITIZE:-} ]] || flags+=("-fsanitize=$QN_SANITIZE")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/usr" >/dev/null
# Moved, since qnet.pc promises not to mind.
mv "$work/usr" "$work/moved"

{
    find "$work/moved/include" -name '*.h' -printf '#include <%P>\n' 2>/dev/null | sort
    echo 'int main(void) { return 0; }'
} >"$work/user.c"
pc() { PKG_CONFIG_PATH=$work/moved/lib/pkgconfig pkg-config "$@" qnet; }
read -r -a cflags < <(pc --cflags)
read -r -a libs < <(pc --libs)
# The whole archive, so that each of its members' needs counts.
"${CC:-cc}" "${flags[@]}" "${cflags[@]}" -o "$work/user" "$work/user.c" -L"$work/moved/lib" \
    -Wl,--whole-archive -lqnet -Wl,--no-whole-archive "${libs[@]}"
"$work/user"

# The verifier is usable alone: all that its archive leaves undefined is plain C library, no heap among it (what
# sanitizers and hardening add aside), it compiles as C++ too, and the example does its work.
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
foreign=$(nm -u "$work/moved/lib/libqnet_verify.a" | awk 'NF == 2 { print $2 }' | sort -u |
    grep -vE '^(qn_.*|qnet_.*|mem(cpy|move|set|cmp)|str(len|cmp|spn)|__(asan|ubsan|tsan|stack_chk)_.*|__mem(cpy|set)_chk|_GLOBAL_OFFSET_TABLE_)$' || true)
[[ -z $foreign ]] || { printf 'error: libqnet_verify.a needs %s\n' "$foreign" >&2; exit 1; }
writable=$(objdump -t "$work/moved/lib/libqnet_verify.a" |
    awk 'NF > 4 && $(NF - 2) ~ /^\.(data|bss|tdata|tbss)/ && $(NF - 2) !~ /rel\.ro/ && $NF !~ /^\.|asan|\*\./ { print $NF }')
if [[ -z ${QN_SANITIZE:-} && -n $writable ]]; then
    printf 'error: libqnet_verify.a keeps %s\n' "$writable" >&2
    exit 1
fi
verify_pc() { PKG_CONFIG_PATH=$work/moved/lib/pkgconfig pkg-config "$@" qnet-verify-openssl; }
read -r -a cflags < <(verify_pc --cflags)
read -r -a libs < <(verify_pc --libs)
"${CC:-cc}" "${flags[@]}" "${cflags[@]}" -o "$work/verify" "$source/examples/verify.c" "${libs[@]}"
if command -v c++ >/dev/null; then
    c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror "${cflags[@]}" -fsyntax-only -x c++ - \
        <<<'#include <qnet/verify_openssl.h>'
fi
vectors=$source/tests/vectors/proofs
mapfile -t certificates < <(sed -n '/"mldsa65": \[/,/\]/s/^ *"\([A-Za-z0-9_-]\{100,\}\)".*/\1/p' "$vectors/proofs.json")
"$work/verify" "$vectors/two-epochs.cbor" "${certificates[@]}"
status=0
"$work/verify" "$vectors/member-revoked.cbor" "${certificates[@]}" || status=$?
((status == 1)) || { echo 'error: the example took a revoked node for an active one' >&2; exit 1; }

printf 'install: %s headers, libqnet.a %s bytes, version %s\n' \
    "$(grep -c '#include' "$work/user.c")" "$(stat -c %s "$work/moved/lib/libqnet.a")" "$(pc --modversion)"
