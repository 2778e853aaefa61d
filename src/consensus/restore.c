/* A validator that starts takes up what its log holds: own votes bind again, certificates lead to the view
 * in which the newest vote was cast, and blocks are executed anew. Whoever made the records verified the
 * signatures in them; the log's own check says that they are as they were written. */
#include "consensus/state.h"

static bool restore_vote(struct qn_consensus *c, const struct qn_consensus_record *what)
{
    struct qn_own_record record;

    if (qn_own_record_decode(&record, qn_buf_span(what->bytes)) != QN_OK ||
        record.epoch != c->epoch || record.view != what->view ||
        (enum qn_record_kind)record.kind != what->kind) {
        return false;
    }
    struct qn_vote vote = {.kind = record.kind,
                           .view = record.view,
                           .parent_view = record.parent_view,
                           .block_id = record.block_id,
                           .p = record.digest};
    struct qn_hash digest = qn_vote_digest(c, &vote);
    struct qn_view_slot *slot = qn_slot_get(c, record.view);
    if (!qn_hash_equal(&digest, &record.digest) || slot == NULL) {
        return false;
    }
    slot->own[record.kind - 1] = (struct qn_own_vote){.cast = true,
                                                      .persisted = true,
                                                      .digest = record.digest,
                                                      .parent_view = record.parent_view,
                                                      .block_id = record.block_id};
    c->log_view = record.view > c->log_view ? record.view : c->log_view;
    return true;
}

static bool restore_cert(struct qn_consensus *c, const struct qn_consensus_record *what)
{
    struct qn_cert cert;

    if (qn_cert_decode(&cert, qn_buf_span(what->bytes)) != QN_OK || cert.epoch != c->epoch ||
        cert.view != what->view ||
        (int)cert.kind - QN_VOTE_NOTARIZE != (int)what->kind - QN_RECORD_NOTARIZATION) {
        return false;
    }
    struct qn_view_slot *slot = qn_slot_get(c, cert.view);
    if (slot == NULL || slot->certs[cert.kind - 1].bytes != NULL ||
        (QN_MUTANT == 0 && qn_cert_check_members(&cert, c->validators) != QN_OK)) {
        return false;
    }
    qn_certificate_store(c, slot, &cert, qn_buf_hold(what->bytes), -1);
    slot->certs[cert.kind - 1].kept = true;
    return true;
}

static bool restore_body(struct qn_consensus *c, const struct qn_consensus_record *what)
{
    struct qn_block_record record;
    struct qn_block *block = NULL;
    struct qn_view_slot *slot = qn_slot_get(c, what->view);

    if (slot == NULL || qn_block_record_decode(&record, qn_buf_span(what->bytes)) != QN_OK ||
        qn_block_decode(&block, record.block) != QN_OK) {
        return false;
    }
    struct qn_body *body = what->kind == QN_RECORD_PROPOSED ? &slot->proposed : &slot->other;
    int from = qn_view_leader(c, slot->view);
    struct qn_buf *signature = record.signature.len > 0 ? qn_buf_copy(record.signature) : NULL;
    qn_body_set(c, body, slot->view, record.parent_view, block, signature, from);
    body->kept = true;
    qn_buf_drop(signature);
    qn_block_drop(block);
    return true;
}

static bool restore_one(struct qn_consensus *c, const struct qn_consensus_record *record)
{
    if (record->view <= c->final_view) {
        return true; /* decided: nothing is voted there any more */
    }
    switch (record->kind) {
    case QN_RECORD_NOTARIZE:
    case QN_RECORD_FINALIZE:
    case QN_RECORD_NULLIFY:
        return restore_vote(c, record);
    case QN_RECORD_NOTARIZATION:
    case QN_RECORD_FINALIZATION:
    case QN_RECORD_NULLIFICATION:
        return restore_cert(c, record);
    case QN_RECORD_PROPOSED:
    case QN_RECORD_CERTIFIED:
        return restore_body(c, record);
    }
    return false;
}

bool qn_restore(struct qn_consensus *c, const struct qn_consensus_config *config)
{
    bool whole = true;

    for (size_t i = 0; i < config->record_count && whole; i++) {
        whole = restore_one(c, &config->records[i]);
    }
    /* The newest vote was cast in a view that the certificates beside it lead to. */
    uint64_t last = c->final_view + QN_CONSENSUS_WINDOW;
    uint64_t view = c->certified_view + 1 < last ? c->certified_view + 1 : last;
    if (!whole || c->log_view > view) {
        for (size_t i = 0; i < QN_CONSENSUS_RING; i++) {
            qn_slot_clear(&c->slots[i]);
        }
        c->certified_view = c->final_view;
        c->settled_view = c->final_view;
        return false;
    }
    c->view = view > c->view ? view : c->view;
    return true;
}

void qn_restore_final(struct qn_consensus *c, struct qn_buf *bytes)
{
    struct qn_cert cert;

    if (bytes == NULL || c->final_view == 0 || qn_cert_decode(&cert, qn_buf_span(bytes)) != QN_OK ||
        cert.view != c->final_view || cert.epoch != c->epoch || cert.kind != QN_VOTE_FINALIZE) {
        return;
    }
    struct qn_view_slot *slot = &c->slots[cert.view % QN_CONSENSUS_RING];
    slot->view = cert.view;
    qn_certificate_store(c, slot, &cert, qn_buf_hold(bytes), -1);
    slot->certs[QN_VOTE_FINALIZE - 1].kept = true;
}

void qn_restore_resume(struct qn_consensus *c)
{
    uint64_t first =
        c->view > QN_CONSENSUS_OWN_VOTES_RESENT ? c->view - QN_CONSENSUS_OWN_VOTES_RESENT + 1 : 1;

    for (uint64_t view = first; view <= c->view; view++) {
        const struct qn_view_slot *slot = qn_slot_find(c, view);
        bool barred = slot == NULL || view <= c->ceiling || view <= c->final_view;
        for (unsigned i = 0; !barred && i < QN_CONSENSUS_KINDS; i++) {
            const struct qn_own_vote *own = &slot->own[i];
            if (own->cast && own->message == NULL && !own->is_signed) {
                qn_vote_sign(c, slot, (enum qn_vote_kind)(i + 1));
            }
        }
    }
}
