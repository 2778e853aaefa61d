#include "base/metrics.h"

#include <string.h>

void qn_metric_put_by(const struct qn_metric_sink *sink, const char *name, const char *help,
                      enum qn_metric_type type, const char *label, const char *label_value,
                      double value)
{
    struct qn_metric metric = {.name = name,
                               .help = help,
                               .type = type,
                               .label = label,
                               .label_value = label_value,
                               .value = value};
    sink->metric(sink->context, &metric);
}

void qn_metric_put(const struct qn_metric_sink *sink, const char *name, const char *help,
                   enum qn_metric_type type, double value)
{
    qn_metric_put_by(sink, name, help, type, NULL, NULL, value);
}

void qn_samples_add(struct qn_samples *samples, uint64_t value)
{
    size_t index = (size_t)(samples->count % QN_SAMPLES_MAX);

    samples->values[index] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    samples->count += 1;
}

size_t qn_samples_held(const struct qn_samples *samples)
{
    return samples->count < QN_SAMPLES_MAX ? (size_t)samples->count : QN_SAMPLES_MAX;
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Restores the max-heap below root. */
static void sift_down(uint32_t *values, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && values[child + 1] > values[child]) {
            child += 1;
        }
        if (values[root] >= values[child]) {
            return;
        }
        swap(&values[root], &values[child]);
        root = child;
    }
}

/* Heapsort: no allocation, no recursion, no worst case; the C library's qsort may allocate. */
static void sort(uint32_t *values, size_t count)
{
    for (size_t root = count / 2; root > 0; root--) {
        sift_down(values, root - 1, count);
    }
    for (size_t left = count; left > 1; left--) {
        swap(&values[0], &values[left - 1]);
        sift_down(values, 0, left - 1);
    }
}

uint32_t qn_quantile(uint32_t *values, size_t count, unsigned per_mille)
{
    QN_ASSERT(per_mille > 0 && per_mille <= 1000);
    if (count == 0) {
        return 0;
    }
    sort(values, count);
    size_t rank = (count * per_mille + 999) / 1000; /* 1..count */
    return values[rank - 1];
}

uint32_t qn_samples_quantile(const struct qn_samples *samples, unsigned per_mille)
{
    uint32_t values[QN_SAMPLES_MAX];
    size_t held = qn_samples_held(samples);

    memcpy(values, samples->values, held * sizeof values[0]);
    return qn_quantile(values, held, per_mille);
}
