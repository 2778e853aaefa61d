# Sourced by ./dev: brings in what a build or a test needs. Does nothing when all of it is there.
# shellcheck shell=bash
# Variables are for ./dev, and os-release is the system's own.
# shellcheck disable=SC2034,SC1091

say() { printf '==> %s: %s\n' "$1" "$2"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Debian's own python3 has the packaged modules (cbor2); another one earlier in PATH has not.
python=python3
[[ ! -x /usr/bin/python3 ]] || python=/usr/bin/python3

# Prints why this system is not one that packages() knows, or nothing.
unsupported_reason() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo 'it has no apt-get'
        return
    fi
    local id='' like='' version=''
    if [[ -r /etc/os-release ]]; then
        id=$(. /etc/os-release && echo "${ID:-}")
        like=$(. /etc/os-release && echo "${ID_LIKE:-}")
        version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    fi
    case $id in
    debian) [[ -z $version || ${version%%.*} -ge 12 ]] || echo "it is Debian $version" ;;
    ubuntu) [[ ${version%%.*} -ge 24 ]] || echo "it is Ubuntu $version" ;;
    *) [[ " $like " == *' debian '* || " $like " == *' ubuntu '* ]] || echo "it is ${id:-unknown}" ;;
    esac
}

# package_list <purpose>...: what the purposes need, less what is there in another form.
package_list() {
    local purpose
    for purpose in "$@"; do
        case $purpose in
        build)
            echo build-essential cmake ninja-build pkg-config git python3 libuv1-dev \
                libmicrohttpd-dev libjansson-dev liblmdb-dev libcmocka-dev
            if system_has_new_openssl; then
                echo libssl-dev
            elif [[ -z ${OPENSSL_ROOT:-} ]]; then
                # For tools/openssl.sh, which builds it from Debian's source package.
                echo perl dpkg-dev ca-certificates debian-archive-keyring
            fi
            ;;
        test)
            echo python3-cbor2 procps
            # Whatever node and npm are in PATH will do; Debian's would fight with them.
            command -v node >/dev/null || echo nodejs
            command -v npm >/dev/null || echo npm
            ;;
        bench) echo python3-cbor2 procps ;;
        clang) echo clang ;;
        check)
            echo clang clang-tidy
            # Only Debian 12 and Ubuntu 24.04 have version 14; elsewhere check says so and goes on.
            if ! clang_format_is_14 && [[ -n $(apt-cache madison clang-format-14 2>/dev/null) ]]; then
                echo clang-format-14
            fi
            ;;
        esac
    done
}

clang_format_is_14() {
    command -v clang-format-14 >/dev/null ||
        clang-format --version 2>/dev/null | grep -q 'version 14\.'
}

# What the distribution can offer: asked of its release, since its lists may not be there yet.
system_has_new_openssl() {
    local id version
    id=$(. /etc/os-release 2>/dev/null && echo "${ID:-}")
    version=$(. /etc/os-release 2>/dev/null && echo "${VERSION_ID:-}")
    case $id in
    debian) [[ -z $version || ${version%%.*} -ge 13 ]] ;;
    ubuntu) [[ ${version%%.*} -ge 26 || $version == 25.10 ]] ;;
    *) return 1 ;;
    esac
}

# packages <purpose>...: installs what is missing; apt is not called when nothing is.
packages() {
    local reason wanted installed missing=() package
    reason=$(unsupported_reason)
    if [[ -n $reason ]]; then
        # Somebody who brought everything along may still build.
        if has_build_tools; then
            return
        fi
        die "./dev knows Debian 12 and 13 and Ubuntu 24.04 and later, and this is none of them: $reason.
  Needed: a C17 compiler, CMake 3.25, Ninja, pkg-config, git, Python 3, libuv 1.44, libmicrohttpd
  0.9.75, jansson 2.14, LMDB 0.9.24, cmocka 1.1.5 (headers too), OpenSSL 3.5 (OPENSSL_ROOT=/prefix if not the
  system's). With those installed, ./dev goes on without apt; or: cmake -S . -B build"
    fi
    read -r -d '' -a wanted < <(package_list "$@" && printf '\0') || true
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p')
    for package in "${wanted[@]}"; do
        grep -qxF "$package" <<<"$installed" || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi

    local as_root=() log
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "missing packages, and neither root nor sudo to install them: ${missing[*]}"
        if [[ -t 0 ]]; then
            as_root=(sudo)
        else
            as_root=(sudo -n)
        fi
        as_root+=(env DEBIAN_FRONTEND=noninteractive)
    else
        as_root=(env DEBIAN_FRONTEND=noninteractive)
    fi
    say packages "${missing[*]}"
    mkdir -p build
    log=build/packages.log
    # Lists may be missing (containers) or old, so that a first failure is answered by an update.
    if ! install_packages "${missing[@]}" >"$log" 2>&1; then
        "${as_root[@]}" apt-get update >>"$log" 2>&1 || true
        if ! install_packages "${missing[@]}" >>"$log" 2>&1; then
            tail -n 20 "$log" >&2
            die "apt-get could not install: ${missing[*]}; all of it is in $log"
        fi
    fi
}

# Uses packages()'s as_root.
install_packages() {
    "${as_root[@]}" apt-get -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@" \
        </dev/null
}

has_build_tools() {
    local tool
    for tool in cc cmake ninja pkg-config git python3; do
        command -v "$tool" >/dev/null || return 1
    done
    pkg-config --exists libuv libmicrohttpd jansson lmdb cmocka
}

# Sets openssl to "system" or a prefix, building it where it must be.
ensure_openssl() {
    openssl=$(tools/openssl.sh ensure) || exit 1
}

# Test-only packages, exactly those of package-lock.json.
ensure_node_modules() {
    [[ -f package-lock.json ]] || return 0
    local stamp=node_modules/.installed-lock log=build/npm.log
    if cmp -s package-lock.json "$stamp"; then
        return
    fi
    say npm 'test packages of package-lock.json'
    mkdir -p build
    if ! npm ci --no-audit --no-fund --no-update-notifier >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        die "npm ci failed; all of it is in $log"
    fi
    cp package-lock.json "$stamp"
}
