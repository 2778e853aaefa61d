/* Which messages a peer may send in which standing, and who takes them. */
#include "node/balance.h"
#include "node/parts.h"

#include <string.h>

static void blame_malformed(struct qn_node *node, struct qn_link *link,
                            const struct qn_message_bytes *message)
{
    qn_node_blame(node, link, QN_FAULT_MALFORMED, qn_kind_find(message->kind)->name);
}

static void on_ping(struct qn_node *node, struct qn_link *link,
                    const struct qn_message_bytes *message)
{
    struct qn_ping ping;
    if (qn_ping_decode(&ping, message->bytes) != QN_OK) {
        blame_malformed(node, link, message);
        return;
    }
    struct qn_pong pong = {.nonce = ping.nonce};
    if (!qn_node_is_stranger(link)) { /* whose PING is as long as the rest */
        pong.at = node->measuring.position.at;
    }
    qn_node_send(node, link, QN_PONG, 0, qn_pong_encode(&pong));
}

static void on_goodbye(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_goodbye goodbye;
    char text[QN_TEXT_LEN_MAX + 1] = "";
    char peer[QN_SHORT_ID_TEXT_SIZE];
    if (qn_goodbye_decode(&goodbye, bytes) == QN_OK) {
        qn_log_escape(text, sizeof text, goodbye.text, strlen(goodbye.text));
        qn_log(node->log, QN_LOG_INFO, "link", "goodbye", "peer=\"%s\" reason=%s text=\"%s\"",
               qn_node_id_short(peer, &link->peer), qn_close_reason_name(goodbye.reason), text);
        if (goodbye.reason == QN_CLOSE_FULL) {
            qn_peering_on_full(node->peering, link->id);
        }
    }
    qn_node_close(node, link, QN_CLOSE_PEER_CLOSED, NULL);
}

static void on_head(struct qn_node *node, struct qn_link *link,
                    const struct qn_message_bytes *message)
{
    struct qn_head head;
    if (qn_head_decode(&head, message->bytes) != QN_OK) {
        blame_malformed(node, link, message);
        return;
    }
    qn_node_on_peer_height(node, link, head.height);
}

/* Not for us, or not theirs to send: one of the two ends is in another epoch. Where the other one stands
 * is worth knowing, above all to a node that the next committee counts on and that has not heard of it. */
static void on_stray_consensus(struct qn_node *node, struct qn_link *link,
                               const struct qn_message_bytes *message)
{
    struct qn_status status;
    if (message->kind == QN_STATUS && qn_status_decode(&status, message->bytes) == QN_OK) {
        qn_node_on_peer_height(node, link, status.final_height);
        return;
    }
    node->counters.messages_unexpected += 1;
}

static void on_consensus(struct qn_node *node, struct qn_link *link,
                         const struct qn_message_bytes *message)
{
    if (link->validator < 0 || node->consensus == NULL) {
        on_stray_consensus(node, link, message);
        return;
    }
    struct qn_link copy = *link; /* the link may go while consensus acts */
    enum qn_err err =
        qn_consensus_on_message(node->consensus, &node->consensus_actions, link->validator,
                                message->kind, message->bytes, node->now);
    qn_node_drain_consensus(node);
    link = qn_node_link(node, copy.id);
    if (err != QN_OK && link != NULL) {
        qn_node_blame_error(node, link, err, NULL);
    }
}

static void on_get_genesis(struct qn_node *node, struct qn_link *link,
                           const struct qn_message_bytes *message)
{
    struct qn_get_genesis get;
    struct qn_span certs[QN_GENESIS_CERTS_MAX];
    struct qn_genesis_reply reply;
    struct qn_buf *bytes = NULL;
    if (qn_get_genesis_decode(&get, message->bytes) != QN_OK) {
        blame_malformed(node, link, message);
        return;
    }
    size_t room = qn_node_room(link);
    size_t len_max = message->bytes.len < room ? message->bytes.len : room;
    if (len_max < QN_GENESIS_ANSWER_LEN_MIN) {
        qn_node_send(node, link, QN_BUSY, message->request_id, qn_empty_encode());
        return;
    }
    for (size_t i = 0; i < node->genesis->cert_count; i++) {
        certs[i] = qn_buf_span(node->genesis->cert_bytes[i]);
    }
    qn_genesis_reply_cut(&reply, certs, node->genesis->cert_count,
                         qn_buf_span(node->genesis->parameter_bytes), get.from, len_max);
    enum qn_err err = qn_genesis_reply_encode(&bytes, &reply);
    QN_ASSERT(err == QN_OK); /* no longer than its request */
    qn_node_send(node, link, QN_GENESIS, message->request_id, bytes);
}

static void on_busy(struct qn_node *node, struct qn_link *link,
                    const struct qn_message_bytes *message)
{
    qn_node_on_relay_busy(node, link, message->request_id);
    qn_node_snapshot_on_busy(node, link, message->request_id);
    qn_node_regions_on_busy(node, link, message->request_id);
    if (message->request_id != node->blocks_request) {
        return;
    }
    enum qn_err err = qn_follower_on_blocks(node->follower, &node->follower_actions, link->id,
                                            (struct qn_span){0}, node->now);
    (void)err; /* a BUSY that answers nothing is harmless */
    qn_node_drain_follower(node);
}

