#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    unsigned lines;
    enum qn_log_level level;
    char line[1024];
};

static void note(void *context, enum qn_log_level level, const char *module, const char *event,
                 const char *pairs)
{
    struct seen *seen = context;

    seen->lines++;
    seen->level = level;
    (void)snprintf(seen->line, sizeof seen->line, "%s.%s %s", module, event, pairs);
}

static void a_line_reaches_the_sink_formatted(void **state)
{
    struct seen seen = {0};
    struct qn_log log = {note, &seen, QN_LOG_INFO};

    (void)state;
    qn_log(&log, QN_LOG_WARN, "peer", "drop", "reason=%s count=%d", "stale", 3);
    assert_int_equal(seen.lines, 1);
    assert_int_equal(seen.level, QN_LOG_WARN);
    assert_string_equal(seen.line, "peer.drop reason=stale count=3");
}

static void a_line_above_the_level_is_not_written(void **state)
{
    struct seen seen = {0};
    struct qn_log log = {note, &seen, QN_LOG_INFO};

    (void)state;
    qn_log(&log, QN_LOG_DEBUG, "peer", "drop", "a=%d", 1);
    assert_int_equal(seen.lines, 0);
    qn_log(&log, QN_LOG_INFO, "peer", "drop", "a=%d", 1);
    assert_int_equal(seen.lines, 1);
    qn_log(NULL, QN_LOG_ERROR, "peer", "drop", "a=%d", 1);
}

static void a_long_line_is_cut(void **state)
{
    struct seen seen = {0};
    struct qn_log log = {note, &seen, QN_LOG_INFO};
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    qn_log(&log, QN_LOG_INFO, "m", "e", "%s", text);
    assert_int_equal(seen.lines, 1);
    assert_int_equal(strlen(seen.line), strlen("m.e ") + 511);
}

static const char *escaped(const char *text, size_t len)
{
    static char out[128];

    return qn_log_escape(out, sizeof out, text, len);
}

static void escape_keeps_plain_text(void **state)
{
    (void)state;
    assert_string_equal(escaped("node-1 [2001:db8::1]:9876 ~", 27), "node-1 [2001:db8::1]:9876 ~");
    assert_string_equal(escaped("abc", 2), "ab");
    assert_string_equal(escaped("", 0), "");
}

static void escape_hides_what_could_forge_a_line(void **state)
{
    (void)state;
    assert_string_equal(escaped("a\nb\r\t", 5), "a\\x0ab\\x0d\\x09");
    assert_string_equal(escaped("\"'\\", 3), "\\x22\\x27\\x5c");
    assert_string_equal(escaped("\x1b[31m", 5), "\\x1b[31m");
    assert_string_equal(escaped("\0z\x7f", 3), "\\x00z\\x7f");
    assert_string_equal(escaped("\xc3\xa9", 2), "\\xc3\\xa9");
}

static void escape_is_cut_between_characters_and_terminated(void **state)
{
    char out[8];

    (void)state;
    memset(out, '!', sizeof out);
    assert_string_equal(qn_log_escape(out, 4, "abcdef", 6), "abc");
    assert_int_equal(out[4], '!');
    assert_string_equal(qn_log_escape(out, 7, "ab\ncd", 5), "ab\\x0a");
    assert_string_equal(qn_log_escape(out, 6, "ab\ncd", 5), "ab");
    assert_string_equal(qn_log_escape(out, 1, "ab", 2), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_reaches_the_sink_formatted),
        cmocka_unit_test(a_line_above_the_level_is_not_written),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(escape_keeps_plain_text),
        cmocka_unit_test(escape_hides_what_could_forge_a_line),
        cmocka_unit_test(escape_is_cut_between_characters_and_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
