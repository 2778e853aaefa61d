/* STATUS: where everyone is, and helping those on who lag (rule 10). */
#include "consensus/state.h"

void qn_status_send(struct qn_consensus *c, int to)
{
    struct qn_status status = {.epoch = c->epoch,
                               .view = c->view,
                               .final_height = qn_final_height(c),
                               .final_id = c->final_block->id,
                               .ceiling = c->joining || c->ceiling < c->view ? 0 : c->ceiling};

    qn_consensus_send(c, to, QN_STATUS, qn_status_encode(&status));
}

void qn_status_lagging(struct qn_consensus *c, int validator)
{
    struct qn_validator_state *peer = &c->peers[validator];

    if (c->now >= peer->status_at) {
        peer->status_at = c->now + c->resend_min;
        qn_status_send(c, validator);
    }
}

/* The certificates and blocks of the last views, from the one it is in; what still lacks it asks for. */
void qn_status_help(struct qn_consensus *c, int validator)
{
    struct qn_validator_state *peer = &c->peers[validator];
    struct qn_buf *latest = qn_latest_finalization(c);
    uint64_t from = c->view > QN_CONSENSUS_HELP_VIEWS ? c->view - QN_CONSENSUS_HELP_VIEWS : 1;

    if (c->now < peer->help_at) {
        return;
    }
    peer->help_at = c->now + c->resend_min;
    from = peer->view > from ? peer->view : from;
    if (latest != NULL && peer->final_height < qn_final_height(c) && c->settled_view < from) {
        qn_consensus_send(c, validator, QN_CERT, qn_buf_hold(latest));
    }
    size_t left = QN_MESSAGE_LEN_MAX; /* of blocks: not to choke the link */
    for (uint64_t view = from; view < c->view; view++) {
        struct qn_view_slot *slot = qn_slot_find(c, view);
        const struct qn_body *body = slot != NULL ? qn_slot_body(slot) : NULL;
        size_t len = body != NULL ? body->block->encoded->len : 0;
        if (slot != NULL && len <= left) {
            qn_answer_view(c, validator, slot);
            left -= len;
        }
    }
}

/* Believed a little at a time, so that a number alone keeps nobody busy. */
static void take_ceiling(struct qn_consensus *c, int validator, uint64_t ceiling)
{
    struct qn_validator_state *peer = &c->peers[validator];
    uint64_t most = c->view + QN_CONSENSUS_CARRY_VIEWS;

    if (ceiling > peer->ceiling && c->now >= peer->carry_at) {
        peer->carry_at = c->now + QN_CONSENSUS_CARRY_PAUSE_US;
        peer->ceiling = ceiling < most ? ceiling : most;
    }
}

/* Views of another epoch say nothing here; heights do. Whoever is ahead is synced with, and whoever is behind
 * is told so. */
static void other_epoch(struct qn_consensus *c, int validator, const struct qn_status *status)
{
    struct qn_validator_state *peer = &c->peers[validator];

    if (status->epoch < c->epoch) {
        qn_status_lagging(c, validator);
    } else if (status->final_height > qn_final_height(c) && c->now >= peer->help_at) {
        peer->help_at = c->now + c->resend_min;
        peer->final_height = status->final_height;
        qn_behind(c, validator);
    }
}

enum qn_err qn_on_status(struct qn_consensus *c, int validator, struct qn_span bytes)
{
    struct qn_status status;
    enum qn_err err = qn_status_decode(&status, bytes);
    struct qn_validator_state *peer = &c->peers[validator];

    if (err != QN_OK) {
        return err;
    }
    if (status.epoch != c->epoch) {
        other_epoch(c, validator, &status);
        return QN_OK;
    }
    peer->view = status.view;
    peer->final_height = status.final_height;
    if (status.final_height == qn_final_height(c) &&
        !qn_hash_equal(&status.final_id, &c->final_block->id)) {
        qn_log(c->log, QN_LOG_ERROR, "consensus", "other_chain",
               "validator=%d height=%llu: it says that another block is final", validator,
               (unsigned long long)status.final_height);
        return QN_OK;
    }
    take_ceiling(c, validator, status.ceiling);
    if (status.view < c->view || status.final_height < qn_final_height(c)) {
        qn_status_help(c, validator);
    }
    if (status.view > c->view || status.final_height > qn_final_height(c)) {
        qn_status_lagging(c, validator);
    }
    return QN_OK;
}

/* The best-informed linked validator, if the one who proved it is gone or it was ourselves. */
static int best_source(const struct qn_consensus *c, int validator)
{
    if (validator >= 0 && c->peers[validator].linked) {
        return validator;
    }
    int best = -1;
    for (int i = 0; i < (int)c->n; i++) {
        if (i != c->self && c->peers[i].linked &&
            (best < 0 || c->peers[i].final_height > c->peers[best].final_height)) {
            best = i;
        }
    }
    return best;
}

void qn_behind(struct qn_consensus *c, int validator)
{
    int source = best_source(c, validator);
    uint64_t height = qn_final_height(c) + 1;

    if (source < 0) {
        return;
    }
    if (c->peers[source].final_height > height) {
        height = c->peers[source].final_height;
    }
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_BEHIND);
    action->validator = source;
    action->height = height;
}
