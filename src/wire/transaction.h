/* Ledger transactions as bytes. An encoded transaction is a signed envelope (QN_SIGN_TRANSACTION by the
 * node's own key); its id is SHA3-256 of the whole encoding.
 *
 * REGISTER payload {1: 1, 2: network, 3: expires, 4: suite, 5: spki, 6: region, 7: roles,
 *                   8: endpoint (may lack), 9: announce tip, 10: valid until, 11: activation (may lack),
 *                   12: work (may lack)}
 * UPDATE payload   {1: 2, 2: network, 3: expires, 4: node id, 5: sequence, 6: region, 7: roles,
 *                   8: endpoint (may lack), 9: announce tip, 10: valid until}
 * REVOKE payload   {1: 3, 2: network, 3: expires, 4: node id, 5: sequence, 6: reason,
 *                   7: signer id (may lack: the node itself)}
 * ROTATE payload   {1: 4, 2: network, 3: expires, 4: old node id, 5: sequence, 6: new suite, 7: new spki,
 *                   8: the new key's signature}
 * ISSUE payload    {1: 5, 2: network, 3: expires, 4: signer id, 5: batch}
 * VALIDATORS payload {1: 6, 2: network, 3: expires, 4: signer id, 5: epoch, 6: [id to add],
 *                   7: [id to remove]}, each list ascending
 * EVIDENCE payload {1: 7, 2: network, 3: expires, 4: signer id, 5: [kind, vote], 6: [kind, vote],
 *                   7: the voter's id}
 * activation       {1: batch root, 2: index, 3: code spki, 4: [path hash], 5: code signature}
 * work             {1: nonce}
 *
 * ISSUE, VALIDATORS and a REVOKE with a signer are motions: members of the committee submit the same content
 * each, and it takes effect with the approval of a quorum (qn_tx_motion_hash). */
#ifndef QN_TRANSACTION_H
#define QN_TRANSACTION_H

#include "base/buf.h"
#include "crypto/argon2.h"
#include "crypto/key.h"
#include "wire/activation_batch.h"
#include "wire/signed.h"
#include "wire/types.h"
#include "wire/vote.h"

enum qn_tx_kind {
    QN_TX_REGISTER = 1,
    QN_TX_UPDATE = 2,
    QN_TX_REVOKE = 3,
    QN_TX_ROTATE = 4,
    QN_TX_ISSUE = 5,
    QN_TX_VALIDATORS = 6,
    QN_TX_EVIDENCE = 7,
};

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

enum {
    QN_COMMITTEE_CHANGE_MAX = (QN_VALIDATORS_MAX - 1) / 3, /* ids added, and ids removed, at once */
    QN_TX_VOTES = 2,                                       /* of an EVIDENCE */
};

/* A vote as evidence: its kind and its encoding, which is well-formed in whatever was decoded. A FINALIZE signs
 * p, and nothing else in it binds p to its view: as evidence it has the form of a NOTARIZE, which names what p
 * is made of, with the signature of the FINALIZE. */
struct qn_tx_vote {
    enum qn_vote_kind kind;
    struct qn_span bytes; /* decoded: into the transaction's bytes */
};
/* Of a FINALIZE parent_view and block_id must be set, as of a NOTARIZE. One reference, the caller's. */
struct qn_buf *qn_tx_vote_encode(const struct qn_vote *vote);
/* p of a FINALIZE is not set. QN_ERR_MALFORMED; *vote untouched. */
QN_MUST_USE enum qn_err qn_tx_vote_decode(struct qn_vote *vote, const struct qn_tx_vote *encoded);

struct qn_tx {
    enum qn_tx_kind kind;
    struct qn_network_id network;
    qn_unix_ms expires_ms; /* must be in a block before this time */
    /* The node that it is about. REGISTER: computed from key; ROTATE: the old one; EVIDENCE: the voter;
     * ISSUE, VALIDATORS: all zero. */
    struct qn_node_id id;
    bool has_signer;          /* REVOKE; ISSUE, VALIDATORS and EVIDENCE always have one */
    struct qn_node_id signer; /* whose key signs, if it is not that of id */
    struct qn_public_key key; /* REGISTER; ROTATE: the new one */
    /* UPDATE, ROTATE, REVOKE by the node itself: the entry's sequence + 1; REVOKE by the committee: 0, so that
     * no entry can evade it by changing. */
    uint64_t sequence;
    enum qn_region region;
    uint32_t roles;
    bool has_endpoint;
    struct qn_endpoint endpoint;
    struct qn_hash announce_tip;
    qn_unix_ms valid_until_ms;
    bool has_activation;
    struct qn_activation activation;
    bool has_work;
    uint8_t work_nonce[QN_TICKET_NONCE_LEN];
    enum qn_revoke_reason reason;
    struct qn_signature key_signature; /* ROTATE: by the new key over qn_rotate_digest */
    struct qn_activation_batch batch;  /* ISSUE */
    uint64_t epoch;                    /* VALIDATORS: the one that it ends */
    uint8_t add_count;                 /* VALIDATORS */
    uint8_t remove_count;
    struct qn_node_id add[QN_COMMITTEE_CHANGE_MAX]; /* ascending */
    struct qn_node_id remove[QN_COMMITTEE_CHANGE_MAX];
    struct qn_tx_vote votes[QN_TX_VOTES]; /* EVIDENCE */
};

/* Decodes an encoded transaction; the signature is not verified here.
 * QN_ERR_TOO_BIG above QN_TX_LEN_MAX; QN_ERR_MALFORMED; QN_ERR_UNKNOWN_SUITE. Outputs untouched. */
QN_MUST_USE enum qn_err qn_tx_decode(struct qn_tx *tx, struct qn_signed *envelope,
                                     struct qn_span bytes);
QN_MUST_USE enum qn_err qn_tx_payload(const struct qn_tx *tx, uint8_t *out, size_t capacity,
                                      struct qn_span *payload);
struct qn_hash qn_tx_id(struct qn_span encoded);
/* Whose key signs the envelope: signer if there is one, else id. */
const struct qn_node_id *qn_tx_signer(const struct qn_tx *tx);
/* Of a REGISTER that has one, at this cost. */
struct qn_ticket qn_tx_ticket(const struct qn_tx *tx, uint8_t bits, uint32_t memory_kib);
bool qn_tx_is_motion(const struct qn_tx *tx);
/* What a motion is known by: the same for all members who submit it in this epoch; asserts that it is one. */
struct qn_hash qn_tx_motion_hash(const struct qn_tx *tx, uint64_t epoch);
/* What the new key of a ROTATE signs (QN_SIGN_ROTATE): the CBOR array [old id, sequence, expires]. */
struct qn_hash qn_rotate_digest(const struct qn_tx *tx);
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
