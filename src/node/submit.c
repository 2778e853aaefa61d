/* Transactions on their way: checked, their signatures verified, then into the mempool (a validator) or on
 * to a validator (anybody else); whoever waits gets one precise answer. */
#include "base/pool.h"
#include "node/parts.h"

#include <stdio.h>
#include <string.h>

enum { QN_RELAY_TRIES_MAX = 4 };

/* ---- answers ---- */

/* Without words if a stranger asked with fewer bytes than they are. */
static void answer(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                   const struct qn_submit_result *result)
{
    struct qn_submit_result brief = *result;
    struct qn_buf *bytes = qn_submit_result_encode(result);
    if (bytes->len > qn_node_room(link)) {
        brief.text[0] = '\0';
        qn_buf_drop(bytes);
        bytes = qn_submit_result_encode(&brief);
    }
    qn_node_send(node, link, QN_SUBMIT_RESULT, request_id, bytes);
}

static void finish(struct qn_node *node, struct qn_submission *submission,
                   const struct qn_submit_result *result)
{
    struct qn_submission done = *submission;
    *submission = (struct qn_submission){.origin = QN_ORIGIN_FREE};
    qn_time_us elapsed = node->now - done.started_us;
    if (result->code == QN_OK) {
        node->counters.txs_accepted += 1;
        qn_samples_add(&node->samples[QN_TIMING_SUBMIT], elapsed);
    } else {
        node->counters.txs_refused += 1;
    }
    struct qn_link *link = NULL;
    struct qn_action *action = NULL;
    switch (done.origin) {
    case QN_ORIGIN_FREE:
        break;
    case QN_ORIGIN_REQUEST:
        action = qn_actions_add(node->actions, QN_ACTION_REPLY);
        action->reply.token = done.token;
        action->reply.result = *result;
        break;
    case QN_ORIGIN_LINK:
        link = qn_node_link(node, done.link);
        if (link != NULL) {
            answer(node, link, done.request_id, result);
        }
        break;
    case QN_ORIGIN_OWN:
        if (done.own == QN_OWN_REGISTRATION) {
            qn_node_on_registration_result(node, result, done.started_us);
        } else {
            qn_node_on_own_result(node, done.own, result);
        }
        break;
    }
    qn_buf_drop(done.bytes);
}

static void refuse(struct qn_node *node, struct qn_submission *submission, enum qn_err code,
                   const char *text)
{
    struct qn_submit_result result = {.code = code, .tx_id = submission->tx_id};
    snprintf(result.text, sizeof result.text, "%s", text != NULL ? text : qn_err_text(code));
    finish(node, submission, &result);
}

/* Everybody who waits for this transaction here. Those who relayed it wait for the validator's word, but
 * a final block is as good. */
static void refuse_all(struct qn_node *node, const struct qn_hash *tx_id, enum qn_err code,
                       const char *text)
{
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        struct qn_submission *submission = &node->submissions[i];
        if (submission->origin != QN_ORIGIN_FREE && qn_hash_equal(&submission->tx_id, tx_id)) {
            refuse(node, submission, code, text);
        }
    }
}

static void finish_final(struct qn_node *node, struct qn_submission *submission, uint64_t height,
                         uint64_t index)
{
    struct qn_submit_result result = {
        .code = QN_OK, .tx_id = submission->tx_id, .height = height, .index = index};
    snprintf(result.text, sizeof result.text, "final at height %llu", (unsigned long long)height);
    finish(node, submission, &result);
}

/* ---- relaying ---- */

static bool may_relay_to(const struct qn_link *link, const struct qn_submission *submission)
{
    return link->id != 0 && link->live && link->id != submission->link &&
           link->id != submission->relay_link &&
           (link->standing != QN_STANDING_UNREGISTERED || link->outbound);
}

