#include "net/rate_limit.h"

bool qn_rate_limit_take(struct qn_rate_limit *limit, uint64_t *suppressed, qn_time_us now,
                        qn_time_us interval, unsigned burst)
{
    qn_time_us start = limit->spent_until_us > now ? limit->spent_until_us : now;

    if (start + interval - now > interval * burst) {
        limit->suppressed += 1;
        return false;
    }
    limit->spent_until_us = start + interval;
    *suppressed = limit->suppressed;
    limit->suppressed = 0;
    return true;
}
