# Libraries that we use, each as one imported target.

find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# qn_dependency(<target> <pkg-config module> <least version> <Debian package>)
function(qn_dependency target module version package)
    pkg_check_modules(${target} QUIET IMPORTED_TARGET "${module}>=${version}")
    if(NOT ${target}_FOUND)
        message(FATAL_ERROR "${module} ${version} or later was not found: "
                            "apt-get install ${package}, or ./dev build, which does it")
    endif()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE PkgConfig::${target})
    set(${target}_VERSION "${${target}_VERSION}" PARENT_SCOPE)
endfunction()

qn_dependency(qn_libuv libuv 1.44 libuv1-dev)
qn_dependency(qn_microhttpd libmicrohttpd 0.9.75 libmicrohttpd-dev)
qn_dependency(qn_jansson jansson 2.14 libjansson-dev)
qn_dependency(qn_lmdb lmdb 0.9.24 liblmdb-dev)
# Service records: part of the C library's package, where it is not part of the C library itself.
add_library(qn_resolver INTERFACE)
find_library(QN_RESOLV_LIBRARY resolv)
mark_as_advanced(QN_RESOLV_LIBRARY)
if(QN_RESOLV_LIBRARY)
    set(QN_RESOLVER_FLAGS "-lresolv")
    target_link_libraries(qn_resolver INTERFACE "${QN_RESOLV_LIBRARY}")
endif()
if(QN_TESTS AND NOT QN_FUZZ)
    qn_dependency(qn_cmocka cmocka 1.1.5 libcmocka-dev)
endif()

# OpenSSL: given, else the system's when it is new enough, else the private prefix that
# tools/openssl.sh built earlier. Building it is left to ./dev: a configure step that takes a
# minute and downloads would surprise.
set(OPENSSL_ROOT "$ENV{OPENSSL_ROOT}" CACHE PATH "Prefix of OpenSSL 3.5 or later; empty: look for it")
if(OPENSSL_ROOT)
    set(qn_openssl "${OPENSSL_ROOT}")
else()
    execute_process(
        COMMAND "${CMAKE_SOURCE_DIR}/tools/openssl.sh" find
        OUTPUT_VARIABLE qn_openssl OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE qn_status)
    if(NOT qn_status EQUAL 0)
        message(FATAL_ERROR
            "OpenSSL 3.5 or later was not found. Two ways to get it:\n"
            "  tools/openssl.sh ensure    builds Debian 13's source package once, for this user\n"
            "  cmake -DOPENSSL_ROOT=...   your own build's prefix")
    endif()
endif()
if(NOT qn_openssl STREQUAL "system")
    set(OPENSSL_ROOT_DIR "${qn_openssl}")
    # One copy in the program: a shared libssl beside it would load both.
    if(EXISTS "${qn_openssl}/lib/libcrypto.a" AND NOT EXISTS "${qn_openssl}/lib/libcrypto.so")
        set(OPENSSL_USE_STATIC_LIBS ON)
    endif()
    # FindOpenSSL asks pkg-config as well, which would answer with the system's.
    set(ENV{PKG_CONFIG_PATH} "${qn_openssl}/lib/pkgconfig:${qn_openssl}/lib64/pkgconfig")
endif()
if(NOT qn_openssl STREQUAL "${QN_OPENSSL_USED}")
    # Another OpenSSL than at the last configure: forget the old one's paths.
    unset(OPENSSL_INCLUDE_DIR CACHE)
    unset(OPENSSL_CRYPTO_LIBRARY CACHE)
    unset(OPENSSL_SSL_LIBRARY CACHE)
    set(QN_OPENSSL_USED "${qn_openssl}" CACHE INTERNAL "")
endif()
find_package(OpenSSL 3.5 REQUIRED)
message(STATUS "OpenSSL ${OPENSSL_VERSION}: ${qn_openssl}")

# Python runs checks and integration tests; Debian's own has the packaged modules (cbor2), which
# another one earlier in PATH has not.
find_program(QN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(QN_PYTHON python3)