/* A validator if one is linked, the quickest first; else anybody registered, hop-bounded. */
static struct qn_link *choose_relay(const struct qn_node *node,
                                    const struct qn_submission *submission)
{
    struct qn_link *best = NULL;
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        if (!may_relay_to(link, submission)) {
            continue;
        }
        bool better = best == NULL || (link->validator >= 0 && best->validator < 0) ||
                      ((link->validator >= 0) == (best->validator >= 0) &&
                       link->liveness.rtt_us < best->liveness.rtt_us);
        best = better ? link : best;
    }
    return best;
}

static void relay(struct qn_node *node, struct qn_submission *submission)
{
    if (submission->relay_tries == QN_RELAY_TRIES_MAX || submission->hops >= QN_SUBMIT_HOPS_MAX) {
        refuse(node, submission, QN_ERR_NOT_READY, "no validator could be reached");
        return;
    }
    struct qn_link *link = choose_relay(node, submission);
    if (link == NULL) {
        refuse(node, submission, QN_ERR_NOT_READY, "not linked to any validator");
        return;
    }
    struct qn_submit message = {.hops = (uint8_t)(submission->hops + 1),
                                .tx = qn_buf_span(submission->bytes)};
    node->next_request_id += 1;
    node->next_request_id += node->next_request_id == 0;
    submission->relay_tries += 1;
    submission->relay_link = link->id;
    submission->relay_request = node->next_request_id;
    qn_node_send(node, link, QN_SUBMIT, node->next_request_id, qn_submit_encode(&message));
}

/* ---- verification ---- */

static void tell_validators(struct qn_node *node, struct qn_span tx)
{
    struct qn_buf *message = qn_tx_message_encode(tx);
    for (int i = 0; i < node->committee.count; i++) {
        struct qn_link *link =
            node->validator_links[i] != 0 ? qn_node_link(node, node->validator_links[i]) : NULL;
        if (link != NULL) {
            qn_node_send(node, link, QN_TX, 0, qn_buf_hold(message));
        }
    }
    qn_buf_drop(message);
}

static void enter_mempool(struct qn_node *node, struct qn_pending_tx *pending)
{
    enum qn_err err = qn_mempool_put(node->mempool, pending->bytes, &pending->id, pending->tx);
    if (err == QN_ERR_DUPLICATE) {
        return; /* already on its way: the commit answers everybody */
    }
    if (err != QN_OK) {
        refuse_all(node, &pending->id, err, "another transaction of this node or code waits");
        return;
    }
    if (!pending->told) {
        tell_validators(node, qn_buf_span(pending->bytes));
    }
    qn_node_tell_pending(node);
}

static void relay_all(struct qn_node *node, const struct qn_hash *tx_id)
{
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        struct qn_submission *submission = &node->submissions[i];
        bool waits = submission->origin != QN_ORIGIN_FREE && submission->relay_link == 0 &&
                     qn_hash_equal(&submission->tx_id, tx_id);
        if (waits) {
            relay(node, submission);
        }
    }
}

static void release(struct qn_pending_tx *pending)
{
    qn_buf_drop(pending->bytes);
    qn_pool_give(pending->tx, sizeof *pending->tx);
    uint32_t generation = pending->generation + 1;
    *pending = (struct qn_pending_tx){.generation = generation};
}

static void verified(struct qn_node *node, struct qn_pending_tx *pending)
{
    if (pending->verdict != QN_OK) {
        refuse_all(node, &pending->id, pending->verdict,
                   pending->verdict == QN_ERR_BAD_WORK
                       ? "the ticket of work does not hold: it is made for one node and expiry, at "
                         "this network's cost"
                       : "a signature of the transaction does not verify");
    } else if (node->validator >= 0) {
        enter_mempool(node, pending);
    } else {
        relay_all(node, &pending->id);
    }
    release(pending);
}

