#include "peer/token_bucket.h"

void qn_token_bucket_init(struct qn_token_bucket *bucket, uint32_t capacity, qn_time_us interval_us,
                          qn_time_us now)
{
    QN_ASSERT(capacity > 0 && interval_us > 0);
    *bucket = (struct qn_token_bucket){
        .tokens = capacity, .capacity = capacity, .interval_us = interval_us, .filled_us = now};
}

bool qn_token_bucket_take(struct qn_token_bucket *bucket, qn_time_us now)
{
    return qn_token_bucket_take_many(bucket, 1, now);
}

bool qn_token_bucket_take_many(struct qn_token_bucket *bucket, uint32_t count, qn_time_us now)
{
    uint64_t earned = (now - bucket->filled_us) / bucket->interval_us;
    bucket->filled_us += earned * bucket->interval_us;
    uint64_t room = bucket->capacity - bucket->tokens;
    bucket->tokens += (uint32_t)(earned < room ? earned : room);
    if (bucket->tokens < count) {
        return false;
    }
    bucket->tokens -= count;
    return true;
}
