#include "cli/log_sink.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENT_SLOTS = 256, /* kinds of lines that are limited apart */
    BURST_MAX = 50,    /* lines of one kind at once */
    REFILL_PER_S = 10, /* lines of one kind, lasting */
};
#define US_PER_LINE (1000000U / REFILL_PER_S)

/* One kind of line: module and event together. Kinds that share a slot share its limit. */
struct bucket {
    uint64_t credit_us; /* US_PER_LINE pays for one line */
    uint64_t last_us;
    uint64_t held_back; /* since the last line that was let through */
    bool used;
};

struct qn_log_sink {
    struct qn_log log;
    struct qn_log_levels levels;
    enum qn_log_format format;
    int fd;
    pthread_mutex_t mutex;
    struct bucket buckets[EVENT_SLOTS];
};

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;
    QN_ASSERT(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static struct bucket *find_bucket(struct qn_log_sink *sink, const char *module, const char *event)
{
    uint32_t hash = 2166136261U; /* FNV-1a: names are ours, nobody aims collisions */
    for (const char *at = module; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    }
    for (const char *at = event; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    }
    return &sink->buckets[hash % EVENT_SLOTS];
}

static bool is_let_through(struct bucket *bucket, uint64_t now_us)
{
    const uint64_t full = (uint64_t)BURST_MAX * US_PER_LINE;
    if (!bucket->used) {
        *bucket = (struct bucket){.credit_us = full, .last_us = now_us, .used = true};
    }
    bucket->credit_us += now_us - bucket->last_us;
    bucket->credit_us = bucket->credit_us < full ? bucket->credit_us : full;
    bucket->last_us = now_us;
    if (bucket->credit_us < US_PER_LINE) {
        bucket->held_back += 1;
        return false;
    }
    bucket->credit_us -= US_PER_LINE;
    return true;
}

static enum qn_log_level level_of(const struct qn_log_levels *levels, const char *module)
{
    for (size_t i = levels->module_count; i > 0; i--) {
        if (strcmp(levels->modules[i - 1].name, module) == 0) {
            return levels->modules[i - 1].level;
        }
    }
    return levels->level;
}

/* A line that cannot be written is lost: there is nowhere else to say so. */
static void emit(const struct qn_log_sink *sink, enum qn_log_level level, const char *module,
                 const char *event, const char *pairs)
{
    char text[QN_LOG_LINE_SIZE];
    size_t len = qn_log_line_format(text, sink->format, clock_us(CLOCK_REALTIME), level, module,
                                    event, pairs);
    ssize_t written = write(sink->fd, text, len);
    (void)written;
}

static void write_line(void *context, enum qn_log_level level, const char *module,
                       const char *event, const char *pairs)
{
    struct qn_log_sink *sink = context;
    if (level > level_of(&sink->levels, module)) {
        return;
    }
    (void)pthread_mutex_lock(&sink->mutex);
    struct bucket *bucket = find_bucket(sink, module, event);
    if (is_let_through(bucket, clock_us(CLOCK_MONOTONIC))) {
        if (bucket->held_back > 0) {
            char text[80];
            (void)snprintf(text, sizeof text, "like=%s.%s count=%llu", module, event,
                           (unsigned long long)bucket->held_back);
            emit(sink, QN_LOG_WARN, "log", "held_back", text);
            bucket->held_back = 0;
        }
        emit(sink, level, module, event, pairs);
    }
    (void)pthread_mutex_unlock(&sink->mutex);
}

struct qn_log_sink *qn_log_sink_open(const struct qn_log_levels *levels, enum qn_log_format format,
                                     int fd)
{
    struct qn_log_sink *sink = calloc(1, sizeof *sink);
    QN_ASSERT(sink != NULL);
    sink->levels = *levels;
    sink->format = format;
    sink->fd = fd;
    sink->log = (struct qn_log){write_line, sink, levels->level};
    for (size_t i = 0; i < levels->module_count; i++) {
        if (levels->modules[i].level > sink->log.level_max) {
            sink->log.level_max = levels->modules[i].level;
        }
    }
    QN_ASSERT(pthread_mutex_init(&sink->mutex, NULL) == 0);
    return sink;
}

const struct qn_log *qn_log_sink_log(const struct qn_log_sink *sink)
{
    return &sink->log;
}

void qn_log_sink_close(struct qn_log_sink *sink)
{
    if (sink == NULL) {
        return;
    }
    uint64_t held_back = 0;
    for (size_t i = 0; i < EVENT_SLOTS; i++) {
        held_back += sink->buckets[i].held_back;
    }
    if (held_back > 0) {
        char text[40];
        (void)snprintf(text, sizeof text, "count=%llu", (unsigned long long)held_back);
        emit(sink, QN_LOG_WARN, "log", "held_back", text);
    }
    (void)pthread_mutex_destroy(&sink->mutex);
    free(sink);
}
