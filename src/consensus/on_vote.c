/* Rules 8 and 9: votes arrive, are buffered unverified, and only the first of a sender counts. */
#include "consensus/state.h"

#include <string.h>

struct qn_vote_view *qn_votes_at(struct qn_consensus *c, uint64_t view)
{
    if (view <= c->final_view || view > c->view + 1 ||
        view + QN_CONSENSUS_VOTE_VIEWS < c->view + 2) {
        return NULL;
    }
    struct qn_vote_view *votes = &c->votes[view % QN_CONSENSUS_VOTE_VIEWS];
    if (votes->view != view) {
        memset(votes->entries, 0, (size_t)QN_CONSENSUS_KINDS * c->n * sizeof *votes->entries);
        votes->view = view;
    }
    return votes;
}

struct qn_vote_entry *qn_votes_entry(const struct qn_consensus *c, struct qn_vote_view *votes,
                                     enum qn_vote_kind kind, int validator)
{
    return &votes->entries[((size_t)kind - 1) * c->n + (size_t)validator];
}

void qn_entry_vote(struct qn_vote *vote, const struct qn_vote_entry *entry, enum qn_vote_kind kind,
                   uint64_t epoch, uint64_t view)
{
    *vote = (struct qn_vote){.kind = kind,
                             .epoch = epoch,
                             .view = view,
                             .parent_view = entry->parent_view,
                             .block_id = entry->block_id,
                             .p = entry->digest,
                             .signature = entry->signature};
}

/* Two votes that no honest validator casts both: evidence, and the link is closed. */
static void equivocated(struct qn_consensus *c, int validator, const struct qn_vote_entry *first,
                        enum qn_vote_kind first_kind, const struct qn_vote *second)
{
    c->equivocations += 1;
    qn_log(c->log, QN_LOG_ERROR, "consensus", "equivocation", "validator=%d view=%llu kinds=%d,%d",
           validator, (unsigned long long)second->view, (int)first_kind, (int)second->kind);
    struct qn_vote earlier;
    qn_entry_vote(&earlier, first, first_kind, c->epoch, second->view);
    qn_evidence_begin(c, validator, &earlier, second);
    qn_consensus_fault(c, validator, QN_ERR_DUPLICATE);
}

/* Rule 6 forbids FINALIZE and NULLIFY in one view. */
static void find_contradiction(struct qn_consensus *c, struct qn_vote_view *votes, int validator,
                               const struct qn_vote *vote)
{
    enum qn_vote_kind other = vote->kind == QN_VOTE_FINALIZE ? QN_VOTE_NULLIFY : QN_VOTE_FINALIZE;
    const struct qn_vote_entry *entry = qn_votes_entry(c, votes, other, validator);

    if (vote->kind != QN_VOTE_NOTARIZE && entry->state != QN_ENTRY_EMPTY &&
        entry->state != QN_ENTRY_BAD) {
        equivocated(c, validator, entry, other, vote);
    }
}

bool qn_votes_put(struct qn_consensus *c, int validator, const struct qn_vote *vote,
                  const struct qn_hash *digest)
{
    struct qn_vote_view *votes = qn_votes_at(c, vote->view);

    QN_ASSERT(votes != NULL);
    struct qn_vote_entry *entry = qn_votes_entry(c, votes, vote->kind, validator);
    if (entry->state == QN_ENTRY_EMPTY) {
        entry->state = QN_ENTRY_BUFFERED;
        entry->parent_view = vote->parent_view;
        entry->block_id = vote->block_id;
        entry->digest = *digest;
        entry->signature = vote->signature;
        find_contradiction(c, votes, validator, vote);
        return true;
    }
    if (entry->state != QN_ENTRY_BAD && !qn_hash_equal(&entry->digest, digest)) {
        equivocated(c, validator, entry, vote->kind, vote);
    }
    return false;
}

struct qn_hash qn_vote_digest(const struct qn_consensus *c, const struct qn_vote *vote)
{
    switch (vote->kind) {
    case QN_VOTE_NOTARIZE:
        return qn_proposal_digest(&c->network, c->epoch, vote->view, vote->parent_view,
                                  &vote->block_id);
    case QN_VOTE_FINALIZE:
        return vote->p;
    case QN_VOTE_NULLIFY:
        return qn_nullify_digest(&c->network, c->epoch, vote->view);
    }
    QN_ASSERT(false);
}

enum qn_err qn_on_vote(struct qn_consensus *c, int validator, enum qn_vote_kind kind,
                       struct qn_span bytes)
{
    struct qn_vote vote;
    enum qn_err err = qn_vote_decode(&vote, kind, bytes);
    struct qn_validator_state *peer = &c->peers[validator];

    if (err != QN_OK || vote.epoch != c->epoch) {
        return err;
    }
    if (vote.view > c->view + 1) {
        qn_status_lagging(c, validator);
        return QN_OK;
    }
    if (vote.view > peer->view) {
        peer->view = vote.view;
    }
    if (kind == QN_VOTE_NULLIFY && peer->view < c->view - 1) {
        qn_status_help(c, validator); /* still trying to leave a view that we left long ago */
    }
    if (qn_votes_at(c, vote.view) == NULL || qn_slot_get(c, vote.view) == NULL) {
        return QN_OK;
    }
    struct qn_hash digest = qn_vote_digest(c, &vote);
    qn_view_seen(c, vote.view);
    if (qn_votes_put(c, validator, &vote, &digest)) {
        qn_quorum_try(c, vote.view, kind, &digest);
    }
    if (kind == QN_VOTE_NOTARIZE) { /* FINALIZE votes may have waited to learn what p stands for */
        qn_quorum_try(c, vote.view, QN_VOTE_FINALIZE, &digest);
    }
    return QN_OK;
}
