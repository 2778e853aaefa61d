#include "cli/log_levels.h"

#include "net/log_stderr.h"

#include <stdio.h>
#include <string.h>

static bool parse_level(enum qn_log_level *level, const char *name, size_t len)
{
    enum { LEVEL_SIZE = 8 };
    char copy[LEVEL_SIZE];
    if (len >= sizeof copy) {
        return false;
    }
    (void)snprintf(copy, sizeof copy, "%.*s", (int)len, name);
    return qn_log_level_parse(level, copy);
}

static bool parse_part(struct qn_log_levels *levels, const char *part, size_t len)
{
    const char *equals = memchr(part, '=', len);
    if (equals == NULL) {
        return parse_level(&levels->level, part, len);
    }
    size_t name_len = (size_t)(equals - part);
    size_t index = levels->module_count;
    if (name_len == 0 || name_len >= QN_LOG_MODULE_NAME_SIZE || index == QN_LOG_MODULES_MAX) {
        return false;
    }
    memcpy(levels->modules[index].name, part, name_len);
    levels->module_count += 1;
    return parse_level(&levels->modules[index].level, equals + 1, len - name_len - 1);
}

enum qn_err qn_log_levels_parse(struct qn_log_levels *levels, const char *text)
{
    struct qn_log_levels parsed = {.level = QN_LOG_INFO};
    const char *at = text;
    for (;;) {
        size_t len = strcspn(at, ",");
        if (!parse_part(&parsed, at, len)) {
            return QN_ERR_INVALID;
        }
        if (at[len] == '\0') {
            *levels = parsed;
            return QN_OK;
        }
        at += len + 1;
    }
}

enum qn_log_level qn_log_levels_max(const struct qn_log_levels *levels)
{
    enum qn_log_level max = levels->level;
    for (size_t i = 0; i < levels->module_count; i++) {
        max = levels->modules[i].level > max ? levels->modules[i].level : max;
    }
    return max;
}

enum qn_log_level qn_log_levels_of(const struct qn_log_levels *levels, const char *module)
{
    for (size_t i = levels->module_count; i > 0; i--) {
        if (strcmp(levels->modules[i - 1].name, module) == 0) {
            return levels->modules[i - 1].level;
        }
    }
    return levels->level;
}

static void filter_line(void *context, enum qn_log_level level, const char *module,
                        const char *event, const char *pairs)
{
    const struct qn_log_filter *filter = context;
    if (level <= qn_log_levels_of(&filter->levels, module)) {
        filter->sink->write(filter->sink->context, level, module, event, pairs);
    }
}

void qn_log_filter_init(struct qn_log_filter *filter, const struct qn_log_levels *levels,
                        const struct qn_log *sink)
{
    *filter = (struct qn_log_filter){
        .log = {filter_line, filter, qn_log_levels_max(levels)},
        .levels = *levels,
        .sink = sink,
    };
}
