#include "node/alarms.h"

#include "node/parts.h"
#include "peer/peering_alarm.h"

static void log_region(const struct qn_node *node, enum qn_region region, bool raised,
                       qn_time_us silent_us)
{
    if (raised) {
        qn_log(node->log, QN_LOG_WARN, "alarm", "region_silent",
               "region=%s silent_s=%llu text=\"no node there answers any more\"",
               qn_region_name(region), (unsigned long long)(silent_us / QN_SECONDS(1)));
    } else {
        qn_log(node->log, QN_LOG_INFO, "alarm", "region_back", "region=%s", qn_region_name(region));
    }
}

void qn_node_poll_alarms(struct qn_node *node)
{
    const struct qn_peering_alarms *now = qn_peering_alarms(node->peering);
    struct qn_node_alarms *logged = &node->alarms;
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        if (now->raised[i] != logged->raised[i]) {
            logged->raised[i] = now->raised[i];
            log_region(node, (enum qn_region)i, now->raised[i],
                       node->now - now->silent_since_us[i]);
        }
    }
    if (now->cut_off && !logged->cut_off) {
        qn_log(node->log, QN_LOG_WARN, "alarm", "cut_off",
               "text=\"no other region answers: see to the network of this node\"");
    } else if (!now->cut_off && logged->cut_off) {
        qn_log(node->log, QN_LOG_INFO, "alarm", "cut_off_over", "text=\"other regions answer\"");
    }
    logged->cut_off = now->cut_off;
}

void qn_node_fill_alarms(const struct qn_node *node, struct qn_node_status *status, qn_time_us now)
{
    const struct qn_peering_alarms *alarms = qn_peering_alarms(node->peering);
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        status->silent_us[i] = alarms->raised[i] ? now - alarms->silent_since_us[i] : 0;
    }
    status->cut_off = alarms->cut_off;
}

void qn_node_collect_alarms(const struct qn_node *node, const struct qn_metric_sink *sink)
{
    const struct qn_peering_alarms *alarms = qn_peering_alarms(node->peering);
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        qn_metric_put_by(sink, "qnet_region_alarm", "1: the region was linked and has gone silent",
                         QN_METRIC_GAUGE, "region", qn_region_name((enum qn_region)i),
                         alarms->raised[i] ? 1 : 0);
    }
    qn_metric_put(sink, "qnet_cut_off_alarm", "1: no other region answers", QN_METRIC_GAUGE,
                  alarms->cut_off ? 1 : 0);
    qn_metric_put(sink, "qnet_region_alarms_total", "Regions that went silent", QN_METRIC_COUNTER,
                  (double)alarms->count);
}
