/* Reading a node by region, and what its load balancer did. */
#include "node/view.h"

#include "node/parts.h"
#include "peer/peering_alarm.h"
#include "peer/peering_balance.h"

#include <string.h>

static void count_registered(const struct qn_node *node, struct qn_node_region *regions)
{
    for (uint64_t i = 0; i < qn_ledger_entry_count(node->ledger); i++) {
        struct qn_registry_entry entry;
        bool active = qn_ledger_entry_at(node->ledger, &entry, i) == QN_OK &&
                      qn_registry_entry_usable(&entry, node->unix_ms) == QN_OK;
        regions[active ? entry.region : 0].registered += active;
    }
}

static void count_known(const struct qn_node *node, struct qn_node_region *regions)
{
    for (size_t slot = 0; slot < node->peers.list.capacity; slot++) {
        const struct qn_peer_entry *entry = qn_peer_list_at(&node->peers.list, slot);
        if (entry != NULL) {
            regions[entry->region].known += 1;
            regions[entry->region].verified += entry->verdict == QN_REGION_VERIFIED;
        }
    }
}

static void measure_links(const struct qn_node *node, struct qn_node_region *region,
                          enum qn_region number)
{
    uint32_t rtts[QN_LINKS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        if (link->id == 0 || !link->live || link->hello.region != number) {
            continue;
        }
        uint32_t min = link->liveness.rtt_min_us;
        region->linked += 1;
        if (min > 0 && (region->rtt_us_min == 0 || min < region->rtt_us_min)) {
            region->rtt_us_min = min;
        }
        if (link->liveness.rtt_us > 0 && count < QN_LINKS_MAX) {
            rtts[count++] = link->liveness.rtt_us;
        }
    }
    region->rtt_us_median = qn_quantile(rtts, count, 500);
}

void qn_node_regions(const struct qn_node *node, struct qn_node_region regions[QN_REGION_COUNT])
{
    const struct qn_peering_balance *balance = qn_peering_balance(node->peering);
    memset(regions, 0, QN_REGION_COUNT * sizeof regions[0]);
    count_registered(node, regions);
    count_known(node, regions);
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        const struct qn_balance_watch *fill = &balance->balancer.fill[i];
        measure_links(node, &regions[i], (enum qn_region)i);
        regions[i].places = balance->regions[i].places;
        regions[i].fill_percent = fill->percent;
        regions[i].cpu_percent = balance->regions[i].cpu_percent;
        regions[i].queued_bytes = balance->queued[i];
        regions[i].ticks_high = fill->high;
        regions[i].ticks_low = fill->low;
        regions[i].alarm = qn_peering_alarms(node->peering)->raised[i];
    }
}

void qn_node_balance(const struct qn_node *node, struct qn_node_balance *out)
{
    const struct qn_balancer *balancer = &qn_peering_balance(node->peering)->balancer;
    *out = (struct qn_node_balance){.cpu_percent = balancer->busy.percent,
                                    .moved = balancer->history_count};
    for (const struct qn_move *move = qn_balancer_last(balancer, 0); move != NULL;
         move = qn_balancer_last(balancer, out->move_count)) {
        out->moves[out->move_count++] = *move;
    }
}
