#include "net/clock.h"

#include <time.h>

static uint64_t read_clock_us(clockid_t clock)
{
    struct timespec at;

    QN_ASSERT(clock_gettime(clock, &at) == 0);
    return (uint64_t)at.tv_sec * 1000000U + (uint64_t)at.tv_nsec / 1000U;
}

qn_time_us qn_clock_now(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

qn_unix_ms qn_clock_unix_ms(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000U;
}

uint64_t qn_clock_thread_cpu_us(void)
{
    return read_clock_us(CLOCK_THREAD_CPUTIME_ID);
}
