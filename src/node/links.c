/* The links a node holds: from TLS done, through HELLO and standing, to GOODBYE. */
#include "node/balance.h"
#include "node/parts.h"
#include "peer/peering_alarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void index_key(uint8_t key[QN_HASH_LEN], qn_link_id id)
{
    memset(key, 0, QN_HASH_LEN);
    memcpy(key, &id, sizeof id);
}

static bool is_banned(void *context, const struct qn_node_id *id, const struct qn_endpoint *address,
                      bool outbound)
{
    return qn_node_is_banned(context, id, address, outbound);
}

void qn_node_links_init(struct qn_node *node)
{
    struct qn_peering_config config = {.id = node->id,
                                       .region = node->config.region,
                                       .seed = qn_rng_next(&node->rng),
                                       .budgets = {.links_max = node->config.links_max,
                                                   .memory_max = node->config.memory_max,
                                                   .bandwidth_max = node->config.bandwidth_max},
                                       .context = node,
                                       .is_banned = is_banned,
                                       .reserved_count = node->config.reserved_count,
                                       .reserved = node->config.reserved,
                                       .unbalanced = node->config.unbalanced,
                                       .has_ledger = qn_ledger_height(node->ledger) > 0,
                                       .dns_seed_count = node->config.dns_seed_count,
                                       .locator = node->config.locator,
                                       .has_lan = node->config.has_lan};
    node->peering = qn_peering_new(&config, node->now);
    node->links_capacity = qn_peering_capacity(node->config.links_max);
    node->links = calloc(node->links_capacity, sizeof node->links[0]);
    node->free_links = calloc(node->links_capacity, sizeof node->free_links[0]);
    QN_ASSERT(node->links != NULL && node->free_links != NULL);
    for (size_t i = 0; i < node->links_capacity; i++) { /* the lowest slot is taken first */
        node->free_links[i] = (uint32_t)(node->links_capacity - 1 - i);
    }
    node->free_link_count = node->links_capacity;
    uint64_t key0 = qn_rng_next(&node->rng);
    uint64_t key1 = qn_rng_next(&node->rng);
    qn_map_init(&node->link_index, node->links_capacity, key0, key1);
    qn_deadlines_init(&node->link_deadlines, node->links_capacity);
    node->expiry_ms = UINT64_MAX;
}

void qn_node_links_fini(struct qn_node *node)
{
    free(node->links);
    free(node->free_links);
    qn_peering_free(node->peering);
    qn_map_fini(&node->link_index);
    qn_deadlines_fini(&node->link_deadlines);
}

struct qn_link *qn_node_link(const struct qn_node *node, qn_link_id id)
{
    uint8_t key[QN_HASH_LEN];
    uint32_t slot = 0;
    index_key(key, id);
    return qn_map_get(&node->link_index, &slot, key) ? &node->links[slot] : NULL;
}

struct qn_link *qn_node_link_to(const struct qn_node *node, const struct qn_node_id *peer)
{
    qn_link_id link = qn_peering_link_to(node->peering, peer);
    return link != 0 ? qn_node_link(node, link) : NULL;
}

size_t qn_node_live_count(const struct qn_node *node)
{
    return qn_peering_counts(node->peering)->live;
}

static void log_link(const struct qn_node *node, enum qn_log_level level, const char *event,
                     const struct qn_link *link, const char *reason, const char *text)
{
    char peer[QN_SHORT_ID_TEXT_SIZE];
    char remote[QN_ENDPOINT_TEXT_SIZE];
    qn_log(node->log, level, "link", event,
           "peer=\"%s\" remote=%s direction=%s standing=%s reason=%s text=\"%s\"",
           qn_node_id_short(peer, &link->peer), qn_endpoint_format(remote, &link->remote),
           link->outbound ? "out" : "in", qn_standing_name(link->standing), reason, text);
}

/* Takes the link out of every table; what it was good for is told to those who used it. */
static void forget(struct qn_node *node, struct qn_link *link)
{
    uint8_t key[QN_HASH_LEN];
    struct qn_link gone = *link;
    index_key(key, link->id);
    qn_map_remove(&node->link_index, key);
    link->id = 0;
    link->live = false;
    qn_deadlines_clear(&node->link_deadlines, (uint32_t)(link - node->links));
    node->free_links[node->free_link_count] = (uint32_t)(link - node->links);
    node->free_link_count += 1;
    qn_peering_on_down(node->peering, gone.id, node->now);
    if (!gone.live) {
        return;
    }
    qn_node_peers_on_gone(node, &gone);
    qn_node_committee_link(node, &gone, false);
    qn_follower_on_gone(node->follower, &node->follower_actions, gone.id, node->now);
    qn_node_drain_follower(node);
    qn_node_submissions_on_link_down(node, gone.id);
    qn_node_snapshot_on_gone(node, gone.id);
    qn_node_regions_on_gone(node, &gone);
}

