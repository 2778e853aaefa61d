/* Signs and submits the node's own transactions, and tries again what did not become final. */
#include "node/parts.h"

#include <string.h>

enum { OWN_TX_LIFETIME_MS = 600000 }; /* room for clocks that differ */

static const char *name_of(size_t place)
{
    return place == QN_OWN_RENEWAL ? "renewal" : "evidence";
}

void qn_node_own_free(struct qn_node *node, size_t place)
{
    struct qn_own_tx *own = &node->own[place];
    qn_buf_drop(own->payload);
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        qn_buf_drop(own->votes[i]);
    }
    *own = (struct qn_own_tx){.next_try_us = own->next_try_us, .failures = own->failures};
}

void qn_node_own_fini(struct qn_node *node)
{
    for (size_t i = 0; i < QN_OWN_COUNT; i++) {
        qn_node_own_free(node, i);
    }
}

void qn_node_own_begin(struct qn_node *node, size_t place, struct qn_tx *tx)
{
    uint8_t scratch[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_own_tx *own = &node->own[place];
    tx->network = node->genesis->network;
    tx->expires_ms = node->unix_ms + OWN_TX_LIFETIME_MS;
    enum qn_err err = qn_tx_payload(tx, scratch, sizeof scratch, &payload);
    QN_ASSERT(err == QN_OK); /* two votes and a signature are the most */
    struct qn_hash digest = qn_signing_digest(&node->genesis->network, payload);
    own->payload = qn_buf_copy(payload);
    own->state = QN_OWN_SIGNING;
    qn_node_sign(node, QN_OWNER_OWN, place, QN_SIGNER_NODE, QN_SIGN_TRANSACTION, &digest);
}

/* Waits 1 s doubling to 64 s, with up to as much jitter. */
static void try_later(struct qn_node *node, struct qn_own_tx *own)
{
    qn_time_us wait = QN_SECONDS(1) << own->failures;
    own->failures += own->failures < QN_OWN_FAILURES_MAX;
    own->next_try_us = node->now + wait + qn_rng_below(&node->rng, wait);
    own->state = QN_OWN_WAITING;
}

void qn_node_on_own_signed(struct qn_node *node, size_t place, const struct qn_event *event)
{
    struct qn_own_tx *own = &node->own[place];
    QN_ASSERT(place < QN_OWN_COUNT && own->state == QN_OWN_SIGNING);
    struct qn_buf *payload = own->payload;
    own->payload = NULL;
    if (event->signed_.ok) {
        struct qn_span signature = {event->signed_.signature.bytes, event->signed_.signature.len};
        struct qn_buf *tx = qn_signed_encode(qn_buf_span(payload), signature);
        own->state = QN_OWN_SUBMITTED;
        qn_node_submit_own(node, place, tx);
        qn_buf_drop(tx);
    } else {
        qn_log(node->log, QN_LOG_ERROR, name_of(place), "sign_failed", "what=transaction");
        try_later(node, own);
    }
    qn_buf_drop(payload);
}

void qn_node_on_own_result(struct qn_node *node, size_t place,
                           const struct qn_submit_result *result)
{
    struct qn_own_tx *own = &node->own[place];
    char text[QN_TEXT_LEN_MAX + 1];
    qn_log_escape(text, sizeof text, result->text, strlen(result->text));
    if (result->code == QN_OK) {
        qn_log(node->log, QN_LOG_INFO, name_of(place), "done", "height=%llu",
               (unsigned long long)result->height);
        own->failures = 0;
        qn_node_own_free(node, place);
        return;
    }
    qn_log(node->log, QN_LOG_WARN, name_of(place), "retry", "reason=%s text=\"%s\"",
           qn_err_name(result->code), text);
    try_later(node, own);
}

void qn_node_poll_own(struct qn_node *node)
{
    qn_node_poll_renewal(node, &node->own[QN_OWN_RENEWAL]);
    for (size_t i = QN_OWN_EVIDENCE; i < QN_OWN_COUNT; i++) {
        if (node->own[i].state == QN_OWN_WAITING) {
            qn_node_poll_evidence(node, i);
        }
    }
}
