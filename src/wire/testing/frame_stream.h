/* Frames one after the other, as a link carries them. */
#ifndef QN_TESTING_FRAME_STREAM_H
#define QN_TESTING_FRAME_STREAM_H

#include "wire/frame.h"

struct qn_frame_stream {
    uint8_t *bytes;
    size_t len;
    size_t capacity;
};

void qn_frame_stream_init(struct qn_frame_stream *stream);
void qn_frame_stream_fini(struct qn_frame_stream *stream);
/* Appends bytes as they are. */
void qn_frame_stream_put(struct qn_frame_stream *stream, const uint8_t *bytes, size_t len);
/* Appends one frame of this kind, in its class and with the flags it must have. */
void qn_frame_stream_put_frame(struct qn_frame_stream *stream, enum qn_message_kind kind,
                               uint32_t request_id, bool goes_on, struct qn_span payload);
/* Appends a whole message, in chunks of the largest size. */
void qn_frame_stream_put_message(struct qn_frame_stream *stream, enum qn_message_kind kind,
                                 uint32_t request_id, struct qn_span message);

#endif
