# One static library per folder of src/, its unit tests, and libqnet.a over several of them.

# qn_module(<name> [RUNTIME] [LINK <modules>] [SYSTEM <libraries>])
#
# src/<name>/*.c without *_test.c becomes qn_<name>; a folder with nothing in it yet becomes an
# interface target that only passes its links on, so that the tree builds at every stage.
# src/<name>/testing/*.c becomes qn_<name>_testing, for this module's tests, those in tests/ and the
# fuzz targets; it may use the test support of the modules below.
# Each src/<name>/<unit>_test.c becomes <name>_<unit>_test, in ctest <name>/<unit>.
function(qn_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "RUNTIME" "" "LINK;SYSTEM")
    set(runtime "")
    if(arg_RUNTIME)
        set(runtime RUNTIME)
    endif()
    set(folder "${CMAKE_SOURCE_DIR}/src/${name}")

    file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.c")
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "_test\\.c$")
    list(FILTER tests INCLUDE REGEX "_test\\.c$")
    # main() stays out of qn_cli, so that tests link it.
    list(REMOVE_ITEM sources "${folder}/main.c")

    if(sources)
        # Compiled once, archived twice: here and in libqnet.a.
        add_library(qn_${name}_objects OBJECT ${sources})
        qn_target_defaults(qn_${name}_objects ${runtime})
        target_link_libraries(qn_${name}_objects PRIVATE ${arg_SYSTEM})
        add_library(qn_${name} STATIC $<TARGET_OBJECTS:qn_${name}_objects>)
        set_target_properties(qn_${name} PROPERTIES LINKER_LANGUAGE C)
        target_link_libraries(qn_${name} PUBLIC ${arg_LINK} ${arg_SYSTEM})
    else()
        add_library(qn_${name} INTERFACE)
        target_link_libraries(qn_${name} INTERFACE ${arg_LINK} ${arg_SYSTEM})
    endif()

    if(NOT QN_TESTS AND NOT QN_FUZZ)
        return()
    endif()
    set(testing_below ${arg_LINK})
    list(TRANSFORM testing_below APPEND "_testing")
    # Its fake node has the names of the real one.
    list(REMOVE_ITEM testing_below qn_api_testing)
    file(GLOB testing CONFIGURE_DEPENDS "${folder}/testing/*.c")
    if(testing)
        add_library(qn_${name}_testing STATIC ${testing})
        # Test support may look at clocks and files even where its module may not.
        qn_target_defaults(qn_${name}_testing RUNTIME)
        target_link_libraries(qn_${name}_testing PUBLIC
            ${testing_below} qn_${name} $<TARGET_NAME_IF_EXISTS:qn_cmocka>)
    else()
        add_library(qn_${name}_testing INTERFACE)
        target_link_libraries(qn_${name}_testing INTERFACE ${testing_below} qn_${name})
    endif()
    if(QN_FUZZ)
        return()
    endif()
    foreach(test IN LISTS tests)
        get_filename_component(unit "${test}" NAME_WE)
        string(REGEX REPLACE "_test$" "" unit "${unit}")
        qn_unit_test("${name}/${unit}" ${name}_${unit}_test "${test}" qn_${name}_testing qn_${name})
    endforeach()
endfunction()

