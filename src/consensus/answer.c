/* Answering CONSENSUS_REQUEST, so many per peer and time: an answer is far larger than its question. */
#include "consensus/state.h"

static bool send_cert(struct qn_consensus *c, int to, const struct qn_view_slot *slot,
                      enum qn_vote_kind kind)
{
    struct qn_buf *bytes = slot->certs[kind - 1].bytes;

    if (bytes != NULL) {
        qn_consensus_send(c, to, QN_CERT, qn_buf_hold(bytes));
    }
    return bytes != NULL;
}

static void send_body(struct qn_consensus *c, int to, struct qn_view_slot *slot)
{
    const struct qn_own_vote *own = &slot->own[QN_VOTE_NOTARIZE - 1];
    const struct qn_body *body = qn_slot_body(slot);

    if (body == NULL && own->message != NULL && own->message_kind == QN_PROPOSE) {
        qn_consensus_send(c, to, QN_PROPOSE, qn_buf_hold(own->message));
    }
    if (body == NULL || body->signature == NULL || body->check != QN_CHECK_VALID) {
        return; /* what was not executed here is not passed on */
    }
    struct qn_propose propose = {.epoch = c->epoch,
                                 .view = slot->view,
                                 .parent_view = body->parent_view,
                                 .block = qn_buf_span(body->block->encoded)};
    propose.signature.len = (uint16_t)body->signature->len;
    for (size_t i = 0; i < body->signature->len; i++) {
        propose.signature.bytes[i] = body->signature->bytes[i];
    }
    qn_consensus_send(c, to, QN_PROPOSE, qn_propose_encode(&propose));
}

void qn_answer_view(struct qn_consensus *c, int to, struct qn_view_slot *slot)
{
    if (!send_cert(c, to, slot, QN_VOTE_FINALIZE)) {
        (void)send_cert(c, to, slot, QN_VOTE_NOTARIZE);
    }
    (void)send_cert(c, to, slot, QN_VOTE_NULLIFY);
    send_body(c, to, slot);
}

/* Whoever builds on a block needs the nullifications between it and its parent too. */
static void send_gap(struct qn_consensus *c, int to, const struct qn_view_slot *slot)
{
    const struct qn_view_cert *cert = qn_slot_notarized(slot);
    unsigned sent = 0;

    if (cert == NULL) {
        return;
    }
    for (uint64_t view = slot->view - 1; view > cert->parent_view; view--) {
        const struct qn_view_slot *between = qn_slot_find(c, view);
        if (between == NULL || sent == QN_CONSENSUS_GAP_PER_ANSWER) {
            return;
        }
        sent += send_cert(c, to, between, QN_VOTE_NULLIFY);
    }
}

static struct qn_view_slot *find_height(struct qn_consensus *c, uint64_t height)
{
    for (size_t i = 0; i < QN_CONSENSUS_RING; i++) {
        struct qn_view_slot *slot = &c->slots[i];
        const struct qn_body *body = slot->view != 0 ? qn_slot_body(slot) : NULL;
        if (body != NULL && body->block->header.height == height) {
            return slot;
        }
    }
    return NULL;
}

static bool may_answer(struct qn_consensus *c, int validator)
{
    struct qn_validator_state *peer = &c->peers[validator];

    if (c->now >= peer->answers_at) {
        peer->answers_at = c->now + c->resend_min;
        peer->answers = 0;
    }
    peer->answers += 1;
    return peer->answers <= QN_CONSENSUS_ANSWERS;
}

enum qn_err qn_on_request(struct qn_consensus *c, int validator, struct qn_span bytes)
{
    struct qn_consensus_request request;
    enum qn_err err = qn_consensus_request_decode(&request, bytes);

    if (err != QN_OK || !may_answer(c, validator)) {
        return err;
    }
    struct qn_view_slot *slot = request.want == QN_WANT_VIEW ? qn_slot_find(c, request.number)
                                                             : find_height(c, request.number);
    struct qn_buf *latest = qn_latest_finalization(c);
    if (slot != NULL) {
        qn_answer_view(c, validator, slot);
        send_gap(c, validator, slot);
    } else if (latest != NULL) { /* long gone: show that it is behind */
        qn_consensus_send(c, validator, QN_CERT, qn_buf_hold(latest));
    }
    return QN_OK;
}
