/* Measured values and their quantiles. */
#ifndef QN_PEERS_SAMPLES_H
#define QN_PEERS_SAMPLES_H

#include "base/base.h"

struct qn_peers_samples {
    size_t count;
    size_t capacity;
    uint64_t *values; /* heap */
};

struct qn_peers_quantiles { /* by nearest rank; 0 of no samples */
    uint64_t p5;
    uint64_t p50;
    uint64_t p95;
    uint64_t max;
};

/* Starts as all zero; grows as needed. */
void qn_peers_samples_add(struct qn_peers_samples *samples, uint64_t value);
/* Frees them. */
struct qn_peers_quantiles qn_peers_samples_end(struct qn_peers_samples *samples);

#endif
