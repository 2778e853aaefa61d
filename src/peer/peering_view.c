/* Reading a peering: counts, metrics, and whether it keeps its own rules. */
#include "peer/peering_state.h"

#include <string.h>

const struct qn_peering_counts *qn_peering_counts(const struct qn_peering *peering)
{
    return &peering->counts;
}

static void collect_moves(const struct qn_balancer *balancer, const struct qn_metric_sink *sink)
{
    for (unsigned kind = 0; kind < QN_MOVE_KIND_COUNT; kind++) {
        for (unsigned reason = 0; reason < QN_MOVE_REASON_COUNT; reason++) {
            bool grows = reason == QN_MOVE_REGION_LOW || reason == QN_MOVE_REGION_MIN;
            struct qn_metric metric = {
                .name = "qnet_balance_moves_total",
                .help = "Peers that the load balancer moved, or wanted",
                .type = QN_METRIC_COUNTER,
                .label = "kind",
                .label_value = qn_move_kind_name((enum qn_move_kind)kind),
                .label2 = "reason",
                .label2_value = qn_move_reason_name((enum qn_move_reason)reason),
                .value = (double)balancer->counters[kind][reason],
            };
            if (grows == (kind == QN_MOVE_WANT)) { /* others do not occur */
                sink->metric(sink->context, &metric);
            }
        }
    }
}

static void collect_regions(const struct qn_peering *peering, const struct qn_metric_sink *sink)
{
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        struct qn_metric metric = {
            .name = "qnet_region_fill_ratio",
            .help = "Places of a region that are taken, as the load balancer counts",
            .type = QN_METRIC_GAUGE,
            .label = "region",
            .label_value = qn_region_name((enum qn_region)i),
            .value = (double)peering->balance.balancer.fill[i].percent / 100};
        sink->metric(sink->context, &metric);
    }
    qn_metric_put(sink, "qnet_loop_cpu_ratio",
                  "Share of a core that the loop took in the last second", QN_METRIC_GAUGE,
                  (double)peering->balance.cpu_percent / 100);
}

void qn_peering_collect(const struct qn_peering *peering, const struct qn_metric_sink *sink)
{
    const struct qn_peering_counts *counts = &peering->counts;
    qn_metric_put(sink, "qnet_links_half_open", "Inbound links whose key is not known yet",
                  QN_METRIC_GAUGE, (double)counts->half_open);
    qn_metric_put(sink, "qnet_links_privileged",
                  "Links to genesis nodes, the committee and reserved peers, which no limit counts",
                  QN_METRIC_GAUGE, (double)counts->privileged);
    qn_metric_put(sink, "qnet_links_region_max", "Most other links of one region", QN_METRIC_GAUGE,
                  (double)peering->region_max);
    qn_metric_put(sink, "qnet_links_evicted_total", "Inbound links given up for newcomers",
                  QN_METRIC_COUNTER, (double)counts->evicted);
    qn_metric_put(sink, "qnet_dials_total", "Dials begun", QN_METRIC_COUNTER,
                  (double)counts->dials);
    for (unsigned limit = 1; limit < QN_ADMISSION_COUNT; limit++) {
        struct qn_metric metric = {.name = "qnet_admission_refused_total",
                                   .help = "Links refused, by the limit that refused",
                                   .type = QN_METRIC_COUNTER,
                                   .label = "limit",
                                   .label_value = qn_admission_name((enum qn_admission_limit)limit),
                                   .value = (double)counts->refused[limit]};
        sink->metric(sink->context, &metric);
    }
    collect_moves(&peering->balance.balancer, sink);
    collect_regions(peering, sink);
}

static bool same_counts(const struct qn_peering_counts *a, const struct qn_peering_counts *b)
{
    return a->links == b->links && a->live == b->live && a->half_open == b->half_open &&
           a->privileged == b->privileged && a->unregistered == b->unregistered &&
           memcmp(a->region, b->region, sizeof a->region) == 0 &&
           memcmp(a->hot, b->hot, sizeof a->hot) == 0 &&
           memcmp(a->outbound, b->outbound, sizeof a->outbound) == 0 &&
           memcmp(a->unverified, b->unverified, sizeof a->unverified) == 0;
}

/* What the links themselves say. */
static const char *recount(const struct qn_peering *peering)
{
    struct qn_peering_counts counted = {0};
    size_t used = 0;
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        if (link->link == 0) {
            continue;
        }
        used += 1;
        qn_peering_count(&counted, link, true);
        if (link->state == QN_PEERING_LIVE &&
            qn_peering_link_to(peering, &link->id) != link->link) {
            return "a live link is not found by its id";
        }
        bool is_rightful =
            link->state == QN_PEERING_HALF_OPEN ||
            link->privileged == qn_peering_is_privileged(peering, &link->id, link->standing);
        if (!is_rightful) {
            return "a link is privileged without a right, or lacks its privilege";
        }
    }
    if (used + peering->free_count != peering->capacity || used != peering->by_link.count) {
        return "places are lost";
    }
    if (counted.live != peering->by_id.count) {
        return "ids are found that no link has";
    }
    return same_counts(&counted, &peering->counts) ? NULL : "counts are not what is held";
}

const char *qn_peering_invariant(const struct qn_peering *peering)
{
    const struct qn_peering_counts *counts = &peering->counts;
    if (counts->half_open > QN_HALF_OPEN_MAX) {
        return "more half-open links than the limit";
    }
    if (qn_peering_limited(peering) > peering->links_allowed) {
        return "more links than the limit";
    }
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        if (counts->region[i] > peering->region_allowed[i]) {
            return "more links in a region than its limit";
        }
        if (counts->unverified[i] > peering->unverified_allowed[i]) {
            return "more unverified links in a region than its limit";
        }
    }
    if (peering->dialer.under_way > QN_DIALS_AT_ONCE_MAX) {
        return "more dials at once than the limit";
    }
    return recount(peering);
}
