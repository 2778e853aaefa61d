/* Rule 6: giving up on a view. */
#include "consensus/state.h"

unsigned qn_live_count(const struct qn_consensus *c)
{
    unsigned live = 1; /* self */

    for (int i = 0; i < (int)c->n; i++) {
        live += i != c->self && c->peers[i].linked;
    }
    return live;
}

/* In the last view of the window nobody gives up: nothing could come after it, whereas its leader's
 * proposal, repeated until then, can still become final. */
static bool is_last(const struct qn_consensus *c, uint64_t view)
{
    return view - c->final_view == QN_CONSENSUS_WINDOW;
}

void qn_nullify(struct qn_consensus *c, uint64_t view)
{
    struct qn_view_slot *slot = qn_slot_get(c, view);
    bool finalized_by_us = slot != NULL && slot->own[QN_VOTE_FINALIZE - 1].cast &&
                           !QN_MUTANT_IS(QN_MUTANT_NULLIFY_AFTER_FINALIZE);

    if (!qn_is_voting(c) || slot == NULL || finalized_by_us ||
        slot->own[QN_VOTE_NULLIFY - 1].cast || view <= c->ceiling || is_last(c, view)) {
        return;
    }
    qn_vote_cast(c, slot, QN_VOTE_NULLIFY, 0, NULL);
}

static bool leader_gave_up(struct qn_consensus *c, int leader)
{
    struct qn_vote_view *votes = qn_votes_at(c, c->view);
    const struct qn_vote_entry *entry =
        votes != NULL ? qn_votes_entry(c, votes, QN_VOTE_NULLIFY, leader) : NULL;

    return entry != NULL && entry->state != QN_ENTRY_EMPTY && entry->state != QN_ENTRY_BAD;
}

/* Rule 2: nobody waits for a leader whose link is down, while enough others are there. */
static bool leader_is_down(const struct qn_consensus *c, int leader)
{
    return leader != c->self && !c->peers[leader].linked && qn_live_count(c) >= c->q;
}

void qn_timeout_try(struct qn_consensus *c)
{
    const struct qn_view_slot *slot = qn_slot_find(c, c->view);
    int leader = qn_view_leader(c, c->view);
    bool proposed = slot != NULL && slot->proposed.block != NULL;

    if (c->armed == 0 || c->view <= c->ceiling || is_last(c, c->view) ||
        (slot != NULL && slot->own[QN_VOTE_NULLIFY - 1].cast)) {
        return;
    }
    bool timed_out = c->now >= c->abstain_at || (!proposed && c->now >= c->leader_at) ||
                     leader_is_down(c, leader);
    if (!timed_out && !leader_gave_up(c, leader)) {
        return;
    }
    c->timeouts += timed_out;
    qn_log(c->log, QN_LOG_INFO, "consensus", "nullify", "view=%llu leader=%d proposed=%d",
           (unsigned long long)c->view, leader, proposed);
    qn_nullify(c, c->view);
    if (QN_MUTANT_IS(QN_MUTANT_NULLIFY_AFTER_FINALIZE)) {
        qn_nullify(c, c->view - 1);
    }
}
