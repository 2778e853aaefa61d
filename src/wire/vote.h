/* Consensus messages as bytes (CONSENSUS.md, messages). Votes travel on authenticated links: the sender
 * of the link is the voter; certificates stand alone. */
#ifndef QN_VOTE_H
#define QN_VOTE_H

#include "base/buf.h"
#include "crypto/key.h"
#include "wire/block.h"
#include "wire/validator_set.h"

enum qn_vote_kind { QN_VOTE_NOTARIZE = 1, QN_VOTE_FINALIZE = 2, QN_VOTE_NULLIFY = 3 };
/* QN_SIGN_NOTARIZE and so on. */
enum qn_sign_kind qn_vote_sign_kind(enum qn_vote_kind kind);

/* p = signing digest of the CBOR array [epoch, view, parent view, block id]: NOTARIZE and FINALIZE sign
 * it under their own context strings. */
struct qn_hash qn_proposal_digest(const struct qn_network_id *network, uint64_t epoch,
                                  uint64_t view, uint64_t parent_view,
                                  const struct qn_hash *block_id);
/* Signing digest of the CBOR array [epoch, view]. */
struct qn_hash qn_nullify_digest(const struct qn_network_id *network, uint64_t epoch,
                                 uint64_t view);

/* NOTARIZE {1: epoch, 2: view, 3: parent view, 4: block id, 5: signature}
 * FINALIZE {1: epoch, 2: view, 3: p, 4: signature}
 * NULLIFY  {1: epoch, 2: view, 3: signature} */
struct qn_vote {
    enum qn_vote_kind kind;
    uint64_t epoch;
    uint64_t view;
    uint64_t parent_view;    /* NOTARIZE */
    struct qn_hash block_id; /* NOTARIZE */
    struct qn_hash p;        /* FINALIZE */
    struct qn_signature signature;
};
struct qn_buf *qn_vote_encode(const struct qn_vote *vote);
QN_MUST_USE enum qn_err qn_vote_decode(struct qn_vote *vote, enum qn_vote_kind kind,
                                       struct qn_span bytes);
enum { QN_VOTE_LEN_MAX = 70 + QN_NODE_SIGNATURE_LEN_MAX }; /* bytes, of any kind */

/* PROPOSE {1: epoch, 2: view, 3: parent view, 4: block, 5: signature}: the signature is the leader's
 * NOTARIZE signature over p. */
struct qn_propose {
    uint64_t epoch;
    uint64_t view;
    uint64_t parent_view;
    struct qn_span block; /* encoded */
    struct qn_signature signature;
};
struct qn_buf *qn_propose_encode(const struct qn_propose *propose);
QN_MUST_USE enum qn_err qn_propose_decode(struct qn_propose *propose, struct qn_span bytes);

/* CERT {1: kind, 2: epoch, 3: view, 4: parent view, 5: block id, 6: bitmap, 7: [signature]}; 4 and 5
 * lack for NULLIFY. Bit i of the bitmap (least significant bit of byte i/8 first) is validator i; it has
 * exactly ceil(n / 8) bytes, unused bits zero; signatures follow in the order of the bits. */
enum {
    /* q of the largest committee: QN_VALIDATORS_MAX less its fault limit. */
    QN_CERT_SIGNATURES_MAX = QN_VALIDATORS_MAX - (QN_VALIDATORS_MAX - 1) / 3,
    QN_CERT_BITMAP_LEN_MAX = (QN_VALIDATORS_MAX + 7) / 8,
    QN_CERT_LEN_MAX = 86 + QN_CERT_SIGNATURES_MAX * (3 + QN_NODE_SIGNATURE_LEN_MAX), /* bytes */
};
struct qn_cert {
    enum qn_vote_kind kind;
    uint64_t epoch;
    uint64_t view;
    uint64_t parent_view;
    struct qn_hash block_id;
    size_t bitmap_len;
    uint8_t bitmap[QN_CERT_BITMAP_LEN_MAX];
    size_t signature_count;                            /* as many as bits are set */
    struct qn_span signatures[QN_CERT_SIGNATURES_MAX]; /* into the decoded bytes */
};
QN_MUST_USE enum qn_err qn_cert_decode(struct qn_cert *cert, struct qn_span bytes);
struct qn_buf *qn_cert_encode(const struct qn_cert *cert);
/* Exactly q distinct members of the set, and the bitmap's form. Signatures are not verified.
 * QN_ERR_NO_QUORUM or QN_ERR_MALFORMED. */
