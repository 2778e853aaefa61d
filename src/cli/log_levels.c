#include "cli/log_sink.h"

#include <string.h>

static bool parse_level(enum qn_log_level *level, const char *name, size_t len)
{
    static const char *const names[] = {
        [QN_LOG_ERROR] = "error",
        [QN_LOG_WARN] = "warn",
        [QN_LOG_INFO] = "info",
        [QN_LOG_DEBUG] = "debug",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(names); i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
            *level = (enum qn_log_level)i;
            return true;
        }
    }
    return false;
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
