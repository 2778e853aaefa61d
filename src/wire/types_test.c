#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/types.h"

static void region_names_go_both_ways(void **state)
{
    (void)state;
    static const char *const names[] = {"north-america", "south-america", "europe",
                                        "asia",          "africa",        "oceania"};
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        enum qn_region region = QN_REGION_COUNT;
        assert_string_equal(qn_region_name((enum qn_region)i), names[i]);
        assert_true(qn_region_parse(&region, names[i]));
        assert_int_equal(region, i);
    }
}

static void another_name_is_no_region(void **state)
{
    (void)state;
    static const char *const names[] = {"", "Europe", "europe ", "euro", "antarctica", "2"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(names); i++) {
        enum qn_region region = QN_REGION_COUNT;
        assert_false(qn_region_parse(&region, names[i]));
        assert_int_equal(region, QN_REGION_COUNT);
    }
}

static void every_close_reason_has_its_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QN_CLOSE_COUNT; i++) {
        assert_non_null(qn_close_reason_name(i));
        assert_string_not_equal(qn_close_reason_name(i), "unknown");
    }
    assert_string_equal(qn_close_reason_name(QN_CLOSE_WRONG_NETWORK), "wrong_network");
    assert_string_equal(qn_close_reason_name(QN_CLOSE_ALPN), "wrong_alpn");
    assert_string_equal(qn_close_reason_name(QN_CLOSE_COUNT), "unknown");
    assert_string_equal(qn_close_reason_name(UINT32_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_names_go_both_ways),
        cmocka_unit_test(another_name_is_no_region),
        cmocka_unit_test(every_close_reason_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
