/* Registry proofs for those who hold no ledger: everything that leads from the genesis certificates to one
 * entry, or to its absence, in one piece (registry-proof in docs/protocol.cddl; verified by src/verify). */
#ifndef QN_PROOF_BUNDLE_H
#define QN_PROOF_BUNDLE_H

#include "ledger/history.h"
#include "ledger/ledger.h"
#include "wire/validator_set.h"

enum {
    QN_BUNDLE_LEN_MAX = 64 * 1048576, /* bytes */
    QN_BUNDLE_EPOCHS_MAX = 4096,
};

/* The end of an epoch: the block that names the next committee, and that committee. */
struct qn_bundle_step {
    struct qn_span header; /* encoded */
    struct qn_span cert;   /* encoded; of that very block */
    const struct qn_validator_set *next;
};

/* All spans and pointers are the caller's. */
struct qn_bundle {
    struct qn_span parameters; /* of the network: encoded */
    size_t step_count;
    const struct qn_bundle_step *steps; /* epochs 0, 1, ... */
    struct qn_span header;              /* whose state is proved */
    struct qn_span cert;                /* of that block, or of anchor where there is one */
    struct qn_span anchor;              /* a later header; at NULL: none */
    const struct qn_history_path *path; /* from the block to anchor's history_root */
    const struct qn_tree_proof *proof;
    struct qn_node_id id;
    struct qn_span entry; /* its leaf's value; at NULL: absent */
};

/* A new buffer, one reference, the caller's. QN_ERR_TOO_BIG above QN_BUNDLE_LEN_MAX; *buf untouched. */
QN_MUST_USE enum qn_err qn_bundle_encode(struct qn_buf **buf, const struct qn_bundle *bundle);

/* For qn_ledger_prove_at: the newest block that has a certificate of its own. */
#define QN_PROVE_NEWEST UINT64_MAX
/* Proves an entry, or its absence, at a height. *bundle has one reference, the caller's. On errors text (of
 * QN_TEXT_LEN_MAX + 1) says what a person should know:
 * QN_ERR_NOT_FOUND    not final yet, or before what this ledger knows of the past
 * QN_ERR_NOT_READY    no block at or above this height has a certificate yet
 * QN_ERR_BUSY         the state of that height is being rebuilt, some of it with each call: ask again
 * QN_ERR_TOO_BIG      so many epochs are too much for one proof
 * or errors of storage; QN_ERR_WRONG_ROOT, QN_ERR_MALFORMED: storage holds another past than the blocks say. */
QN_MUST_USE enum qn_err qn_ledger_prove_at(const struct qn_ledger *ledger, struct qn_buf **bundle,
                                           char *text, const struct qn_node_id *id,
                                           uint64_t height);

#endif
