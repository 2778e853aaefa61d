/* A node that the registry lacks registers itself: under the policy `work` it looks for a ticket; the
 * activation code's key signs, if there is one, then the node's own; then the transaction is submitted like
 * anybody's. */
#include "node/parts.h"
#include "node/tickets.h"

#include <stdio.h>
#include <string.h>

enum {
    QN_REGISTRATION_TX_LIFETIME_MS = 600000, /* room for clocks that differ */
    QN_REGISTRATION_RETRY_MAX = 5,           /* doublings of the wait of one second */
};

bool qn_node_is_registered(const struct qn_node *node, struct qn_registry_entry *entry)
{
    struct qn_registry_entry own;
    if (qn_ledger_entry(node->ledger, &own, &node->id) != QN_OK ||
        qn_registry_entry_usable(&own, node->unix_ms) != QN_OK) {
        return false;
    }
    if (entry != NULL) {
        *entry = own;
    }
    return true;
}

static void fill(struct qn_node *node, struct qn_tx *tx)
{
    const struct qn_node_config *config = &node->config;
    *tx = (struct qn_tx){.kind = QN_TX_REGISTER,
                         .network = node->genesis->network,
                         .expires_ms = node->unix_ms + QN_REGISTRATION_TX_LIFETIME_MS,
                         .id = node->id,
                         .key = config->key,
                         .region = config->region,
                         .roles = QN_ROLE_FULL,
                         .has_endpoint = config->endpoint_count > 0,
                         .endpoint = config->endpoints[0],
                         .announce_tip = config->announce_tip,
                         .valid_until_ms = node->unix_ms + config->registration_lifetime_ms,
                         .has_activation = config->has_activation,
                         .activation = config->activation};
}

static struct qn_span payload_of(const struct qn_node *node, uint8_t *out, size_t capacity)
{
    struct qn_span payload = {0};
    enum qn_err err = qn_tx_payload(&node->registration.tx, out, capacity, &payload);
    QN_ASSERT(err == QN_OK); /* every field is within its limit */
    return payload;
}

static void sign_tx(struct qn_node *node)
{
    uint8_t scratch[QN_TX_LEN_MAX];
    struct qn_span payload = payload_of(node, scratch, sizeof scratch);
    struct qn_hash digest = qn_signing_digest(&node->genesis->network, payload);
    node->registration.state = QN_REGISTRATION_SIGNING;
    qn_node_sign(node, QN_OWNER_REGISTRATION, 0, QN_SIGNER_NODE, QN_SIGN_TRANSACTION, &digest);
}

static void sign_all(struct qn_node *node)
{
    const struct qn_tx *tx = &node->registration.tx;
    if (!tx->has_activation) {
        sign_tx(node);
        return;
    }
    struct qn_hash digest = qn_activation_digest(
        &node->genesis->network, &tx->activation.batch_root, tx->activation.index, &node->id);
    node->registration.state = QN_REGISTRATION_SIGNING_CODE;
    qn_node_sign(node, QN_OWNER_CODE, 0, QN_SIGNER_ACTIVATION, QN_SIGN_ACTIVATE, &digest);
}

/* The next few tries, at nonces drawn at random. One job at a time, each of a bounded length: whatever else
 * there is to verify gets its turn between them. */
static void search(struct qn_node *node)
{
    const struct qn_work_cost *cost = &node->genesis->parameters.work;
    struct qn_tx *tx = &node->registration.tx;
    struct qn_verify_job *job = qn_node_job(node, QN_OWNER_REGISTRATION, 0);
    uint64_t start[] = {qn_rng_next(&node->rng), qn_rng_next(&node->rng)};
    _Static_assert(sizeof start == sizeof tx->work_nonce, "a nonce's worth");
    memcpy(tx->work_nonce, start, sizeof start);
    job->is_ticket = true;
    job->ticket = qn_tx_ticket(tx, cost->bits, cost->memory_kib);
    job->tries = qn_ticket_tries(cost->memory_kib);
    node->registration.state = QN_REGISTRATION_SEARCHING;
    node->registration.tries += job->tries;
    qn_node_verify(node, job);
}

/* Does the transaction expire late enough to become final, and not later than allowed? The clock may jump. */
static bool is_fresh(const struct qn_node *node, const struct qn_tx *tx)
{
    return tx->expires_ms > node->unix_ms + QN_REGISTRATION_TX_LIFETIME_MS / 2 &&
           tx->expires_ms <= node->unix_ms + QN_REGISTRATION_TX_LIFETIME_MS;
}

static void begin(struct qn_node *node)
{
    struct qn_tx *tx = &node->registration.tx;
    if (tx->has_work &&
        is_fresh(node, tx)) { /* found for an earlier try that did not get through */
        sign_all(node);
        return;
    }
    fill(node, tx);
    if (node->genesis->parameters.policy != QN_POLICY_WORK) {
        sign_all(node);
        return;
    }
    node->registration.tries = 0;
    qn_log(node->log, QN_LOG_INFO, "registration", "search", "bits=%u memory_kib=%u",
           (unsigned)node->genesis->parameters.work.bits,
           (unsigned)node->genesis->parameters.work.memory_kib);
    search(node);
    qn_node_sync_with_all(node); /* perhaps we are registered, and need no ticket */
}

