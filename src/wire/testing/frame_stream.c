#include "wire/testing/frame_stream.h"

#include <stdlib.h>
#include <string.h>

void qn_frame_stream_init(struct qn_frame_stream *stream)
{
    *stream = (struct qn_frame_stream){0};
}

void qn_frame_stream_fini(struct qn_frame_stream *stream)
{
    free(stream->bytes);
    *stream = (struct qn_frame_stream){0};
}

void qn_frame_stream_put(struct qn_frame_stream *stream, const uint8_t *bytes, size_t len)
{
    if (stream->len + len > stream->capacity) {
        stream->capacity = 2 * (stream->len + len);
        stream->bytes = realloc(stream->bytes, stream->capacity);
        QN_ASSERT(stream->bytes != NULL);
    }
    if (len > 0) {
        memcpy(stream->bytes + stream->len, bytes, len);
        stream->len += len;
    }
}

void qn_frame_stream_put_frame(struct qn_frame_stream *stream, enum qn_message_kind kind,
                               uint32_t request_id, bool goes_on, struct qn_span payload)
{
    const struct qn_kind_info *info = qn_kind_find((unsigned)kind);
    uint8_t bytes[QN_FRAME_HEADER_LEN];
    struct qn_frame_header header = {
        .len = (uint32_t)payload.len,
        .class = (uint8_t)info->class,
        .kind = (uint8_t)kind,
        .flags = (uint8_t)((goes_on ? QN_FRAME_MORE : 0) | (info->is_reply ? QN_FRAME_REPLY : 0)),
        .request_id = request_id,
    };
    qn_frame_header_encode(bytes, &header);
    qn_frame_stream_put(stream, bytes, sizeof bytes);
    qn_frame_stream_put(stream, payload.at, payload.len);
}

void qn_frame_stream_put_message(struct qn_frame_stream *stream, enum qn_message_kind kind,
                                 uint32_t request_id, struct qn_span message)
{
    while (message.len > QN_FRAME_CHUNK_MAX) {
        qn_frame_stream_put_frame(stream, kind, request_id, true,
                                  (struct qn_span){message.at, QN_FRAME_CHUNK_MAX});
        message.at += QN_FRAME_CHUNK_MAX;
        message.len -= QN_FRAME_CHUNK_MAX;
    }
    qn_frame_stream_put_frame(stream, kind, request_id, false, message);
}
