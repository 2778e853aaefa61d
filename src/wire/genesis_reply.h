/* GET_GENESIS and GENESIS: everything from which a newcomer derives the network id and block 0, in pages.
 *
 * Nobody knows the asker yet, so no answer is longer than its request: what is asked for is paid for in padding. A
 * request with the least of it is told how much the rest takes. */
#ifndef QN_GENESIS_REPLY_H
#define QN_GENESIS_REPLY_H

#include "base/buf.h"
#include "base/limits.h"
#include "wire/cbor.h"

enum {
    QN_GENESIS_CERTS_MAX = QN_VALIDATORS_MAX,
    QN_GENESIS_PARAMETERS_LEN_MAX = 1024,
    QN_GENESIS_PADDING_MIN = 16, /* pays for an answer that has nothing but "wanted" */
    QN_GENESIS_PADDING_MAX = 32768,
    QN_GENESIS_ANSWER_LEN_MIN = 15,
};

/* {1: from, 2: padding} */
struct qn_get_genesis {
    size_t from;        /* 0..QN_GENESIS_CERTS_MAX: the first certificate that is wanted */
    size_t padding_len; /* QN_GENESIS_PADDING_MIN..QN_GENESIS_PADDING_MAX zeros */
};
struct qn_buf *qn_get_genesis_encode(const struct qn_get_genesis *get);
QN_MUST_USE enum qn_err qn_get_genesis_decode(struct qn_get_genesis *get, struct qn_span bytes);

/* {1: from, 2: count, 3: [certificate], 4: wanted} or, with what ends it, {1, 2, 3, 5: parameters} */
struct qn_genesis_reply {
    size_t from;       /* index of the first certificate here */
    size_t count;      /* of all certificates, QN_GENESIS_MIN..QN_GENESIS_CERTS_MAX */
    size_t cert_count; /* of those here */
    struct qn_span certs[QN_GENESIS_CERTS_MAX]; /* encoded envelopes */
    size_t
        wanted; /* padding of the next request, for all that is left or as much as one answer has; 0: nothing is left */
    struct qn_span parameters; /* encoded qn_genesis_parameters; when nothing is left, else empty */
};
/* QN_ERR_TOO_BIG above the longest request. */
QN_MUST_USE enum qn_err qn_genesis_reply_encode(struct qn_buf **buf,
                                                const struct qn_genesis_reply *reply);
QN_MUST_USE enum qn_err qn_genesis_reply_decode(struct qn_genesis_reply *reply,
                                                struct qn_span bytes);

/* Of all certificates and the parameters, which stay the caller's: as many from this one on as an answer of
 * len_max bytes holds, QN_GENESIS_ANSWER_LEN_MIN or more. */
void qn_genesis_reply_cut(struct qn_genesis_reply *reply, const struct qn_span *certs, size_t count,
                          struct qn_span parameters, size_t from, size_t len_max);

#endif
