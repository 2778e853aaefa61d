/* Bans by the operator: asked for through the API, in effect at once, answered when they are stored, read
 * back at the start. */
#include "ledger/store_keys.h"
#include "node/faults.h"
#include "node/parts.h"

#include <stdio.h>

/* ---- storage ---- */

static struct qn_store_key store_key(const struct qn_ban_target *target)
{
    struct qn_hash hash;
    qn_ban_target_key(hash.bytes, target);
    return qn_store_key_hash(QN_STORE_BAN, &hash);
}

/* Puts the ban, or deletes it; waiter: qn_node_on_bans_persisted gets it, 0: nobody waits. */
static void persist(struct qn_node *node, const struct qn_ban_target *target,
                    const struct qn_ban *ban, uint64_t waiter)
{
    struct qn_batch *batch = qn_batch_new();
    struct qn_store_key key = store_key(target);
    if (ban != NULL) {
        struct qn_buf *bytes = qn_ban_encode(ban);
        qn_batch_put(batch, qn_store_key_span(&key), bytes);
        qn_buf_drop(bytes);
    } else {
        qn_batch_delete(batch, qn_store_key_span(&key));
    }
    qn_node_persist(node, QN_OWNER_BANS, waiter, batch);
}

struct load {
    struct qn_node *node;
    bool is_spoilt;
    size_t left_out; /* of another version of this program */
};

static bool load_one(void *context, struct qn_span key, struct qn_buf *value)
{
    struct load *load = context;
    struct qn_node *node = load->node;
    struct qn_hash hash;
    struct qn_ban ban;
    if (!qn_store_key_is_hash(&hash, QN_STORE_BAN, key)) {
        return false;
    }
    enum qn_err err = qn_ban_decode(&ban, qn_buf_span(value), node->now, node->unix_ms);
    if (err == QN_ERR_WRONG_VERSION) {
        load->left_out += 1;
        return true;
    }
    struct qn_store_key own = err == QN_OK ? store_key(&ban.target) : (struct qn_store_key){0};
    if (!qn_span_equal(qn_store_key_span(&own), key) ||
        qn_bans_add(&node->faults.bans, &ban) != QN_OK) {
        load->is_spoilt = true;
        return false;
    }
    return true;
}

void qn_node_load_bans(struct qn_node *node)
{
    struct load load = {.node = node};
    struct qn_store_key first = qn_store_key_kind(QN_STORE_BAN);
    enum qn_err err =
        node->storage.walk(node->storage.context, qn_store_key_span(&first), load_one, &load);
    if (load.left_out > 0) {
        qn_log(node->log, QN_LOG_WARN, "peer", "bans_left_out",
               "count=%zu text=\"stored bans are of another version of qnet: add them again\"",
               load.left_out);
    }
    if (err == QN_OK && load.is_spoilt) { /* an error of the read itself halts the node already */
        qn_node_on_corrupt_storage(node);
    }
}

/* ---- answers ---- */

static void reply(struct qn_node *node, qn_request_token token, enum qn_err code, const char *text)
{
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_REPLY);
    action->reply.token = token;
    action->reply.result.code = code;
    (void)snprintf(action->reply.result.text, sizeof action->reply.result.text, "%s", text);
}

/* A place to wait in, from 1; 0: all are taken. */
static uint64_t wait_place(struct qn_node *node, qn_request_token token)
{
    for (size_t i = 0; i < QN_BAN_REQUESTS_MAX; i++) {
        if (!node->faults.waits[i].is_taken) {
            node->faults.waits[i] = (struct qn_ban_wait){.is_taken = true, .token = token};
            return i + 1;
        }
    }
    reply(node, token, QN_ERR_BUSY, "changes of bans wait for the disk: try again");
    return 0;
}

void qn_node_on_bans_persisted(struct qn_node *node, uint64_t waiter)
{
    if (waiter == 0) {
        return;
    }
    QN_ASSERT(waiter <= QN_BAN_REQUESTS_MAX);
    struct qn_ban_wait *wait = &node->faults.waits[waiter - 1];
    QN_ASSERT(wait->is_taken);
    wait->is_taken = false;
    reply(node, wait->token, QN_OK, "");
}

/* ---- requests ---- */

static void log_change(const struct qn_node *node, const char *event,
                       const struct qn_ban_target *target, const char *reason)
{
    char text[QN_BAN_TARGET_TEXT_SIZE];
    qn_log(node->log, QN_LOG_INFO, "peer", event, "target=\"%s\" reason=\"%s\"",
           qn_ban_target_format(text, target), reason);
}

void qn_node_on_ban_request(struct qn_node *node, const struct qn_event *event)
{
    struct qn_ban ban;
    qn_request_token token = event->request.token;
    if (qn_ban_decode(&ban, event->request.bytes, node->now, node->unix_ms) != QN_OK) {
        reply(node, token, QN_ERR_INVALID, "not a ban");
        return;
    }
    if (ban.target.is_id && qn_node_id_equal(&ban.target.id, &node->id)) {
        reply(node, token, QN_ERR_INVALID, "this is the node's own id");
        return;
    }
    uint64_t waiter = wait_place(node, token);
    if (waiter == 0) {
        return;
    }
    if (qn_bans_add(&node->faults.bans, &ban) != QN_OK) {
        char text[QN_TEXT_LEN_MAX + 1];
        node->faults.waits[waiter - 1].is_taken = false;
        (void)snprintf(text, sizeof text, "there are %d bans already: remove some, or use prefixes",
                       QN_BANS_MAX);
        reply(node, token, QN_ERR_FULL, text);
        return;
    }
    log_change(node, "ban_added", &ban.target, ban.reason);
    persist(node, &ban.target, &ban, waiter);
    qn_node_close_banned(node);
}

void qn_node_on_unban_request(struct qn_node *node, const struct qn_event *event)
{
    char text[QN_BAN_TARGET_TEXT_SIZE] = "";
    struct qn_ban_target target;
    qn_request_token token = event->request.token;
    struct qn_span bytes = event->request.bytes;
    if (bytes.len < sizeof text) {
        (void)snprintf(text, sizeof text, "%.*s", (int)bytes.len, (const char *)bytes.at);
    }
    if (qn_ban_target_parse(&target, text) != QN_OK) {
        reply(node, token, QN_ERR_INVALID, "neither a node id nor an address prefix");
        return;
    }
    uint64_t waiter = wait_place(node, token);
    if (waiter == 0) {
        return;
    }
    if (!qn_bans_remove(&node->faults.bans, &target)) {
        node->faults.waits[waiter - 1].is_taken = false;
        reply(node, token, QN_ERR_NOT_FOUND, "no ban has exactly this target");
        return;
    }
    log_change(node, "ban_removed", &target, "");
    persist(node, &target, NULL, waiter);
}

static void on_end(void *context, const struct qn_ban *ban)
{
    struct qn_node *node = context;
    log_change(node, "ban_ended", &ban->target, ban->reason);
    persist(node, &ban->target, NULL, 0);
}

void qn_node_poll_bans(struct qn_node *node)
{
    qn_bans_expire(&node->faults.bans, node->now, on_end, node);
}

size_t qn_node_bans(const struct qn_node *node, struct qn_ban *bans, size_t bans_max,
                    qn_time_us now, qn_unix_ms unix_ms)
{
    return qn_bans_list(&node->faults.bans, bans, bans_max, now, unix_ms);
}
