/* Making and freeing, dispatch, timers, reading. The rules are in the files beside this one. */
#include "consensus/state.h"

#include <stdlib.h>

/* What outlived the process before. */
static void take_up(struct qn_consensus *c, const struct qn_consensus_config *config)
{
    c->log_view = c->final_view;
    qn_restore_final(c, config->final_cert);
    if (c->memory == QN_MEMORY_INTACT && !qn_restore(c, config)) {
        qn_log(c->log, QN_LOG_ERROR, "consensus", "bad_records",
               "records=%zu: they contradict each other; memory counts as lost",
               config->record_count);
        c->memory = QN_MEMORY_LOST;
    }
    if (c->memory == QN_MEMORY_INTACT) {
        c->log_ceiling = config->head.ceiling;
        c->recovered = config->head.recovered;
        c->recover_ceiling = config->head.ceiling;
        qn_final_note_life(c, c->final_block, c->final_view); /* it came after the log's head */
    } else if (config->head.lost) { /* asked before, but cast no vote since */
        c->nonce = config->head.nonce;
    }
}

struct qn_consensus *qn_consensus_new(const struct qn_consensus_config *config, qn_time_us now)
{
    struct qn_consensus *c = calloc(1, sizeof *c);

    QN_ASSERT(c != NULL && config->validators->count >= QN_GENESIS_MIN);
    QN_ASSERT(config->self >= 0 && config->self < config->validators->count);
    QN_ASSERT(config->delta > 0 && config->resend_min > 0);
    c->now = now;
    c->network = config->network;
    c->epoch = config->epoch;
    c->validators = config->validators;
    c->self = config->self;
    c->n = config->validators->count;
    c->q = qn_quorum(c->n) - (QN_MUTANT_IS(QN_MUTANT_SMALL_QUORUM) ? 1U : 0U);
    c->delta = config->delta;
    c->heartbeat = config->heartbeat;
    c->first_block = config->first_block;
    c->memory = config->memory;
    c->nonce = config->seed ^ (now * 0x9e3779b97f4a7c15U);
    c->resend_min = config->resend_min;
    c->resend_max = config->resend_max;
    c->log = config->log;
    c->request_at = QN_TIME_NEVER;
    c->peers = calloc(c->n, sizeof *c->peers);
    QN_ASSERT(c->peers != NULL);
    for (size_t i = 0; i < QN_CONSENSUS_VOTE_VIEWS; i++) {
        c->votes[i].entries =
            calloc((size_t)QN_CONSENSUS_KINDS * c->n, sizeof *c->votes[i].entries);
        QN_ASSERT(c->votes[i].entries != NULL);
    }
    /* Votes, certificates of others, answers to RECOVER and the votes in them, evidence. */
    size_t jobs = QN_CONSENSUS_VOTE_VIEWS * QN_CONSENSUS_KINDS + QN_CONSENSUS_CERT_JOBS + 3;
    qn_verify_init(&c->verify, jobs * c->n, config->seed);
    qn_final_set(c, config->final_block, config->final_view);
    c->fresh_recheck = false;
    c->view = c->final_view + 1;
    take_up(c, config);
    return c;
}

void qn_consensus_free(struct qn_consensus *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < QN_CONSENSUS_RING; i++) {
        qn_slot_clear(&c->slots[i]);
    }
    for (size_t i = 0; i < QN_CONSENSUS_VOTE_VIEWS; i++) {
        free(c->votes[i].entries);
    }
    for (size_t i = 0; i < QN_CONSENSUS_CERT_JOBS; i++) {
        qn_cert_job_clear(&c->cert_jobs[i]);
    }
    for (unsigned i = 0; i < c->n; i++) {
        qn_recover_clear(&c->peers[i]);
        qn_recover_answers_clear(&c->peers[i]);
    }
    qn_verify_fini(&c->verify);
    qn_block_drop(c->final_block);
    free(c->peers);
    free(c);
}

void qn_consensus_begin(struct qn_consensus *c, struct qn_consensus_actions *out, qn_time_us now)
{
    c->out = out;
    c->now = now > c->now ? now : c->now;
}

