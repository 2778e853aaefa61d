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
printf 'install: %s headers, libqnet.a %s bytes, version %s\n' \
    "$(grep -c '#include' "$work/user.c")" "$(stat -c %s "$work/moved/lib/libqnet.a")" "$(pc --modversion)"