# qn_unit_test(<ctest name> <target> <source> <libraries...>)
function(qn_unit_test test target source)
    add_executable(${target} "${source}")
    qn_target_defaults(${target} RUNTIME)
    target_link_libraries(${target} PRIVATE ${ARGN} qn_cmocka)
    add_test(NAME "${test}" COMMAND ${target} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    qn_test_properties("${test}" TIMEOUT 120)
endfunction()

# qn_count_allocations(<test targets...>): those there are call the allocator through
# base/testing/allocations.c.
function(qn_count_allocations)
    foreach(target IN LISTS ARGN)
        if(TARGET ${target})
            target_link_options(${target} PRIVATE
                "LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc")
        endif()
    endforeach()
endfunction()

# What every test gets from its surroundings, on top of the properties given.
function(qn_test_properties test)
    set(environment
        "QNET_BIN=$<IF:$<TARGET_EXISTS:qnet>,${CMAKE_BINARY_DIR}/qnet,>"
        "QNET_SOURCE_DIR=${CMAKE_SOURCE_DIR}"
        "QNET_BUILD_DIR=${CMAKE_BINARY_DIR}"
        "PYTHONPATH=${CMAKE_SOURCE_DIR}/tests"
        "PYTHONDONTWRITEBYTECODE=1"
        "UBSAN_OPTIONS=print_stacktrace=1"
        "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
        "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
    set_tests_properties("${test}" PROPERTIES ENVIRONMENT "${environment}" ${ARGN})
endfunction()

# libqnet.a with all objects of the given modules, its headers and qnet.pc.
function(qn_library)
    set(objects "")
    foreach(name IN LISTS ARGN)
        if(TARGET qn_${name}_objects)
            list(APPEND objects $<TARGET_OBJECTS:qn_${name}_objects>)
        endif()
    endforeach()
    if(NOT objects)
        return()
    endif()
    add_library(libqnet STATIC ${objects})
    set_target_properties(libqnet PROPERTIES OUTPUT_NAME qnet LINKER_LANGUAGE C)

    # The archive is all there is, so its dependencies are not private to anything.
    if(qn_openssl STREQUAL "system")
        set(QN_PC_REQUIRES "libuv, openssl >= 3.5")
        set(QN_PC_LIBS "${QN_RESOLVER_FLAGS} -pthread")
    else()
        set(QN_PC_REQUIRES "libuv")
        set(QN_PC_LIBS "${OPENSSL_SSL_LIBRARY} ${OPENSSL_CRYPTO_LIBRARY} ${QN_RESOLVER_FLAGS} -ldl -pthread")
    endif()
    configure_file("${CMAKE_SOURCE_DIR}/cmake/qnet.pc.in" "${CMAKE_BINARY_DIR}/qnet.pc" @ONLY)
    install(TARGETS libqnet ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/qnet"
            DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" OPTIONAL FILES_MATCHING PATTERN "*.h")
    install(FILES "${CMAKE_BINARY_DIR}/qnet.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

# What verifies proofs without the rest: libqnet_verify.a, which needs nothing but the C library, and
# libqnet_verify_openssl.a, which calls OpenSSL for it.
function(qn_verify_library)
    set(source "${CMAKE_SOURCE_DIR}/src")
    file(GLOB verify CONFIGURE_DEPENDS "${source}/verify/*.c")
    list(FILTER verify EXCLUDE REGEX "_test\\.c$")
    add_library(qnet_verify STATIC ${verify} "${source}/wire/cbor_reader.c"
        "${source}/wire/cbor_writer.c" "${source}/wire/utf8.c" "${source}/base/base64url.c")
    qn_target_defaults(qnet_verify)

    file(GLOB openssl CONFIGURE_DEPENDS "${source}/verify/openssl/*.c")
    add_library(qnet_verify_openssl STATIC ${openssl})
    qn_target_defaults(qnet_verify_openssl)
    target_link_libraries(qnet_verify_openssl PUBLIC OpenSSL::Crypto)

    if(qn_openssl STREQUAL "system")
        set(QN_PC_VERIFY_REQUIRES ", libcrypto >= 3.5")
    else()
        set(QN_PC_VERIFY_LIBS "${OPENSSL_CRYPTO_LIBRARY} -ldl -pthread")
    endif()
    foreach(name IN ITEMS qnet-verify qnet-verify-openssl)
        configure_file("${CMAKE_SOURCE_DIR}/cmake/${name}.pc.in" "${CMAKE_BINARY_DIR}/${name}.pc" @ONLY)
        install(FILES "${CMAKE_BINARY_DIR}/${name}.pc"
                DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
    endforeach()
    install(TARGETS qnet_verify qnet_verify_openssl ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endfunction()
