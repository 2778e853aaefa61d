/* What a verified certificate sets in motion (rules 1, 5, 7), whoever made it. Nothing is broadcast
 * (rule 10). */
#include "consensus/state.h"

/* More than f faulty validators, or a broken program: nothing here can mend that, but it must be seen. */
static void report_conflicts(const struct qn_consensus *c, const struct qn_view_slot *slot)
{
    const struct qn_view_cert *notarization = &slot->certs[QN_VOTE_NOTARIZE - 1];
    const struct qn_view_cert *finalization = &slot->certs[QN_VOTE_FINALIZE - 1];
    bool nullified = slot->certs[QN_VOTE_NULLIFY - 1].bytes != NULL;

    if (finalization->bytes == NULL) {
        return;
    }
    if (nullified ||
        (notarization->bytes != NULL && !qn_hash_equal(&notarization->p, &finalization->p))) {
        qn_log(c->log, QN_LOG_ERROR, "consensus", "conflicting_certificates", "view=%llu",
               (unsigned long long)slot->view);
    }
}

void qn_certificate_store(struct qn_consensus *c, struct qn_view_slot *slot,
                          const struct qn_cert *cert, struct qn_buf *bytes, int from)
{
    struct qn_view_cert *held = &slot->certs[cert->kind - 1];

    held->bytes = bytes;
    held->parent_view = cert->parent_view;
    held->block_id = cert->block_id;
    held->p = qn_cert_digest(cert, &c->network);
    held->from = from;
    held->kept = false;
    if (cert->kind == QN_VOTE_NULLIFY) {
        c->nullified_views += 1;
    }
    if (cert->kind == QN_VOTE_FINALIZE && slot->view > c->settled_view) {
        c->settled_view = slot->view;
    }
    if (slot->view > c->certified_view) {
        c->certified_view = slot->view;
    }
    report_conflicts(c, slot);
}

void qn_certificate_adopt(struct qn_consensus *c, const struct qn_cert *cert, struct qn_buf *bytes,
                          int from)
{
    struct qn_view_slot *slot = qn_slot_get(c, cert->view);

    if (slot == NULL && cert->kind == QN_VOTE_FINALIZE && cert->view > c->final_view) {
        qn_behind(c, from); /* beyond the window: only block sync helps */
    }
    if (slot == NULL || slot->certs[cert->kind - 1].bytes != NULL) {
        qn_buf_drop(bytes);
        return;
    }
    qn_certificate_store(c, slot, cert, bytes, from);
    if (cert->kind == QN_VOTE_NOTARIZE) {
        struct qn_hash p = slot->certs[QN_VOTE_NOTARIZE - 1].p;
        qn_quorum_try(c, cert->view, QN_VOTE_FINALIZE, &p);
    }
}
