#include "node/view.h"

#include "node/parts.h"

#include <stdio.h>
#include <string.h>

static void fill_ledger(const struct qn_node *node, struct qn_node_status *status)
{
    const struct qn_header *head = qn_ledger_head(node->ledger);
    status->height = head->height;
    status->head_id = qn_ledger_head_id(node->ledger);
    status->state_root = head->state_root;
    status->head_time_ms = head->time_ms;
    status->target_height = qn_follower_target(node->follower);
    status->registry_entries = qn_ledger_entry_count(node->ledger);
    status->registry_active = qn_ledger_active_count(node->ledger);
}

static unsigned sources_above(const struct qn_node *node, uint64_t height)
{
    unsigned count = 0;
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        count += link->id != 0 && link->live && link->head_height >= height;
    }
    return count;
}

static void fill_sync(const struct qn_node *node, struct qn_node_sync *sync)
{
    const struct qn_snapshot_sync *snapshot = node->snapshot;
    sync->height = qn_ledger_height(node->ledger);
    sync->target = qn_follower_target(node->follower);
    if (snapshot->phase == QN_SNAPSHOT_CHUNKS || snapshot->phase == QN_SNAPSHOT_INSTALLING) {
        sync->phase = QN_SYNC_SNAPSHOT;
        sync->target = snapshot->manifest.block->header.height;
        sync->chunks_done = snapshot->here_count;
        sync->chunks_total = snapshot->task_count;
        sync->bytes = snapshot->bytes;
    } else if (sync->target > sync->height + 1) { /* one: the next block is on its way */
        sync->phase = QN_SYNC_BLOCKS;
    }
    sync->sources = sync->phase == QN_SYNC_DONE ? 0 : sources_above(node, sync->height + 1);
}

static void fill_links(const struct qn_node *node, struct qn_node_status *status)
{
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        if (link->id != 0 && link->live) {
            status->links += 1;
            status->links_unregistered += link->standing == QN_STANDING_UNREGISTERED;
        }
    }
}

static void fill_consensus(const struct qn_node *node, struct qn_node_status *status)
{
    status->is_validator = node->consensus != NULL;
    status->epoch = node->epoch;
    status->validators = node->committee.count;
    status->quorum = qn_quorum(node->committee.count);
    status->validators_live = qn_node_validators_live(node);
    if (node->consensus != NULL) {
        struct qn_consensus_info info;
        qn_consensus_info(node->consensus, &info);
        status->consensus_started = info.started;
        status->view = info.view;
    }
}

void qn_node_status(const struct qn_node *node, struct qn_node_status *status, qn_time_us now)
{
    struct qn_registry_entry entry;
    *status = (struct qn_node_status){.id = node->id,
                                      .network = node->genesis->network,
                                      .bootstrap_id = node->config.bootstrap_id,
                                      .region = node->config.region,
                                      .roles = QN_ROLE_FULL,
                                      .peers_known = node->peers.list.record_count,
                                      .mempool = qn_mempool_count(node->mempool),
                                      .durable = node->config.storage->durable,
                                      .uptime_us = now - node->born_us};
    snprintf(status->network_name, sizeof status->network_name, "%s", node->genesis->name);
    (void)qn_activation_policy_format(status->activation_policy, &node->genesis->parameters);
    status->registered = qn_node_is_registered(node, &entry);
    if (status->registered) {
        status->registry_index = entry.index;
        status->region = entry.region;
        status->roles = entry.roles;
    }
    status->reach = node->reach.told;
    memcpy(status->seen, node->reach.own.hosts, sizeof status->seen);
    fill_ledger(node, status);
    fill_sync(node, &status->sync);
    fill_links(node, status);
    qn_node_fill_alarms(node, status, now);
    fill_consensus(node, status);
}

static void fill_entry(const struct qn_node *node, struct qn_node_peer *out,
                       const struct qn_peer_entry *entry)
{
    struct qn_record record;
    out->id = entry->id;
    out->state = (enum qn_peer_state)entry->state;
    out->verdict = (enum qn_region_verdict)entry->verdict;
    out->first_seen_us = entry->first_seen_us;
    out->held_for = qn_peer_reasons(entry);
    out->region = (enum qn_region)entry->region;
    if (qn_node_held_record(node, &record, &entry->id)) {
        out->has_record = true;
        out->record_sequence = record.sequence;
        out->endpoint_count = record.endpoint_count;
        memcpy(out->endpoints, record.endpoints, sizeof out->endpoints);
        out->roles = record.roles;
        snprintf(out->software, sizeof out->software, "%s", record.software);
        out->learned_us = entry->record_us;
        out->hops = entry->hops;
    }
}

/* What only the link's HELLO tells, where no record is held yet. */
static void fill_hello(struct qn_node_peer *out, const struct qn_hello *hello)
{
    out->endpoint_count = hello->endpoint_count;
    memcpy(out->endpoints, hello->endpoints, sizeof out->endpoints);
    out->region = hello->region;
    out->roles = hello->roles;
    snprintf(out->software, sizeof out->software, "%s", hello->software);
}

