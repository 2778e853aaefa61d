#!/usr/bin/env bash
# Finds OpenSSL >= 3.5, or builds it once from Debian 13's source package.
#
#   tools/openssl.sh find     prints "system" or a prefix; fails, silently, when there is none
#   tools/openssl.sh ensure   the same, but builds a private prefix when there is none
#
# In this order: $OPENSSL_ROOT, the system's, the private prefix in
# ${XDG_CACHE_HOME:-$HOME/.cache}/qnet/openssl-<version>, and for `ensure` a new one.
# The prefix appears by one rename at the end, so that whoever sees it sees all of it.
set -euo pipefail

# The first Debian version that carries the fix of CVE-2026-14457 (a server that uses raw public
# keys dereferences NULL).
readonly min_version=3.5.0
readonly min_debian_version='3.5.7-1~deb13u2'
readonly suite=trixie
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# No algorithm that we use is a module, and an archive that is linked into one program needs no
# configuration file of its own.
readonly configure_options=(no-shared no-module no-apps no-tests no-docs no-legacy no-engine
    no-dtls no-comp no-ssl3 no-weak-ssl-ciphers no-autoload-config)

cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set, so there is no cache folder}/.cache}/qnet
jobs=$(nproc 2>/dev/null || echo 2)

say() { printf '==> openssl: %s\n' "$*" >&2; }

# Prints the library's version in a prefix, or nothing.
version_in() {
    local dir
    for dir in "$1/lib/pkgconfig" "$1/lib64/pkgconfig" "$1"/lib/*-linux-gnu/pkgconfig; do
        if [[ -f $dir/openssl.pc ]]; then
            PKG_CONFIG_PATH=$dir pkg-config --modversion openssl 2>/dev/null || true
            return
        fi
    done
    # A source tree built in place has its headers and libraries, and no pkg-config file.
    if [[ -f $1/include/openssl/opensslv.h ]]; then
        sed -n 's/.*define OPENSSL_VERSION_STR "\(.*\)".*/\1/p' "$1/include/openssl/opensslv.h"
    fi
}

is_new_enough() { # version
    [[ -n $1 ]] && [[ $(printf '%s\n%s\n' "$min_version" "$1" | sort -V | head -n 1) == "$min_version" ]]
}

find_given() {
    local version
    version=$(version_in "$OPENSSL_ROOT")
    if ! is_new_enough "$version"; then
        say "OPENSSL_ROOT=$OPENSSL_ROOT holds ${version:-no OpenSSL that pkg-config can read}; $min_version or later is needed"
        return 1
    fi
    printf '%s\n' "$OPENSSL_ROOT"
}

find_system() {
    pkg-config --atleast-version="$min_version" openssl 2>/dev/null || return 1
    local have
    have=$(dpkg-query -W -f '${Version}' libssl-dev 2>/dev/null || true)
    # Only Debian's own 3.5 series is known to lack the fix below this version.
    if [[ $have == 3.5.* ]] && dpkg --compare-versions "$have" lt "$min_debian_version"; then
        say "warning: libssl-dev $have lacks the fix of CVE-2026-14457; apt-get install libssl-dev brings it"
    fi
    printf 'system\n'
}

