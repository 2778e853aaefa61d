/* What the keys of linked peers are worth by the registry, and what follows when that changes: with a block, with
 * time, or by a ban. */
#include "node/parts.h"

enum qn_standing qn_node_standing(const struct qn_node *node, const struct qn_node_id *id,
                                  struct qn_registry_entry *entry)
{
    struct qn_registry_entry found;
    bool pinned = qn_genesis_by_id(node->genesis, id) != NULL;
    if (qn_ledger_entry(node->ledger, &found, id) != QN_OK) {
        return pinned ? QN_STANDING_GENESIS : QN_STANDING_UNREGISTERED;
    }
    if (entry != NULL) {
        *entry = found;
    }
    switch (qn_registry_entry_usable(&found, node->unix_ms)) {
    case QN_OK:
        return pinned ? QN_STANDING_GENESIS : QN_STANDING_REGISTERED;
    case QN_ERR_REVOKED:
        return QN_STANDING_REVOKED;
    default: /* members of the committee do not expire while they are in it */
        return qn_validator_index(qn_ledger_validators(node->ledger), id) >= 0
                   ? QN_STANDING_REGISTERED
                   : QN_STANDING_EXPIRED;
    }
}

enum qn_region qn_node_region_of(const struct qn_node *node, const struct qn_node_id *peer)
{
    struct qn_registry_entry entry;
    return qn_ledger_entry(node->ledger, &entry, peer) == QN_OK ? entry.region
                                                                : node->config.region;
}

enum qn_standing qn_node_judge(struct qn_node *node, const struct qn_node_id *id)
{
    struct qn_registry_entry entry = {.valid_until_ms = UINT64_MAX};
    enum qn_standing standing = qn_node_standing(node, id, &entry);
    /* Who stays although its time is up is a member of the committee: judged anew with the next one. */
    if (entry.valid_until_ms > node->unix_ms && entry.valid_until_ms < node->expiry_ms) {
        node->expiry_ms = entry.valid_until_ms;
    }
    return standing;
}

bool qn_node_recheck_link(struct qn_node *node, struct qn_link *link)
{
    enum qn_standing before = link->standing;
    link->standing = qn_node_judge(node, &link->peer);
    if (link->standing == before) {
        return true;
    }
    if (link->standing == QN_STANDING_REVOKED) {
        qn_peering_forget(node->peering, &link->peer);
        qn_node_close(node, link, QN_CLOSE_REVOKED, NULL);
        return false;
    }
    if (link->standing == QN_STANDING_EXPIRED) {
        qn_node_close(node, link, QN_CLOSE_EXPIRED, NULL);
        return false;
    }
    qn_peering_set_standing(node->peering, link->id, link->standing,
                            qn_node_region_of(node, &link->peer));
    qn_node_init_tokens(link, node->now);
    if (link->live) {
        qn_node_remember(node, link);
        qn_node_peers_on_live(node, link);
        qn_node_tell_records(node, link);
    }
    return true;
}

void qn_node_recheck_peer(struct qn_node *node, const struct qn_node_id *id)
{
    struct qn_link *link = qn_node_link_to(node, id);
    if (link != NULL) { /* one before its HELLO is judged with that */
        (void)qn_node_recheck_link(node, link);
    }
}

void qn_node_recheck_links(struct qn_node *node)
{
    node->expiry_ms = UINT64_MAX;
    for (size_t i = 0; i < node->links_capacity; i++) {
        if (node->links[i].id != 0) {
            (void)qn_node_recheck_link(node, &node->links[i]);
        }
    }
}

void qn_node_poll_standings(struct qn_node *node)
{
    if (node->faults.is_news) {
        node->faults.is_news = false;
        qn_node_close_banned(node);
    }
    if (node->unix_ms >= node->expiry_ms) {
        qn_node_recheck_links(node);
    }
}
