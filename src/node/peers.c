/* The peer list of the node: who gets an entry, what the registry and links say of it, and how many places there
 * are. */
#include "node/parts.h"
#include "peer/peering_verdicts.h"

enum {
    RECHECKED_MAX = 1024, /* entries of the list, a second */
    COUNTED_MAX = 1024,   /* entries of the registry that one count by region looks at, */
    COUNTED_A_SECOND = 64,
};

/* Goes on with the count by region, and begins the next one when it is done. A large registry is looked at in even
 * steps: what the counts are for does not need every entry. */
static void count_registered(struct qn_node *node, size_t max)
{
    struct qn_peers *peers = &node->peers;
    uint64_t total = qn_ledger_entry_count(node->ledger);
    uint64_t looked_at = total < COUNTED_MAX ? total : COUNTED_MAX;
    for (size_t i = 0; i < max && peers->count_next < looked_at; i++) {
        struct qn_registry_entry entry;
        uint64_t index = peers->count_next * total / looked_at;
        if (qn_ledger_entry_at(node->ledger, &entry, index) == QN_OK &&
            qn_registry_entry_usable(&entry, node->unix_ms) == QN_OK) {
            peers->counted[entry.region] += 1;
        }
        peers->count_next += 1;
    }
    if (peers->count_next < looked_at || looked_at == 0) {
        return;
    }
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        peers->registered[i] = peers->counted[i] * total / looked_at;
        peers->counted[i] = 0;
    }
    peers->count_next = 0;
    qn_peering_set_registered(node->peering, peers->registered);
}

_Static_assert(QN_VALIDATORS_MAX + QN_RESERVED_PEERS_MAX + QN_BOOK_ANCHORS_MAX <=
                   QN_PEERS_EXEMPT_MAX,
               "each of them has a place of its own");

void qn_node_peers_init(struct qn_node *node)
{
    uint64_t key0 = qn_rng_next(&node->rng);
    uint64_t key1 = qn_rng_next(&node->rng);
    qn_peer_list_init(&node->peers.list, key0, key1);
    qn_node_follow_size(node);
    count_registered(node, COUNTED_MAX);
}

void qn_node_peers_fini(struct qn_node *node)
{
    qn_peer_list_fini(&node->peers.list);
}

void qn_node_follow_size(struct qn_node *node)
{
    uint64_t active = qn_ledger_active_count(node->ledger);
    if (!qn_peering_set_size(node->peering, active, node->now)) {
        return;
    }
    size_t per_region = qn_peer_limits_per_region(qn_peering_limits(node->peering));
    qn_peer_list_set_limit(&node->peers.list, per_region, node->now);
    qn_log(node->log, QN_LOG_INFO, "peers", "limit", "active=%llu per_region=%zu",
           (unsigned long long)active, per_region);
}

