/* Frames: what travels inside TLS.
 *
 * A message (one CBOR map) is cut into frames of at most QN_FRAME_CHUNK_MAX payload bytes, so that an
 * urgent message never waits behind a bulky one. Frames of one message follow each other in order
 * within their class; frames of different classes may alternate. A frame with MORE has payload.
 *
 *   offset 0  3  payload length, big-endian, 0..4096
 *          3  1  class: 0..3
 *          4  1  kind: enum qn_message_kind
 *          5  1  flags: bit 0 MORE (the message goes on in the next frame of this class), bit 1 REPLY,
 *                all others zero
 *          6  4  request id, big-endian; 0 = none. The same in all frames of a message. */
#ifndef QN_FRAME_H
#define QN_FRAME_H

#include "base/base.h"
#include "base/limits.h"

enum qn_class {
    QN_CLASS_P0, /* consensus and control: strict priority */
    QN_CLASS_P1, /* announcements */
    QN_CLASS_P2, /* requests */
    QN_CLASS_P3, /* bulk */
    QN_CLASS_COUNT,
};

enum { QN_FRAME_MORE = 1U << 0, QN_FRAME_REPLY = 1U << 1, QN_FRAME_FLAGS = 3 };

enum qn_message_kind {
    QN_HELLO = 1,
    QN_GOODBYE = 2,
    QN_PING = 3,
    QN_PONG = 4,
    QN_REDIRECT = 5,
    QN_ANNOUNCE = 16,
    QN_HEAD = 17,
    QN_PROPOSE = 32,
    QN_NOTARIZE = 33,
    QN_FINALIZE = 34,
    QN_NULLIFY = 35,
    QN_CERT = 36,
    QN_STATUS = 37,
    QN_CONSENSUS_REQUEST = 38,
    QN_RECOVER = 39,
    QN_RECOVER_REPLY = 40,
    QN_TX = 48,
    QN_SUBMIT = 49,
    QN_SUBMIT_RESULT = 50,
    QN_GET_BLOCKS = 51,
    QN_BLOCKS = 52,
    QN_GET_GENESIS = 53,
    QN_GENESIS = 54,
    QN_BUSY = 55,
    QN_GET_SNAPSHOT = 56,
    QN_SNAPSHOT = 57,
    QN_GET_RTT = 58,
    QN_RTT = 59,
#if QN_PROTOCOL_VERSION_NEXT > 0
    QN_NEXT = 63, /* the empty map: tests of what a newer version may send to whom */
#endif
};

/* Static properties of a kind; NULL if unknown. */
struct qn_kind_info {
    enum qn_message_kind kind;
    const char *name;    /* "notarize" */
    enum qn_class class; /* the only class it may travel in */
    size_t len_max;      /* bytes of the whole message */
    bool is_reply;       /* carries the REPLY flag and a request id */
    bool is_request;     /* carries a request id, wants a reply */
    uint32_t since;      /* protocol version that brought it: not sent to peers of an older one */
};
const struct qn_kind_info *qn_kind_find(unsigned kind);

struct qn_frame_header {
    uint32_t len;
    uint8_t class;
    uint8_t kind;
    uint8_t flags;
    uint32_t request_id;
};

void qn_frame_header_encode(uint8_t out[QN_FRAME_HEADER_LEN], const struct qn_frame_header *header);
/* Checks everything that can be checked on a header alone: length, class, kind, flags, kind's class,
 * request id present exactly where the kind wants it.
 * QN_ERR_MALFORMED, QN_ERR_TOO_BIG; *header untouched. */
QN_MUST_USE enum qn_err qn_frame_header_decode(struct qn_frame_header *header,
                                               const uint8_t in[QN_FRAME_HEADER_LEN]);

/* Reassembles the messages of one link: bytes in, whole messages out. */
struct qn_message_bytes {
    enum qn_message_kind kind;
    enum qn_class class;
    uint32_t request_id;
    struct qn_span bytes; /* valid until the next call on the assembler */
};

struct qn_assembler_class {
    uint8_t *bytes; /* grows up to the kind's len_max; released once a large message is done */
    size_t len;
    size_t capacity;
    bool open;
    uint8_t kind;
    uint32_t request_id;
};

/* Memory is bounded by the len_max of one open message per class. */
struct qn_assembler {
    uint8_t header[QN_FRAME_HEADER_LEN];
    size_t header_len;
    struct qn_frame_header frame; /* valid while payload_left counts or header_len is full */
    size_t payload_left;
    struct qn_assembler_class classes[QN_CLASS_COUNT];
    enum qn_err err; /* QN_OK, or what the peer did wrong: from then on nothing is taken */
};

void qn_assembler_init(struct qn_assembler *assembler);
void qn_assembler_fini(struct qn_assembler *assembler);
/* Takes bytes from *in (advancing it) until a message is whole (QN_OK) or the input is used up
 * (QN_ERR_NOT_FOUND: not an error). QN_ERR_MALFORMED or QN_ERR_TOO_BIG: the link must close. */
QN_MUST_USE enum qn_err qn_assembler_next(struct qn_assembler *assembler,
                                          struct qn_message_bytes *message, struct qn_span *in);

#endif
