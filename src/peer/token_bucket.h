/* Token bucket: how often somebody may do something. Pure; no fini. */
#ifndef QN_TOKEN_BUCKET_H
#define QN_TOKEN_BUCKET_H

#include "base/base.h"

struct qn_token_bucket {
    uint32_t tokens;
    uint32_t capacity;
    qn_time_us interval_us; /* one token comes back each interval */
    qn_time_us filled_us;   /* up to when tokens were credited */
};

/* Starts full. */
void qn_token_bucket_init(struct qn_token_bucket *bucket, uint32_t capacity, qn_time_us interval_us,
                          qn_time_us now);
/* Takes one token; false if there is none. */
bool qn_token_bucket_take(struct qn_token_bucket *bucket, qn_time_us now);
/* Takes so many at once, or none. */
bool qn_token_bucket_take_many(struct qn_token_bucket *bucket, uint32_t count, qn_time_us now);

#endif
