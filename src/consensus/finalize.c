/* Rules 5 and 7: FINALIZE after a notarization, commit after a finalization. */
#include "consensus/state.h"

/* Not before the block is here and executed: a final block that nobody holds would be lost. */
static void finalize_try(struct qn_consensus *c, struct qn_view_slot *slot)
{
    const struct qn_view_cert *cert = &slot->certs[QN_VOTE_NOTARIZE - 1];
    const struct qn_body *body =
        cert->bytes != NULL ? qn_slot_body_of(slot, &cert->block_id) : NULL;
    bool nullified_by_us =
        slot->own[QN_VOTE_NULLIFY - 1].cast && !QN_MUTANT_IS(QN_MUTANT_FINALIZE_AFTER_NULLIFY);

    if (!qn_is_voting(c) || body == NULL || body->check != QN_CHECK_VALID || nullified_by_us ||
        slot->own[QN_VOTE_FINALIZE - 1].cast || slot->certs[QN_VOTE_FINALIZE - 1].bytes != NULL ||
        slot->view <= c->ceiling || qn_votes_at(c, slot->view) == NULL) {
        return;
    }
    qn_vote_cast(c, slot, QN_VOTE_FINALIZE, cert->parent_view, &cert->block_id);
}

/* Slots and blocks from the highest finalized view down to the child of the final block. */
struct qn_chain {
    size_t count;
    struct qn_view_slot *slots[QN_CONSENSUS_WINDOW];
    struct qn_body *bodies[QN_CONSENSUS_WINDOW];
    bool complete;
};

/* The last block of an epoch may have been proposed in several views before it was final: then the views
 * between hold the same block, which is committed once. */
static struct qn_body *again_here(struct qn_view_slot *slot, const struct qn_chain *chain)
{
    const struct qn_block *child = chain->count > 0 ? chain->bodies[chain->count - 1]->block : NULL;

    return child != NULL && qn_ends_epoch(child) ? qn_slot_body_of(slot, &child->id) : NULL;
}

static void final_chain(struct qn_consensus *c, struct qn_chain *chain)
{
    uint64_t view = c->settled_view;
    const struct qn_hash *id = NULL;

    *chain = (struct qn_chain){0};
    for (unsigned i = 0; view > c->final_view && i < QN_CONSENSUS_WINDOW; i++) {
        struct qn_view_slot *slot = qn_slot_find(c, view);
        struct qn_body *again = slot != NULL ? again_here(slot, chain) : NULL;
        if (again != NULL) {
            view = again->parent_view;
            continue;
        }
        struct qn_body *body = slot == NULL ? NULL
                               : id == NULL ? qn_slot_body(slot)
                                            : qn_slot_body_of(slot, id);
        if (body == NULL) {
            return;
        }
        chain->slots[chain->count] = slot;
        chain->bodies[chain->count] = body;
        chain->count += 1;
        id = &body->block->header.parent;
        if (qn_hash_equal(id, &c->final_block->id)) {
            chain->complete = true;
            return;
        }
        view = body->parent_view;
    }
    if (chain->count > 0) {
        qn_log(c->log, QN_LOG_ERROR, "consensus", "fork",
               "view=%llu: a finalized chain does not contain our final block",
               (unsigned long long)c->settled_view);
    }
}

/* Had the epoch's last block been final before our memory was lost, all blocks that became final after our
 * ceiling would be that one: it cannot be given up, and has no child. */
void qn_final_note_life(struct qn_consensus *c, const struct qn_block *block, uint64_t view)
{
    if (block->header.epoch == c->epoch && !qn_ends_epoch(block) && view >= c->recover_ceiling) {
        c->recovered = false;
    }
}

