/* Motions of the committee in the state: what members have approved so far, and which motions each of them has
 * opened. Leaves:
 *
 *   SHA3-256("qnet/1/motion" || motion hash)    {1: epoch, 2: bitmap of approvals, 3: height at which it took
 *                                                effect, 0: not yet}
 *   SHA3-256("qnet/1/proposer" || node id)      {1: epoch, 2: height of its last approval,
 *                                                3: [[motion hash, expires]]: motions it opened}
 *
 * Bit i of a bitmap, least significant bit of each byte first, is validator i of the epoch. */
#ifndef QN_MOTION_H
#define QN_MOTION_H

#include "ledger/state.h"

struct qn_motion {
    uint64_t epoch;
    uint8_t bitmap_len;
    uint8_t bitmap[(QN_VALIDATORS_MAX + 7) / 8];
    uint64_t decided_height; /* 0: open */
};

struct qn_proposer {
    uint64_t epoch;
    uint64_t last_height;
    uint8_t opened_count;
    struct {
        struct qn_hash motion;
        qn_unix_ms expires_ms;
    } opened[QN_MOTIONS_OPEN_MAX];
};

struct qn_hash qn_motion_key(const struct qn_hash *motion_hash);
struct qn_hash qn_proposer_key(const struct qn_node_id *id);
/* QN_ERR_NOT_FOUND: outputs untouched. */
QN_MUST_USE enum qn_err qn_motion_get(const struct qn_state *state, struct qn_motion *motion,
                                      const struct qn_hash *motion_hash);
QN_MUST_USE enum qn_err qn_proposer_get(const struct qn_state *state, struct qn_proposer *proposer,
                                        const struct qn_node_id *id);
void qn_motion_put(struct qn_state *state, const struct qn_hash *motion_hash,
                   const struct qn_motion *motion);
void qn_proposer_put(struct qn_state *state, const struct qn_node_id *id,
                     const struct qn_proposer *proposer);

bool qn_motion_has(const struct qn_motion *motion, unsigned validator);
void qn_motion_approve(struct qn_motion *motion, unsigned validator);
unsigned qn_motion_approvals(const struct qn_motion *motion);
/* Forgets what expired at this time, then adds a motion. QN_ERR_FULL: QN_MOTIONS_OPEN_MAX are open; what
 * expired is forgotten all the same. */
QN_MUST_USE enum qn_err qn_proposer_open(struct qn_proposer *proposer, const struct qn_hash *motion,
                                         qn_unix_ms expires_ms, qn_unix_ms time_ms);

#endif
