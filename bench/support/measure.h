/* Measuring for benchmarks: a clock, samples, and results as JSON lines on standard output.
 *
 * A line has the name with its unit behind (verify_us), whatever parameters tell it from others of that
 * name, and p50, p99, max, n. bench/run.py adds budgets and makes the table. */
#ifndef QN_BENCH_MEASURE_H
#define QN_BENCH_MEASURE_H

#include "base/base.h"

/* The clock of the machine, of this process's work in all threads: nanoseconds. */
uint64_t bench_now_ns(void);
uint64_t bench_cpu_ns(void);

struct bench_samples {
    size_t count;
    size_t capacity;
    uint64_t *values; /* heap */
};
/* Room for so many; one more is a mistake. */
void bench_samples_init(struct bench_samples *samples, size_t capacity);
void bench_samples_fini(struct bench_samples *samples);
void bench_samples_add(struct bench_samples *samples, uint64_t value);

/* What one sample is divided by: nanoseconds to microseconds, and operations measured together. */
enum { BENCH_NS = 1, BENCH_US = 1000 };

/* Prints the line and empties the samples. parameters: more members in JSON ("\"entries\":1000"), or "". */
void bench_report(struct bench_samples *samples, const char *name, const char *parameters,
                  uint64_t divisor);
/* A line of one figure that has no distribution: a size, a rate. */
void bench_report_one(const char *name, const char *parameters, double value);

/* Bytes that malloc has given out and not got back. */
size_t bench_heap_bytes(void);

/* Stops the program with this text. */
_Noreturn void bench_fail(const char *what);
/* For what cannot go wrong in a benchmark unless something is broken. */
static inline void bench_need(bool good, const char *what)
{
    if (!good) {
        bench_fail(what);
    }
}

/* Starts the cryptographic library and prints broken invariants; first in main(). */
void bench_start(void);

/* The arguments: --quick makes do with a fraction of the work. */
bool bench_is_quick(int argc, char **argv);

#endif
