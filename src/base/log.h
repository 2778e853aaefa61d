/* Log sink: the core logs through what it is given. A line is a level, a module, an event name and
 * key=value pairs in text form, for instance: peer, drop, reason=stale peer="ab12cd34". An unquoted run
 * of digits is a number to whoever reads the log, so what is text whatever its characters, such as an
 * id, stands in quotes. Values that a peer chose must be printed with qn_log_escape. */
#ifndef QN_LOG_H
#define QN_LOG_H

#include "base/base.h"

enum qn_log_level { QN_LOG_ERROR, QN_LOG_WARN, QN_LOG_INFO, QN_LOG_DEBUG };

struct qn_log {
    /* Called for each line; level filtering, rate limits and output format are the sink's. */
    void (*write)(void *context, enum qn_log_level level, const char *module, const char *event,
                  const char *pairs);
    void *context;
    enum qn_log_level level_max; /* lines above this level are not formatted at all */
};

/* Formats and writes one line of at most 512 bytes (cut beyond). log may be NULL: then silent. */
void qn_log(const struct qn_log *log, enum qn_log_level level, const char *module,
            const char *event, const char *format, ...) QN_PRINTF(5, 6);

/* Copies text with control characters, quotes, backslashes and non-ASCII bytes as \xNN; always
 * terminated, cut between characters. Spaces stay: print the result within double quotes. */
const char *qn_log_escape(char *out, size_t out_size, const char *text, size_t text_len);

#endif