static void on_blocks(struct qn_node *node, struct qn_link *link,
                      const struct qn_message_bytes *message)
{
    qn_link_id id = link->id;
    if (message->request_id != node->blocks_request) {
        return; /* asked for before the epoch ended, or too late */
    }
    enum qn_err err = qn_follower_on_blocks(node->follower, &node->follower_actions, id,
                                            message->bytes, node->now);
    qn_node_drain_follower(node);
    link = qn_node_link(node, id);
    if (err != QN_OK && link != NULL) {
        qn_node_blame_error(node, link, err, NULL);
    }
}

/* An unregistered peer may register and fetch genesis data; everything else waits until the registry
 * knows it. BUSY, not a closed link: the registry may be about to tell us better. */
static bool is_allowed(const struct qn_link *link, enum qn_message_kind kind)
{
    if (link->standing != QN_STANDING_UNREGISTERED) {
        return true;
    }
    return kind != QN_GET_BLOCKS && kind != QN_GET_SNAPSHOT && kind != QN_GET_RTT && kind != QN_TX;
}

static void on_request(struct qn_node *node, struct qn_link *link,
                       const struct qn_message_bytes *message)
{
    if (!is_allowed(link, message->kind)) {
        node->counters.messages_unexpected += 1;
        qn_node_send(node, link, QN_BUSY, message->request_id, qn_empty_encode());
        return;
    }
    if (message->kind == QN_SUBMIT) {
        qn_node_on_submit(node, link, message->request_id, message->bytes);
    } else if (message->kind == QN_GET_BLOCKS) {
        qn_node_on_get_blocks(node, link, message->request_id, message->bytes);
    } else if (message->kind == QN_GET_SNAPSHOT) {
        qn_node_on_get_snapshot(node, link, message->request_id, message->bytes);
    } else if (message->kind == QN_GET_RTT) {
        qn_node_on_get_rtt(node, link, message->request_id, message->bytes);
    } else {
        on_get_genesis(node, link, message);
    }
}

static void on_tx(struct qn_node *node, struct qn_link *link,
                  const struct qn_message_bytes *message)
{
    if (is_allowed(link, message->kind)) {
        qn_node_on_tx(node, link, message->bytes);
    }
}

static void on_liveness(struct qn_node *node, struct qn_link *link,
                        const struct qn_message_bytes *message)
{
    if (message->kind == QN_PING) {
        on_ping(node, link, message);
    } else {
        qn_node_on_pong(node, link, message->bytes);
    }
}

static void on_message(struct qn_node *node, struct qn_link *link,
                       const struct qn_message_bytes *message)
{
    switch (message->kind) {
    case QN_HELLO:
        qn_node_on_hello(node, link, message->bytes);
        break;
    case QN_GOODBYE:
        on_goodbye(node, link, message->bytes);
        break;
    case QN_PING:
    case QN_PONG:
        on_liveness(node, link, message);
        break;
    case QN_REDIRECT:
        qn_node_on_redirect(node, link, message->bytes);
        break;
    case QN_ANNOUNCE:
        qn_node_on_announce(node, link, message->bytes);
        break;
    case QN_HEAD:
        on_head(node, link, message);
        break;
    case QN_PROPOSE:
    case QN_NOTARIZE:
    case QN_FINALIZE:
    case QN_NULLIFY:
    case QN_CERT:
    case QN_STATUS:
    case QN_CONSENSUS_REQUEST:
    case QN_RECOVER:
    case QN_RECOVER_REPLY:
        on_consensus(node, link, message);
        break;
    case QN_TX:
        on_tx(node, link, message);
        break;
    case QN_SUBMIT:
    case QN_GET_BLOCKS:
    case QN_GET_GENESIS:
    case QN_GET_SNAPSHOT:
    case QN_GET_RTT:
        on_request(node, link, message);
        break;
    case QN_SUBMIT_RESULT:
        qn_node_on_submit_result(node, link, message->request_id, message->bytes);
        break;
    case QN_BLOCKS:
        on_blocks(node, link, message);
        break;
    case QN_BUSY:
        on_busy(node, link, message);
        break;
    case QN_SNAPSHOT:
        qn_node_on_snapshot(node, link, message->request_id, message->bytes);
        break;
    case QN_RTT:
        qn_node_on_rtt(node, link, message->request_id, message->bytes);
        break;
    case QN_GENESIS:
        node->counters.messages_unexpected += 1; /* we did not ask */
        break;
#if QN_PROTOCOL_VERSION_NEXT > 0
    case QN_NEXT:
        qn_log(node->log, QN_LOG_DEBUG, "link", "next", "version=%u", link->version);
        break;
#endif
    }
}

void qn_node_on_frame(struct qn_node *node, const struct qn_event *event)
{
    struct qn_link *link = qn_node_link(node, event->frame.link);
    if (link == NULL || node->shutting_down) {
        return; /* closed by us; the runtime had this one in hand already */
    }
    qn_allowance_earn(&link->allowance, event->frame.wire_len);
    enum qn_message_kind kind = event->frame.message.kind;
    if (!link->live && kind != QN_HELLO && kind != QN_GOODBYE && kind != QN_REDIRECT) {
        qn_node_blame(node, link, QN_FAULT_UNEXPECTED, "HELLO comes first");
        return;
    }
    if (!qn_node_speaks(link, kind)) {
        qn_node_blame(node, link, QN_FAULT_UNEXPECTED, "a message newer than the agreed version");
        return;
    }
    if (kind == QN_HELLO || kind == QN_GOODBYE ||
        qn_node_take_tokens(node, link, &event->frame.message)) {
        on_message(node, link, &event->frame.message);
    }
}
