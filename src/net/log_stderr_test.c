#include "net/log_stderr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* 2026-01-31T12:00:00.123Z */
static const qn_unix_ms at = 1769860800123;

static void text_is_one_line_with_an_iso_time(void **state)
{
    char line[QN_LOG_LINE_MAX];
    (void)state;

    size_t len = qn_log_format_text(line, at, QN_LOG_WARN, "peer", "drop", "reason=stale peer=ab");
    assert_string_equal(line, "2026-01-31T12:00:00.123Z warn  peer drop reason=stale peer=ab");
    assert_int_equal(len, strlen(line));
    (void)qn_log_format_text(line, at, QN_LOG_ERROR, "peer", "drop", "");
    assert_string_equal(line, "2026-01-31T12:00:00.123Z error peer drop");
}

static void expect_json(const char *pairs, const char *members)
{
    char line[QN_LOG_LINE_MAX];
    char expected[QN_LOG_LINE_MAX];

    size_t len = qn_log_format_json(line, at, QN_LOG_INFO, "net", "up", pairs);
    (void)snprintf(expected, sizeof expected,
                   "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"info\",\"module\":\"net\","
                   "\"event\":\"up\"%s}",
                   members);
    assert_string_equal(line, expected);
    assert_int_equal(len, strlen(line));
}

static void json_has_each_pair_as_a_member(void **state)
{
    (void)state;
    expect_json("", "");
    expect_json("reason=stale links=12", ",\"reason\":\"stale\",\"links\":12");
    expect_json("text=\"two words\" n=0", ",\"text\":\"two words\",\"n\":0");
    expect_json("empty= quoted=\"\"", ",\"empty\":\"\",\"quoted\":\"\"");
}

static void json_numbers_are_only_what_every_reader_keeps(void **state)
{
    (void)state;
    expect_json("a=007", ",\"a\":\"007\"");
    expect_json("a=1234567890123456", ",\"a\":\"1234567890123456\"");
    expect_json("a=-1 b=1.5 c=\"5\"", ",\"a\":\"-1\",\"b\":\"1.5\",\"c\":\"5\"");
}

static void json_escapes_what_a_peer_may_have_written(void **state)
{
    (void)state;
    expect_json("name=\"a\\x22b\"", ",\"name\":\"a\\\\x22b\"");
    expect_json("name=a\x01\xff", ",\"name\":\"a\\u0001\\u00ff\"");
    expect_json("time=1 event=x", ",\"time_\":1,\"event_\":\"x\"");
    expect_json("no pairs at all", ",\"text\":\"no pairs at all\"");
    expect_json("a=\"never closed", ",\"a\":\"never closed\"");
}

static void a_line_too_long_stays_well_formed(void **state)
{
    char pairs[2 * QN_LOG_LINE_MAX];
    char line[QN_LOG_LINE_MAX];
    (void)state;

    memset(pairs, 'x', sizeof pairs);
    memcpy(pairs, "a=1 b=", 6);
    pairs[sizeof pairs - 1] = '\0';
    size_t len = qn_log_format_json(line, at, QN_LOG_INFO, "net", "up", pairs);
    assert_true(len < QN_LOG_LINE_MAX);
    assert_int_equal(len, strlen(line));
    assert_non_null(strstr(line, "\"a\":1}"));
    len = qn_log_format_text(line, at, QN_LOG_INFO, "net", "up", pairs);
    assert_int_equal(len, QN_LOG_LINE_MAX - 1);
}

static size_t count_lines(const char *text, const char *words)
{
    size_t count = 0;

    for (const char *found = strstr(text, words); found != NULL; found = strstr(found + 1, words)) {
        count += 1;
    }
    return count;
}

static void a_repeated_event_is_held_back_and_others_are_not(void **state)
{
    struct qn_log_stderr sink;
    static char written[1 << 17];
    FILE *file = tmpfile();
    (void)state;

    assert_non_null(file);
    qn_log_stderr_init(&sink, fileno(file), QN_LOG_AUTO, QN_LOG_INFO);
    for (unsigned i = 0; i < 3 * QN_LOG_BURST; i++) {
        qn_log(&sink.log, QN_LOG_WARN, "net", "often", "i=%u", i);
        qn_log(&sink.log, QN_LOG_ERROR, "net", "bad", "i=%u", i);
        qn_log(&sink.log, QN_LOG_DEBUG, "net", "detail", "i=%u", i);
    }
    qn_log(&sink.log, QN_LOG_INFO, "net", "rare", "x=1");
    rewind(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    /* A file is no terminal: JSON. A slow machine may let a few more through. */
    assert_in_range(count_lines(written, "\"event\":\"often\""), QN_LOG_BURST,
                    3 * QN_LOG_BURST - 1);
    assert_int_equal(count_lines(written, "\"event\":\"bad\""), 3 * QN_LOG_BURST);
    assert_int_equal(count_lines(written, "\"event\":\"detail\""), 0);
    assert_int_equal(count_lines(written, "\"event\":\"rare\",\"x\":1}\n"), 1);
    qn_log_stderr_fini(&sink);
    (void)fclose(file);
}

static void levels_have_names(void **state)
{
    enum qn_log_level level = QN_LOG_ERROR;
    (void)state;

    assert_true(qn_log_level_parse(&level, "debug"));
    assert_int_equal(level, QN_LOG_DEBUG);
    assert_false(qn_log_level_parse(&level, "DEBUG"));
    assert_false(qn_log_level_parse(&level, ""));
    assert_int_equal(level, QN_LOG_DEBUG);
    assert_string_equal(qn_log_level_name(QN_LOG_WARN), "warn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_one_line_with_an_iso_time),
        cmocka_unit_test(json_has_each_pair_as_a_member),
        cmocka_unit_test(json_numbers_are_only_what_every_reader_keeps),
        cmocka_unit_test(json_escapes_what_a_peer_may_have_written),
        cmocka_unit_test(a_line_too_long_stays_well_formed),
        cmocka_unit_test(a_repeated_event_is_held_back_and_others_are_not),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
