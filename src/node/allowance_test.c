#include "node/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"

static struct qn_allowance of(uint32_t bytes)
{
    struct qn_allowance allowance;
    qn_allowance_init(&allowance, bytes, 0);
    return allowance;
}

static void a_message_costs_its_frames_and_records(void **state)
{
    (void)state;
    assert_int_equal(qn_allowance_cost(1), 1 + 10 + 22);
    assert_int_equal(qn_allowance_cost(4096), 4096 + 32);
    assert_int_equal(qn_allowance_cost(4097), 4097 + 2 * 10 + 22);
    assert_int_equal(qn_allowance_cost(3 * 4096 + 1), 3 * 4096 + 1 + 4 * 10 + 2 * 22);
}

static void nothing_is_sent_that_was_not_earned(void **state)
{
    (void)state;
    struct qn_allowance allowance;
    qn_allowance_init(&allowance, 6694, 6770);
    assert_int_equal(qn_allowance_room(&allowance), 0);
    assert_false(qn_allowance_spend(&allowance, 1));
    assert_false(qn_allowance_covers_end(&allowance));
    qn_allowance_earn(&allowance, 76 + QN_CLOSE_NOTIFY_LEN);
    assert_true(qn_allowance_covers_end(&allowance));
    assert_false(qn_allowance_spend(&allowance, 1));
    qn_allowance_earn(&allowance, 33);
    assert_true(qn_allowance_spend(&allowance, 1));
    assert_false(qn_allowance_spend(&allowance, 1));
    assert_true(qn_allowance_covers_end(&allowance));
    assert_int_equal(allowance.left, QN_CLOSE_NOTIFY_LEN); /* all else is spent */
}

static void room_is_the_longest_message_that_can_be_paid(void **state)
{
    (void)state;
    for (uint32_t bytes = 0; bytes < 30000; bytes++) {
        struct qn_allowance allowance = of(bytes);
        size_t room = qn_allowance_room(&allowance);
        assert_true(room == 0 || qn_allowance_spend(&allowance, room));
        allowance = of(bytes);
        assert_false(qn_allowance_spend(&allowance, room + 1));
    }
    struct qn_allowance much = of(UINT32_MAX);
    assert_int_equal(qn_allowance_room(&much), QN_MESSAGE_LEN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_costs_its_frames_and_records),
        cmocka_unit_test(nothing_is_sent_that_was_not_earned),
        cmocka_unit_test(room_is_the_longest_message_that_can_be_paid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