static void fill_link(struct qn_node_peer *out, const struct qn_link *link)
{
    out->id = link->peer;
    out->linked = true;
    out->outbound = link->outbound;
    out->registered =
        link->standing == QN_STANDING_REGISTERED || link->standing == QN_STANDING_GENESIS;
    out->version = link->version;
    out->remote = link->remote;
    out->head_height = link->head_height;
    out->rtt_us = link->liveness.rtt_us;
    out->rtt_min_us = link->liveness.rtt_min_us;
    out->linked_since_us = link->up_us;
}

/* A live link whose peer has no place in the list. */
static bool is_extra(const struct qn_node *node, const struct qn_link *link)
{
    return link->id != 0 && link->live && qn_peer_list_find(&node->peers.list, &link->peer) == NULL;
}

size_t qn_node_peer_count(const struct qn_node *node)
{
    size_t count = node->peers.list.count;
    for (size_t i = 0; i < node->links_capacity; i++) {
        count += is_extra(node, &node->links[i]);
    }
    return count;
}

static void fill_listed(const struct qn_node *node, struct qn_node_peer *peer,
                        const struct qn_peer_entry *entry)
{
    const struct qn_link *link = entry->link != 0 ? qn_node_link(node, entry->link) : NULL;
    *peer = (struct qn_node_peer){0};
    fill_entry(node, peer, entry);
    if (link != NULL) {
        if (!peer->has_record) {
            fill_hello(peer, &link->hello);
        }
        fill_link(peer, link);
    }
}

static void fill_extra(const struct qn_node *node, struct qn_node_peer *peer,
                       const struct qn_link *link)
{
    *peer = (struct qn_node_peer){.verdict = qn_node_region_verdict(node, &link->peer),
                                  .state = QN_PEER_HOT,
                                  .first_seen_us = link->up_us,
                                  .held_for = 1U << QN_HELD_LINK};
    fill_hello(peer, &link->hello);
    fill_link(peer, link);
}

/* By the address that it is linked from, or else says that it has. */
static void fill_hint(const struct qn_node *node, struct qn_node_peer *peer)
{
    struct qn_net_address address;
    const struct qn_endpoint *endpoint = peer->linked ? &peer->remote : &peer->endpoints[0];
    peer->has_region_hint = (peer->linked || peer->endpoint_count > 0) &&
                            qn_net_address_parse(&address, endpoint) &&
                            qn_locate(&node->config.locator, &peer->region_hint, &address);
}

size_t qn_node_peers(const struct qn_node *node, struct qn_node_peer *peers, size_t capacity)
{
    size_t count = 0;
    for (size_t slot = 0; slot < node->peers.list.capacity && count < capacity; slot++) {
        const struct qn_peer_entry *entry = qn_peer_list_at(&node->peers.list, slot);
        if (entry != NULL) {
            fill_listed(node, &peers[count++], entry);
        }
    }
    for (size_t i = 0; i < node->links_capacity && count < capacity; i++) {
        if (is_extra(node, &node->links[i])) {
            fill_extra(node, &peers[count++], &node->links[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        enum qn_standing standing = qn_node_standing(node, &peers[i].id, NULL);
        fill_hint(node, &peers[i]);
        peers[i].genesis = qn_genesis_by_id(node->genesis, &peers[i].id) != NULL;
        peers[i].registered = standing == QN_STANDING_REGISTERED || standing == QN_STANDING_GENESIS;
    }
    return count;
}

void qn_node_limits(const struct qn_node *node, struct qn_node_limits *out)
{
    *out = (struct qn_node_limits){.limits = *qn_peering_limits(node->peering),
                                   .exempt = node->peers.list.exempt,
                                   .list_bytes = qn_peer_list_memory(&node->peers.list),
                                   .record_bytes = node->peers.list.record_bytes,
                                   .links = qn_node_live_count(node)};
    memcpy(out->counts, node->peers.list.counts, sizeof out->counts);
    memcpy(out->counted, node->peers.list.counted, sizeof out->counted);
}

struct qn_span qn_node_record(const struct qn_node *node, const struct qn_node_id *id)
{
    const struct qn_buf *bytes = NULL;
    if (qn_node_id_equal(id, &node->id)) {
        bytes = node->own_record;
    } else {
        const struct qn_peer_entry *peer = qn_peer_list_find(&node->peers.list, id);
        bytes = peer != NULL ? peer->record : NULL;
    }
    return bytes != NULL ? qn_buf_span(bytes) : (struct qn_span){0};
}

const struct qn_validator_set *qn_node_committee(const struct qn_node *node)
{
    return &node->committee;
}

const struct qn_ledger *qn_node_ledger(const struct qn_node *node)
{
    return node->ledger;
}

const char *qn_node_timing_name(enum qn_node_timing timing)
{
    switch (timing) {
    case QN_TIMING_VERIFY:
        return "verify_us";
    case QN_TIMING_HANDSHAKE:
        return "handshake_us";
    case QN_TIMING_HANDSHAKE_CPU:
        return "handshake_cpu_us";
    case QN_TIMING_REGISTER:
        return "register_us";
    case QN_TIMING_SUBMIT:
        return "submit_us";
    case QN_TIMING_COUNT:
        break;
    }
    return "unknown";
}

const struct qn_samples *qn_node_samples(const struct qn_node *node, enum qn_node_timing timing)
{
    QN_ASSERT(timing < QN_TIMING_COUNT);
    return &node->samples[timing];
}

const struct qn_peering *qn_node_peering(const struct qn_node *node)
{
    return node->peering;
}
