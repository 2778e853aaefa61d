/* The daemon's log: lines on stderr (or another descriptor), text for people or JSON for machines.
 *
 *   2026-01-31T12:00:00.123Z info  net link_failed reason=no_raw_public_key
 *   {"time":"2026-01-31T12:00:00.123Z","level":"info","module":"net","event":"link_failed",
 *    "reason":"no_raw_public_key"}                                        (on one line)
 *
 * Each event, by module and name, has a bounded rate; the first line after a gap says how many were
 * held back (suppressed=N). Errors always pass. Any thread may log. */
#ifndef QN_LOG_STDERR_H
#define QN_LOG_STDERR_H

#include "base/log.h"
#include "net/rate_limit.h"

#include <pthread.h>

enum {
    QN_LOG_EVENTS_MAX = 256, /* kinds of events with a limit of their own; the rest share one */
    QN_LOG_BURST = 50,
    QN_LOG_LINE_MAX = 4096,
};
#define QN_LOG_INTERVAL QN_MS(50) /* 20 lines a second of one event, after the burst */

enum qn_log_format { QN_LOG_AUTO, QN_LOG_TEXT, QN_LOG_JSON }; /* AUTO: text on a terminal */

struct qn_log_stderr {
    struct qn_log log; /* what is given to others */
    int fd;
    bool is_json;
    pthread_mutex_t mutex; /* guards what follows */
    uint32_t event_hashes[QN_LOG_EVENTS_MAX];
    struct qn_rate_limit limits[QN_LOG_EVENTS_MAX];
};

/* &sink->log is valid until fini, where sink stays. */
void qn_log_stderr_init(struct qn_log_stderr *sink, int fd, enum qn_log_format format,
                        enum qn_log_level level_max);
void qn_log_stderr_fini(struct qn_log_stderr *sink);
/* "error", "warn", "info", "debug"; static. */
const char *qn_log_level_name(enum qn_log_level level);
/* False: none of the four. */
bool qn_log_level_parse(enum qn_log_level *level, const char *name);

/* One line without its end; out holds QN_LOG_LINE_MAX, the result is cut to fit. Returns its length. */
size_t qn_log_format_text(char *out, qn_unix_ms at, enum qn_log_level level, const char *module,
                          const char *event, const char *pairs);
size_t qn_log_format_json(char *out, qn_unix_ms at, enum qn_log_level level, const char *module,
                          const char *event, const char *pairs);

#endif
