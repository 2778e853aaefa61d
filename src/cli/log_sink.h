/* Where log lines of the core and the runtime go: standard error, as text for people or as one JSON
 * object a line, filtered by level and limited in rate, since a peer can cause lines. */
#ifndef QN_LOG_SINK_H
#define QN_LOG_SINK_H

#include "base/log.h"

enum { QN_LOG_MODULES_MAX = 16, QN_LOG_MODULE_NAME_SIZE = 16 };

/* "info,net=debug": a level for all, and levels of single modules. */
struct qn_log_levels {
    enum qn_log_level level;
    size_t module_count;
    struct {
        char name[QN_LOG_MODULE_NAME_SIZE];
        enum qn_log_level level;
    } modules[QN_LOG_MODULES_MAX];
};
/* QN_ERR_INVALID: *levels is untouched. */
QN_MUST_USE enum qn_err qn_log_levels_parse(struct qn_log_levels *levels, const char *text);

enum qn_log_format { QN_LOG_TEXT, QN_LOG_JSON };

struct qn_log_sink;
/* fd stays the caller's. Lines may come from any thread. */
struct qn_log_sink *qn_log_sink_open(const struct qn_log_levels *levels, enum qn_log_format format,
                                     int fd);
/* Valid until close. */
const struct qn_log *qn_log_sink_log(const struct qn_log_sink *sink);
/* Tells what was held back, frees. NULL is allowed. */
void qn_log_sink_close(struct qn_log_sink *sink);

/* One line as the sink prints it, its newline included; text holds QN_LOG_LINE_SIZE. Returns its
 * length. For tests and for the sink itself. */
enum { QN_LOG_LINE_SIZE = 4096 };
size_t qn_log_line_format(char *text, enum qn_log_format format, uint64_t unix_us,
                          enum qn_log_level level, const char *module, const char *event,
                          const char *pairs);

#endif