void qn_consensus_end(struct qn_consensus *c)
{
    qn_settle(c);
    qn_view_catch_up(c);
    if (qn_recover_try(c)) { /* now it may vote */
        qn_settle(c);
        qn_view_step(c);
    }
    qn_request_update(c);
    c->out = NULL;
}

void qn_consensus_start(struct qn_consensus *c, struct qn_consensus_actions *out, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    if (!c->started) {
        c->started = true;
        bool is_first = qn_final_height(c) == 0 && c->first_block > 0;
        c->heartbeat_at = c->now + (is_first ? c->first_block : c->heartbeat);
        c->resend_interval = c->resend_min;
        if (c->memory != QN_MEMORY_TRUSTED) {
            qn_recover_begin(c);
        }
    }
    qn_consensus_end(c);
}

void qn_consensus_on_link(struct qn_consensus *c, struct qn_consensus_actions *out, int validator,
                          bool up, qn_time_us now)
{
    QN_ASSERT(validator >= 0 && validator < (int)c->n && validator != c->self);
    qn_consensus_begin(c, out, now);
    bool fresh = up && !c->peers[validator].linked;
    c->peers[validator].linked = up;
    if (fresh) {
        qn_resend(c, validator);
        qn_recover_link(c, validator);
    }
    qn_consensus_end(c);
}

void qn_consensus_on_pending(struct qn_consensus *c, struct qn_consensus_actions *out, bool pending,
                             qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    c->pending = pending;
    c->fresh = pending;
    c->fresh_recheck = false;
    qn_consensus_end(c);
}

static enum qn_err dispatch(struct qn_consensus *c, int validator, enum qn_message_kind kind,
                            struct qn_span bytes)
{
    if (kind == QN_PROPOSE) {
        return qn_on_propose(c, validator, bytes);
    }
    if (kind == QN_NOTARIZE) {
        return qn_on_vote(c, validator, QN_VOTE_NOTARIZE, bytes);
    }
    if (kind == QN_FINALIZE) {
        return qn_on_vote(c, validator, QN_VOTE_FINALIZE, bytes);
    }
    if (kind == QN_NULLIFY) {
        return qn_on_vote(c, validator, QN_VOTE_NULLIFY, bytes);
    }
    if (kind == QN_CERT) {
        return qn_on_certificate(c, validator, bytes);
    }
    if (kind == QN_STATUS) {
        return qn_on_status(c, validator, bytes);
    }
    if (kind == QN_RECOVER) {
        return qn_on_recover(c, validator, bytes);
    }
    if (kind == QN_RECOVER_REPLY) {
        return qn_on_recover_reply(c, validator, bytes);
    }
    return kind == QN_CONSENSUS_REQUEST ? qn_on_request(c, validator, bytes) : QN_ERR_MALFORMED;
}

enum qn_err qn_consensus_on_message(struct qn_consensus *c, struct qn_consensus_actions *out,
                                    int validator, enum qn_message_kind kind, struct qn_span bytes,
                                    qn_time_us now)
{
    QN_ASSERT(validator >= 0 && validator < (int)c->n && validator != c->self);
    qn_consensus_begin(c, out, now);
    enum qn_err err = dispatch(c, validator, kind, bytes);
    qn_consensus_end(c);
    return err;
}

void qn_consensus_on_synced(struct qn_consensus *c, struct qn_consensus_actions *out,
                            struct qn_block *final_block, uint64_t final_view, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    if (final_block->header.height > qn_final_height(c)) {
        qn_final_set(c, final_block, final_view);
    }
    qn_consensus_end(c);
}

void qn_consensus_poll(struct qn_consensus *c, struct qn_consensus_actions *out, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    if (c->fresh_recheck) {
        c->fresh_recheck = false;
        c->fresh = c->pending;
    }
    if (c->armed != 0 && c->now >= c->resend_at) {
        c->resends += 1;
        qn_resend(c, QN_CONSENSUS_ALL);
        c->resend_at = c->now + c->resend_interval;
        c->resend_interval =
            c->resend_interval * 2 < c->resend_max ? c->resend_interval * 2 : c->resend_max;
    }
    qn_consensus_end(c);
}