/* GOODBYE and the end. A stranger hears the reason without words, or nothing, if it has not sent as much. */
static void say_goodbye(struct qn_node *node, struct qn_link *link, enum qn_close_reason reason,
                        const char *text)
{
    struct qn_goodbye goodbye = {.reason = reason};
    snprintf(goodbye.text, sizeof goodbye.text, "%s", text == NULL ? "" : text);
    struct qn_buf *bytes = qn_goodbye_encode(&goodbye);
    if (bytes->len > qn_node_room(link)) {
        goodbye.text[0] = '\0';
        qn_buf_drop(bytes);
        bytes = qn_goodbye_encode(&goodbye);
    }
    qn_node_send(node, link, QN_GOODBYE, 0, bytes);
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_CLOSE);
    action->close.link = link->id;
    action->close.reason = reason;
    action->close.flush = !qn_node_is_stranger(link) || qn_allowance_covers_end(&link->allowance);
    node->counters.closes[reason] += 1;
}

void qn_node_close(struct qn_node *node, struct qn_link *link, enum qn_close_reason reason,
                   const char *text)
{
    say_goodbye(node, link, reason, text);
    if (reason != QN_CLOSE_PING_TIMEOUT) {
        qn_peering_on_leave(node->peering, link->id);
    }
    log_link(node, QN_LOG_INFO, "close", link, qn_close_reason_name(reason),
             text == NULL ? "" : text);
    forget(node, link);
}

/* link: not held. */
static void refuse(struct qn_node *node, struct qn_link *link, enum qn_region region,
                   enum qn_close_reason reason)
{
    if (reason == QN_CLOSE_FULL) {
        qn_node_redirect(node, link, region);
    }
    say_goodbye(node, link, reason, NULL);
}

/* With a ping's bytes left over: its answer pays for the next. */
static void send_hello(struct qn_node *node, struct qn_link *link)
{
    enum { PING_COST = 11 + QN_FRAME_HEADER_LEN + QN_RECORD_OVERHEAD };
    struct qn_net_address seen;
    struct qn_hello hello = {.version = QN_PROTOCOL_VERSION,
                             .version_min = QN_PROTOCOL_VERSION_MIN,
                             .network = node->genesis->network,
                             .endpoint_count = node->reach.told.count,
                             .region = node->config.region,
                             .roles = QN_ROLE_FULL,
                             .height = qn_ledger_height(node->ledger)};
    hello.roles |= node->validator >= 0 ? QN_ROLE_VALIDATOR : 0;
    memcpy(hello.endpoints, node->reach.told.endpoints, sizeof hello.endpoints);
    snprintf(hello.software, sizeof hello.software, "%s", node->config.software);
    hello.has_seen = qn_net_address_parse(&seen, &link->remote) && seen.port > 0;
    if (hello.has_seen) {
        qn_net_address_endpoint(&hello.seen, &seen);
    }
    struct qn_buf *bytes = qn_hello_encode(&hello);
    if (bytes->len + PING_COST > qn_node_room(link)) { /* what a stranger can do without */
        hello.endpoint_count = 0;
        hello.has_seen = false;
        hello.software[0] = '\0';
        qn_buf_drop(bytes);
        bytes = qn_hello_encode(&hello);
    }
    qn_node_send(node, link, QN_HELLO, 0, bytes);
    link->said_hello = true;
}

/* One sample for each full handshake, whatever becomes of the link. */
static void sample_handshake(struct qn_node *node, const struct qn_event *event)
{
    if (event->link_up.is_resumed) {
        return;
    }
    qn_samples_add(&node->samples[QN_TIMING_HANDSHAKE], event->link_up.handshake_us);
    qn_samples_add(&node->samples[QN_TIMING_HANDSHAKE_CPU], event->link_up.handshake_cpu_us);
}

void qn_node_turn_away(struct qn_node *node, qn_link_id link, enum qn_close_reason reason)
{
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_CLOSE);
    action->close.link = link;
    action->close.reason = reason;
    node->counters.closes[reason] += 1;
}

