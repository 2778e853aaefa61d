#include "api/testing/fake_node.h"

#include "wire/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(uint8_t *bytes, size_t len, unsigned number)
{
    uint32_t value = number * 2654435761U + 12345U;
    for (size_t i = 0; i < len; i++) {
        value = value * 1664525U + 1013904223U;
        bytes[i] = (uint8_t)(value >> 24);
    }
}

static struct qn_endpoint endpoint_number(size_t number)
{
    struct qn_endpoint endpoint = {.port = 9876};
    snprintf(endpoint.host, sizeof endpoint.host, "10.%u.%u.%u", (unsigned)(number >> 16 & 0xff),
             (unsigned)(number >> 8 & 0xff), (unsigned)(number & 0xff));
    return endpoint;
}

static void init_peer(struct qn_node_peer *peer, size_t number)
{
    fill(peer->id.bytes, sizeof peer->id.bytes, (unsigned)number + 5000);
    peer->region = (enum qn_region)(number % QN_REGION_COUNT);
    peer->roles = QN_ROLE_FULL;
    peer->endpoint_count = 1;
    peer->endpoints[0] = endpoint_number(number);
    snprintf(peer->software, sizeof peer->software, "qnet/0.1.0");
    peer->has_record = number != 1;
    peer->state = number % 2 == 1 ? QN_PEER_HOT : QN_PEER_COLD;
    peer->verdict = (enum qn_region_verdict)(number % 3);
    peer->has_region_hint = number % 2 == 0;
    peer->region_hint = QN_REGION_AFRICA;
    peer->first_seen_us = 800000 + number;
    peer->held_for =
        number % 2 == 1 ? 1U << QN_HELD_COMMITTEE | 1U << QN_HELD_LINK : 1U << QN_HELD_RECORD;
    peer->record_sequence = QN_FAKE_UNIX_MS - 1000 + number;
    peer->learned_us = 1000000 + number;
    peer->hops = (uint8_t)(number % 3);
    peer->linked = number % 2 == 1;
    peer->registered = true;
    peer->outbound = true;
    peer->remote = endpoint_number(number + 7);
    peer->version = 1;
    peer->head_height = 3;
    peer->rtt_us = 250;
    peer->rtt_min_us = 200;
    peer->linked_since_us = 900000;
}

static struct qn_buf *make_record(const struct qn_node_id *id)
{
    struct qn_record record = {.id = *id,
                               .sequence = QN_FAKE_UNIX_MS,
                               .endpoint_count = 1,
                               .region = QN_REGION_EUROPE,
                               .roles = QN_ROLE_FULL};
    uint8_t payload[QN_RECORD_PAYLOAD_LEN_MAX];
    uint8_t signature[3309];
    struct qn_span bytes;

    record.endpoints[0] = endpoint_number(1);
    snprintf(record.software, sizeof record.software, "qnet/0.1.0");
    QN_ASSERT(qn_record_payload(&record, payload, sizeof payload, &bytes) == QN_OK);
    fill(signature, sizeof signature, 7);
    return qn_signed_encode(bytes, (struct qn_span){signature, sizeof signature});
}

void qn_fake_ledger_init(struct qn_ledger *ledger, size_t entry_count);
void qn_fake_ledger_fini(struct qn_ledger *ledger);

static void init_status(struct qn_node *node)
{
    const struct qn_ledger *ledger = &node->ledger;
    struct qn_node_status *status = &node->status;

    *status = (struct qn_node_status){
        .id = ledger->validators[0].id,
        .network = ledger->genesis.network,
        .network_name = "test",
        .activation_policy = "codes",
        .bootstrap_id = 1,
        .region = QN_REGION_EUROPE,
        .roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR,
        .registered = true,
        .height = ledger->head.height,
        .head_id = ledger->head_id,
        .state_root = ledger->head.state_root,
        .head_time_ms = ledger->head.time_ms,
        .target_height = 4,
        .registry_entries = ledger->entry_count,
        .registry_active = ledger->entry_count,
        .links = 4,
        .links_unregistered = 1,
        .peers_known = node->peer_count,
        .silent_us = {[QN_REGION_ASIA] = 12345678},
        .cut_off = true,
        .sync = {.phase = QN_SYNC_SNAPSHOT,
                 .height = 7,
                 .target = 2048,
                 .chunks_done = 3,
                 .chunks_total = 16,
                 .bytes = 700000,
                 .sources = 4},
        .mempool = 2,
        .is_validator = true,
        .consensus_started = true,
        .epoch = 6,
        .view = 9,
        .validators = QN_FAKE_VALIDATORS,
        .validators_live = 5,
        .quorum = 4,
        .uptime_us = 123456789,
        .reach = {.source = QN_REACH_PEERS,
                  .count = 1,
                  .endpoints = {{.host = "198.51.100.7", .port = 9876}}},
        .seen = {{.is_known = true,
                  .ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 7},
                  .votes = 4}},
    };
}

