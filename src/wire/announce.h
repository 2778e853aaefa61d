/* Peer records and their announcement; heads of the ledger. */
#ifndef QN_ANNOUNCE_H
#define QN_ANNOUNCE_H

#include "crypto/key.h"
#include "wire/signed.h"
#include "wire/types.h"

enum { QN_RECORD_PAYLOAD_LEN_MAX = 640, QN_RECORD_LEN_MAX = 640 + QN_NODE_SIGNATURE_LEN_MAX + 16 };

/* What a node says of itself, signed (QN_SIGN_RECORD) with the key that the registry holds.
 * Payload {1: node id, 2: sequence, 3: [endpoint], 4: region, 5: roles, 6: software}. */
struct qn_record {
    struct qn_node_id id;
    uint64_t sequence; /* grows with each record a node signs: its unix time in ms */
    uint8_t endpoint_count;
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
    enum qn_region region;
    uint32_t roles;
    char software[QN_SOFTWARE_LEN_MAX + 1];
};
QN_MUST_USE enum qn_err qn_record_payload(const struct qn_record *record, uint8_t *out,
                                          size_t capacity, struct qn_span *payload);
QN_MUST_USE enum qn_err qn_record_decode(struct qn_record *record, struct qn_signed *envelope,
                                         struct qn_span bytes);

/* ANNOUNCE {1: hops, 2: signed record}; extensible. hops counts links passed so far, 0 from the
 * subject itself. */
struct qn_announce {
    uint8_t hops;          /* 0..QN_ANNOUNCE_HOPS_MAX */
    struct qn_span record; /* encoded envelope */
};
struct qn_buf *qn_announce_encode(const struct qn_announce *announce);
QN_MUST_USE enum qn_err qn_announce_decode(struct qn_announce *announce, struct qn_span bytes);

/* HEAD {1: height, 2: block id}: "my last final block"; sent on every commit to peers outside the
 * committee, which then fetch what they lack. */
struct qn_head {
    uint64_t height;
    struct qn_hash block_id;
};
struct qn_buf *qn_head_encode(const struct qn_head *head);
QN_MUST_USE enum qn_err qn_head_decode(struct qn_head *head, struct qn_span bytes);

#endif
