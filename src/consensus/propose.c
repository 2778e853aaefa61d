/* Rule 3: the leader of the current view proposes. */
#include "consensus/state.h"

/* Downwards from the view before the current one: the first notarized view whose block is executed,
 * everything above it nullified. A notarized block whose body is withheld may be passed over only
 * where its view was nullified as well. */
struct qn_parent qn_propose_parent(struct qn_consensus *c)
{
    struct qn_parent parent = {0};

    for (uint64_t view = c->view - 1; view > c->final_view; view--) {
        struct qn_view_slot *slot = qn_slot_find(c, view);
        const struct qn_view_cert *cert = qn_slot_notarized(slot);
        if (cert != NULL && qn_block_executed(c, &cert->block_id)) {
            parent.found = true;
            parent.view = view;
            parent.id = cert->block_id;
            return parent;
        }
        if (cert != NULL && parent.missing_view == 0) {
            parent.missing_view = view;
        }
        if (!qn_slot_nullified(slot) && !QN_MUTANT_IS(QN_MUTANT_NO_GAP_CHECK)) {
            parent.missing_view = view;
            return parent;
        }
    }
    parent.found = c->view > c->final_view;
    parent.view = c->final_view;
    parent.id = c->final_block->id;
    return parent;
}

/* An empty block is worth proposing only to show life or to carry an unfinalized one along. */
static bool may_be_empty(const struct qn_consensus *c)
{
    return (c->armed & (QN_ARM_HEARTBEAT | QN_ARM_CARRY)) != 0 ||
           ((c->armed & (QN_ARM_SETTLE | QN_ARM_SEEN)) != 0 && c->now >= c->settle_at);
}

static void propose(struct qn_consensus *c, struct qn_view_slot *slot, uint64_t parent_view,
                    struct qn_block *block)
{
    qn_body_set(c, &slot->proposed, slot->view, parent_view, block, NULL, c->self);
    slot->proposed.check = QN_CHECK_VALID;
    if (block->tx_count > 0) {
        c->fresh = false;
    }
    qn_vote_cast(c, slot, QN_VOTE_NOTARIZE, parent_view, &slot->proposed.block->id);
}

/* The last block of an epoch is notarized and not final: the same block once more, under this view. */
static void propose_again(struct qn_consensus *c, uint64_t parent_view, struct qn_block *block)
{
    struct qn_view_slot *slot = qn_slot_get(c, c->view);

    if (slot != NULL && may_be_empty(c)) {
        propose(c, slot, parent_view, block);
    }
}

void qn_propose_try(struct qn_consensus *c)
{
    bool wanted = (c->armed & QN_ARM_PENDING) != 0 || may_be_empty(c);

    if (!wanted || c->build_cookie != 0 || c->now < c->build_at ||
        qn_view_leader(c, c->view) != c->self || c->view <= c->ceiling ||
        qn_slot_own_any(qn_slot_find(c, c->view))) {
        return;
    }
    struct qn_parent parent = qn_propose_parent(c);
    if (!parent.found) {
        return; /* request.c asks for what is missing */
    }
    const struct qn_body *last = qn_window_executed(c, &parent.id);
    if (last != NULL && qn_ends_epoch(last->block) && !QN_MUTANT_IS(QN_MUTANT_CHILD_OF_EPOCH_END)) {
        propose_again(c, parent.view, last->block);
        return;
    }
    c->cookie += 1;
    c->build_cookie = c->cookie;
    c->build_parent_view = parent.view;
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_BUILD);
    action->cookie = c->build_cookie;
    action->digest = parent.id;
}

static void built(struct qn_consensus *c, struct qn_block *block)
{
    struct qn_view_slot *slot = qn_slot_get(c, c->view);

    c->build_cookie = 0;
    if (slot == NULL || qn_slot_own_any(slot)) {
        return; /* timed out meanwhile */
    }
    if (block == NULL) {
        qn_log(c->log, QN_LOG_ERROR, "consensus", "no_block", "view=%llu",
               (unsigned long long)c->view);
        /* The last view of the window is not given up: there the leader tries again, after a while. */
        c->build_at = c->now + c->resend_interval;
        qn_nullify(c, c->view); /* so that everyone goes on at once */
    } else if (block->tx_count == 0 && !may_be_empty(c)) {
        c->fresh = false; /* all of it is in a block on the way */
    } else {
        propose(c, slot, c->build_parent_view, block);
    }
}

void qn_consensus_on_built(struct qn_consensus *c, struct qn_consensus_actions *out,
                           uint64_t cookie, struct qn_block *block, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    if (cookie == c->build_cookie && cookie != 0) {
        built(c, block);
    }
    qn_consensus_end(c);
}