void qn_node_on_inbound(struct qn_node *node, const struct qn_event *event)
{
    struct qn_peering_verdict verdict = qn_peering_on_inbound(node->peering, event->inbound.link,
                                                              &event->inbound.remote, node->now);
    if (verdict.evict != 0) {
        qn_node_turn_away(node, verdict.evict, QN_CLOSE_HANDSHAKE_TIMEOUT);
    }
    if (verdict.limit != QN_ADMISSION_NONE) {
        qn_node_turn_away(node, event->inbound.link, qn_admission_reason(verdict.limit));
    }
}

static struct qn_link *take_slot(struct qn_node *node, qn_link_id id)
{
    uint8_t key[QN_HASH_LEN];
    QN_ASSERT(node->free_link_count > 0); /* as many as the limits allow */
    node->free_link_count -= 1;
    uint32_t slot = node->free_links[node->free_link_count];
    index_key(key, id);
    enum qn_err err = qn_map_put(&node->link_index, key, slot);
    QN_ASSERT(err == QN_OK); /* as many places as slots */
    return &node->links[slot];
}

void qn_node_on_link_up(struct qn_node *node, const struct qn_event *event)
{
    struct qn_node_id peer = qn_public_key_id(&event->link_up.key);
    struct qn_peering_up up = {.link = event->link_up.link,
                               .dial = event->link_up.dial,
                               .id = peer,
                               .remote = event->link_up.remote,
                               .standing = qn_node_judge(node, &peer),
                               .region = qn_node_region_of(node, &peer)};
    sample_handshake(node, event);
    struct qn_peering_verdict verdict = qn_peering_on_up(node->peering, &up, node->now);
    struct qn_link *evicted = verdict.evict != 0 ? qn_node_link(node, verdict.evict) : NULL;
    if (evicted != NULL) {
        qn_node_redirect(node, evicted, qn_node_region_of(node, &evicted->peer));
        qn_node_close(node, evicted, QN_CLOSE_FULL, "a newcomer needs the place");
    }
    struct qn_link new = {.id = event->link_up.link,
                          .outbound = event->link_up.dial != 0,
                          .dial = event->link_up.dial,
                          .peer = peer,
                          .standing = up.standing,
                          .validator = qn_validator_index(&node->committee, &peer),
                          .remote = event->link_up.remote,
                          .version = QN_PROTOCOL_VERSION_MIN,
                          .up_us = node->now};
    qn_allowance_init(&new.allowance, event->link_up.bytes_received, event->link_up.bytes_sent);
    if (verdict.limit != QN_ADMISSION_NONE) {
        refuse(node, &new, up.region, qn_admission_reason(verdict.limit));
        return;
    }
    struct qn_link *link = take_slot(node, event->link_up.link);
    *link = new;
    qn_node_init_tokens(link, node->now);
    qn_node_watch_link(node, link);
    if (!qn_node_is_stranger(link)) { /* he speaks first */
        send_hello(node, link);
    }
}

void qn_node_on_link_down(struct qn_node *node, const struct qn_event *event)
{
    struct qn_link *link = qn_node_link(node, event->link_down.link);
    if (link == NULL) { /* closed by us: forgotten then; or it never came up */
        qn_peering_on_down(node->peering, event->link_down.link, node->now);
        return;
    }
    node->counters.closes[event->link_down.reason] += 1;
    log_link(node, QN_LOG_INFO, "down", link, qn_close_reason_name(event->link_down.reason), "");
    forget(node, link);
}

/* Two links to one peer: of simultaneous dials the one opened by the lower id stays, so that both ends
 * choose the same; of two in the same direction the newer, since the older is then a dead one that was
 * not noticed yet. Returns whether the new link stays. */
static bool settle_duplicate(struct qn_node *node, struct qn_link *link)
{
    struct qn_link *old = qn_node_link_to(node, &link->peer);
    if (old == NULL) {
        return true;
    }
    bool lower = qn_node_id_compare(&node->id, &link->peer) < 0;
    bool keep_new = old->outbound == link->outbound || link->outbound == lower;
    qn_node_close(node, keep_new ? old : link, QN_CLOSE_DUPLICATE_LINK, NULL);
    return keep_new;
}

