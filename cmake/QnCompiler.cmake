# Warnings, hardening and sanitizers: what every target of ours is compiled with.

include(CheckPIESupported)
include(CheckCCompilerFlag)

check_pie_supported(OUTPUT_VARIABLE qn_pie_output LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(CMAKE_C_COMPILER_ID MATCHES "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 14
   OR CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 12)
    message(WARNING "Tested with gcc 12 and clang 14 or later; this is "
                    "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}")
endif()

# Assertions of the C library stay in: QN_ASSERT is there in release builds as well, and tests
# use the former. So no -DNDEBUG, and -O2 as Debian's own packages.
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

add_library(qn_flags INTERFACE)
target_compile_options(qn_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wvla -Wundef -Wcast-qual
    -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
    # For QN_ASSERT(!"why this cannot be reached").
    $<$<C_COMPILER_ID:Clang>:-Wno-string-conversion>
    $<$<BOOL:${QN_WERROR}>:-Werror>
    # Messages and __FILE__ name files from the project's root, wherever it was built.
    "-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/="
    "$<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=>"
    -fno-common)

if(QN_SANITIZE)
    set(qn_sanitize "${QN_SANITIZE}")
    if(QN_FUZZ)
        string(APPEND qn_sanitize ",fuzzer-no-link")
    endif()
    target_compile_options(qn_flags INTERFACE
        "-fsanitize=${qn_sanitize}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
    # gcc's instrumentation hides the ranges of values from these warnings, which then see
    # conversions and uninitialized uses that are none. The other presets have them.
    target_compile_options(qn_flags INTERFACE
        "$<$<C_COMPILER_ID:GNU>:-Wno-conversion;-Wno-sign-conversion;-Wno-maybe-uninitialized>")
    target_link_options(qn_flags INTERFACE "-fsanitize=${QN_SANITIZE}")
else()
    # Sanitizers replace what these do, and FORTIFY hides calls from them.
    set(qn_hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
    check_c_compiler_flag(-fstack-clash-protection QN_HAS_STACK_CLASH)
    if(QN_HAS_STACK_CLASH)
        list(APPEND qn_hardening -fstack-clash-protection)
    endif()
    target_compile_options(qn_flags INTERFACE "$<$<NOT:$<CONFIG:Debug>>:${qn_hardening}>")
    target_link_options(qn_flags INTERFACE
        "$<$<NOT:$<CONFIG:Debug>>:-Wl,-z,relro,-z,now,-z,noexecstack>")
endif()

# qn_target_defaults(<target> [RUNTIME]): flags and include paths. RUNTIME code may use POSIX and
# Linux; without it only C17 is declared, so that a core file that calls clock_gettime() does not
# compile. The macro is empty so that a file which defines it itself is no redefinition.
function(qn_target_defaults target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "RUNTIME" "" "")
    target_link_libraries(${target} PRIVATE qn_flags)
    target_include_directories(${target} PRIVATE
        "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include" "${CMAKE_BINARY_DIR}/generated")
    if(arg_RUNTIME)
        target_compile_definitions(${target} PRIVATE "_GNU_SOURCE=")
    endif()
    add_dependencies(${target} qn_version)
endfunction()
