#include "peer/liveness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static void an_answered_ping_measures_the_round_trip(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    const uint64_t nonce = 44;
    qn_liveness_init(&liveness, 1000);
    assert_int_equal(qn_liveness_poll(&liveness, nonce, 1000), QN_LIVENESS_SEND_PING);
    assert_true(qn_liveness_on_pong(&liveness, nonce, 1800));
    assert_int_equal(liveness.rtt_us, 800);
    assert_int_equal(liveness.rtt_min_us, 800);
    assert_int_equal(qn_liveness_poll(&liveness, nonce, 1000 + QN_PING_INTERVAL - 1),
                     QN_LIVENESS_WAIT);
    assert_int_equal(qn_liveness_poll(&liveness, nonce, 1000 + QN_PING_INTERVAL),
                     QN_LIVENESS_SEND_PING);
    assert_true(qn_liveness_on_pong(&liveness, nonce, 1000 + QN_PING_INTERVAL + 1600));
    assert_int_equal(liveness.rtt_us, 900); /* 7/8 of 800 and 1/8 of 1600 */
    assert_int_equal(liveness.rtt_min_us, 800);
}

static void three_missed_pongs_drop_the_peer(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    const uint64_t nonce = 44;
    unsigned pings = 0;
    qn_time_us now = 5;
    qn_liveness_init(&liveness, now);
    for (; qn_liveness_poll(&liveness, nonce, now) == QN_LIVENESS_SEND_PING; pings++) {
        now += QN_PING_INTERVAL;
        assert_true(pings < 10);
    }
    assert_int_equal(pings, QN_PING_MISSED_MAX);
}

static void a_late_or_forged_pong_is_ignored(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    const uint64_t first = 81;
    const uint64_t second = 17;
    qn_liveness_init(&liveness, 5);
    assert_int_equal(qn_liveness_poll(&liveness, first, 5), QN_LIVENESS_SEND_PING);
    assert_int_equal(qn_liveness_poll(&liveness, second, 5 + QN_PING_INTERVAL),
                     QN_LIVENESS_SEND_PING);
    assert_false(qn_liveness_on_pong(&liveness, first, 6 + QN_PING_INTERVAL));
    assert_false(qn_liveness_on_pong(&liveness, second + 7, 6 + QN_PING_INTERVAL));
    assert_int_equal(liveness.missed, 1);
    assert_int_equal(liveness.rtt_us, 0);
    assert_true(qn_liveness_on_pong(&liveness, second, 6 + QN_PING_INTERVAL));
    assert_int_equal(liveness.missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answered_ping_measures_the_round_trip),
        cmocka_unit_test(three_missed_pongs_drop_the_peer),
        cmocka_unit_test(a_late_or_forged_pong_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
