#include "base/buf.h"

#include "base/pool.h"

#include <string.h>

struct qn_buf *qn_buf_new(size_t len)
{
    QN_ASSERT(len <= SIZE_MAX - sizeof(struct qn_buf));
    struct qn_buf *buf = qn_pool_take(sizeof *buf + len);
    buf->references = 1;
    buf->len = len;
    return buf;
}

struct qn_buf *qn_buf_copy(struct qn_span bytes)
{
    struct qn_buf *buf = qn_buf_new(bytes.len);

    if (bytes.len > 0) {
        memcpy(buf->bytes, bytes.at, bytes.len);
    }
    return buf;
}

struct qn_buf *qn_buf_hold(struct qn_buf *buf)
{
    QN_ASSERT(buf->references > 0 && buf->references < UINT32_MAX);
    buf->references += 1;
    return buf;
}

void qn_buf_drop(struct qn_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    QN_ASSERT(buf->references > 0);
    buf->references -= 1;
    if (buf->references == 0) {
        qn_pool_give(buf, sizeof *buf + buf->len);
    }
}
