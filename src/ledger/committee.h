/* The committee that votes on a block, with that of the epoch before. It is a leaf of the state:
 *
 *   SHA3-256("qnet/1/committee")   {1: epoch, 2: height of its first block, 3: [node id],
 *                                   4: [node id of the epoch before]}
 *
 * Keys are those of the entries, which never disappear. Shared by the blocks of an epoch, and never changed:
 * reference-counted. */
#ifndef QN_COMMITTEE_H
#define QN_COMMITTEE_H

#include "ledger/state.h"

struct qn_committee {
    uint32_t references;
    uint64_t epoch;
    uint64_t first_height;            /* of the epoch's first block; epoch 0: 1 */
    struct qn_validator_set set;      /* owned */
    struct qn_hash hash;              /* qn_validator_set_hash of set */
    struct qn_validator_set previous; /* owned; count 0 in epoch 0 */
};

/* Of epoch 0, with one reference. */
struct qn_committee *qn_committee_new_genesis(const struct qn_genesis *genesis);
/* Of the epoch after this one, with one reference; takes over set. */
struct qn_committee *qn_committee_new_next(const struct qn_committee *committee,
                                           struct qn_validator_set *set, uint64_t first_height);
/* What the state says, with one reference. QN_ERR_MALFORMED: it says nothing that makes a committee. */
QN_MUST_USE enum qn_err qn_committee_load(struct qn_committee **committee,
                                          const struct qn_state *state);
struct qn_committee *qn_committee_hold(struct qn_committee *committee);
/* NULL: nothing. */
void qn_committee_drop(struct qn_committee *committee);
void qn_committee_put(const struct qn_committee *committee, struct qn_state *state);

#endif
