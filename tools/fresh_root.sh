#!/usr/bin/env bash
# Proves that the repository needs nothing but a Debian and ./dev: makes a minimal one, with nothing
# else installed, clones the last commit into it and works there as a newcomer would.
#
#   tools/fresh_root.sh [bookworm|trixie] [test|run|build|check]...     (default: bookworm test run)
#
# Needs root and mmdebstrap or debootstrap. Packages come from this machine's own mirror, with its
# proxy. Everything mounted is mounted in a namespace that ends with the script.
# QNET_KEEP_ROOT=1 keeps the folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

suite=bookworm
case ${1:-} in
bookworm | trixie)
    suite=$1
    shift
    ;;
esac
actions=("$@")
((${#actions[@]} > 0)) || actions=(test run)
for action in "${actions[@]}"; do
    [[ $action == @(test|run|build|check) ]] || die "no action $action: test, run, build or check"
done

((EUID == 0)) || die 'only root can make a root: sudo tools/fresh_root.sh'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -f $keyring ]] || die 'needs package debian-archive-keyring'

# Prints this machine's address of a Debian archive by its label; the placeholders are apt's.
mirror() { # label
    # shellcheck disable=SC2016
    apt-get indextargets 'Created-By: Packages' --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' |
        awk -F'|' -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}
main=$(mirror Debian)
security=$(mirror Debian-Security)
[[ -n $main ]] || die 'apt knows no Debian mirror on this machine (apt-get update first?)'

sources="deb [signed-by=$keyring] $main $suite main"
sources+=$'\n'"deb [signed-by=$keyring] $main $suite-updates main"
[[ -z $security ]] || sources+=$'\n'"deb [signed-by=$keyring] $security $suite-security main"

root=$(mktemp -d "${TMPDIR:-/var/tmp}/qnet-root.XXXXXX")
finish() {
    if [[ -n ${QNET_KEEP_ROOT:-} ]]; then
        echo "==> root: kept $root"
    else
        rm -rf --one-file-system "$root"
    fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chmod 755 "$root"

# How this machine reaches the network holds in there too.
environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry QNET_JOBS; do
    [[ -z ${!name:-} ]] || environment+=("$name=${!name}")
done
apt_proxy=$(apt-config shell proxy Acquire::http::Proxy)
apt_proxy=${apt_proxy#*=}
apt_proxy=${apt_proxy//\'/}

echo "==> root: $suite in $root"
log=$root.log
includes=ca-certificates,debian-archive-keyring
if command -v mmdebstrap >/dev/null; then
    options=()
    [[ -z $apt_proxy ]] || options+=(--aptopt="Acquire::http::Proxy \"$apt_proxy\"")
    mmdebstrap --mode=root --variant=minbase --include="$includes" "${options[@]}" \
        "$suite" "$root" - <<<"$sources" >"$log" 2>&1 || { tail -n 20 "$log" >&2; die 'mmdebstrap failed'; }
elif command -v debootstrap >/dev/null; then
    debootstrap --variant=minbase --include="$includes" --keyring="$keyring" "$suite" "$root" "$main" \
        >"$log" 2>&1 || { tail -n 20 "$log" >&2; die 'debootstrap failed'; }
    printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
    [[ -z $apt_proxy ]] || printf 'Acquire::http::Proxy "%s";\n' "$apt_proxy" >"$root/etc/apt/apt.conf.d/99proxy"
else
    die 'needs package mmdebstrap or debootstrap'
fi
rm -f "$log"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
if [[ -f ${NODE_EXTRA_CA_CERTS:-} ]]; then
    cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/host-certificates.crt"
    environment+=(NODE_EXTRA_CA_CERTS=/etc/host-certificates.crt)
fi
git clone -q --no-hardlinks . "$root/root/qnet"
echo "==> root: $(dpkg-query --admindir="$root/var/lib/dpkg" -W -f '.\n' | wc -l) packages, commit $(git rev-parse --short HEAD)"

in_root() {
    # The process namespace takes along whatever a failed run left behind.
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -euc '
        root=$1
        shift
        mount --make-rprivate / 2>/dev/null || true
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null || true
        mount --rbind /dev "$root/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
        exec chroot "$root" "$@"
    ' sh "$root" env -i "${environment[@]}" bash -c 'cd /root/qnet && exec "$@"' bash "$@" </dev/null
}

for action in "${actions[@]}"; do
    started=$SECONDS
    command=(./dev "$action")
    [[ $action != run ]] || command+=(--for 20 -o json)
    echo "==> root: ${command[*]}"
    in_root "${command[@]}" || die "${command[*]} failed on a fresh $suite"
    echo "==> root: ${command[*]} took $((SECONDS - started)) s"
done
