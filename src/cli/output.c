#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_SIZE = 1024 };

void qn_output_json(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
    QN_ASSERT(text != NULL);
    (void)puts(text);
    free(text);
    json_decref(object);
}

enum qn_exit qn_output_fail(const struct qn_cli *cli, enum qn_exit status, const char *code,
                            const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (cli->arguments.json) {
        qn_output_json(json_pack("{s:{s:s, s:s}}", "error", "code", code, "text", text));
    }
    (void)fflush(stdout);
    (void)fprintf(stderr, "qnet: %s\n", text);
    return status;
}

const char *qn_text_duration(char *text, uint64_t us)
{
    const uint64_t seconds = us / 1000000U;
    if (us < 1000) {
        (void)snprintf(text, QN_DURATION_TEXT_SIZE, "%u us", (unsigned)us);
    } else if (us < 1000000) {
        (void)snprintf(text, QN_DURATION_TEXT_SIZE, us < 10000 ? "%.2f ms" : "%.1f ms",
                       (double)us / 1e3);
    } else if (seconds < 120) {
        (void)snprintf(text, QN_DURATION_TEXT_SIZE, "%.1f s", (double)us / 1e6);
    } else if (seconds < 7200) {
        (void)snprintf(text, QN_DURATION_TEXT_SIZE, "%u min %u s", (unsigned)(seconds / 60),
                       (unsigned)(seconds % 60));
    } else {
        (void)snprintf(text, QN_DURATION_TEXT_SIZE, "%llu h %u min",
                       (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60));
    }
    return text;
}

const char *qn_text_size(char *text, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;
    if (bytes < 1024) {
        (void)snprintf(text, QN_SIZE_TEXT_SIZE, "%u B", (unsigned)bytes);
        return text;
    }
    for (; size >= 1024 && unit + 1 < QN_ARRAY_COUNT(units); unit++) {
        size /= 1024;
    }
    (void)snprintf(text, QN_SIZE_TEXT_SIZE, "%.1f %s", size, units[unit]);
    return text;
}

const char *qn_text_date(char *text, qn_unix_ms unix_ms)
{
    struct tm date;
    time_t seconds = (time_t)(unix_ms / 1000);
    if (unix_ms == UINT64_MAX) {
        (void)snprintf(text, QN_DATE_TEXT_SIZE, "never");
    } else if (gmtime_r(&seconds, &date) == NULL ||
               strftime(text, QN_DATE_TEXT_SIZE, "%Y-%m-%d %H:%M:%SZ", &date) == 0) {
        (void)snprintf(text, QN_DATE_TEXT_SIZE, "%llu ms", (unsigned long long)unix_ms);
    }
    return text;
}
