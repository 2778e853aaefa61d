/* Ledger transactions as bytes. An encoded transaction is a signed envelope (QN_SIGN_TRANSACTION by the
 * node's own key); its id is SHA3-256 of the whole encoding.
 *
 * REGISTER payload {1: 1, 2: network, 3: expires, 4: suite, 5: spki, 6: region, 7: roles,
 *                   8: endpoint (may lack), 9: announce tip, 10: valid until, 11: activation (may lack)}
 * UPDATE payload   {1: 2, 2: network, 3: expires, 4: node id, 5: sequence, 6: region, 7: roles,
 *                   8: endpoint (may lack), 9: announce tip, 10: valid until}
 * REVOKE payload   {1: 3, 2: network, 3: expires, 4: node id, 5: sequence, 6: reason}
 * activation       {1: batch root, 2: index, 3: code spki, 4: [path hash], 5: code signature} */
#ifndef QN_TRANSACTION_H
#define QN_TRANSACTION_H

#include "base/buf.h"
#include "crypto/key.h"
#include "wire/signed.h"
#include "wire/types.h"

enum qn_tx_kind { QN_TX_REGISTER = 1, QN_TX_UPDATE = 2, QN_TX_REVOKE = 3 };

enum qn_revoke_reason {
    QN_REVOKE_UNSPECIFIED = 0,
    QN_REVOKE_KEY_COMPROMISED = 1,
    QN_REVOKE_RETIRED = 2,
    QN_REVOKE_REASON_COUNT = 3,
};

/* The proof that a registration is paid for. The code's key signs (QN_SIGN_ACTIVATE) the digest of the
 * CBOR array [batch root, index, node id], so that nobody who sees it can use it for another node. */
struct qn_activation {
    struct qn_hash batch_root;
    uint32_t index; /* of the leaf in the batch */
    struct qn_public_key code_key;
    uint8_t path_count;
    struct qn_hash path[QN_ACTIVATION_PATH_MAX]; /* sibling hashes, leaf side first */
    struct qn_signature signature;
};

struct qn_tx {
    enum qn_tx_kind kind;
    struct qn_network_id network;
    qn_unix_ms expires_ms;    /* must be in a block before this time */
    struct qn_node_id id;     /* REGISTER: computed from key */
    struct qn_public_key key; /* REGISTER only */
    uint64_t sequence;        /* UPDATE, REVOKE: the entry's sequence + 1 */
    enum qn_region region;
    uint32_t roles;
    bool has_endpoint;
    struct qn_endpoint endpoint;
    struct qn_hash announce_tip;
    qn_unix_ms valid_until_ms;
    bool has_activation;
    struct qn_activation activation;
    enum qn_revoke_reason reason;
};

/* Decodes an encoded transaction; the signature is not verified here.
 * QN_ERR_TOO_BIG above QN_TX_LEN_MAX; QN_ERR_MALFORMED; QN_ERR_UNKNOWN_SUITE. Outputs untouched. */
QN_MUST_USE enum qn_err qn_tx_decode(struct qn_tx *tx, struct qn_signed *envelope,
                                     struct qn_span bytes);
QN_MUST_USE enum qn_err qn_tx_payload(const struct qn_tx *tx, uint8_t *out, size_t capacity,
                                      struct qn_span *payload);
struct qn_hash qn_tx_id(struct qn_span encoded);
/* What the code's key signs. */
struct qn_hash qn_activation_digest(const struct qn_network_id *network,
                                    const struct qn_hash *batch_root, uint32_t index,
                                    const struct qn_node_id *id);

/* SUBMIT {1: hops, 2: tx}: please get this into the ledger; answered once, when it is final or
 * refused. TX {2: tx} is the same between validators, unanswered. */
struct qn_submit {
    uint8_t hops; /* relays so far, at most QN_SUBMIT_HOPS_MAX */
    struct qn_span tx;
};
enum { QN_SUBMIT_HOPS_MAX = 4 };
struct qn_buf *qn_submit_encode(const struct qn_submit *submit);
QN_MUST_USE enum qn_err qn_submit_decode(struct qn_submit *submit, struct qn_span bytes);
struct qn_buf *qn_tx_message_encode(struct qn_span tx);
QN_MUST_USE enum qn_err qn_tx_message_decode(struct qn_span *tx, struct qn_span bytes);

/* SUBMIT_RESULT {1: code, 2: text, 3: tx id, 4: height, 5: registry index}; extensible. */
struct qn_submit_result {
    enum qn_err code;               /* QN_OK: final at height */
    char text[QN_TEXT_LEN_MAX + 1]; /* precise reason for people */
    struct qn_hash tx_id;
    uint64_t height; /* 0 unless final */
    uint64_t index;  /* registry index of the entry */
};
struct qn_buf *qn_submit_result_encode(const struct qn_submit_result *result);
QN_MUST_USE enum qn_err qn_submit_result_decode(struct qn_submit_result *result,
                                                struct qn_span bytes);

#endif
