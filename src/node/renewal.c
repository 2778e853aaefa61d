/* A running node renews its own entry before it expires: an UPDATE with a later end and all else as it
 * stands. */
#include "node/parts.h"

/* Renewed when a third of the lifetime is left, up to a twelfth earlier so that not all nodes of one day
 * do it in one second. */
static uint64_t margin_ms(const struct qn_node *node)
{
    uint64_t lifetime_ms = node->config.registration_lifetime_ms;
    return lifetime_ms / 3 + lifetime_ms / 12 * node->id.bytes[0] / 256;
}

static bool is_due(const struct qn_node *node, const struct qn_registry_entry *entry)
{
    return entry->valid_until_ms != UINT64_MAX &&
           entry->valid_until_ms - node->unix_ms <= margin_ms(node) &&
           node->unix_ms + node->config.registration_lifetime_ms > entry->valid_until_ms;
}

void qn_node_poll_renewal(struct qn_node *node, struct qn_own_tx *own)
{
    struct qn_registry_entry entry;
    bool is_idle = own->state == QN_OWN_FREE || own->state == QN_OWN_WAITING;
    if (!is_idle || node->now < own->next_try_us ||
        qn_follower_target(node->follower) > qn_ledger_height(node->ledger) ||
        !qn_node_is_registered(node, &entry) || !is_due(node, &entry)) {
        return;
    }
    struct qn_tx tx = {.kind = QN_TX_UPDATE,
                       .id = node->id,
                       .sequence = entry.sequence + 1,
                       .region = entry.region,
                       .roles = entry.roles,
                       .has_endpoint = entry.has_endpoint,
                       .endpoint = entry.endpoint,
                       .announce_tip = entry.announce_tip,
                       .valid_until_ms = node->unix_ms + node->config.registration_lifetime_ms};
    qn_log(node->log, QN_LOG_INFO, "renewal", "begin", "valid_until_ms=%llu",
           (unsigned long long)tx.valid_until_ms);
    qn_node_own_begin(node, QN_OWN_RENEWAL, &tx);
}