/* Whatever is due was done at the end of the last event, so only what lies ahead of it counts. */
qn_time_us qn_consensus_deadline(const struct qn_consensus *c)
{
    const qn_time_us armed[] = {c->leader_at, c->abstain_at, c->settle_at, c->resend_at};
    qn_time_us deadline = c->request_at;

    if (c->fresh_recheck && c->pending && !c->ended) {
        return c->now;
    }
    if (qn_is_voting(c) && c->build_at > c->now && c->build_at < deadline) {
        deadline = c->build_at;
    }
    qn_time_us recover = qn_recover_deadline(c);
    deadline = recover < deadline ? recover : deadline;
    if (qn_is_voting(c) && c->heartbeat_at > c->now && c->heartbeat_at < deadline) {
        deadline = c->heartbeat_at;
    }
    for (size_t i = 0; c->armed != 0 && i < QN_ARRAY_COUNT(armed); i++) {
        if (armed[i] > c->now && armed[i] < deadline) {
            deadline = armed[i];
        }
    }
    return deadline;
}

/* Whoever lost its memory may have known the finalization of the epoch's last block before the others did, and
 * have voted in the next epoch. A later final block of this epoch shows that there was none
 * (qn_final_set). */
static enum qn_memory next_memory(const struct qn_consensus *c)
{
    if (c->recovered) {
        return QN_MEMORY_LOST;
    }
    return !c->started || c->joining ? c->memory : QN_MEMORY_TRUSTED; /* no better than before */
}

void qn_consensus_info(const struct qn_consensus *c, struct qn_consensus_info *info)
{
    *info = (struct qn_consensus_info){.started = c->started,
                                       .joining = c->joining,
                                       .ended = c->ended,
                                       .lost = qn_recover_lost(c),
                                       .answers = qn_recover_answers(c),
                                       .answers_needed = qn_recover_needed(c),
                                       .next_memory = next_memory(c),
                                       .ceiling = c->joining ? 0 : c->ceiling,
                                       .epoch = c->epoch,
                                       .view = c->view,
                                       .final_view = c->final_view,
                                       .final_height = qn_final_height(c),
                                       .leader = qn_view_leader(c, c->view),
                                       .validator_count = c->n,
                                       .quorum = c->q,
                                       .live = qn_live_count(c),
                                       .nullified_views = c->nullified_views,
                                       .timeouts = c->timeouts};
}

static void counter(const struct qn_metric_sink *sink, const char *name, const char *help,
                    uint64_t value)
{
    struct qn_metric metric = {
        .name = name, .help = help, .type = QN_METRIC_COUNTER, .value = (double)value};

    sink->metric(sink->context, &metric);
}

static void gauge(const struct qn_metric_sink *sink, const char *name, const char *help,
                  uint64_t value)
{
    struct qn_metric metric = {
        .name = name, .help = help, .type = QN_METRIC_GAUGE, .value = (double)value};

    sink->metric(sink->context, &metric);
}

void qn_consensus_collect(const struct qn_consensus *c, const struct qn_metric_sink *sink)
{
    gauge(sink, "qnet_consensus_view", "Current view.", c->view);
    gauge(sink, "qnet_consensus_final_view", "View of the last final block.", c->final_view);
    gauge(sink, "qnet_consensus_live_validators", "Linked validators, this one included.",
          qn_live_count(c));
    gauge(sink, "qnet_consensus_quorum", "Votes that make a certificate.", c->q);
    counter(sink, "qnet_consensus_commits_total", "Blocks committed by own votes.", c->commits);
    counter(sink, "qnet_consensus_nullified_views_total", "Views given up by a quorum.",
            c->nullified_views);
    counter(sink, "qnet_consensus_timeouts_total", "Views in which the leader was too slow.",
            c->timeouts);
    counter(sink, "qnet_consensus_verifications_total", "Vote signatures verified.",
            c->verifications);
    counter(sink, "qnet_consensus_verifications_saved_total",
            "Vote signatures known to be good already.", c->verifications_saved);
    counter(sink, "qnet_consensus_bad_signatures_total", "Votes and certificates that were forged.",
            c->bad_signatures);
    counter(sink, "qnet_consensus_equivocations_total", "Contradicting votes of one validator.",
            c->equivocations);
    counter(sink, "qnet_consensus_resends_total", "Repetitions of own votes.", c->resends);
    counter(sink, "qnet_consensus_requests_total", "Requests for missing certificates or blocks.",
            c->requests);
}
