/* Metrics as a walk: each module that counts offers collect(sink); the API prints what comes.
 * Names follow Prometheus: base units, _total for counters; labels never hold a peer id. */
#ifndef QN_METRICS_H
#define QN_METRICS_H

#include "base/base.h"

enum qn_metric_type { QN_METRIC_COUNTER, QN_METRIC_GAUGE };

struct qn_metric {
    const char *name; /* "qnet_links" */
    const char *help;
    enum qn_metric_type type;
    const char *label; /* NULL or one label name */
    const char *label_value;
    const char *label2; /* NULL, or a second one */
    const char *label2_value;
    double value;
};

struct qn_metric_sink {
    void (*metric)(void *context, const struct qn_metric *metric);
    void *context;
};

/* One metric without a label, and with one (NULL: none). */
void qn_metric_put(const struct qn_metric_sink *sink, const char *name, const char *help,
                   enum qn_metric_type type, double value);
void qn_metric_put_by(const struct qn_metric_sink *sink, const char *name, const char *help,
                      enum qn_metric_type type, const char *label, const char *label_value,
                      double value);

/* Recent samples of a measured duration: a ring, so that quantiles are exact over what it holds. */
enum { QN_SAMPLES_MAX = 1024 };
struct qn_samples {
    uint64_t count; /* ever added */
    uint32_t values[QN_SAMPLES_MAX];
};
void qn_samples_add(struct qn_samples *samples, uint64_t value); /* saturates at UINT32_MAX */
/* How many are held now: the smaller of count and QN_SAMPLES_MAX. */
size_t qn_samples_held(const struct qn_samples *samples);
/* Nearest-rank quantile, 0 < numerator/1000 <= 1, of count values, which get sorted; 0 if none. */
uint32_t qn_quantile(uint32_t *values, size_t count, unsigned per_mille);
uint32_t qn_samples_quantile(const struct qn_samples *samples, unsigned per_mille);

#endif
