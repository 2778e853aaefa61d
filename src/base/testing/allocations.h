/* Counts what a test asks of the C library's allocator, that of OpenSSL's static library included: only in
 * tests that are linked with qn_count_allocations (CMakeLists.txt). Single-threaded. */
#ifndef QN_TESTING_ALLOCATIONS_H
#define QN_TESTING_ALLOCATIONS_H

#include <stdint.h>

/* Calls of malloc, calloc and realloc so far. */
uint64_t qn_allocations(void);

#endif
