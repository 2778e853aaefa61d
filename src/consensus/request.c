/* Asking for what is missing: of everyone (asking only the leader livelocks), and rate-limited per view
 * (unlimited requests explode). */
#include "consensus/state.h"

struct wants {
    size_t count;
    uint64_t views[QN_CONSENSUS_WANTS];
};

static void want(struct wants *wants, uint64_t view)
{
    for (size_t i = 0; i < wants->count; i++) {
        if (wants->views[i] == view) {
            return;
        }
    }
    if (wants->count < QN_CONSENSUS_WANTS) {
        wants->views[wants->count++] = view;
    }
}

/* The first thing that lacks on the way down from this view's block to one that is executed. */
static void want_block(struct qn_consensus *c, struct wants *wants, uint64_t view)
{
    for (unsigned i = 0; i < QN_CONSENSUS_WINDOW && view > c->final_view; i++) {
        struct qn_view_slot *slot = qn_slot_find(c, view);
        const struct qn_view_cert *cert = qn_slot_notarized(slot);
        const struct qn_body *body = cert != NULL ? qn_slot_body(slot) : NULL;
        if (body == NULL) {
            want(wants, view);
            return;
        }
        if (body->check == QN_CHECK_VALID) {
            return;
        }
        view = body->parent_view;
    }
}

static void want_for_proposal(struct qn_consensus *c, struct wants *wants)
{
    const struct qn_view_slot *slot = qn_slot_find(c, c->view);

    if (slot == NULL || slot->proposed.block == NULL || slot->own[QN_VOTE_NOTARIZE - 1].cast ||
        slot->own[QN_VOTE_NULLIFY - 1].cast || slot->proposed.parent_view >= slot->view) {
        return;
    }
    want_block(c, wants, slot->proposed.parent_view);
    for (uint64_t view = slot->view - 1; view > slot->proposed.parent_view && view > c->final_view;
         view--) {
        if (!qn_slot_nullified(qn_slot_find(c, view))) {
            want(wants, view);
        }
    }
}

static void want_for_proposing(struct qn_consensus *c, struct wants *wants)
{
    if (c->armed == 0 || qn_view_leader(c, c->view) != c->self ||
        qn_slot_own_any(qn_slot_find(c, c->view))) {
        return;
    }
    struct qn_parent parent = qn_propose_parent(c);
    if (parent.missing_view == 0) {
        return;
    }
    if (qn_slot_notarized(qn_slot_find(c, parent.missing_view)) != NULL) {
        want_block(c, wants, parent.missing_view);
    } else {
        want(wants, parent.missing_view);
    }
}

/* Blocks notarized in the last views: without them no FINALIZE can be cast. */
static void want_recent(struct qn_consensus *c, struct wants *wants)
{
    for (uint64_t view = c->view - 1; view > c->final_view && view + 2 >= c->view; view--) {
        if (qn_slot_notarized(qn_slot_find(c, view)) != NULL) {
            want_block(c, wants, view);
        }
    }
}

static void request(struct qn_consensus *c, struct qn_view_slot *slot)
{
    struct qn_consensus_request request = {.want = QN_WANT_VIEW, .number = slot->view};

    qn_consensus_send(c, QN_CONSENSUS_ALL, QN_CONSENSUS_REQUEST,
                      qn_consensus_request_encode(&request));
    c->requests += 1;
    slot->request_at = c->now + slot->request_interval;
    if (slot->request_interval < c->resend_max) {
        slot->request_interval *= 2;
    }
}

/* A proposal is larger than the votes for it and may just arrive after them: it is given some time. */
static qn_time_us first_request_at(const struct qn_consensus *c, const struct qn_view_slot *slot)
{
    int leader = qn_view_leader(c, slot->view);
    bool on_its_way = qn_slot_notarized(slot) != NULL && leader != c->self &&
                      c->peers[leader].linked && slot->view + 2 >= c->view;

    return c->now + (on_its_way ? c->delta / 2 : 0);
}

/* A final block that cannot be committed for so long is not to be had from the validators' windows. */
static void ask_for_sync(struct qn_consensus *c)
{
    if (c->sync_at == 0) {
        c->sync_interval = c->resend_min;
        c->sync_at = c->now + QN_CONSENSUS_REQUESTS_TO_SYNC * c->resend_min;
    }
    if (c->now >= c->sync_at) {
        const struct qn_view_slot *tip = qn_slot_find(c, c->settled_view);
        qn_behind(c, tip != NULL ? tip->certs[QN_VOTE_FINALIZE - 1].from : -1);
        c->sync_at = c->now + c->sync_interval;
        c->sync_interval =
            2 * c->sync_interval < c->resend_max ? 2 * c->sync_interval : c->resend_max;
    }
}

void qn_request_update(struct qn_consensus *c)
{
    struct wants wants = {0};

    c->request_at = QN_TIME_NEVER;
    if (c->ended) {
        return;
    }
    if (c->settled_view > c->final_view) {
        want_block(c, &wants, c->settled_view);
        ask_for_sync(c);
        c->request_at = c->sync_at;
    }
    want_for_proposal(c, &wants);
    want_for_proposing(c, &wants);
    want_recent(c, &wants);
    for (size_t i = 0; i < wants.count; i++) {
        struct qn_view_slot *slot = qn_slot_get(c, wants.views[i]);
        if (slot == NULL) {
            continue;
        }
        if (slot->request_at == 0) {
            slot->request_at = first_request_at(c, slot);
            slot->request_interval = c->resend_min;
        }
        if (c->now >= slot->request_at) {
            request(c, slot);
        }
        c->request_at = slot->request_at < c->request_at ? slot->request_at : c->request_at;
    }
}
