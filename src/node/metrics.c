#include "node/parts.h"

static void collect_timings(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    static const unsigned quantiles[] = {500, 990};
    static const char *const names[] = {"qnet_timing_p50_seconds", "qnet_timing_p99_seconds"};
    for (size_t q = 0; q < QN_ARRAY_COUNT(quantiles); q++) {
        for (unsigned timing = 0; timing < QN_TIMING_COUNT; timing++) {
            struct qn_metric metric = {
                .name = names[q],
                .help = "Quantile over the last 1024 measured durations",
                .type = QN_METRIC_GAUGE,
                .label = "what",
                .label_value = qn_node_timing_name((enum qn_node_timing)timing),
                .value = (double)qn_samples_quantile(&node->samples[timing], quantiles[q]) / 1e6};
            sink->metric(sink->context, &metric);
        }
    }
}

static void collect_closes(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    for (unsigned reason = 0; reason < QN_CLOSE_COUNT; reason++) {
        struct qn_metric metric = {.name = "qnet_link_closes_total",
                                   .help = "Links closed or refused, and dials that failed",
                                   .type = QN_METRIC_COUNTER,
                                   .label = "reason",
                                   .label_value = qn_close_reason_name(reason),
                                   .value = (double)node->counters.closes[reason]};
        if (node->counters.closes[reason] > 0) {
            sink->metric(sink->context, &metric);
        }
    }
}

static void collect_faults(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    for (unsigned fault = 0; fault < QN_FAULT_COUNT; fault++) {
        struct qn_metric metric = {.name = "qnet_peer_faults_total",
                                   .help = "What peers did that they could have avoided",
                                   .type = QN_METRIC_COUNTER,
                                   .label = "fault",
                                   .label_value = qn_fault_name((enum qn_fault)fault),
                                   .value = (double)node->faults.counts[fault]};
        if (node->faults.counts[fault] > 0) {
            sink->metric(sink->context, &metric);
        }
    }
    qn_metric_put(sink, "qnet_peer_bans_total", "Bans that faults led to", QN_METRIC_COUNTER,
                  (double)node->faults.bans_begun);
    qn_metric_put(sink, "qnet_operator_bans", "Bans by the operator", QN_METRIC_GAUGE,
                  (double)node->faults.bans.count);
}

static void collect_peers(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    const struct qn_peer_limits *limits = qn_peering_limits(node->peering);
    for (int state = 0; state < QN_PEER_STATE_COUNT; state++) {
        struct qn_metric metric = {.name = "qnet_peers",
                                   .help = "Peers of the list",
                                   .type = QN_METRIC_GAUGE,
                                   .label = "state",
                                   .label_value = qn_peer_state_name((enum qn_peer_state)state)};
        for (int region = 0; region < QN_REGION_COUNT; region++) {
            metric.value += (double)qn_peer_list_count(&node->peers.list, (enum qn_region)region,
                                                       (enum qn_peer_state)state);
        }
        sink->metric(sink->context, &metric);
    }
    for (int i = 0; i < QN_BOUND_COUNT; i++) {
        size_t links = qn_peer_limits_bound(limits, (enum qn_peer_bound)i);
        struct qn_metric metric = {.name = "qnet_links_bound",
                                   .help = "Links that each bound allows; the least binds",
                                   .type = QN_METRIC_GAUGE,
                                   .label = "bound",
                                   .label_value = qn_peer_bound_name((enum qn_peer_bound)i),
                                   .value = (double)links};
        if (links != SIZE_MAX) {
            sink->metric(sink->context, &metric);
        }
    }
    qn_metric_put(sink, "qnet_links_most",
                  "Most links to peers outside the committee, by the least bound", QN_METRIC_GAUGE,
                  (double)qn_peer_limits_hot(limits, NULL));
    qn_metric_put(sink, "qnet_peers_per_region_max", "Places of a region in the peer list",
                  QN_METRIC_GAUGE, (double)qn_peer_limits_per_region(limits));
    qn_metric_put(sink, "qnet_peer_list_bytes", "Memory of the peer list, records not included",
                  QN_METRIC_GAUGE, (double)qn_peer_list_memory(&node->peers.list));
}

static void collect_reach(const struct qn_node_reach *reach, const struct qn_metric_sink *sink)
{
    qn_metric_put(sink, "qnet_external_address_networks",
                  "Network groups of peers that agree on this node's address, IPv4 and IPv6",
                  QN_METRIC_GAUGE,
                  (double)(reach->own.hosts[QN_IP_V4].votes + reach->own.hosts[QN_IP_V6].votes));
    qn_metric_put(sink, "qnet_external_address_changes_total",
                  "Changes of the address that others are told", QN_METRIC_COUNTER,
                  (double)reach->changes);
}

