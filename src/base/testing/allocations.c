#include "base/testing/allocations.h"

#include <stddef.h>

static uint64_t calls;

/* The linker leads every call of malloc here and __real_malloc to the C library (ld --wrap). These names
 * are the linker's. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *piece, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *piece, size_t size);

void *__wrap_malloc(size_t size)
{
    calls += 1;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    calls += 1;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *piece, size_t size)
{
    calls += 1;
    return __real_realloc(piece, size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

uint64_t qn_allocations(void)
{
    return calls;
}
