/* Casting an own vote: decided, then signed and made durable side by side, sent when both are done. */
#include "base/pool.h"
#include "consensus/state.h"

enum qn_message_kind qn_vote_message_kind(enum qn_vote_kind kind)
{
    switch (kind) {
    case QN_VOTE_NOTARIZE:
        return QN_NOTARIZE;
    case QN_VOTE_FINALIZE:
        return QN_FINALIZE;
    case QN_VOTE_NULLIFY:
        return QN_NULLIFY;
    }
    QN_ASSERT(false);
}

static void drop_signature(struct qn_own_vote *own)
{
    qn_pool_give(own->signature, sizeof *own->signature);
    own->signature = NULL;
}

void qn_own_vote_clear(struct qn_own_vote *own)
{
    drop_signature(own);
    qn_buf_drop(own->message);
    *own = (struct qn_own_vote){0};
}

/* SIGN and PERSIST of one vote share a cookie, which names the vote; multiples of 4 name answers to
 * RECOVER. */
static uint64_t vote_cookie(uint64_t view, enum qn_vote_kind kind)
{
    return view * (QN_CONSENSUS_KINDS + 1) + (uint64_t)kind;
}

static struct qn_own_vote *own_of_cookie(struct qn_consensus *c, struct qn_view_slot **slot,
                                         enum qn_vote_kind *kind, uint64_t cookie)
{
    uint64_t number = cookie % (QN_CONSENSUS_KINDS + 1);

    if (number == 0) {
        return NULL;
    }
    *kind = (enum qn_vote_kind)number;
    *slot = qn_slot_find(c, cookie / (QN_CONSENSUS_KINDS + 1));
    struct qn_own_vote *own = *slot != NULL ? &(*slot)->own[number - 1] : NULL;
    return own != NULL && own->cast && own->message == NULL ? own : NULL;
}

/* Rules 4 and 6 once more: stopping beats signing what must not be signed. */
static void assert_allowed(const struct qn_view_slot *slot, enum qn_vote_kind kind)
{
    const struct qn_own_vote *own = slot->own;

    QN_ASSERT(!own[kind - 1].cast);
    QN_ASSERT(QN_MUTANT != 0 || kind != QN_VOTE_NOTARIZE || !own[QN_VOTE_NULLIFY - 1].cast);
    QN_ASSERT(QN_MUTANT != 0 || kind != QN_VOTE_FINALIZE || !own[QN_VOTE_NULLIFY - 1].cast);
    QN_ASSERT(QN_MUTANT != 0 || kind != QN_VOTE_NULLIFY || !own[QN_VOTE_FINALIZE - 1].cast);
}

void qn_vote_sign(struct qn_consensus *c, const struct qn_view_slot *slot, enum qn_vote_kind kind)
{
    struct qn_consensus_action *sign = qn_consensus_emit(c, QN_CONSENSUS_SIGN);

    sign->cookie = vote_cookie(slot->view, kind);
    sign->sign_kind = qn_vote_sign_kind(kind);
    sign->digest = slot->own[kind - 1].digest;
}

void qn_vote_cast(struct qn_consensus *c, struct qn_view_slot *slot, enum qn_vote_kind kind,
                  uint64_t parent_view, const struct qn_hash *block_id)
{
    struct qn_own_vote *own = &slot->own[kind - 1];

    QN_ASSERT(c->started && slot->view > c->ceiling);
    assert_allowed(slot, kind);
    own->cast = true;
    if (kind == QN_VOTE_NULLIFY) {
        own->digest = qn_nullify_digest(&c->network, c->epoch, slot->view);
    } else {
        own->parent_view = parent_view;
        own->block_id = *block_id;
        own->digest = qn_proposal_digest(&c->network, c->epoch, slot->view, parent_view, block_id);
    }

    c->voted_view = slot->view > c->voted_view ? slot->view : c->voted_view;
    qn_vote_sign(c, slot, kind);
    qn_durable_persist(c, vote_cookie(slot->view, kind),
                       &(struct qn_own_record){.epoch = c->epoch,
                                               .view = slot->view,
                                               .kind = kind,
                                               .digest = own->digest,
                                               .parent_view = own->parent_view,
                                               .block_id = own->block_id});
    qn_quorum_try(c, slot->view, kind,
                  &own->digest); /* others' votes verify while this one signs */
}