void qn_final_set(struct qn_consensus *c, struct qn_block *block, uint64_t view)
{
    struct qn_block *before = c->final_block;

    qn_final_note_life(c, block, view);
    c->final_block = qn_block_hold(block);
    if (before != NULL) {
        qn_block_drop(before);
    }
    c->final_view = view > c->final_view ? view : c->final_view;
    c->settled_view = c->settled_view > c->final_view ? c->settled_view : c->final_view;
    c->certified_view = c->certified_view > c->final_view ? c->certified_view : c->final_view;
    c->heartbeat_at = c->now + c->heartbeat;
    c->resend_interval = c->resend_min;
    c->sync_at = 0;
    if (qn_ends_epoch(block) && block->header.epoch == c->epoch && !c->ended) {
        c->ended = true;
        qn_log(c->log, QN_LOG_INFO, "consensus", "epoch_end", "epoch=%llu height=%llu view=%llu",
               (unsigned long long)c->epoch, (unsigned long long)block->header.height,
               (unsigned long long)c->final_view);
    }
    c->fresh_recheck = true; /* when the owner had its chance to say what is left */
}

static void commit(struct qn_consensus *c, const struct qn_view_slot *slot,
                   const struct qn_body *body)
{
    const struct qn_view_cert *cert = &slot->certs[QN_VOTE_FINALIZE - 1];
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_COMMIT);
    bool own_cert = cert->bytes != NULL && qn_hash_equal(&cert->block_id, &body->block->id);

    action->block = qn_block_hold(body->block);
    action->bytes = own_cert ? qn_buf_hold(cert->bytes) : NULL;
    action->height = body->block->header.height;
    action->view = slot->view;
    c->commits += 1;
}

/* Ancestors may have no certificate of their own here: the finalized block vouches for them by hash. */
static bool chain_is_executed(struct qn_consensus *c, const struct qn_chain *chain)
{
    for (size_t i = chain->count; i > 0; i--) {
        if (chain->bodies[i - 1]->check != QN_CHECK_VALID) {
            qn_check_try(c, chain->slots[i - 1], chain->bodies[i - 1]);
            return false;
        }
    }
    return chain->complete;
}

/* After a restart the view in which our final block became final may be unknown, and so a finalization of
 * it, or of one before it, may come as if it were news. */
static bool is_final_already(struct qn_consensus *c)
{
    struct qn_view_slot *slot = qn_slot_find(c, c->settled_view);
    const struct qn_view_cert *cert = slot != NULL ? &slot->certs[QN_VOTE_FINALIZE - 1] : NULL;

    if (cert == NULL || cert->bytes == NULL) {
        return false;
    }
    const struct qn_body *body = qn_slot_body_of(slot, &cert->block_id);
    bool below = body != NULL && body->block->header.height < qn_final_height(c);
    return below || qn_hash_equal(&cert->block_id, &c->final_block->id);
}

static void commit_try(struct qn_consensus *c)
{
    struct qn_chain chain;

    if (c->settled_view <= c->final_view) {
        return;
    }
    if (is_final_already(c)) {
        qn_final_set(c, c->final_block, c->settled_view);
        return;
    }
    final_chain(c, &chain);
    if (!chain_is_executed(c, &chain)) {
        return;
    }
    for (size_t i = chain.count; i > 0; i--) {
        QN_ASSERT(chain.bodies[i - 1]->block->header.height ==
                  qn_final_height(c) + (chain.count - i) + 1);
        commit(c, chain.slots[i - 1], chain.bodies[i - 1]);
    }
    qn_final_set(c, chain.bodies[0]->block, c->settled_view);
}

/* Parents come before their children, so one pass starts all that can start. */
void qn_settle(struct qn_consensus *c)
{
    for (uint64_t view = c->final_view + 1; view <= c->certified_view; view++) {
        struct qn_view_slot *slot = qn_slot_find(c, view);
        struct qn_body *body = slot != NULL ? qn_slot_body(slot) : NULL;
        if (body != NULL) {
            qn_check_try(c, slot, body);
            finalize_try(c, slot);
        }
    }
    commit_try(c);
}
