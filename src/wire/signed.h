/* The envelope of everything that is signed and kept: {1: payload, 2: signature}. The signature covers
 * the payload's bytes exactly as they are, so nothing is ever re-encoded to be verified. */
#ifndef QN_SIGNED_H
#define QN_SIGNED_H

#include "crypto/key.h"
#include "wire/cbor.h"

struct qn_signed {
    struct qn_span payload;   /* canonical CBOR of the inner record */
    struct qn_span signature; /* 1..QN_NODE_SIGNATURE_LEN_MAX bytes */
};

/* Bytes are valid as long as the input. payload_max: the inner record's limit. */
QN_MUST_USE enum qn_err qn_signed_decode(struct qn_signed *envelope, struct qn_span bytes,
                                         size_t payload_max);
/* A new buffer with the envelope; one reference, the caller's. */
struct qn_buf *qn_signed_encode(struct qn_span payload, struct qn_span signature);

#endif
