/* Durations that the node measured itself: recent samples, and their quantiles. */
#ifndef QN_API_TIMINGS_H
#define QN_API_TIMINGS_H

#include "api/json.h"
#include "node/view.h"

struct qn_api_timing_data {
    struct qn_samples samples[QN_TIMING_COUNT];
};

/* Loop thread. */
void qn_api_timing_read(struct qn_api_timing_data *data, const struct qn_node *node);
/* {"verify_us": {"count", "p50", "p99"}, ...}; the quantiles are null without samples. */
json_t *qn_api_timing_summary_json(const struct qn_api_timing_data *data);

#endif
