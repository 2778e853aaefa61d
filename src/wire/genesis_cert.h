/* Genesis certificates: the pinned identities a network starts from (docs/protocol.md, genesis).
 * Text form: base64url of the signed envelope. */
#ifndef QN_GENESIS_CERT_H
#define QN_GENESIS_CERT_H

#include "crypto/key.h"
#include "wire/signed.h"
#include "wire/types.h"

struct qn_genesis_cert {
    char network[QN_NETWORK_NAME_LEN_MAX + 1]; /* a name for people; part of the network id */
    uint16_t bootstrap_id;                     /* 1..QN_GENESIS_ID_MAX */
    struct qn_public_key key;
    enum qn_region region;
    uint8_t endpoint_count; /* 1..QN_ENDPOINTS_MAX */
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
    qn_unix_ms not_before_ms;
};

/* Payload {1: network, 2: bootstrap id, 3: suite, 4: spki, 5: region, 6: [endpoint], 7: not before}.
 * Does not verify the signature. QN_ERR_MALFORMED, QN_ERR_UNKNOWN_SUITE; *cert untouched. */
QN_MUST_USE enum qn_err qn_genesis_cert_decode(struct qn_genesis_cert *cert,
                                               struct qn_signed *envelope, struct qn_span bytes);
/* The payload alone, to be signed. QN_ERR_TOO_BIG: did not fit. */
QN_MUST_USE enum qn_err qn_genesis_cert_payload(const struct qn_genesis_cert *cert, uint8_t *out,
                                                size_t capacity, struct qn_span *payload);

#endif
