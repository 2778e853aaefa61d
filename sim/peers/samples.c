#include "sim/peers/samples.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 256 };

void qn_peers_samples_add(struct qn_peers_samples *samples, uint64_t value)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity == 0 ? CAPACITY_FIRST : 2 * samples->capacity;
        samples->values = realloc(samples->values, samples->capacity * sizeof *samples->values);
        QN_ASSERT(samples->values != NULL);
    }
    samples->values[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t at_percent(const struct qn_peers_samples *samples, size_t percent)
{
    return samples->values[(samples->count * percent + 99) / 100 - 1];
}

struct qn_peers_quantiles qn_peers_samples_end(struct qn_peers_samples *samples)
{
    struct qn_peers_quantiles result = {0};

    if (samples->count > 0) {
        qsort(samples->values, samples->count, sizeof *samples->values, compare);
        result.p5 = at_percent(samples, 5);
        result.p50 = at_percent(samples, 50);
        result.p95 = at_percent(samples, 95);
        result.max = samples->values[samples->count - 1];
    }
    free(samples->values);
    *samples = (struct qn_peers_samples){0};
    return result;
}
