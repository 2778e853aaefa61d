/* What must be durable before a vote leaves (CONSENSUS.md, durability): the vote, and every certificate and
 * block above the final one that is held, since the vote rests on them. So a validator that restarts with
 * its log whole stands where it stood when it cast its newest vote, and can prove it; and when all restart
 * at once between FINALIZE and commit, the block is still there. Each thing is written once. */
#include "consensus/state.h"

struct keeper {
    size_t count;
    struct qn_consensus_record records[QN_CONSENSUS_RECORDS_MAX];
};

static void emit(struct qn_consensus *c, struct keeper *keeper, uint64_t cookie)
{
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_PERSIST);

    action->cookie = cookie;
    action->record_count = keeper->count;
    for (size_t i = 0; i < keeper->count; i++) {
        action->records[i] = keeper->records[i];
    }
    action->head = (struct qn_consensus_head){
        .lost = c->joining && c->memory != QN_MEMORY_INTACT,
        .recovered = c->recovered,
        .ceiling = c->joining ? c->log_ceiling : c->ceiling,
        .nonce = c->nonce,
    };
    keeper->count = 0;
}

/* Takes over the reference of bytes. */
static void keep(struct qn_consensus *c, struct keeper *keeper, enum qn_record_kind kind,
                 uint64_t view, struct qn_buf *bytes)
{
    if (keeper->count == QN_CONSENSUS_RECORDS_MAX) {
        emit(c, keeper, 0); /* durable before what follows it */
    }
    keeper->records[keeper->count++] =
        (struct qn_consensus_record){.kind = kind, .view = view, .bytes = bytes};
}

static void keep_body(struct qn_consensus *c, struct keeper *keeper, uint64_t view,
                      struct qn_body *body, enum qn_record_kind kind)
{
    struct qn_block_record record = {.parent_view = body->parent_view,
                                     .block = qn_buf_span(body->block->encoded)};

    if (body->signature != NULL) {
        record.signature = qn_buf_span(body->signature);
    }
    body->kept = true;
    keep(c, keeper, kind, view, qn_block_record_encode(&record));
}

static void keep_slot(struct qn_consensus *c, struct keeper *keeper, struct qn_view_slot *slot)
{
    const struct qn_body *certified = qn_slot_body(slot);
    bool voted = slot->own[QN_VOTE_NOTARIZE - 1].cast;

    for (size_t i = 0; i < QN_CONSENSUS_KINDS; i++) {
        struct qn_view_cert *cert = &slot->certs[i];
        if (cert->bytes != NULL && !cert->kept) {
            cert->kept = true;
            keep(c, keeper, (enum qn_record_kind)(QN_RECORD_NOTARIZATION + i), slot->view,
                 qn_buf_hold(cert->bytes));
        }
    }
    if (slot->proposed.block != NULL && !slot->proposed.kept &&
        (voted || certified == &slot->proposed)) {
        keep_body(c, keeper, slot->view, &slot->proposed, QN_RECORD_PROPOSED);
    }
    if (certified == &slot->other && !slot->other.kept) {
        keep_body(c, keeper, slot->view, &slot->other, QN_RECORD_CERTIFIED);
    }
}

void qn_durable_persist(struct qn_consensus *c, uint64_t cookie, const struct qn_own_record *own)
{
    struct keeper keeper = {0};

    for (uint64_t view = c->final_view + 1; own != NULL && view <= c->view + 1; view++) {
        struct qn_view_slot *slot = qn_slot_find(c, view);
        if (slot != NULL) {
            keep_slot(c, &keeper, slot);
        }
    }
    if (own != NULL) {
        keep(c, &keeper, (enum qn_record_kind)own->kind, own->view, qn_own_record_encode(own));
    }
    emit(c, &keeper, cookie);
}