static struct qn_buf *make_motion(const struct qn_node *node, enum qn_tx_kind kind)
{
    uint8_t payload[QN_TX_LEN_MAX];
    uint8_t signature[3309];
    struct qn_span bytes;
    struct qn_tx tx = {.kind = kind,
                       .network = node->ledger.genesis.network,
                       .expires_ms = QN_FAKE_UNIX_MS + 1000,
                       .has_signer = true,
                       .signer = node->ledger.validators[0].id,
                       .reason = QN_REVOKE_RETIRED,
                       .batch = {.count = 8, .class = 3, .expires_ms = QN_FAKE_UNIX_MS},
                       .epoch = 6,
                       .add_count = 1,
                       .remove_count = 1};

    if (kind == QN_TX_REVOKE) {
        fill(tx.id.bytes, sizeof tx.id.bytes, 5003);
    }
    fill(tx.add[0].bytes, sizeof tx.add[0].bytes, 5001);
    tx.remove[0] = node->ledger.validators[1].id;
    fill(tx.batch.root.bytes, sizeof tx.batch.root.bytes, 5002);
    fill(signature, sizeof signature, 8);
    QN_ASSERT(qn_tx_payload(&tx, payload, sizeof payload, &bytes) == QN_OK);
    return qn_signed_encode(bytes, (struct qn_span){signature, sizeof signature});
}

struct qn_node *qn_fake_node_new(size_t entry_count, size_t peer_count)
{
    QN_ASSERT(entry_count <= QN_FAKE_ENTRIES_MAX && peer_count <= QN_FAKE_PEERS_MAX);
    struct qn_node *node = calloc(1, sizeof *node);
    QN_ASSERT(node != NULL);
    qn_fake_ledger_init(&node->ledger, entry_count);
    node->peer_count = peer_count;
    node->peers = calloc(peer_count + 1, sizeof node->peers[0]);
    QN_ASSERT(node->peers != NULL);
    for (size_t i = 0; i < peer_count; i++) {
        init_peer(&node->peers[i], i);
    }
    init_status(node);
    node->record = make_record(&node->status.id);
    node->motions[0] = make_motion(node, QN_TX_VALIDATORS);
    node->motions[1] = make_motion(node, QN_TX_ISSUE);
    node->motions[2] = make_motion(node, QN_TX_REVOKE);
    node->regions[QN_REGION_EUROPE] = (struct qn_node_region){.registered = 3,
                                                              .known = 2,
                                                              .verified = 1,
                                                              .linked = 1,
                                                              .rtt_us_min = 555,
                                                              .rtt_us_median = 777,
                                                              .places = 8,
                                                              .fill_percent = 87,
                                                              .cpu_percent = 12,
                                                              .queued_bytes = 4096,
                                                              .ticks_high = 3,
                                                              .alarm = true};
    node->balance = (struct qn_node_balance){.cpu_percent = 13, .moved = 70, .move_count = 2};
    node->balance.moves[0] = (struct qn_move){.at_us = 5000000,
                                              .kind = QN_MOVE_REDIRECT,
                                              .reason = QN_MOVE_REGION_FULL,
                                              .region = QN_REGION_EUROPE,
                                              .id = {{0xab}},
                                              .percent = 87,
                                              .rtt_us = 777,
                                              .queued_bytes = 12};
    node->balance.moves[1] = (struct qn_move){.at_us = 4000000,
                                              .kind = QN_MOVE_WANT,
                                              .reason = QN_MOVE_REGION_LOW,
                                              .region = QN_REGION_ASIA,
                                              .percent = 25};
    for (uint64_t i = 1; i <= 100; i++) {
        qn_samples_add(&node->samples[QN_TIMING_VERIFY], i);
    }
    return node;
}

void qn_fake_node_free(struct qn_node *node)
{
    qn_fake_ledger_fini(&node->ledger);
    qn_buf_drop(node->record);
    for (size_t i = 0; i < QN_FAKE_MOTIONS; i++) {
        qn_buf_drop(node->motions[i]);
    }
    free(node->peers);
    free(node);
}

/* ---- node/view.h ---- */

void qn_node_status(const struct qn_node *node, struct qn_node_status *status, qn_time_us now)
{
    (void)now;
    *status = node->status;
}

const char *qn_node_halted(const struct qn_node *node)
{
    return node->halted;
}

size_t qn_node_missing(const struct qn_node *node, struct qn_ready_line lines[QN_READY_LINES_MAX],
                       qn_time_us now, qn_unix_ms unix_ms)
{
    (void)now;
    (void)unix_ms;
    memcpy(lines, node->missing, sizeof node->missing);
    return node->missing_count;
}