static struct qn_buf *propose_encode(const struct qn_consensus *c, struct qn_view_slot *slot,
                                     const struct qn_own_vote *own)
{
    struct qn_body *body = &slot->proposed;
    struct qn_propose propose = {.epoch = c->epoch,
                                 .view = slot->view,
                                 .parent_view = own->parent_view,
                                 .block = qn_buf_span(body->block->encoded),
                                 .signature = *own->signature};

    body->signature = qn_buf_copy((struct qn_span){own->signature->bytes, own->signature->len});
    return qn_propose_encode(&propose);
}

/* The leader's NOTARIZE is its PROPOSE. */
static void encode_message(const struct qn_consensus *c, struct qn_view_slot *slot,
                           enum qn_vote_kind kind)
{
    struct qn_own_vote *own = &slot->own[kind - 1];

    if (kind == QN_VOTE_NOTARIZE && qn_view_leader(c, slot->view) == c->self) {
        own->message_kind = QN_PROPOSE;
        own->message = propose_encode(c, slot, own);
        return;
    }
    struct qn_vote vote = {.kind = kind,
                           .epoch = c->epoch,
                           .view = slot->view,
                           .parent_view = own->parent_view,
                           .block_id = own->block_id,
                           .p = own->digest,
                           .signature = *own->signature};
    own->message_kind = qn_vote_message_kind(kind);
    own->message = qn_vote_encode(&vote);
}

static void send_when_ready(struct qn_consensus *c, struct qn_view_slot *slot,
                            enum qn_vote_kind kind)
{
    struct qn_own_vote *own = &slot->own[kind - 1];
    bool durable = own->persisted || QN_MUTANT_IS(QN_MUTANT_SEND_BEFORE_DURABLE);

    if (!durable || !own->is_signed || slot->view <= c->ceiling) {
        return;
    }
    encode_message(c, slot, kind);
    qn_consensus_send(c, QN_CONSENSUS_ALL, own->message_kind, qn_buf_hold(own->message));
    qn_votes_put_own(c, slot, kind);
    drop_signature(own);
    qn_quorum_try(c, slot->view, kind, &own->digest);
}

static void signed_or_not(struct qn_consensus *c, uint64_t cookie,
                          const struct qn_signature *signature)
{
    struct qn_view_slot *slot = NULL;
    enum qn_vote_kind kind = QN_VOTE_NOTARIZE;
    struct qn_own_vote *own = own_of_cookie(c, &slot, &kind, cookie);

    if (own == NULL || own->is_signed || own->failed) {
        return;
    }
    if (signature == NULL) {
        own->failed = true;
        qn_log(c->log, QN_LOG_ERROR, "consensus", "sign_failed", "view=%llu kind=%d",
               (unsigned long long)slot->view, (int)kind);
        return;
    }
    own->signature = qn_pool_take(sizeof *own->signature);
    *own->signature = *signature;
    own->is_signed = true;
    send_when_ready(c, slot, kind);
}

void qn_consensus_on_signed(struct qn_consensus *c, struct qn_consensus_actions *out,
                            uint64_t cookie, const struct qn_signature *signature, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    if (cookie % (QN_CONSENSUS_KINDS + 1) == 0) {
        qn_recover_signed(c, cookie / (QN_CONSENSUS_KINDS + 1), signature);
    } else {
        signed_or_not(c, cookie, signature);
    }
    qn_consensus_end(c);
}

void qn_consensus_on_persisted(struct qn_consensus *c, struct qn_consensus_actions *out,
                               uint64_t cookie, qn_time_us now)
{
    struct qn_view_slot *slot = NULL;
    enum qn_vote_kind kind = QN_VOTE_NOTARIZE;

    qn_consensus_begin(c, out, now);
    struct qn_own_vote *own = own_of_cookie(c, &slot, &kind, cookie);
    if (own != NULL && !own->persisted) {
        own->persisted = true;
        send_when_ready(c, slot, kind);
    }
    qn_consensus_end(c);
}
