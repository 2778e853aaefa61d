/* What peering's region alarms (peer/peering_alarm.h) say to people: log lines and metrics. A part of the node's
 * state (node/state.h). */
#ifndef QN_NODE_ALARMS_H
#define QN_NODE_ALARMS_H

#include "base/metrics.h"
#include "node/view.h"

/* As last logged. */
struct qn_node_alarms {
    bool raised[QN_REGION_COUNT];
    bool cut_off;
};

/* Logs what changed, at warning when an alarm is raised. */
void qn_node_poll_alarms(struct qn_node *node);
void qn_node_fill_alarms(const struct qn_node *node, struct qn_node_status *status, qn_time_us now);
void qn_node_collect_alarms(const struct qn_node *node, const struct qn_metric_sink *sink);

#endif
