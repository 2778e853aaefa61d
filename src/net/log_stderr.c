#include "net/log_stderr.h"

#include "net/clock.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* FNV-1a: tells events apart, guards against nothing. Never 0. */
static uint32_t hash_names(const char *module, const char *event)
{
    const char *names[] = {module, event};
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < QN_ARRAY_COUNT(names); i++) {
        for (const char *at = names[i]; *at != '\0'; at++) {
            hash = (hash ^ (uint32_t)(unsigned char)*at) * 16777619U;
        }
        hash = (hash ^ '.') * 16777619U;
    }
    return hash == 0 ? 1 : hash;
}

/* The event's own limit; when the table is full, the last one, which then serves many. */
static struct qn_rate_limit *find_limit(struct qn_log_stderr *sink, const char *module,
                                        const char *event)
{
    uint32_t hash = hash_names(module, event);

    for (size_t i = 0; i + 1 < QN_LOG_EVENTS_MAX; i++) {
        if (sink->event_hashes[i] == 0) {
            sink->event_hashes[i] = hash;
        }
        if (sink->event_hashes[i] == hash) {
            return &sink->limits[i];
        }
    }
    return &sink->limits[QN_LOG_EVENTS_MAX - 1];
}

static bool may_pass(struct qn_log_stderr *sink, uint64_t *suppressed, enum qn_log_level level,
                     const char *module, const char *event)
{
    *suppressed = 0;
    if (level == QN_LOG_ERROR) {
        return true;
    }
    (void)pthread_mutex_lock(&sink->mutex);
    bool may = qn_rate_limit_take(find_limit(sink, module, event), suppressed, qn_clock_now(),
                                  QN_LOG_INTERVAL, QN_LOG_BURST);
    (void)pthread_mutex_unlock(&sink->mutex);
    return may;
}

/* One write a line, so that lines of several threads or processes do not mix. */
static void write_line(int fd, const char *line, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, line, len);
        if (written < 0 && errno != EINTR) {
            return; /* there is nobody left to tell */
        }
        if (written > 0) {
            line += written;
            len -= (size_t)written;
        }
    }
}

static void write_log(void *context, enum qn_log_level level, const char *module, const char *event,
                      const char *pairs)
{
    struct qn_log_stderr *sink = context;
    uint64_t suppressed = 0;

    if (!may_pass(sink, &suppressed, level, module, event)) {
        return;
    }
    char line[QN_LOG_LINE_MAX + 1];
    char with_count[QN_LOG_LINE_MAX / 2];
    if (suppressed > 0) {
        (void)snprintf(with_count, sizeof with_count, "%s%ssuppressed=%llu", pairs,
                       pairs[0] != '\0' ? " " : "", (unsigned long long)suppressed);
        pairs = with_count;
    }
    size_t len = sink->is_json
                     ? qn_log_format_json(line, qn_clock_unix_ms(), level, module, event, pairs)
                     : qn_log_format_text(line, qn_clock_unix_ms(), level, module, event, pairs);
    line[len] = '\n';
    write_line(sink->fd, line, len + 1);
}

void qn_log_stderr_init(struct qn_log_stderr *sink, int fd, enum qn_log_format format,
                        enum qn_log_level level_max)
{
    *sink = (struct qn_log_stderr){
        .log = {.write = write_log, .context = sink, .level_max = level_max},
        .fd = fd,
        .is_json = format == QN_LOG_JSON || (format == QN_LOG_AUTO && isatty(fd) == 0),
    };
    QN_ASSERT(pthread_mutex_init(&sink->mutex, NULL) == 0);
}

void qn_log_stderr_fini(struct qn_log_stderr *sink)
{
    (void)pthread_mutex_destroy(&sink->mutex);
}
