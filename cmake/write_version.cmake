# cmake -DVERSION= -DSOURCE_DIR= -DCOMPILER= -DOUTPUT= -P write_version.cmake

set(commit "unknown")
# An unpacked archive inside another repository is not that repository's commit.
if(EXISTS "${SOURCE_DIR}/.git")
    execute_process(
        COMMAND git -C "${SOURCE_DIR}" rev-parse --short=12 HEAD
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
        RESULT_VARIABLE status ERROR_QUIET)
    if(status EQUAL 0)
        set(commit "${answer}")
    endif()
endif()

file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT [[
/* Made by cmake/write_version.cmake. */
#ifndef QN_VERSION_H
#define QN_VERSION_H

#define QN_VERSION "@VERSION@"
#define QN_COMMIT "@commit@"
#define QN_COMPILER "@COMPILER@"

#endif
]] @ONLY)
