#include "cli/log_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_level_is_for_all_and_modules_may_differ(void **state)
{
    struct qn_log_levels levels;

    (void)state;
    assert_int_equal(qn_log_levels_parse(&levels, "warn"), QN_OK);
    assert_int_equal(qn_log_levels_of(&levels, "net"), QN_LOG_WARN);
    assert_int_equal(qn_log_levels_max(&levels), QN_LOG_WARN);
    assert_int_equal(qn_log_levels_parse(&levels, "error,net=debug,api=info"), QN_OK);
    assert_int_equal(qn_log_levels_of(&levels, "net"), QN_LOG_DEBUG);
    assert_int_equal(qn_log_levels_of(&levels, "api"), QN_LOG_INFO);
    assert_int_equal(qn_log_levels_of(&levels, "node"), QN_LOG_ERROR);
    assert_int_equal(qn_log_levels_max(&levels), QN_LOG_DEBUG);
    /* Modules alone leave the rest at its default. */
    assert_int_equal(qn_log_levels_parse(&levels, "net=debug"), QN_OK);
    assert_int_equal(qn_log_levels_of(&levels, "node"), QN_LOG_INFO);
}

static void anything_else_is_refused_and_changes_nothing(void **state)
{
    static const char *const wrong[] = {"",
                                        "loud",
                                        "info,",
                                        ",info",
                                        "net=",
                                        "=debug",
                                        "info net",
                                        "INFO",
                                        "net=debug=info",
                                        "debugging",
                                        "a-name-that-is-too-long=debug"};
    struct qn_log_levels levels = {.level = QN_LOG_WARN};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        assert_int_equal(qn_log_levels_parse(&levels, wrong[i]), QN_ERR_INVALID);
        assert_int_equal(levels.level, QN_LOG_WARN);
        assert_int_equal(levels.module_count, 0);
    }
}

struct seen {
    unsigned lines;
    char module[32];
};

static void note(void *context, enum qn_log_level level, const char *module, const char *event,
                 const char *pairs)
{
    struct seen *seen = context;
    (void)level;
    (void)event;
    (void)pairs;
    seen->lines += 1;
    strncpy(seen->module, module, sizeof seen->module - 1);
}

static void the_filter_passes_what_a_module_may_say(void **state)
{
    struct qn_log_levels levels;
    struct qn_log_filter filter;
    struct seen seen = {0};
    struct qn_log sink = {note, &seen, QN_LOG_DEBUG};

    (void)state;
    assert_int_equal(qn_log_levels_parse(&levels, "warn,net=debug"), QN_OK);
    qn_log_filter_init(&filter, &levels, &sink);
    qn_log(&filter.log, QN_LOG_DEBUG, "node", "x", "a=1");
    qn_log(&filter.log, QN_LOG_INFO, "node", "x", "a=1");
    assert_int_equal(seen.lines, 0);
    qn_log(&filter.log, QN_LOG_DEBUG, "net", "x", "a=1");
    assert_int_equal(seen.lines, 1);
    assert_string_equal(seen.module, "net");
    qn_log(&filter.log, QN_LOG_WARN, "node", "x", "a=1");
    assert_int_equal(seen.lines, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_for_all_and_modules_may_differ),
        cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
        cmocka_unit_test(the_filter_passes_what_a_module_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