static void collect_redirects(const struct qn_redirects *redirects,
                              const struct qn_metric_sink *sink)
{
    qn_metric_put(sink, "qnet_redirects_sent_total",
                  "Peers without a place that were told of others", QN_METRIC_COUNTER,
                  (double)redirects->sent);
    qn_metric_put(sink, "qnet_redirects_followed_total", "Redirects by peers that were followed",
                  QN_METRIC_COUNTER, (double)redirects->taken);
    qn_metric_put(sink, "qnet_redirects_ignored_total", "Redirects by peers that were not followed",
                  QN_METRIC_COUNTER, (double)redirects->ignored);
}

void qn_node_collect(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    struct qn_node_status status;
    qn_node_status(node, &status, node->now);
    const struct {
        const char *name;
        const char *help;
        enum qn_metric_type type;
        double value;
    } rows[] = {
        {"qnet_height", "Height of the last final block", QN_METRIC_GAUGE, (double)status.height},
        {"qnet_sync_target_height", "Height that catching up goes to", QN_METRIC_GAUGE,
         (double)status.sync.target},
        {"qnet_sync_chunks_done", "Chunks of the snapshot that are here", QN_METRIC_GAUGE,
         (double)status.sync.chunks_done},
        {"qnet_sync_chunks_wanted", "Chunks of the snapshot on its way", QN_METRIC_GAUGE,
         (double)status.sync.chunks_total},
        {"qnet_registry_entries", "Identities ever registered", QN_METRIC_GAUGE,
         (double)status.registry_entries},
        {"qnet_registry_active", "Identities active now", QN_METRIC_GAUGE,
         (double)status.registry_active},
        {"qnet_links", "Live links", QN_METRIC_GAUGE, (double)status.links},
        {"qnet_links_unregistered", "Live links to peers the registry lacks", QN_METRIC_GAUGE,
         (double)status.links_unregistered},
        {"qnet_peers_known", "Peer records held", QN_METRIC_GAUGE, (double)status.peers_known},
        {"qnet_mempool", "Transactions that wait for a block", QN_METRIC_GAUGE,
         (double)status.mempool},
        {"qnet_validators_live", "Validators linked, self included", QN_METRIC_GAUGE,
         (double)status.validators_live},
        {"qnet_blocks_committed_total", "Blocks made final", QN_METRIC_COUNTER,
         (double)node->counters.blocks_committed},
        {"qnet_transactions_committed_total", "Transactions made final", QN_METRIC_COUNTER,
         (double)node->counters.txs_committed},
        {"qnet_submissions_final_total", "Submissions answered as final", QN_METRIC_COUNTER,
         (double)node->counters.txs_accepted},
        {"qnet_submissions_refused_total", "Submissions refused", QN_METRIC_COUNTER,
         (double)node->counters.txs_refused},
        {"qnet_records_verified_total", "Peer records whose signature was verified",
         QN_METRIC_COUNTER, (double)node->counters.records_verified},
        {"qnet_records_bad_total", "Peer records with a bad signature", QN_METRIC_COUNTER,
         (double)node->counters.records_bad},
        {"qnet_announcements_duplicate_total", "Announcements already known", QN_METRIC_COUNTER,
         (double)node->announcer.duplicates},
        {"qnet_messages_excess_total", "Messages dropped or answered BUSY: more than their tokens",
         QN_METRIC_COUNTER, (double)node->counters.messages_excess},
        {"qnet_messages_unpaid_total",
         "Messages not sent to unregistered peers, which had sent less", QN_METRIC_COUNTER,
         (double)node->counters.messages_unpaid},
        {"qnet_messages_unexpected_total", "Messages ignored because of the sender's standing",
         QN_METRIC_COUNTER, (double)node->counters.messages_unexpected},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(rows); i++) {
        qn_metric_put(sink, rows[i].name, rows[i].help, rows[i].type, rows[i].value);
    }
    qn_peering_collect(node->peering, sink);
    qn_node_collect_alarms(node, sink);
    collect_timings(node, sink);
    collect_closes(node, sink);
    collect_faults(node, sink);
    collect_peers(node, sink);
    collect_redirects(&node->redirects, sink);
    collect_reach(&node->reach, sink);
    if (node->consensus != NULL) {
        qn_consensus_collect(node->consensus, sink);
    }
}
