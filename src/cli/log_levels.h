/* "info,net=debug": a log level for all, and levels of single modules. */
#ifndef QN_LOG_LEVELS_H
#define QN_LOG_LEVELS_H

#include "base/log.h"

enum { QN_LOG_MODULES_MAX = 16, QN_LOG_MODULE_NAME_SIZE = 16 };

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
/* The most talkative of them: what a sink behind the filter must let pass. */
enum qn_log_level qn_log_levels_max(const struct qn_log_levels *levels);
/* The level that holds for this module. */
enum qn_log_level qn_log_levels_of(const struct qn_log_levels *levels, const char *module);

/* Passes on what the levels allow. Both pointers outlive it. */
struct qn_log_filter {
    struct qn_log log; /* what is given to others */
    struct qn_log_levels levels;
    const struct qn_log *sink;
};
void qn_log_filter_init(struct qn_log_filter *filter, const struct qn_log_levels *levels,
                        const struct qn_log *sink);

#endif
