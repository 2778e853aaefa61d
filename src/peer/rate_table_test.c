#include "peer/rate_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_rate_gives_its_burst_and_then_one_each_interval(void **state)
{
    (void)state;
    struct qn_rate rate = {0};
    qn_time_us now = QN_SECONDS(100);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(qn_rate_take(&rate, QN_SECONDS(1), 5, now));
    }
    assert_false(qn_rate_take(&rate, QN_SECONDS(1), 5, now));
    assert_int_equal(qn_rate_ready(&rate, QN_SECONDS(1), 5), now + QN_SECONDS(1));
    assert_false(qn_rate_take(&rate, QN_SECONDS(1), 5, now + QN_SECONDS(1) - 1));
    assert_true(qn_rate_take(&rate, QN_SECONDS(1), 5, now + QN_SECONDS(1)));
    assert_false(qn_rate_take(&rate, QN_SECONDS(1), 5, now + QN_SECONDS(1)));
    for (unsigned i = 0; i < 5; i++) { /* and never more than the burst, however long it rested */
        assert_true(qn_rate_take(&rate, QN_SECONDS(1), 5, now + QN_SECONDS(3600)));
    }
    assert_false(qn_rate_take(&rate, QN_SECONDS(1), 5, now + QN_SECONDS(3600)));
}

static void keys_have_rates_of_their_own(void **state)
{
    (void)state;
    struct qn_rate_table table;
    qn_rate_table_init(&table, 64, QN_SECONDS(1), 2, 1, 2);
    for (uint64_t key = 1; key <= 20; key++) {
        assert_true(qn_rate_table_take(&table, key, 0));
        assert_true(qn_rate_table_take(&table, key, 0));
        assert_false(qn_rate_table_take(&table, key, 0));
    }
    qn_rate_table_fini(&table);
}

/* A spender that a flood of other keys made the table forget gains no more than its burst, once a flood. */
static void a_flood_of_keys_first_displaces_those_with_most_left(void **state)
{
    (void)state;
    struct qn_rate_table table;
    unsigned forgotten = 0;
    qn_rate_table_init(&table, 16, QN_SECONDS(1), 8, 1, 2);
    for (unsigned i = 0; i < 8; i++) {
        assert_true(qn_rate_table_take(&table, 7, 0));
    }
    assert_false(qn_rate_table_take(&table, 7, 0));
    for (uint64_t key = 1000; key < 11000;
         key++) { /* each comes once: it has most of its burst left */
        assert_true(qn_rate_table_take(&table, key, 0));
        forgotten += qn_rate_table_take(&table, 7, 0);
    }
    assert_int_equal(forgotten, 0);
    assert_int_equal(qn_rate_table_memory(&table), 64 * sizeof(struct qn_rate_place));
    qn_rate_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_gives_its_burst_and_then_one_each_interval),
        cmocka_unit_test(keys_have_rates_of_their_own),
        cmocka_unit_test(a_flood_of_keys_first_displaces_those_with_most_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