void qn_node_on_tx_verified(struct qn_node *node, struct qn_verify_job *job)
{
    struct qn_pending_tx *pending = &node->pending_txs[job->cookie & UINT32_MAX];
    QN_ASSERT(pending->bytes != NULL && pending->generation == job->cookie >> 32);
    pending->verdict = pending->verdict == QN_OK ? qn_verify_job_verdict(job) : pending->verdict;
    pending->jobs_left -= 1;
    if (pending->jobs_left == 0) {
        verified(node, pending);
    }
}

static struct qn_pending_tx *find_pending(struct qn_node *node, const struct qn_hash *tx_id)
{
    struct qn_pending_tx *unused = NULL;
    for (size_t i = 0; i < QN_PENDING_TXS_MAX; i++) {
        struct qn_pending_tx *pending = &node->pending_txs[i];
        if (pending->bytes == NULL) {
            unused = unused == NULL ? pending : unused;
        } else if (qn_hash_equal(&pending->id, tx_id)) {
            return pending;
        }
    }
    return unused;
}

static void start_verification(struct qn_node *node, struct qn_pending_tx *pending,
                               const struct qn_tx_checks *checks)
{
    uint64_t cookie =
        ((uint64_t)pending->generation << 32) | (uint64_t)(pending - node->pending_txs);
    pending->jobs_left = qn_node_verify_tx(node, QN_OWNER_TX, cookie, checks);
}

/* Checks a transaction and starts the verification of its signatures. An error with its text if it is
 * refused at once; QN_ERR_DUPLICATE if it is on its way already. told: another validator gave it to all. */
static enum qn_err take_tx(struct qn_node *node, char *text, struct qn_buf *bytes,
                           const struct qn_hash *tx_id, bool told)
{
    struct qn_tx_checks checks;
    if (qn_mempool_has(node->mempool, tx_id)) {
        return QN_ERR_DUPLICATE;
    }
    enum qn_err err =
        qn_ledger_check_tx(node->ledger, &checks, text, qn_buf_span(bytes), node->unix_ms);
    if (err != QN_OK) {
        return err;
    }
    struct qn_pending_tx *pending = find_pending(node, tx_id);
    if (pending == NULL) {
        snprintf(text, QN_TEXT_LEN_MAX + 1, "too many transactions are being verified");
        return QN_ERR_BUSY;
    }
    if (pending->bytes != NULL) {
        return QN_ERR_DUPLICATE;
    }
    struct qn_signed envelope;
    pending->tx = qn_pool_take(sizeof *pending->tx);
    err = qn_tx_decode(pending->tx, &envelope, qn_buf_span(bytes));
    QN_ASSERT(err == QN_OK); /* check_tx decoded it */
    pending->bytes = qn_buf_hold(bytes);
    pending->id = *tx_id;
    pending->told = told;
    start_verification(node, pending, &checks);
    return QN_OK;
}

/* ---- submissions ---- */

static struct qn_submission *free_submission(struct qn_node *node)
{
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        if (node->submissions[i].origin == QN_ORIGIN_FREE) {
            return &node->submissions[i];
        }
    }
    return NULL;
}

/* A node that lags judges nobody by its old state; it passes on what is well-formed. */
static bool is_behind(const struct qn_node *node)
{
    return node->validator < 0 &&
           qn_follower_target(node->follower) > qn_ledger_height(node->ledger);
}

static void start(struct qn_node *node, struct qn_submission *asked, struct qn_span tx)
{
    char text[QN_TEXT_LEN_MAX + 1] = "";
    uint64_t height = 0;
    uint64_t index = 0;
    struct qn_submission *submission = free_submission(node);
    asked->tx_id = qn_tx_id(tx);
    asked->started_us = node->now;
    if (submission == NULL) {
        refuse(node, asked, QN_ERR_BUSY, "too many transactions wait for an answer");
        return;
    }
    *submission = *asked;
    submission->bytes = qn_buf_copy(tx);
    if (qn_ledger_find_tx(node->ledger, &height, &index, &submission->tx_id) == QN_OK) {
        if (!qn_node_is_durable(node, height)) {
            return; /* the answer follows when it is */
        }
        finish_final(node, submission, height, index);
        return;
    }
    enum qn_err err = take_tx(node, text, submission->bytes, &submission->tx_id, false);
    if (err == QN_OK || err == QN_ERR_DUPLICATE) {
        return; /* the answer follows from its way through the ledger */
    }
    if (is_behind(node) && err != QN_ERR_MALFORMED && err != QN_ERR_TOO_BIG) {
        relay(node, submission);
        return;
    }
    refuse(node, submission, err, text[0] != '\0' ? text : NULL);
}