void qn_node_on_ticket_search(struct qn_node *node, const struct qn_verify_job *job)
{
    struct qn_registration *registration = &node->registration;
    QN_ASSERT(registration->state == QN_REGISTRATION_SEARCHING);
    if (qn_node_is_registered(node, NULL)) {
        registration->state = QN_REGISTRATION_DONE;
        qn_node_sync_with_all(node);
    } else if (!is_fresh(node, &registration->tx)) {
        fill(node, &registration->tx); /* every try is as good as the first: nothing is lost */
        search(node);
    } else if (!job->ok) {
        search(node);
    } else {
        registration->tx.has_work = true;
        memcpy(registration->tx.work_nonce, job->ticket.nonce, sizeof job->ticket.nonce);
        qn_node_keep_ticket(node, &job->ticket);
        sign_all(node);
    }
}

static bool has_way(const struct qn_node *node)
{
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        if (link->id != 0 && link->live && (link->validator >= 0 || link->outbound)) {
            return true;
        }
    }
    return false;
}

bool qn_node_registration_pending(const struct qn_node *node)
{
    if (!node->config.auto_register || node->config.bootstrap_id != 0) {
        return false;
    }
    switch (node->registration.state) {
    case QN_REGISTRATION_IDLE:
        return node->registration.failures == 0; /* after a failure both ways are tried */
    case QN_REGISTRATION_SIGNING_CODE:
    case QN_REGISTRATION_SIGNING:
    case QN_REGISTRATION_SUBMITTED:
        return true;
    case QN_REGISTRATION_SEARCHING: /* that may take long */
    case QN_REGISTRATION_DONE:
    case QN_REGISTRATION_REFUSED:
        break;
    }
    return false;
}

void qn_node_poll_registration(struct qn_node *node)
{
    struct qn_registration *registration = &node->registration;
    if (!node->config.auto_register || node->config.bootstrap_id != 0 ||
        registration->state != QN_REGISTRATION_IDLE || node->now < registration->next_try_us) {
        return;
    }
    if (qn_node_is_registered(node, NULL)) {
        registration->state = QN_REGISTRATION_DONE;
    } else if (has_way(node)) {
        begin(node);
    }
}

/* Waits 1 s doubling to 32 s, with up to as much jitter, before the next try. */
static void try_later(struct qn_node *node)
{
    struct qn_registration *registration = &node->registration;
    qn_time_us wait = QN_SECONDS(1) << registration->failures;
    registration->failures += registration->failures < QN_REGISTRATION_RETRY_MAX;
    registration->next_try_us = node->now + wait + qn_rng_below(&node->rng, wait);
    registration->state = QN_REGISTRATION_IDLE;
}

void qn_node_on_registration_signed(struct qn_node *node, enum qn_owner owner,
                                    const struct qn_event *event)
{
    if (!event->signed_.ok) {
        qn_log(node->log, QN_LOG_ERROR, "registration", "sign_failed", "what=%s",
               owner == QN_OWNER_CODE ? "activation" : "transaction");
        try_later(node);
        return;
    }
    if (owner == QN_OWNER_CODE) {
        node->registration.tx.activation.signature = event->signed_.signature;
        sign_tx(node);
        return;
    }
    uint8_t scratch[QN_TX_LEN_MAX];
    struct qn_span payload = payload_of(node, scratch, sizeof scratch);
    struct qn_span signature = {event->signed_.signature.bytes, event->signed_.signature.len};
    struct qn_buf *tx = qn_signed_encode(payload, signature);
    node->registration.state = QN_REGISTRATION_SUBMITTED;
    qn_node_submit_own(node, QN_OWN_REGISTRATION, tx);
    qn_buf_drop(tx);
}

/* Would the same registration fail again for ever? */
static bool is_hopeless(enum qn_err code)
{
    switch (code) {
    case QN_ERR_REVOKED:
    case QN_ERR_CODE_USED:
    case QN_ERR_CODE_UNKNOWN:
    case QN_ERR_CODE_REQUIRED:
    case QN_ERR_CODE_EXPIRED:
    case QN_ERR_BAD_SIGNATURE:
    case QN_ERR_UNKNOWN_SUITE:
        return true;
    default:
        return false;
    }
}

void qn_node_on_registration_result(struct qn_node *node, const struct qn_submit_result *result,
                                    qn_time_us started_us)
{
    struct qn_registration *registration = &node->registration;
    char text[QN_TEXT_LEN_MAX + 1];
    qn_log_escape(text, sizeof text, result->text, sizeof result->text - 1);
    if (result->code == QN_ERR_BAD_WORK || result->code == QN_ERR_EXPIRED) {
        registration->tx.has_work = false; /* another ticket is needed */
    }
    if (result->code == QN_OK || result->code == QN_ERR_ALREADY_REGISTERED) {
        registration->state = QN_REGISTRATION_DONE;
        if (result->code == QN_OK) {
            qn_samples_add(&node->samples[QN_TIMING_REGISTER], node->now - started_us);
        }
        qn_log(node->log, QN_LOG_INFO, "registration", "done", "result=%s height=%llu index=%llu",
               qn_err_name(result->code), (unsigned long long)result->height,
               (unsigned long long)result->index);
    } else if (is_hopeless(result->code)) {
        registration->state = QN_REGISTRATION_REFUSED;
        snprintf(registration->refusal, sizeof registration->refusal, "%s", text);
        qn_log(node->log, QN_LOG_ERROR, "registration", "refused", "reason=%s text=\"%s\"",
               qn_err_name(result->code), text);
    } else {
        qn_log(node->log, QN_LOG_WARN, "registration", "retry", "reason=%s text=\"%s\"",
               qn_err_name(result->code), text);
        try_later(node);
    }
    qn_node_sync_with_all(node);
}