/* Whoever cannot know the network id yet says zeros; it may only ask for genesis data. */
static bool network_fits(const struct qn_node *node, const struct qn_link *link,
                         const struct qn_hello *hello)
{
    static const struct qn_network_id unknown;
    if (link->standing == QN_STANDING_UNREGISTERED &&
        qn_network_id_equal(&hello->network, &unknown)) {
        return true;
    }
    return qn_network_id_equal(&hello->network, &node->genesis->network);
}

/* Both ranges in the text: the operator at either end sees which of the two is to be upgraded. */
static bool agree_on_version(struct qn_node *node, struct qn_link *link,
                             const struct qn_hello *hello)
{
    char text[QN_TEXT_LEN_MAX + 1];
    uint32_t newest =
        hello->version < QN_PROTOCOL_VERSION ? hello->version : (uint32_t)QN_PROTOCOL_VERSION;
    if (newest >= QN_PROTOCOL_VERSION_MIN && newest >= hello->version_min) {
        link->version = newest;
        return true;
    }
    snprintf(text, sizeof text, "you speak protocol versions %u to %u, this node speaks %u to %u",
             hello->version_min, hello->version, QN_PROTOCOL_VERSION_MIN, QN_PROTOCOL_VERSION);
    qn_node_close(node, link, QN_CLOSE_WRONG_VERSION, text);
    return false;
}

void qn_node_on_hello(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_hello hello;
    char text[QN_TEXT_LEN_MAX + 1];
    if (link->live) {
        qn_node_blame(node, link, QN_FAULT_UNEXPECTED, "a second HELLO");
        return;
    }
    if (qn_hello_decode(&hello, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "HELLO");
        return;
    }
    if (!agree_on_version(node, link, &hello)) {
        return;
    }
    if (!network_fits(node, link, &hello)) {
        char hex[QN_ID_TEXT_SIZE];
        qn_hex_encode(hex, node->genesis->network.bytes, QN_HASH_LEN);
        snprintf(text, sizeof text, "this is network %s", hex);
        qn_node_close(node, link, QN_CLOSE_WRONG_NETWORK, text);
        return;
    }
    if (!qn_node_recheck_link(node, link)) {
        return;
    }
    if (!link->said_hello) {
        send_hello(node, link);
    }
    if (!settle_duplicate(node, link)) {
        return;
    }
    link->hello = hello;
    link->head_height = hello.height;
    if (hello.has_seen) {
        (void)qn_net_address_parse(&link->seen, &hello.seen); /* of a name nothing follows */
    }
    link->live = true;
    qn_liveness_init(&link->liveness, node->now);
    qn_node_watch_link(node, link);
    qn_peering_on_live(node->peering, link->id, node->now);
    qn_node_peers_on_live(node, link);
    log_link(node, QN_LOG_INFO, "live", link, "hello", "");
    qn_node_remember(node, link);
#if QN_PROTOCOL_VERSION_NEXT > 0
    qn_node_send(node, link, QN_NEXT, 0, qn_empty_encode());
#endif
    qn_node_tell_records(node, link);
    qn_node_committee_link(node, link, true);
    qn_node_on_peer_height(node, link, hello.height);
    qn_node_poll_registration(node);
}

static void poll_link(struct qn_node *node, struct qn_link *link)
{
    if (!link->live) {
        if (node->now - link->up_us >= QN_HELLO_TIMEOUT) {
            qn_node_close(node, link, QN_CLOSE_HELLO_TIMEOUT, NULL);
        }
        return;
    }
    struct qn_ping ping = {.nonce = qn_node_ping_nonce(node)};
    switch (qn_liveness_poll(&link->liveness, ping.nonce, node->now)) {
    case QN_LIVENESS_WAIT: /* an answer put it off */
        qn_node_watch_link(node, link);
        break;
    case QN_LIVENESS_SEND_PING:
        qn_node_send(node, link, QN_PING, 0, qn_ping_encode(&ping));
        qn_node_watch_link(node, link);
        break;
    case QN_LIVENESS_DROP:
        qn_node_close(node, link, QN_CLOSE_PING_TIMEOUT, NULL);
        break;
    }
}

void qn_node_watch_link(struct qn_node *node, const struct qn_link *link)
{
    qn_time_us due = link->live ? link->liveness.next_us : link->up_us + QN_HELLO_TIMEOUT;
    qn_deadlines_set(&node->link_deadlines, (uint32_t)(link - node->links), due);
}

void qn_node_poll_links(struct qn_node *node)
{
    uint32_t slot = 0;
    while (qn_deadlines_next(&node->link_deadlines, &slot, node->now)) {
        poll_link(node, &node->links[slot]);
    }
}
