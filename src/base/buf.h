/* Reference-counted, immutable bytes: one frame sent to many links is one buffer.
 *
 * Counts change only on the thread that runs the node; a worker may read while a reference is held
 * for it. */
#ifndef QN_BUF_H
#define QN_BUF_H

#include "base/base.h"

struct qn_buf {
    uint32_t references;
    size_t len;
    uint8_t bytes[];
};

/* A new buffer of len bytes from the thread's pool, one reference, contents unset; never NULL (out of
 * memory stops the program through QN_ASSERT: every size is bounded by limits.h). len stays as it is. */
struct qn_buf *qn_buf_new(size_t len);
/* A new buffer with a copy of these bytes. */
struct qn_buf *qn_buf_copy(struct qn_span bytes);
struct qn_buf *qn_buf_hold(struct qn_buf *buf);
/* Drops one reference, frees at zero; NULL is allowed. */
void qn_buf_drop(struct qn_buf *buf);
static inline struct qn_span qn_buf_span(const struct qn_buf *buf)
{
    return (struct qn_span){buf->bytes, buf->len};
}

#endif
