#include "support/measure.h"

#include "crypto/key.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t read_clock_ns(clockid_t clock)
{
    struct timespec now;
    bench_need(clock_gettime(clock, &now) == 0, "clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return read_clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_cpu_ns(void)
{
    return read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_samples_init(struct bench_samples *samples, size_t capacity)
{
    *samples = (struct bench_samples){.capacity = capacity};
    samples->values = calloc(capacity, sizeof *samples->values);
    bench_need(samples->values != NULL, "memory");
}

void bench_samples_fini(struct bench_samples *samples)
{
    free(samples->values);
    *samples = (struct bench_samples){0};
}

void bench_samples_add(struct bench_samples *samples, uint64_t value)
{
    QN_ASSERT(samples->count < samples->capacity);
    samples->values[samples->count] = value;
    samples->count += 1;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* By nearest rank, as the node does it (base/metrics.h). */
static double quantile(const struct bench_samples *samples, size_t per_mille, uint64_t divisor)
{
    size_t rank = (samples->count * per_mille + 999) / 1000;
    return (double)samples->values[rank - 1] / (double)divisor;
}

static void print_head(const char *name, const char *parameters)
{
    (void)printf("{\"bench\":\"%s\"%s%s", name, parameters[0] == '\0' ? "" : ",", parameters);
}

void bench_report(struct bench_samples *samples, const char *name, const char *parameters,
                  uint64_t divisor)
{
    bench_need(samples->count > 0, name);
    qsort(samples->values, samples->count, sizeof samples->values[0], compare);
    print_head(name, parameters);
    (void)printf(",\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f,\"n\":%zu}\n",
                 quantile(samples, 500, divisor), quantile(samples, 990, divisor),
                 quantile(samples, 1000, divisor), samples->count);
    (void)fflush(stdout);
    samples->count = 0;
}

void bench_report_one(const char *name, const char *parameters, double value)
{
    print_head(name, parameters);
    (void)printf(",\"p50\":%.3f,\"n\":1}\n", value);
    (void)fflush(stdout);
}

size_t bench_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void bench_fail(const char *what)
{
    (void)fprintf(stderr, "benchmark: %s failed\n", what);
    exit(EXIT_FAILURE);
}

static void print_assertion(const char *message)
{
    (void)fprintf(stderr, "%s\n", message);
}

void bench_start(void)
{
    const char *why = "";
    qn_assert_hook = print_assertion;
    bench_need(qn_crypto_init(&why) == QN_OK, why);
}

bool bench_is_quick(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "--quick") == 0;
}
