/* The repetition of rule 6, and what a new link starts with: enough to bring a peer here. */
#include "consensus/state.h"

static const enum qn_vote_kind by_strength[] = {QN_VOTE_FINALIZE, QN_VOTE_NOTARIZE,
                                                QN_VOTE_NULLIFY};

struct qn_buf *qn_latest_finalization(struct qn_consensus *c)
{
    const struct qn_view_slot *slot = qn_slot_find(c, c->settled_view);

    return slot != NULL ? slot->certs[QN_VOTE_FINALIZE - 1].bytes : NULL;
}

struct qn_buf *qn_entry_certificate(struct qn_consensus *c)
{
    const struct qn_view_slot *slot = qn_slot_find(c, c->view - 1);

    for (size_t i = 0; slot != NULL && i < QN_ARRAY_COUNT(by_strength); i++) {
        struct qn_buf *bytes = slot->certs[by_strength[i] - 1].bytes;
        if (bytes != NULL) {
            return bytes;
        }
    }
    return NULL;
}

static void resend_own_votes(struct qn_consensus *c, int to)
{
    uint64_t first =
        c->view > QN_CONSENSUS_OWN_VOTES_RESENT ? c->view - QN_CONSENSUS_OWN_VOTES_RESENT + 1 : 1;

    for (uint64_t view = first; view <= c->view; view++) {
        const struct qn_view_slot *slot = qn_slot_find(c, view);
        for (size_t i = 0; slot != NULL && i < QN_CONSENSUS_KINDS; i++) {
            const struct qn_own_vote *own = &slot->own[i];
            if (own->message != NULL) {
                qn_consensus_send(c, to, own->message_kind, qn_buf_hold(own->message));
            }
        }
    }
}

void qn_resend(struct qn_consensus *c, int to)
{
    struct qn_buf *latest = qn_latest_finalization(c);
    struct qn_buf *entry = qn_entry_certificate(c);

    if (latest != NULL) {
        qn_consensus_send(c, to, QN_CERT, qn_buf_hold(latest));
    }
    if (entry != NULL && entry != latest) {
        qn_consensus_send(c, to, QN_CERT, qn_buf_hold(entry));
    }
    resend_own_votes(c, to);
    qn_status_send(c, to);
}
