/* Telling a validator that started where we are, with the certificate that proves it and the newest vote of
 * its own that we have seen. An answer is signed, so one at a time and not more often than each D. */
#include "consensus/state.h"

#include <stdlib.h>

struct qn_recover_draft {
    uint64_t serial;
    struct qn_recover_reply reply;
    struct qn_buf *cert;
    struct qn_buf *vote;
};

static const enum qn_vote_kind newest_first[] = {QN_VOTE_FINALIZE, QN_VOTE_NULLIFY,
                                                 QN_VOTE_NOTARIZE};

/* A certificate shows the vote of each of its signers. */
static bool vote_in_cert(const struct qn_consensus *c, struct qn_vote *vote, int validator,
                         const struct qn_view_cert *held, enum qn_vote_kind kind)
{
    struct qn_cert cert;

    if (held->bytes == NULL || qn_cert_decode(&cert, qn_buf_span(held->bytes)) != QN_OK) {
        return false;
    }
    for (size_t i = 0; i < cert.signature_count; i++) {
        if (qn_cert_signer(&cert, i) == validator) {
            struct qn_span signature = cert.signatures[i];
            *vote = (struct qn_vote){.kind = kind,
                                     .epoch = c->epoch,
                                     .view = cert.view,
                                     .parent_view = cert.parent_view,
                                     .block_id = cert.block_id,
                                     .p = held->p};
            vote->signature.len = (uint16_t)signature.len;
            for (size_t j = 0; j < signature.len; j++) {
                vote->signature.bytes[j] = signature.at[j];
            }
            return true;
        }
    }
    return false;
}

static bool vote_in_view(struct qn_consensus *c, struct qn_vote *vote, int validator, uint64_t view)
{
    const struct qn_view_slot *slot = qn_slot_find(c, view);
    struct qn_vote_view *votes = &c->votes[view % QN_CONSENSUS_VOTE_VIEWS];

    for (size_t i = 0; i < QN_ARRAY_COUNT(newest_first); i++) {
        enum qn_vote_kind kind = newest_first[i];
        const struct qn_vote_entry *entry = qn_votes_entry(c, votes, kind, validator);
        if (votes->view == view && entry->state != QN_ENTRY_EMPTY && entry->state != QN_ENTRY_BAD) {
            qn_entry_vote(vote, entry, kind, c->epoch, view);
            return true;
        }
        if (slot != NULL && vote_in_cert(c, vote, validator, &slot->certs[kind - 1], kind)) {
            return true;
        }
    }
    return false;
}

static bool newest_vote(struct qn_consensus *c, struct qn_vote *vote, int validator)
{
    for (uint64_t view = c->view + 1, i = 0; view > 0 && i < QN_CONSENSUS_RING; view--, i++) {
        if (vote_in_view(c, vote, validator, view)) {
            return true;
        }
    }
    return false;
}

static void draft_free(struct qn_validator_state *peer)
{
    if (peer->recover_draft != NULL) {
        qn_buf_drop(peer->recover_draft->cert);
        qn_buf_drop(peer->recover_draft->vote);
        free(peer->recover_draft);
        peer->recover_draft = NULL;
    }
}

void qn_recover_answers_clear(struct qn_validator_state *peer)
{
    draft_free(peer);
}

static void draft(struct qn_consensus *c, int validator, const struct qn_recover *recover)
{
    struct qn_validator_state *peer = &c->peers[validator];
    struct qn_recover_draft *made = calloc(1, sizeof *made);
    struct qn_buf *cert = qn_entry_certificate(c);
    struct qn_vote vote;

    QN_ASSERT(made != NULL);
    peer->recover_draft = made;
    made->reply = (struct qn_recover_reply){
        .epoch = c->epoch,
        .nonce = recover->nonce,
        .state = qn_recover_state(c),
        .view = c->view,
        .ceiling = c->joining || c->ceiling < c->view ? 0 : c->ceiling,
        .asked_before = peer->recover_asked && peer->recover_nonce != recover->nonce,
    };
    if (cert != NULL) {
        made->cert = qn_buf_hold(cert);
        made->reply.cert = qn_buf_span(cert);
    }
    if (newest_vote(c, &vote, validator)) {
        made->vote = qn_vote_encode(&vote);
        made->reply.vote_kind = vote.kind;
        made->reply.vote = qn_buf_span(made->vote);
    }
    made->serial = ++c->recover_serial;
    struct qn_consensus_action *sign = qn_consensus_emit(c, QN_CONSENSUS_SIGN);
    sign->cookie = made->serial * (QN_CONSENSUS_KINDS + 1);
    sign->sign_kind = QN_SIGN_RECOVER;
    sign->digest = qn_recover_digest(&c->network, &made->reply);
}

enum qn_err qn_on_recover(struct qn_consensus *c, int validator, struct qn_span bytes)
{
    struct qn_validator_state *peer = &c->peers[validator];
    struct qn_recover recover;
    enum qn_err err = qn_recover_decode(&recover, bytes);

    if (err != QN_OK || recover.epoch != c->epoch) {
        if (err == QN_OK) {
            qn_status_lagging(c, validator);
        }
        return err;
    }
    if (!c->started || c->now < peer->recover_at || peer->recover_draft != NULL) {
        return QN_OK; /* it asks again */
    }
    peer->recover_at = c->now + c->delta;
    draft(c, validator, &recover);
    if (!peer->recover_asked) {
        peer->recover_asked = true;
        peer->recover_nonce = recover.nonce;
    }
    return QN_OK;
}

void qn_recover_signed(struct qn_consensus *c, uint64_t serial,
                       const struct qn_signature *signature)
{
    for (int i = 0; i < (int)c->n; i++) {
        struct qn_recover_draft *made = c->peers[i].recover_draft;
        if (made == NULL || made->serial != serial) {
            continue;
        }
        if (signature != NULL) {
            made->reply.signature = *signature;
            qn_consensus_send(c, i, QN_RECOVER_REPLY, qn_recover_reply_encode(&made->reply));
        }
        draft_free(&c->peers[i]);
        return;
    }
}
