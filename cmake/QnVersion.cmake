# generated/qn_version.h: written at build time, and only when something in it changed, so that a
# commit recompiles the one file that shows it.

set(qn_version_script "${CMAKE_SOURCE_DIR}/cmake/write_version.cmake")
set(qn_version_header "${CMAKE_BINARY_DIR}/generated/qn_version.h")
set(qn_version_command
    "${CMAKE_COMMAND}"
    "-DVERSION=${PROJECT_VERSION}"
    "-DSOURCE_DIR=${CMAKE_SOURCE_DIR}"
    "-DCOMPILER=${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}"
    "-DOUTPUT=${qn_version_header}"
    -P "${qn_version_script}")

add_custom_target(qn_version
    COMMAND ${qn_version_command}
    BYPRODUCTS "${qn_version_header}"
    COMMENT "" VERBATIM)
