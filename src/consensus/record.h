/* What a validator keeps durably beside the ledger (CONSENSUS.md, durability): its votes above the final
 * view, and the certificates and blocks that they rest on. Consensus makes the records, the owner stores
 * them by epoch, view and kind (node/vote_log.h) and gives them back at the next start. */
#ifndef QN_CONSENSUS_RECORD_H
#define QN_CONSENSUS_RECORD_H

#include "wire/vote.h"

enum qn_record_kind {
    QN_RECORD_NOTARIZE = QN_VOTE_NOTARIZE, /* own votes: qn_own_record */
    QN_RECORD_FINALIZE = QN_VOTE_FINALIZE,
    QN_RECORD_NULLIFY = QN_VOTE_NULLIFY,
    QN_RECORD_NOTARIZATION, /* certificates: a CERT */
    QN_RECORD_FINALIZATION,
    QN_RECORD_NULLIFICATION,
    QN_RECORD_PROPOSED, /* blocks: qn_block_record */
    QN_RECORD_CERTIFIED,
    QN_RECORD_KINDS = QN_RECORD_CERTIFIED,
};
struct qn_consensus_record {
    enum qn_record_kind kind;
    uint64_t view;
    struct qn_buf *bytes;
};
/* What the log says beside its records. */
struct qn_consensus_head {
    bool lost;        /* own votes were lost: whatever is in the log is not all of them */
    bool recovered;   /* it was lost, and perhaps with votes of the next epoch (next_memory) */
    uint64_t ceiling; /* no vote in views up to this one; 0: none barred */
    uint64_t nonce;   /* with which the others were asked */
};

/* An own vote {1: epoch, 2: view, 3: kind, 4: digest, 5: parent view, 6: block id}; 5 and 6 lack for
 * NULLIFY. */
struct qn_own_record {
    uint64_t epoch;
    uint64_t view;
    enum qn_vote_kind kind;
    struct qn_hash digest; /* what was signed */
    uint64_t parent_view;
    struct qn_hash block_id;
};
struct qn_buf *qn_own_record_encode(const struct qn_own_record *record);
QN_MUST_USE enum qn_err qn_own_record_decode(struct qn_own_record *record, struct qn_span bytes);

/* A block of a view {1: parent view, 2: block, 3: signature}; 3 lacks for an own one, which was being signed
 * when it was stored. */
struct qn_block_record {
    uint64_t parent_view;
    struct qn_span block;     /* encoded */
    struct qn_span signature; /* the leader's; NULL, 0: none */
};
struct qn_buf *qn_block_record_encode(const struct qn_block_record *record);
/* The spans point into bytes. */
QN_MUST_USE enum qn_err qn_block_record_decode(struct qn_block_record *record,
                                               struct qn_span bytes);

#endif
