/* Memory that messages, blocks and trees take and give back all the time: instead of being returned to
 * the C library, pieces given back wait in free lists by size class and are taken again, so that a core
 * in steady state allocates nothing.
 *
 * The lists belong to the thread, like the digest context in crypto/hash.c: nothing is shared, nothing
 * depends on what is in them. A piece may be taken in one thread and given back in another. */
#ifndef QN_POOL_H
#define QN_POOL_H

#include "base/base.h"

enum {
    QN_POOL_SIZE_MIN = 56,            /* bytes of the smallest class */
    QN_POOL_SIZE_MAX = 1048576 + 256, /* larger pieces are never kept; a message fits in one */
    QN_POOL_CLASSES = 58,
    QN_POOL_KEPT_LEN_MAX = 2097152, /* bytes that wait in one thread, all classes together */
};

/* At least this many bytes, aligned for any type, contents unset. Never NULL: out of memory stops the
 * program through QN_ASSERT. */
void *qn_pool_take(size_t size);
/* The same, zeroed. */
void *qn_pool_take_zeroed(size_t size);
/* size as it was asked for; NULL is allowed. */
void qn_pool_give(void *piece, size_t size);
/* Returns what waits in this thread to the C library. qn_crypto_thread_fini does it as well. */
void qn_pool_thread_fini(void);

/* For tests and readers of the source: how many bytes a piece of this size really has. */
size_t qn_pool_room(size_t size);

#endif
