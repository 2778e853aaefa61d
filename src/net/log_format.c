/* One log line as text or as JSON. */
#include "net/log_stderr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    TIME_SIZE = 32,
    JSON_END_LEN = 2,    /* what a cut line still needs: quote and brace */
    NUMBER_LEN_MAX = 15, /* digits that every JSON reader keeps exactly */
    NAME_LEN_MAX = 64,
};

const char *qn_log_level_name(enum qn_log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    return (unsigned)level < QN_ARRAY_COUNT(names) ? names[level] : "unknown";
}

bool qn_log_level_parse(enum qn_log_level *level, const char *name)
{
    for (unsigned i = QN_LOG_ERROR; i <= QN_LOG_DEBUG; i++) {
        if (strcmp(name, qn_log_level_name((enum qn_log_level)i)) == 0) {
            *level = (enum qn_log_level)i;
            return true;
        }
    }
    return false;
}

static void format_time(char text[TIME_SIZE], qn_unix_ms at)
{
    time_t seconds = (time_t)(at / 1000);
    struct tm parts;
    size_t len = 0;

    if (gmtime_r(&seconds, &parts) != NULL) {
        len = strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    (void)snprintf(text + len, TIME_SIZE - len, ".%03uZ", (unsigned)(at % 1000));
}

size_t qn_log_format_text(char *out, qn_unix_ms at, enum qn_log_level level, const char *module,
                          const char *event, const char *pairs)
{
    char time_text[TIME_SIZE];

    format_time(time_text, at);
    int len = snprintf(out, QN_LOG_LINE_MAX, "%s %-5s %s %s%s%s", time_text,
                       qn_log_level_name(level), module, event, pairs[0] != '\0' ? " " : "", pairs);
    if (len < 0) {
        return 0;
    }
    return (size_t)len < QN_LOG_LINE_MAX ? (size_t)len : QN_LOG_LINE_MAX - 1;
}

/* Text that grows in a buffer and silently stops at its end, with room kept for a proper ending. */
struct line {
    char *out;
    size_t len;
};

static bool has_room(const struct line *line, size_t len)
{
    return line->len + len + JSON_END_LEN < QN_LOG_LINE_MAX;
}

static void put(struct line *line, const char *text, size_t len)
{
    if (has_room(line, len)) {
        memcpy(line->out + line->len, text, len);
        line->len += len;
    }
}

/* The inside of a JSON string (RFC 8259 section 7). */
static void put_escaped(struct line *line, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        char escaped[8] = {(char)c};
        size_t escaped_len = 1;
        if (c == '"' || c == '\\') {
            escaped[0] = '\\';
            escaped[1] = (char)c;
            escaped_len = 2;
        } else if (c < ' ' || c >= 0x7f) { /* no UTF-8 from others: bytes stay visible as such */
            escaped_len = (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
        }
        put(line, escaped, escaped_len);
    }
}

static void put_string(struct line *line, const char *text, size_t len)
{
    put(line, "\"", 1);
    put_escaped(line, text, len);
    put(line, "\"", 1);
}

static void put_member(struct line *line, const char *name, const char *value)
{
    put(line, line->len > 1 ? "," : "", line->len > 1 ? 1 : 0);
    put_string(line, name, strlen(name));
    put(line, ":", 1);
    put_string(line, value, strlen(value));
}

static bool is_number(const char *text, size_t len)
{
    if (len == 0 || len > NUMBER_LEN_MAX || (text[0] == '0' && len > 1)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

/* A pair must not pass itself off as one of the line's own members. */
static bool is_reserved(const char *name, size_t len)
{
    static const char *const reserved[] = {"time", "level", "module", "event"};

    for (size_t i = 0; i < QN_ARRAY_COUNT(reserved); i++) {
        if (strlen(reserved[i]) == len && memcmp(reserved[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

struct pair {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
    bool is_quoted;
};

/* Takes the next pair; returns what follows it, NULL when there is none. A word without '=' is a
 * pair named "text". */
static const char *next_pair(struct pair *pair, const char *at)
{
    at += strspn(at, " ");
    if (*at == '\0') {
        return NULL;
    }
    size_t name_len = strcspn(at, "= ");
    if (at[name_len] != '=' || name_len == 0 || name_len > NAME_LEN_MAX) {
        *pair = (struct pair){"text", 4, at, strlen(at), true};
        return at + strlen(at);
    }
    const char *value = at + name_len + 1;
    bool is_quoted = *value == '"';
    value += is_quoted ? 1 : 0;
    size_t value_len = strcspn(value, is_quoted ? "\"" : " ");
    *pair = (struct pair){at, name_len, value, value_len, is_quoted};
    return value + value_len + (value[value_len] == '"' ? 1 : 0);
}

static void put_pair(struct line *line, const struct pair *pair)
{
    size_t before = line->len;

    if (!has_room(line, 6 * (pair->name_len + pair->value_len) + 8)) {
        return; /* whole pairs or none */
    }
    put(line, ",", 1);
    put(line, "\"", 1);
    put_escaped(line, pair->name, pair->name_len);
    put(line, is_reserved(pair->name, pair->name_len) ? "_\":" : "\":",
        is_reserved(pair->name, pair->name_len) ? 3 : 2);
    if (!pair->is_quoted && is_number(pair->value, pair->value_len)) {
        put(line, pair->value, pair->value_len);
    } else {
        put_string(line, pair->value, pair->value_len);
    }
    QN_ASSERT(line->len > before);
}

size_t qn_log_format_json(char *out, qn_unix_ms at, enum qn_log_level level, const char *module,
                          const char *event, const char *pairs)
{
    struct line line = {.out = out};
    char time_text[TIME_SIZE];
    struct pair pair;

    format_time(time_text, at);
    put(&line, "{", 1);
    put_member(&line, "time", time_text);
    put_member(&line, "level", qn_log_level_name(level));
    put_member(&line, "module", module);
    put_member(&line, "event", event);
    pairs = next_pair(&pair, pairs);
    while (pairs != NULL) { /* each round uses up a pair */
        put_pair(&line, &pair);
        pairs = next_pair(&pair, pairs);
    }
    out[line.len] = '}';
    out[line.len + 1] = '\0';
    return line.len + 1;
}
