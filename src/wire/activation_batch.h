/* A batch of activation codes: the Merkle root (ledger/activation.h) of the hashes of their keys. In the
 * network's parameters, and issued later by the committee.
 *
 * {1: root, 2: count, 3: class, 4: expires} */
#ifndef QN_ACTIVATION_BATCH_H
#define QN_ACTIVATION_BATCH_H

#include "crypto/hash.h"
#include "wire/cbor.h"

struct qn_activation_batch {
    struct qn_hash root;
    uint32_t count; /* of codes, 1..2^QN_ACTIVATION_PATH_MAX */
    uint32_t class; /* free for the issuer; kept in the entry */
    qn_unix_ms expires_ms;
};

void qn_write_activation_batch(struct qn_writer *w, const struct qn_activation_batch *batch);
void qn_read_activation_batch(struct qn_reader *in, struct qn_activation_batch *batch);
/* A batch alone, as `qnet activation issue` prints it (base64url) and QNET_ACTIVATION_BATCH_001... carry
 * it. */
QN_MUST_USE enum qn_err qn_activation_batch_encode(const struct qn_activation_batch *batch,
                                                   uint8_t *out, size_t capacity,
                                                   struct qn_span *bytes);
QN_MUST_USE enum qn_err qn_activation_batch_decode(struct qn_activation_batch *batch,
                                                   struct qn_span bytes);

#endif