find_cached() {
    local dir best='' version
    for dir in "$cache"/openssl-*; do
        [[ -f $dir/lib/pkgconfig/openssl.pc && -f $dir/lib/libcrypto.a ]] || continue
        version=${dir##*/openssl-}
        dpkg --compare-versions "$version" ge "$min_debian_version" || continue
        if [[ -z $best ]] || dpkg --compare-versions "$version" gt "${best##*/openssl-}"; then
            best=$dir
        fi
    done
    [[ -n $best ]] || return 1
    printf '%s\n' "$best"
}

find_any() {
    if [[ -n ${OPENSSL_ROOT:-} ]]; then
        find_given
    else
        find_system || find_cached
    fi
}

fail_with_both_ways() {
    cat >&2 <<TEXT
error: QNet needs OpenSSL $min_version or later: $1
  There are two ways to get it:
  1. a system that has it: Debian 13, Ubuntu 25.10 or later (apt-get install libssl-dev), or on
     Debian 12 let this script build Debian 13's source package (needs build-essential, perl,
     dpkg-dev, and a Debian mirror in apt's sources or in QNET_DEBIAN_MIRROR);
  2. your own build: OPENSSL_ROOT=/its/prefix ./dev build
TEXT
    exit 1
}

# Prints "<address> <suite>" lines for the main and the security archive, from the machine's own
# apt: the addresses that are reachable from here, with whatever proxy they need.
mirrors() {
    if [[ -n ${QNET_DEBIAN_MIRROR:-} ]]; then
        printf '%s %s\n' "$QNET_DEBIAN_MIRROR" "$suite"
        return
    fi
    local options=()
    if [[ -z $(debian_archives) ]]; then
        # No lists on this machine, as in a fresh container: fetch them, privately.
        mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
        options=(-oDir::State::Lists="$work/lists" -oDir::Cache="$work/cache" -oAPT::Sandbox::User=root)
        apt-get "${options[@]}" update >&2 || true
    fi
    debian_archives "${options[@]}"
}

debian_archives() {
    # ORIGIN tells Debian's archive from the others; LABEL tells its security archive. These are
    # apt's placeholders, not the shell's.
    # shellcheck disable=SC2016
    apt-get "$@" indextargets 'Created-By: Packages' --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' |
        sort -u | awk -F'|' -v suite="$suite" '
            $1 == "Debian" && $2 == "Debian" && !main { main = $3 }
            $1 == "Debian" && $2 == "Debian-Security" && !security { security = $3 }
            END {
                if (main) print main, suite
                if (security) print security, suite "-security"
            }'
}

build() {
    local tool
    for tool in perl make cc apt-get dpkg-source flock; do
        command -v "$tool" >/dev/null || fail_with_both_ways "$tool is missing, so it cannot be built here"
    done
    [[ -f $keyring ]] || fail_with_both_ways "$keyring is missing (package debian-archive-keyring)"

    mkdir -p "$cache"
    exec 9>"$cache/openssl.lock"
    if ! flock -n 9; then
        say 'another build of it is running; waiting'
        flock 9
    fi
    find_cached && return
    say "the system has none; building Debian 13's source package once (about 80 s)"
    # Whoever left these was killed: they would hold the lock otherwise.
    rm -rf "$cache"/building.*
    work=$(mktemp -d "$cache/building.XXXXXX")
    trap 'stop; exit 130' INT
    trap 'stop; exit 143' TERM HUP
    trap 'rm -rf "$work"' EXIT

    local log=$cache/openssl-build.log final
    # In a process group of its own, so that stopping it stops make and the compilers too; and not
    # inside an `if`, where bash ignores `set -e`.
    set -m
    build_in_work >"$log" 2>&1 </dev/null 9>&- &
    builder=$!
    set +m
    if ! wait "$builder"; then
        tail -n 25 "$log" >&2
        fail_with_both_ways "the build failed, see $log"
    fi
    final=$(cat "$work/final")
    rm -rf "$final"
    mv "$work/dest$final" "$final"
    say "built $final"
    printf '%s\n' "$final"
}

stop() {
    kill -TERM -- "-$builder" 2>/dev/null || true
    wait "$builder" 2>/dev/null || true
}

build_in_work() {
    local apt_options=(
        -oDir::Etc::SourceList="$work/sources.list" -oDir::Etc::SourceParts=/dev/null
        -oDir::State::Lists="$work/lists" -oDir::Cache="$work/cache"
        -oAcquire::Languages=none -oAPT::Sandbox::User=root -oAcquire::Retries=3)
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source" "$work/objects"
    local address archive list version tree
    list=$(mirrors)
    if [[ -z $list ]]; then
        echo 'apt knows no Debian mirror on this system' >&2
        return 1
    fi
    while read -r address archive; do
        printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$address" "$archive"
    done <<<"$list" >"$work/sources.list"

    apt-get "${apt_options[@]}" update
    cd "$work/source"
    # The security archive may list a version whose files are gone; the main one has its own.
    apt-get "${apt_options[@]}" source --only-source openssl ||
        apt-get "${apt_options[@]}" source --only-source "openssl/$suite"
    version=$(sed -n 's/^Version: //p' ./*.dsc | head -n 1)
    version=${version#*:}
    tree=$(find "$work/source" -mindepth 1 -maxdepth 1 -type d | head -n 1)
    if dpkg --compare-versions "$version" lt "$min_debian_version"; then
        echo "the archive has $version; $min_debian_version or later is needed" >&2
        return 1
    fi

    local final=$cache/openssl-$version
    cd "$work/objects"
    "$tree/Configure" --prefix="$final" --openssldir="$final/ssl" --libdir=lib "${configure_options[@]}"
    make -j"$jobs" build_libs
    make install_dev DESTDIR="$work/dest"
    printf '%s\n' "$final" >"$work/final"
}

case "${1:-} ${2:-}" in
'find ') find_any ;;
'ensure ')
    if ! find_any; then
        [[ -z ${OPENSSL_ROOT:-} ]] || fail_with_both_ways 'the one that OPENSSL_ROOT names does not do'
        build
    fi
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
