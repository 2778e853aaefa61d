/* Rule 4, first half: a proposal arrives. On the leader's own link it is the leader's NOTARIZE vote and
 * the block to vote on; from anyone else it is only the body of a block that a certificate names. */
#include "consensus/state.h"

/* Keeps the block if a certificate of this view names it and its body is still missing. */
static bool take_certified(struct qn_consensus *c, struct qn_view_slot *slot, int from,
                           const struct qn_propose *propose, struct qn_block *block,
                           struct qn_buf *signature)
{
    const struct qn_view_cert *cert = qn_slot_notarized(slot);

    if (cert == NULL || !qn_hash_equal(&cert->block_id, &block->id) ||
        cert->parent_view != propose->parent_view || qn_slot_body(slot) != NULL) {
        return false;
    }
    qn_body_set(c, &slot->other, slot->view, propose->parent_view, block, signature, from);
    return true;
}

/* The certificate that came with it is still being verified: the body waits beside it. */
static void park(struct qn_consensus *c, int from, const struct qn_propose *propose,
                 struct qn_block *block, struct qn_buf *signature)
{
    struct qn_cert_job *job = qn_cert_job_of(c, propose->view, &block->id);

    if (job != NULL && job->parked == NULL && job->parent_view == propose->parent_view) {
        job->parked = qn_block_hold(block);
        job->parked_parent_view = propose->parent_view;
        job->parked_signature = qn_buf_hold(signature);
        job->parked_from = from;
    }
}

static void take_from_leader(struct qn_consensus *c, struct qn_view_slot *slot, int leader,
                             const struct qn_propose *propose, struct qn_block *block,
                             struct qn_buf *signature)
{
    struct qn_vote vote = {.kind = QN_VOTE_NOTARIZE,
                           .epoch = propose->epoch,
                           .view = propose->view,
                           .parent_view = propose->parent_view,
                           .block_id = block->id,
                           .signature = propose->signature};
    struct qn_hash p =
        qn_proposal_digest(&c->network, c->epoch, propose->view, propose->parent_view, &block->id);

    qn_view_seen(c, propose->view);
    bool counted = qn_votes_put(c, leader, &vote, &p);
    /* The leader may have said NOTARIZE before, which carries no block; never another block. */
    struct qn_vote_entry *entry =
        qn_votes_entry(c, qn_votes_at(c, propose->view), QN_VOTE_NOTARIZE, leader);
    if (slot->proposed.block == NULL && entry->state != QN_ENTRY_BAD &&
        qn_hash_equal(&entry->digest, &p)) {
        qn_body_set(c, &slot->proposed, slot->view, propose->parent_view, block, signature, leader);
        if (block->tx_count > 0) {
            c->fresh = false;
        }
        qn_quorum_try(c, slot->view, QN_VOTE_FINALIZE, &p); /* now it is known what they finalize */
    }
    if (counted) {
        qn_quorum_try(c, slot->view, QN_VOTE_NOTARIZE, &p);
    }
}

enum qn_err qn_on_propose(struct qn_consensus *c, int validator, struct qn_span bytes)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;
    enum qn_err err = qn_propose_decode(&propose, bytes);

    if (err == QN_OK) {
        err = qn_block_decode(&block, propose.block);
    }
    if (err != QN_OK) {
        return err;
    }
    struct qn_buf *signature =
        qn_buf_copy((struct qn_span){propose.signature.bytes, propose.signature.len});
    struct qn_view_slot *slot = qn_slot_get(c, propose.view);
    if (propose.epoch == c->epoch && slot != NULL) {
        if (qn_view_leader(c, propose.view) == validator && qn_votes_at(c, propose.view) != NULL) {
            take_from_leader(c, slot, validator, &propose, block, signature);
        }
        if (!take_certified(c, slot, validator, &propose, block, signature)) {
            park(c, validator, &propose, block, signature);
        }
    }
    if (propose.epoch == c->epoch && propose.view > c->view + 1) {
        qn_status_lagging(c, validator);
    }
    qn_buf_drop(signature);
    qn_block_drop(block);
    return QN_OK;
}
