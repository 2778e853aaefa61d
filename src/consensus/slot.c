#include "consensus/state.h"

#include <stdlib.h>

int qn_view_leader(const struct qn_consensus *c, uint64_t view)
{
    return (int)(view % c->n);
}

void qn_body_clear(struct qn_body *body)
{
    if (body->block != NULL) {
        qn_block_drop(body->block);
    }
    qn_buf_drop(body->signature);
    *body = (struct qn_body){0};
}

static bool is_executed(const struct qn_body *body, const struct qn_hash *block_id)
{
    return body->check == QN_CHECK_VALID && qn_hash_equal(&body->block->id, block_id);
}

const struct qn_body *qn_window_executed(struct qn_consensus *c, const struct qn_hash *block_id)
{
    for (size_t i = 0; i < QN_CONSENSUS_RING; i++) {
        const struct qn_view_slot *slot = &c->slots[i];
        if (slot->view > c->final_view && is_executed(&slot->proposed, block_id)) {
            return &slot->proposed;
        }
        if (slot->view > c->final_view && is_executed(&slot->other, block_id)) {
            return &slot->other;
        }
    }
    return NULL;
}

void qn_body_set(struct qn_consensus *c, struct qn_body *body, uint64_t view, uint64_t parent_view,
                 struct qn_block *block, struct qn_buf *signature, int from)
{
    const struct qn_body *executed = qn_window_executed(c, &block->id);
    struct qn_block *kept = qn_block_hold(executed != NULL ? executed->block : block);

    qn_body_clear(body);
    body->block = kept;
    body->check = executed != NULL ? QN_CHECK_VALID : QN_CHECK_NONE;
    body->parent_view = parent_view;
    body->p = qn_proposal_digest(&c->network, c->epoch, view, parent_view, &block->id);
    body->from = from;
    body->signature = signature != NULL ? qn_buf_hold(signature) : NULL;
}

void qn_slot_clear(struct qn_view_slot *slot)
{
    for (size_t i = 0; i < QN_CONSENSUS_KINDS; i++) {
        qn_buf_drop(slot->certs[i].bytes);
        qn_own_vote_clear(&slot->own[i]);
    }
    qn_body_clear(&slot->proposed);
    qn_body_clear(&slot->other);
    *slot = (struct qn_view_slot){0};
}

struct qn_view_slot *qn_slot_find(struct qn_consensus *c, uint64_t view)
{
    struct qn_view_slot *slot = &c->slots[view % QN_CONSENSUS_RING];

    return view != 0 && slot->view == view ? slot : NULL;
}

struct qn_view_slot *qn_slot_get(struct qn_consensus *c, uint64_t view)
{
    if (view <= c->final_view || view - c->final_view > QN_CONSENSUS_WINDOW) {
        return NULL;
    }
    struct qn_view_slot *slot = &c->slots[view % QN_CONSENSUS_RING];
    if (slot->view != view) {
        /* The ring is longer than the window, so what is here lies below the history. */
        QN_ASSERT(slot->view < view);
        qn_slot_clear(slot);
        slot->view = view;
    }
    return slot;
}

const struct qn_view_cert *qn_slot_notarized(const struct qn_view_slot *slot)
{
    if (slot == NULL) {
        return NULL;
    }
    if (slot->certs[QN_VOTE_FINALIZE - 1].bytes != NULL) {
        return &slot->certs[QN_VOTE_FINALIZE - 1];
    }
    return slot->certs[QN_VOTE_NOTARIZE - 1].bytes != NULL ? &slot->certs[QN_VOTE_NOTARIZE - 1]
                                                           : NULL;
}

bool qn_slot_nullified(const struct qn_view_slot *slot)
{
    return slot != NULL && slot->certs[QN_VOTE_NULLIFY - 1].bytes != NULL;
}

struct qn_body *qn_slot_body_of(struct qn_view_slot *slot, const struct qn_hash *block_id)
{
    struct qn_body *bodies[] = {&slot->proposed, &slot->other};

    for (size_t i = 0; i < QN_ARRAY_COUNT(bodies); i++) {
        if (bodies[i]->block != NULL && !bodies[i]->useless &&
            qn_hash_equal(&bodies[i]->block->id, block_id)) {
            return bodies[i];
        }
    }
    return NULL;
}

struct qn_body *qn_slot_body(struct qn_view_slot *slot)
{
    const struct qn_view_cert *cert = qn_slot_notarized(slot);

    return cert != NULL ? qn_slot_body_of(slot, &cert->block_id) : NULL;
}

bool qn_slot_own_any(const struct qn_view_slot *slot)
{
    for (size_t i = 0; slot != NULL && i < QN_CONSENSUS_KINDS; i++) {
        if (slot->own[i].cast) {
            return true;
        }
    }
    return false;
}
