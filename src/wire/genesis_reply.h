/* GENESIS {1: [certificate], 2: parameters}: everything from which a newcomer derives the network id
 * and block 0; answers GET_GENESIS. */
#ifndef QN_GENESIS_REPLY_H
#define QN_GENESIS_REPLY_H

#include "base/buf.h"
#include "base/limits.h"
#include "wire/cbor.h"

enum { QN_GENESIS_CERTS_MAX = QN_VALIDATORS_MAX, QN_GENESIS_PARAMETERS_LEN_MAX = 1024 };

struct qn_genesis_reply {
    size_t cert_count;
    struct qn_span certs[QN_GENESIS_CERTS_MAX]; /* encoded envelopes */
    struct qn_span parameters;                  /* encoded qn_genesis_parameters */
};
/* QN_ERR_TOO_BIG above QN_MESSAGE_LEN_MAX. */
QN_MUST_USE enum qn_err qn_genesis_reply_encode(struct qn_buf **buf,
                                                const struct qn_genesis_reply *reply);
QN_MUST_USE enum qn_err qn_genesis_reply_decode(struct qn_genesis_reply *reply,
                                                struct qn_span bytes);

#endif
