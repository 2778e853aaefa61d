#include "api/stats.h"

void qn_api_stats_answered(struct qn_api_stats *stats, unsigned status)
{
    switch (status) {
#define QN_API_STATUS_CASE(number)                                                                 \
    case number:                                                                                   \
        stats->answers[QN_API_STATUS_##number]++;                                                  \
        break;
        QN_API_STATUS_LIST(QN_API_STATUS_CASE)
#undef QN_API_STATUS_CASE
    default:
        stats->answers[QN_API_STATUS_500]++;
        break;
    }
}

void qn_api_stats_collect(const struct qn_api_stats *stats, const struct qn_metric_sink *sink)
{
    static const char *const names[] = {
#define QN_API_STATUS_NAME(number) #number,
        QN_API_STATUS_LIST(QN_API_STATUS_NAME)
#undef QN_API_STATUS_NAME
    };
    qn_metric_put(sink, "qnet_api_connections", "HTTP connections open now", QN_METRIC_GAUGE,
                  (double)stats->connections);
    qn_metric_put(sink, "qnet_api_connections_total", "HTTP connections accepted",
                  QN_METRIC_COUNTER, (double)stats->accepted);
    static const char closed[] = "qnet_api_connections_closed_total";
    static const char closed_help[] = "HTTP connections that the API closed, by reason";
    qn_metric_put_by(sink, closed, closed_help, QN_METRIC_COUNTER, "reason", "no_free_slot",
                     (double)stats->evicted);
    qn_metric_put_by(sink, closed, closed_help, QN_METRIC_COUNTER, "reason", "receive_timeout",
                     (double)stats->receive_timeouts);
    qn_metric_put_by(sink, closed, closed_help, QN_METRIC_COUNTER, "reason", "send_timeout",
                     (double)stats->send_timeouts);
    for (size_t i = 0; i < QN_API_STATUS_COUNT; i++) {
        qn_metric_put_by(sink, "qnet_api_answers_total", "HTTP answers, by status",
                         QN_METRIC_COUNTER, "status", names[i], (double)stats->answers[i]);
    }
}