QN_MUST_USE enum qn_err qn_cert_check_members(const struct qn_cert *cert,
                                              const struct qn_validator_set *set);
/* The digest that every signature of the certificate covers. */
struct qn_hash qn_cert_digest(const struct qn_cert *cert, const struct qn_network_id *network);
/* Validator index of the certificate's signature number position, or -1 beyond the last. */
int qn_cert_signer(const struct qn_cert *cert, size_t position);

/* STATUS {1: epoch, 2: view, 3: final height, 4: final id, 5: ceiling}; extensible. */
struct qn_status {
    uint64_t epoch;
    uint64_t view;
    uint64_t final_height;
    struct qn_hash final_id;
    uint64_t ceiling; /* the sender casts no vote in views up to this one; 0: none barred */
};
struct qn_buf *qn_status_encode(const struct qn_status *status);
QN_MUST_USE enum qn_err qn_status_decode(struct qn_status *status, struct qn_span bytes);

/* CONSENSUS_REQUEST {1: what, 2: view or height}: asks a validator for the certificates and proposal
 * of a view, or for the notarized or final block of a height. Answered with CERT and PROPOSE. */
enum qn_consensus_want { QN_WANT_VIEW = 1, QN_WANT_HEIGHT = 2 };
struct qn_consensus_request {
    enum qn_consensus_want want;
    uint64_t number;
};
struct qn_buf *qn_consensus_request_encode(const struct qn_consensus_request *request);
QN_MUST_USE enum qn_err qn_consensus_request_decode(struct qn_consensus_request *request,
                                                    struct qn_span bytes);

/* RECOVER {1: epoch, 2: nonce}: a validator that started asks the others where they are (wire/recover.c;
 * docs/consensus.md, restarts). */
struct qn_recover {
    uint64_t epoch;
    uint64_t nonce; /* the asker's for as long as it runs */
};
struct qn_buf *qn_recover_encode(const struct qn_recover *recover);
QN_MUST_USE enum qn_err qn_recover_decode(struct qn_recover *recover, struct qn_span bytes);

/* What the answerer itself remembers of its own votes. */
enum qn_recover_state {
    QN_RECOVER_NORMAL = 1, /* all of them */
    QN_RECOVER_INTACT = 2, /* it just started with a log that looks whole, and asks as well */
    QN_RECOVER_LOST = 3,   /* it lost them: it asks as well, or waits to pass its ceiling */
};
/* RECOVER_REPLY {1: epoch, 2: nonce, 3: state, 4: view, 5: ceiling, 6: asked before, 7: certificate,
 * 8: kind of vote, 9: vote, 10: signature}; 7 lacks in view 1, 8 and 9 lack where no vote was seen. */
struct qn_recover_reply {
    uint64_t epoch;
    uint64_t nonce; /* of the RECOVER */
    enum qn_recover_state state;
    uint64_t view;
    uint64_t ceiling;              /* as in STATUS */
    bool asked_before;             /* the asker asked this answerer with another nonce */
    struct qn_span cert;           /* with which the view was entered; NULL, 0: none */
    unsigned vote_kind;            /* enum qn_vote_kind; 0: none */
    struct qn_span vote;           /* the newest vote of the asker that the answerer has seen */
    struct qn_signature signature; /* QN_SIGN_RECOVER over qn_recover_digest */
};
struct qn_buf *qn_recover_reply_encode(const struct qn_recover_reply *reply);
/* cert and vote are not decoded, and point into bytes. */
QN_MUST_USE enum qn_err qn_recover_reply_decode(struct qn_recover_reply *reply,
                                                struct qn_span bytes);
/* Signing digest of the CBOR array [epoch, nonce, state, view, ceiling, asked before (1) or not (0),
 * SHA3-256 of the certificate, kind of vote or 0, SHA3-256 of the vote]; what lacks counts as empty. */
struct qn_hash qn_recover_digest(const struct qn_network_id *network,
                                 const struct qn_recover_reply *reply);

#endif
