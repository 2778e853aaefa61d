#include "cli/log_sink.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct line {
    char *text;
    size_t len;
};

/* Keeps room for the newline and the terminator; what does not fit is cut. */
static void put(struct line *line, char c)
{
    if (line->len + 2 < QN_LOG_LINE_SIZE) {
        line->text[line->len] = c;
        line->len += 1;
    }
}

static void put_text(struct line *line, const char *text)
{
    for (; *text != '\0'; text++) {
        put(line, *text);
    }
}

static void put_json(struct line *line, const char *text, size_t len)
{
    put(line, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7f) {
            char escaped[8];
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", c);
            put_text(line, escaped);
            continue;
        }
        if (c == '"' || c == '\\') {
            put(line, '\\');
        }
        put(line, (char)c);
    }
    put(line, '"');
}

static void put_member(struct line *line, const char *name, size_t name_len, const char *value,
                       size_t value_len)
{
    put(line, ',');
    put_json(line, name, name_len);
    put(line, ':');
    put_json(line, value, value_len);
}

/* key=value and key="value with spaces", as the core writes them, each as a member of its own. */
static void put_pairs(struct line *line, const char *pairs)
{
    const char *at = pairs + strspn(pairs, " ");
    while (*at != '\0') {
        size_t key_len = strcspn(at, "= ");
        if (at[key_len] != '=' || key_len == 0) {
            put_member(line, "text", 4, at, strlen(at));
            return;
        }
        const char *value = at + key_len + 1;
        bool quoted = *value == '"';
        value += quoted ? 1 : 0;
        size_t value_len = strcspn(value, quoted ? "\"" : " ");
        put_member(line, at, key_len, value, value_len);
        at = value + value_len;
        at += quoted && *at == '"' ? 1 : 0;
        at += strspn(at, " ");
    }
}

static const char *level_name(enum qn_log_level level)
{
    switch (level) {
    case QN_LOG_ERROR:
        return "error";
    case QN_LOG_WARN:
        return "warn";
    case QN_LOG_INFO:
        return "info";
    case QN_LOG_DEBUG:
        return "debug";
    }
    return "unknown";
}

static void put_time(struct line *line, uint64_t unix_us, bool with_date)
{
    char text[40];
    struct tm date = {0};
    time_t seconds = (time_t)(unix_us / 1000000U);
    (void)gmtime_r(&seconds, &date);
    if (with_date && strftime(text, sizeof text, "%Y-%m-%dT", &date) > 0) {
        put_text(line, text);
    }
    (void)snprintf(text, sizeof text, "%02d:%02d:%02d.%03uZ", date.tm_hour, date.tm_min,
                   date.tm_sec, (unsigned)(unix_us / 1000U % 1000U));
    put_text(line, text);
}

static void put_text_line(struct line *line, uint64_t unix_us, enum qn_log_level level,
                          const char *module, const char *event, const char *pairs)
{
    char head[64];
    put_time(line, unix_us, false);
    (void)snprintf(head, sizeof head, " %-5s %s.%s", level_name(level), module, event);
    put_text(line, head);
    if (pairs[0] != '\0') {
        put(line, ' ');
        put_text(line, pairs);
    }
}

size_t qn_log_line_format(char *text, enum qn_log_format format, uint64_t unix_us,
                          enum qn_log_level level, const char *module, const char *event,
                          const char *pairs)
{
    struct line line = {text, 0};
    if (format == QN_LOG_TEXT) {
        put_text_line(&line, unix_us, level, module, event, pairs);
    } else {
        put_text(&line, "{\"time\":\"");
        put_time(&line, unix_us, true);
        put(&line, '"');
        put_member(&line, "level", 5, level_name(level), strlen(level_name(level)));
        put_member(&line, "module", 6, module, strlen(module));
        put_member(&line, "event", 5, event, strlen(event));
        put_pairs(&line, pairs);
        /* Pairs have 512 bytes at most (base/log.h), so that no line is cut before this brace. */
        put(&line, '}');
    }
    text[line.len] = '\n';
    text[line.len + 1] = '\0';
    return line.len + 1;
}
