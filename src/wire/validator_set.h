/* The committee of an epoch: a plain record that consensus, ledger and certificates share. */
#ifndef QN_VALIDATOR_SET_H
#define QN_VALIDATOR_SET_H

#include "crypto/key.h"

struct qn_validator {
    struct qn_node_id id;
    struct qn_public_key key;
};

/* Sorted by node id; indices into it are the validator indices of bitmaps and leaders. Heap array
 * owned by the set. */
struct qn_validator_set {
    uint16_t count; /* 4..QN_VALIDATORS_MAX */
    struct qn_validator *members;
};

/* Copies count public keys, sorts them. QN_ERR_INVALID: fewer than 4 or more than
 * QN_VALIDATORS_MAX; QN_ERR_DUPLICATE: the same key twice. */
QN_MUST_USE enum qn_err qn_validator_set_init(struct qn_validator_set *set,
                                              const struct qn_public_key *keys, size_t count);
/* The same with an array of its own. */
void qn_validator_set_copy(struct qn_validator_set *copy, const struct qn_validator_set *set);
void qn_validator_set_fini(struct qn_validator_set *set);
/* f = floor((n - 1) / 3). */
unsigned qn_fault_limit(unsigned validator_count);
/* q = n - f; never 2f + 1 (CONSENSUS.md, quorum). */
unsigned qn_quorum(unsigned validator_count);
/* Index of this id, or -1. */
int qn_validator_index(const struct qn_validator_set *set, const struct qn_node_id *id);
/* SHA3-256 of the CBOR array of [suite, node id] pairs. */
struct qn_hash qn_validator_set_hash(const struct qn_validator_set *set);

#endif