static bool is_reserved(const struct qn_node *node, const struct qn_node_id *id)
{
    for (size_t i = 0; i < node->config.reserved_count; i++) {
        if (qn_node_id_equal(&node->config.reserved[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* What the registry and the committee say. False: it has no place in the list, nor may it have. */
static bool describe(const struct qn_node *node, struct qn_peer_facts *facts,
                     const struct qn_node_id *id)
{
    struct qn_registry_entry entry;
    enum qn_standing standing = qn_node_standing(node, id, &entry);
    if (standing != QN_STANDING_REGISTERED && standing != QN_STANDING_GENESIS) {
        return false;
    }
    unsigned flags = qn_validator_index(&node->committee, id) >= 0 ? QN_PEER_COMMITTEE : 0;
    flags |= is_reserved(node, id) ? QN_PEER_RESERVED : 0;
    *facts = (struct qn_peer_facts){.id = *id,
                                    .region = entry.region,
                                    .verdict = qn_node_region_verdict(node, id),
                                    .registry_index = entry.index,
                                    .flags = (uint16_t)flags};
    return true;
}

/* The first endpoint that is an address; a name is nobody's. */
static void set_address(struct qn_peer_facts *facts, const struct qn_endpoint *endpoints,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (qn_net_address_parse(&facts->address, &endpoints[i])) {
            return;
        }
    }
}

enum qn_err qn_node_put_record(struct qn_node *node, const struct qn_record *record,
                               struct qn_buf *bytes, uint8_t hops)
{
    struct qn_peer_facts facts;
    if (!describe(node, &facts, &record->id)) {
        return QN_ERR_STALE; /* it was usable when its verification began */
    }
    const struct qn_link *link = qn_node_link_to(node, &record->id);
    set_address(&facts, record->endpoints, record->endpoint_count);
    facts.record = bytes;
    facts.record_sequence = record->sequence;
    facts.hops = hops;
    facts.link = link != NULL ? link->id : 0;
    facts.inbound = link != NULL && !link->outbound;
    return qn_peer_list_put(&node->peers.list, NULL, &facts, node->now);
}

bool qn_node_held_record(const struct qn_node *node, struct qn_record *record,
                         const struct qn_node_id *id)
{
    struct qn_signed envelope;
    const struct qn_peer_entry *entry = qn_peer_list_find(&node->peers.list, id);
    if (entry == NULL || entry->record == NULL) {
        return false;
    }
    enum qn_err err = qn_record_decode(record, &envelope, qn_buf_span(entry->record));
    QN_ASSERT(err == QN_OK); /* it was decoded before it was kept */
    return true;
}

void qn_node_peers_on_live(struct qn_node *node, const struct qn_link *link)
{
    struct qn_peer_facts facts;
    struct qn_peer_entry *entry = NULL;
    struct qn_net_address remote;
    if (!describe(node, &facts, &link->peer)) {
        return;
    }
    qn_peering_set_verdict(node->peering, link->id, facts.verdict); /* a twin's, perhaps */
    set_address(&facts, link->hello.endpoints, link->hello.endpoint_count);
    facts.link = link->id;
    facts.inbound = !link->outbound;
    if (qn_peer_list_put(&node->peers.list, &entry, &facts, node->now) != QN_OK) {
        return; /* all places of its region are those of other links */
    }
    if (link->outbound && qn_net_address_parse(&remote, &link->remote)) {
        qn_peer_list_set_proven(&node->peers.list, entry, &remote, node->now);
    }
}

void qn_node_peers_on_gone(struct qn_node *node, const struct qn_link *link)
{
    struct qn_peer_entry *entry = qn_peer_list_find(&node->peers.list, &link->peer);
    if (entry == NULL || entry->link != link->id) {
        return; /* a twin took its place */
    }
    /* Whoever dialled keeps the session (TLS), and can resume it for a while. */
    enum qn_peer_state state = link->outbound ? QN_PEER_WARM : QN_PEER_COLD;
    qn_peer_list_set_state(&node->peers.list, entry, state, 0, false, node->now);
    qn_node_peers_on_change(node, &link->peer); /* revoked, perhaps: that is why */
    (void)qn_peer_list_trim(&node->peers.list, node->now);
}

void qn_node_peers_on_change(struct qn_node *node, const struct qn_node_id *id)
{
    struct qn_peer_facts facts;
    const struct qn_peer_entry *entry = qn_peer_list_find(&node->peers.list, id);
    if (entry == NULL) {
        return;
    }
    bool is_known = describe(node, &facts, id);
    if (is_known && qn_peer_list_put(&node->peers.list, NULL, &facts, node->now) == QN_OK) {
        return;
    }
    if (entry->state != QN_PEER_HOT) { /* a link of one that may no longer have it is closed soon */
        (void)qn_peer_list_remove(&node->peers.list, id);
    }
}

void qn_node_peers_on_committee(struct qn_node *node)
{
    for (size_t slot = 0; slot < node->peers.list.capacity; slot++) {
        struct qn_peer_entry *entry = qn_peer_list_at(&node->peers.list, slot);
        if (entry != NULL && (entry->flags & QN_PEER_COMMITTEE) != 0) {
            enum qn_err err =
                qn_peer_list_set_flags(&node->peers.list, entry, 0, QN_PEER_COMMITTEE);
            QN_ASSERT(err == QN_OK); /* clearing always goes */
        }
    }
    for (int i = 0; i < node->committee.count; i++) {
        struct qn_peer_entry *entry =
            qn_peer_list_find(&node->peers.list, &node->committee.members[i].id);
        if (entry != NULL) {
            enum qn_err err =
                qn_peer_list_set_flags(&node->peers.list, entry, QN_PEER_COMMITTEE, 0);
            QN_ASSERT(err == QN_OK); /* a committee is smaller than the places there are */
        }
    }
    (void)qn_peer_list_trim(&node->peers.list, node->now);
}

/* Of those without a link, which are judged by themselves: expired ones go, and sessions end. */
static void recheck(struct qn_node *node, struct qn_peer_entry *entry)
{
    struct qn_node_id id = entry->id;
    enum qn_standing standing = qn_node_standing(node, &id, NULL);
    if (standing != QN_STANDING_REGISTERED && standing != QN_STANDING_GENESIS) {
        (void)qn_peer_list_remove(&node->peers.list, &id);
    } else if (entry->state == QN_PEER_WARM &&
               node->now - entry->state_us >= QN_PEER_WARM_LIFETIME) {
        qn_peer_list_set_state(&node->peers.list, entry, QN_PEER_COLD, 0, false, node->now);
    }
}

/* A part of the list each second, so that the largest is gone through in a few. What a block changes is known at
 * once (peers_on_change). */
static void recheck_some(struct qn_node *node)
{
    for (size_t i = 0; i < RECHECKED_MAX && i < node->peers.list.capacity; i++) {
        node->peers.rechecked = (node->peers.rechecked + 1) % node->peers.list.capacity;
        struct qn_peer_entry *entry = qn_peer_list_at(&node->peers.list, node->peers.rechecked);
        if (entry != NULL && entry->state != QN_PEER_HOT) {
            recheck(node, entry);
        }
    }
}

/* The book's anchors have places of their own in the list. */
static void mark_anchors(struct qn_node *node)
{
    struct qn_peers *peers = &node->peers;
    struct qn_book_found anchors[QN_BOOK_ANCHORS_MAX];
    for (size_t i = 0; i < peers->anchor_count; i++) {
        struct qn_peer_entry *entry = qn_peer_list_find(&peers->list, &peers->anchors[i]);
        if (entry != NULL) {
            enum qn_err err = qn_peer_list_set_flags(&peers->list, entry, 0, QN_PEER_ANCHOR);
            QN_ASSERT(err == QN_OK); /* clearing always goes */
        }
    }
    peers->anchor_count = qn_book_anchors(qn_peering_book(node->peering), anchors);
    for (size_t i = 0; i < peers->anchor_count; i++) {
        struct qn_peer_entry *entry = qn_peer_list_find(&peers->list, &anchors[i].what.id);
        peers->anchors[i] = anchors[i].what.id;
        if (entry != NULL) {
            enum qn_err err = qn_peer_list_set_flags(&peers->list, entry, QN_PEER_ANCHOR, 0);
            QN_ASSERT(err ==
                      QN_OK); /* there are places for them beside the others that are exempt */
        }
    }
    (void)qn_peer_list_trim(&peers->list, node->now);
}

void qn_node_poll_peers(struct qn_node *node)
{
    qn_node_follow_size(node);
    count_registered(node, COUNTED_A_SECOND);
    mark_anchors(node);
    qn_peering_on_traffic(node->peering, node->peers.bytes, node->now);
    recheck_some(node);
}
