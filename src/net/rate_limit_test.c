#include "net/rate_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_burst_passes_then_one_per_interval(void **state)
{
    struct qn_rate_limit limit = {0};
    uint64_t suppressed = 99;
    (void)state;

    for (unsigned i = 0; i < 5; i++) {
        assert_true(qn_rate_limit_take(&limit, &suppressed, 1000, 100, 5));
        assert_int_equal(suppressed, 0);
    }
    assert_false(qn_rate_limit_take(&limit, &suppressed, 1000, 100, 5));
    assert_false(qn_rate_limit_take(&limit, &suppressed, 1099, 100, 5));
    assert_true(qn_rate_limit_take(&limit, &suppressed, 1100, 100, 5));
    assert_int_equal(suppressed, 2);
    assert_false(qn_rate_limit_take(&limit, &suppressed, 1100, 100, 5));
}

static void after_a_pause_the_burst_is_back_and_no_more(void **state)
{
    struct qn_rate_limit limit = {0};
    uint64_t suppressed = 0;
    unsigned passed = 0;
    (void)state;

    for (unsigned i = 0; i < 20; i++) {
        (void)qn_rate_limit_take(&limit, &suppressed, 1000, 100, 5);
    }
    for (unsigned i = 0; i < 20; i++) {
        passed += qn_rate_limit_take(&limit, &suppressed, 1000000, 100, 5) ? 1U : 0U;
    }
    assert_int_equal(passed, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_then_one_per_interval),
        cmocka_unit_test(after_a_pause_the_burst_is_back_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