void qn_node_submit_request(struct qn_node *node, const struct qn_event *event)
{
    struct qn_submission asked = {.origin = QN_ORIGIN_REQUEST, .token = event->request.token};
    start(node, &asked, event->request.bytes);
}

void qn_node_submit_own(struct qn_node *node, size_t own, struct qn_buf *tx_bytes)
{
    struct qn_submission asked = {.origin = QN_ORIGIN_OWN, .own = own};
    start(node, &asked, qn_buf_span(tx_bytes));
}

void qn_node_on_submit(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                       struct qn_span bytes)
{
    struct qn_submit message;
    if (qn_submit_decode(&message, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "submit");
        return;
    }
    struct qn_submission asked = {
        .origin = QN_ORIGIN_LINK, .link = link->id, .request_id = request_id, .hops = message.hops};
    start(node, &asked, message.tx);
}

/* Between validators: nobody waits for an answer. */
void qn_node_on_tx(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_span tx;
    if (qn_tx_message_decode(&tx, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "tx");
        return;
    }
    if (node->validator < 0 || link->validator < 0) {
        node->counters.messages_unexpected += 1;
        return;
    }
    char text[QN_TEXT_LEN_MAX + 1];
    struct qn_hash tx_id = qn_tx_id(tx);
    struct qn_buf *copy = qn_buf_copy(tx);
    enum qn_err err = take_tx(node, text, copy, &tx_id, true);
    if (err != QN_OK && err != QN_ERR_DUPLICATE) { /* its submitter hears it from the other one */
        qn_log(node->log, QN_LOG_DEBUG, "tx", "refused", "reason=%s", qn_err_name(err));
    }
    qn_buf_drop(copy);
}

static struct qn_submission *find_relayed(struct qn_node *node, const struct qn_link *link,
                                          uint32_t request_id)
{
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        struct qn_submission *submission = &node->submissions[i];
        bool same = submission->origin != QN_ORIGIN_FREE && submission->relay_link == link->id &&
                    submission->relay_request == request_id;
        if (same) {
            return submission;
        }
    }
    return NULL;
}

void qn_node_on_submit_result(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                              struct qn_span bytes)
{
    struct qn_submit_result result;
    if (qn_submit_result_decode(&result, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "submit_result");
        return;
    }
    struct qn_submission *submission = find_relayed(node, link, request_id);
    if (submission == NULL) {
        return; /* answered meanwhile by a block, or timed out */
    }
    if (result.code == QN_ERR_NOT_READY || result.code == QN_ERR_BUSY) {
        relay(node, submission);
        return;
    }
    result.tx_id = submission->tx_id;
    finish(node, submission, &result);
}

void qn_node_on_relay_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id)
{
    struct qn_submission *submission = find_relayed(node, link, request_id);
    if (submission != NULL) {
        relay(node, submission);
    }
}

void qn_node_submissions_on_link_down(struct qn_node *node, qn_link_id link)
{
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        struct qn_submission *submission = &node->submissions[i];
        if (submission->origin == QN_ORIGIN_FREE) {
            continue;
        }
        if (submission->origin == QN_ORIGIN_LINK && submission->link == link) {
            qn_buf_drop(submission->bytes); /* nobody is left to hear the answer */
            *submission = (struct qn_submission){.origin = QN_ORIGIN_FREE};
        } else if (submission->relay_link == link && !node->shutting_down) {
            relay(node, submission); /* submitting twice is harmless: the ledger takes it once */
        }
    }
}

