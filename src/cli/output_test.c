#include "cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void durations_have_the_unit_that_suits_them(void **state)
{
    static const struct {
        uint64_t us;
        const char *text;
    } rows[] = {
        {0, "0 us"},
        {999, "999 us"},
        {1000, "1.00 ms"},
        {9990, "9.99 ms"},
        {10000, "10.0 ms"},
        {999900, "999.9 ms"},
        {1000000, "1.0 s"},
        {119900000, "119.9 s"},
        {120000000, "2 min 0 s"},
        {7199000000, "119 min 59 s"},
        {7200000000, "2 h 0 min"},
        {90000000000, "25 h 0 min"},
    };
    char text[QN_DURATION_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(rows); i++) {
        assert_string_equal(qn_text_duration(text, rows[i].us), rows[i].text);
    }
    /* The longest there is fits. */
    assert_string_equal(qn_text_duration(text, UINT64_MAX), "5124095576 h 1 min");
}

static void sizes_have_the_unit_that_suits_them(void **state)
{
    char text[QN_SIZE_TEXT_SIZE];

    (void)state;
    assert_string_equal(qn_text_size(text, 0), "0 B");
    assert_string_equal(qn_text_size(text, 1023), "1023 B");
    assert_string_equal(qn_text_size(text, 1024), "1.0 KiB");
    assert_string_equal(qn_text_size(text, 1536 << 10), "1.5 MiB");
    assert_string_equal(qn_text_size(text, (uint64_t)24 << 30), "24.0 GiB");
    assert_string_equal(qn_text_size(text, UINT64_MAX), "16777216.0 TiB");
}

static void dates_are_utc_and_never_is_a_word(void **state)
{
    char text[QN_DATE_TEXT_SIZE];

    (void)state;
    assert_string_equal(qn_text_date(text, 0), "1970-01-01 00:00:00Z");
    assert_string_equal(qn_text_date(text, 1767225599999), "2025-12-31 23:59:59Z");
    assert_string_equal(qn_text_date(text, UINT64_MAX), "never");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_the_unit_that_suits_them),
        cmocka_unit_test(sizes_have_the_unit_that_suits_them),
        cmocka_unit_test(dates_are_utc_and_never_is_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
