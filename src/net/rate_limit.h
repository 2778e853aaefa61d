/* How often something may be logged: a token bucket that counts what it held back. */
#ifndef QN_RATE_LIMIT_H
#define QN_RATE_LIMIT_H

#include "base/base.h"

/* Zeroed storage is a full bucket. */
struct qn_rate_limit {
    qn_time_us spent_until_us; /* the bucket is full again at this time */
    uint64_t suppressed;
};

/* May one more pass now, at one per interval with bursts of burst? If so *suppressed says how many
 * did not since the last that did. */
bool qn_rate_limit_take(struct qn_rate_limit *limit, uint64_t *suppressed, qn_time_us now,
                        qn_time_us interval, unsigned burst);

#endif