size_t qn_node_peer_count(const struct qn_node *node)
{
    return node->peer_count;
}

size_t qn_node_peers(const struct qn_node *node, struct qn_node_peer *peers, size_t capacity)
{
    size_t count = node->peer_count < capacity ? node->peer_count : capacity;
    memcpy(peers, node->peers, count * sizeof peers[0]);
    return count;
}

void qn_node_limits(const struct qn_node *node, struct qn_node_limits *limits)
{
    static const struct qn_peer_budgets budgets = {.links_max = 1024, .memory_max = 64000000};
    *limits = (struct qn_node_limits){
        .exempt = 1, .list_bytes = 43008, .record_bytes = 7000, .links = node->status.links};
    qn_peer_limits_init(&limits->limits, &budgets);
    (void)qn_peer_limits_set_size(&limits->limits, node->status.registry_active, 1000000);
    limits->counts[QN_REGION_EUROPE][QN_PEER_COLD] = 5;
    limits->counts[QN_REGION_EUROPE][QN_PEER_HOT] = 4;
    limits->counts[QN_REGION_ASIA][QN_PEER_WARM] = 2;
    limits->counted[QN_REGION_EUROPE] = 8;
    limits->counted[QN_REGION_ASIA] = 2;
}

struct qn_span qn_node_record(const struct qn_node *node, const struct qn_node_id *id)
{
    if (node->record == NULL || !qn_node_id_equal(id, &node->status.id)) {
        return (struct qn_span){NULL, 0};
    }
    return qn_buf_span(node->record);
}

void qn_node_regions(const struct qn_node *node, struct qn_node_region regions[QN_REGION_COUNT])
{
    memcpy(regions, node->regions, sizeof node->regions);
}

void qn_node_balance(const struct qn_node *node, struct qn_node_balance *balance)
{
    *balance = node->balance;
}

size_t qn_node_bans(const struct qn_node *node, struct qn_ban *bans, size_t bans_max,
                    qn_time_us now, qn_unix_ms unix_ms)
{
    (void)node;
    (void)now;
    QN_ASSERT(bans_max == QN_BANS_LIST_MAX);
    bans[0] = (struct qn_ban){.by_operator = true,
                              .since_ms = unix_ms - 5,
                              .until_ms = QN_BAN_FOR_GOOD,
                              .reason = "spam"};
    QN_ASSERT(qn_ban_target_parse(&bans[0].target, "192.0.2.0/24") == QN_OK);
    bans[1] = (struct qn_ban){.strangers_only = true,
                              .since_ms = unix_ms - 60000,
                              .until_ms = unix_ms + 540000,
                              .reason = "bad_signature"};
    QN_ASSERT(qn_ban_target_parse(&bans[1].target, "2001:db8::/64") == QN_OK);
    return 2;
}

const struct qn_validator_set *qn_node_committee(const struct qn_node *node)
{
    return &node->ledger.genesis.validators;
}

size_t qn_node_motion_count(const struct qn_node *node)
{
    (void)node;
    return QN_FAKE_MOTIONS;
}

void qn_node_motion_at(const struct qn_node *node, size_t index, struct qn_node_motion *motion)
{
    *motion = (struct qn_node_motion){.height = 3,
                                      .expires_ms = QN_FAKE_UNIX_MS + 1000,
                                      .tx = qn_buf_span(node->motions[index]),
                                      .approval_count = 2,
                                      .approvals = {0x05}};
    fill(motion->id.bytes, sizeof motion->id.bytes, 6000 + (unsigned)index);
}

const struct qn_ledger *qn_node_ledger(const struct qn_node *node)
{
    return &node->ledger;
}

const char *qn_node_timing_name(enum qn_node_timing timing)
{
    static const char *const names[QN_TIMING_COUNT] = {
        "verify_us", "handshake_us", "handshake_cpu_us", "register_us", "submit_us"};
    return names[timing];
}

const struct qn_samples *qn_node_samples(const struct qn_node *node, enum qn_node_timing timing)
{
    return &node->samples[timing];
}

void qn_node_collect(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    struct qn_metric height = {.name = "qnet_height",
                               .help = "Height of the final head",
                               .type = QN_METRIC_GAUGE,
                               .value = (double)node->status.height};
    struct qn_metric first = {.name = "qnet_frames_total",
                              .help = "Frames by \\ class\nand more",
                              .type = QN_METRIC_COUNTER,
                              .label = "class",
                              .label_value = "p0",
                              .value = 12};
    struct qn_metric second = first;

    second.label_value = "p\"1\\\n";
    second.value = 0.5;
    second.label2 = "kind";
    second.label2_value = "x";
    sink->metric(sink->context, &first);
    sink->metric(sink->context, &height); /* between two of one name: the answer groups them */
    sink->metric(sink->context, &second);
}
