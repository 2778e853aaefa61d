/* What the API counts of itself; HTTP thread only. */
#ifndef QN_API_STATS_H
#define QN_API_STATS_H

#include "base/metrics.h"

/* X(status): the answers that are counted apart; others count as 500. */
#define QN_API_STATUS_LIST(X)                                                                      \
    X(200) X(400) X(403) X(404) X(405) X(409) X(413) X(414) X(415) X(422) X(500) X(503) X(504)

enum qn_api_status_slot {
#define QN_API_STATUS_ENUM(status) QN_API_STATUS_##status,
    QN_API_STATUS_LIST(QN_API_STATUS_ENUM)
#undef QN_API_STATUS_ENUM
        QN_API_STATUS_COUNT,
};

struct qn_api_stats {
    size_t connections; /* open now */
    uint64_t accepted;  /* connections ever */
    uint64_t evicted;   /* closed to make room */
    uint64_t receive_timeouts;
    uint64_t send_timeouts;
    uint64_t answers[QN_API_STATUS_COUNT];
};

void qn_api_stats_answered(struct qn_api_stats *stats, unsigned status);
void qn_api_stats_collect(const struct qn_api_stats *stats, const struct qn_metric_sink *sink);

#endif
