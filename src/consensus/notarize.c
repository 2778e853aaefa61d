/* Rule 4, second half: judging the proposal of the current view and voting for it. */
#include "consensus/state.h"

enum judgement { JUDGED_GOOD, JUDGED_INVALID, JUDGED_HOLD };

/* Is there a nullification for every view between parent and child? */
static bool gap_is_nullified(struct qn_consensus *c, uint64_t parent_view, uint64_t view)
{
    if (QN_MUTANT_IS(QN_MUTANT_NO_GAP_CHECK)) {
        return true;
    }
    for (uint64_t at = parent_view + 1; at < view; at++) {
        if (!qn_slot_nullified(qn_slot_find(c, at))) {
            return false;
        }
    }
    return true;
}

static enum judgement judge_header(const struct qn_consensus *c, const struct qn_header *header,
                                   const struct qn_hash *parent_id, uint64_t parent_height)
{
    bool good = header->epoch == c->epoch && qn_network_id_equal(&header->network, &c->network) &&
                qn_hash_equal(&header->parent, parent_id) && header->height == parent_height + 1;

    return good ? JUDGED_GOOD : JUDGED_INVALID;
}

/* Against the parent's certificate. No honest leader builds below a final view: that would need a
 * nullification of the final view, and both cannot exist. */
static enum judgement judge(struct qn_consensus *c, const struct qn_view_slot *slot)
{
    const struct qn_body *body = &slot->proposed;
    const struct qn_header *header = &body->block->header;

    if (body->parent_view >= slot->view || body->parent_view < c->final_view) {
        return JUDGED_INVALID;
    }
    if (body->parent_view == c->final_view) {
        return judge_header(c, header, &c->final_block->id, qn_final_height(c));
    }
    struct qn_view_slot *parent_slot = qn_slot_find(c, body->parent_view);
    const struct qn_view_cert *cert = qn_slot_notarized(parent_slot);
    const struct qn_body *parent = cert != NULL ? qn_slot_body(parent_slot) : NULL;
    if (parent == NULL) {
        return JUDGED_HOLD;
    }
    if (qn_ends_epoch(parent->block)) { /* the same again, and nothing else */
        bool same = qn_hash_equal(&body->block->id, &cert->block_id);
        return same || QN_MUTANT_IS(QN_MUTANT_CHILD_OF_EPOCH_END) ? JUDGED_GOOD : JUDGED_INVALID;
    }
    return judge_header(c, header, &cert->block_id, parent->block->header.height);
}

void qn_notarize_try(struct qn_consensus *c)
{
    struct qn_view_slot *slot = qn_slot_find(c, c->view);

    if (!qn_is_voting(c) || slot == NULL || slot->proposed.block == NULL || c->view <= c->ceiling ||
        slot->own[QN_VOTE_NOTARIZE - 1].cast || slot->own[QN_VOTE_NULLIFY - 1].cast) {
        return;
    }
    struct qn_body *body = &slot->proposed;
    enum judgement judgement = judge(c, slot);
    if (judgement == JUDGED_GOOD && body->check == QN_CHECK_NONE) {
        qn_check_try(c, slot, body);
    }
    if (judgement == JUDGED_INVALID || body->check == QN_CHECK_INVALID) {
        qn_log(c->log, QN_LOG_WARN, "consensus", "bad_proposal", "view=%llu leader=%d",
               (unsigned long long)slot->view, qn_view_leader(c, slot->view));
        qn_nullify(c, slot->view);
        return;
    }
    if (judgement == JUDGED_GOOD && body->check == QN_CHECK_VALID &&
        gap_is_nullified(c, body->parent_view, slot->view)) {
        qn_vote_cast(c, slot, QN_VOTE_NOTARIZE, body->parent_view, &body->block->id);
    }
}