/* ---- after a commit, and with time ---- */

struct sweep {
    struct qn_node *node;
};

static enum qn_err still_valid(void *context, struct qn_span tx_bytes)
{
    struct sweep *sweep = context;
    return qn_ledger_check_tx(sweep->node->ledger, NULL, NULL, tx_bytes, sweep->node->unix_ms);
}

static void swept(void *context, const struct qn_hash *tx_id, enum qn_err why)
{
    struct sweep *sweep = context;
    refuse_all(sweep->node, tx_id, why, NULL);
}

static void sweep_mempool(struct qn_node *node, size_t count_max)
{
    struct sweep sweep = {.node = node};
    qn_mempool_sweep(node->mempool, still_valid, swept, &sweep, count_max);
    if (node->mempool_was_pending && qn_mempool_count(node->mempool) == 0) {
        qn_node_tell_pending(node);
    }
}

void qn_node_submissions_on_commit(struct qn_node *node, const struct qn_ledger_commit *commit)
{
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct qn_ledger_change *change = &commit->changes[i];
        for (size_t j = 0; j < QN_PENDING_REQUESTS_MAX; j++) {
            struct qn_submission *submission = &node->submissions[j];
            bool final = submission->origin != QN_ORIGIN_FREE &&
                         qn_hash_equal(&submission->tx_id, &change->tx_id);
            if (final) {
                finish_final(node, submission, commit->height, change->index);
            }
        }
    }
    if (commit->change_count >
        0) { /* those that the next block may take; the others, each second */
        sweep_mempool(node, QN_BLOCK_TXS_MAX);
    }
}

static void send_mempool(struct qn_node *node, struct qn_link *link)
{
    struct qn_span txs[QN_BLOCK_TXS_MAX]; /* a block's worth: what is more, the others propose */
    size_t count = qn_mempool_take(node->mempool, txs, QN_BLOCK_TXS_MAX);
    for (size_t i = 0; i < count; i++) {
        qn_node_send(node, link, QN_TX, 0, qn_tx_message_encode(txs[i]));
    }
}

void qn_node_pass_on_txs(struct qn_node *node, const struct qn_validator_set *before,
                         bool was_member)
{
    for (int i = 0; i < node->committee.count && node->validator >= 0; i++) {
        bool is_new = qn_validator_index(before, &node->committee.members[i].id) < 0;
        if (is_new && node->validator_links[i] != 0) {
            send_mempool(node, qn_node_link(node, node->validator_links[i]));
        }
    }
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX && was_member && node->validator < 0; i++) {
        struct qn_submission *submission = &node->submissions[i];
        if (submission->origin != QN_ORIGIN_FREE && submission->relay_link == 0) {
            relay(node, submission);
        }
    }
}

/* Whoever got a transaction first told every validator linked to it, once. Should a message or a link
 * have been missing, the others do it again. */
static void tell_overdue(struct qn_node *node)
{
    struct qn_span txs[QN_BLOCK_TXS_MAX];
    size_t count = qn_mempool_overdue(node->mempool, txs, QN_ARRAY_COUNT(txs));
    for (size_t i = 0; i < count && node->validator >= 0; i++) {
        tell_validators(node, txs[i]);
    }
}

void qn_node_poll_submissions(struct qn_node *node)
{
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        struct qn_submission *submission = &node->submissions[i];
        bool late = submission->origin != QN_ORIGIN_FREE &&
                    node->now - submission->started_us >= QN_REQUEST_TIMEOUT;
        if (late) {
            refuse(node, submission, QN_ERR_TIMEOUT,
                   "no answer within 30 s; the transaction may still become final");
        }
    }
    sweep_mempool(node, QN_MEMPOOL_TXS_MAX);
    tell_overdue(node);
}
