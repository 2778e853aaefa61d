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
    assert_true(qn_liveness_on_pong(&liveness, nonce, false, 1800));
    assert_int_equal(liveness.rtt_us, 800);
    assert_int_equal(liveness.rtt_min_us, 800);
    assert_int_equal(qn_liveness_poll(&liveness, nonce, 1000 + QN_PING_INTERVAL - 1),
                     QN_LIVENESS_WAIT);
    assert_int_equal(qn_liveness_poll(&liveness, nonce, 1000 + QN_PING_INTERVAL),
                     QN_LIVENESS_SEND_PING);
    assert_true(qn_liveness_on_pong(&liveness, nonce, false, 1000 + QN_PING_INTERVAL + 1600));
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
    assert_false(qn_liveness_on_pong(&liveness, first, false, 6 + QN_PING_INTERVAL));
    assert_false(qn_liveness_on_pong(&liveness, second + 7, false, 6 + QN_PING_INTERVAL));
    assert_int_equal(liveness.missed, 1);
    assert_int_equal(liveness.rtt_us, 0);
    assert_true(qn_liveness_on_pong(&liveness, second, false, 6 + QN_PING_INTERVAL));
    assert_int_equal(liveness.missed, 0);
}

/* Answers pings at their time until this many were sent; returns when the last was. */
static qn_time_us answer(struct qn_liveness *liveness, unsigned count, bool closely, qn_time_us now)
{
    for (unsigned i = 0; i < count; i++) {
        now = liveness->next_us;
        assert_int_equal(qn_liveness_poll(liveness, i, now), QN_LIVENESS_SEND_PING);
        assert_true(qn_liveness_on_pong(liveness, i, closely, now + 10));
    }
    return now;
}

static void a_link_that_answers_is_asked_less_often(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    qn_liveness_init(&liveness, 5);
    qn_time_us now = answer(&liveness, QN_PING_QUIET_AFTER - 1, false, 5);
    assert_int_equal(liveness.next_us, now + QN_PING_INTERVAL);
    now = answer(&liveness, 1, false, now);
    assert_int_equal(liveness.next_us, now + QN_PING_QUIET_INTERVAL);
    now = answer(&liveness, 1, false, now);
    assert_int_equal(liveness.next_us, now + 2 * QN_PING_QUIET_INTERVAL);
    for (unsigned i = 0; i < 300; i++) { /* more than a small counter of doublings could hold */
        now = answer(&liveness, 1, false, now);
        assert_true(liveness.next_us <= now + QN_PING_QUIET_INTERVAL_MAX);
    }
    assert_int_equal(liveness.next_us, now + QN_PING_QUIET_INTERVAL_MAX);
}

static void a_quiet_link_in_doubt_is_asked_at_once(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    qn_liveness_init(&liveness, 5);
    qn_time_us now = answer(&liveness, QN_PING_QUIET_AFTER + 5, false, 5) + QN_PING_INTERVAL;
    qn_liveness_doubt(&liveness, now);
    assert_int_equal(liveness.next_us, now);
    assert_int_equal(qn_liveness_poll(&liveness, 700, now), QN_LIVENESS_SEND_PING);
    assert_int_equal(liveness.next_us, now + QN_PING_INTERVAL);
    assert_true(qn_liveness_on_pong(&liveness, 700, false, now + 10));
    assert_int_equal(liveness.next_us, now + QN_PING_QUIET_INTERVAL_MAX);
}

static void doubt_does_not_hurry_a_ping_under_way(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    qn_liveness_init(&liveness, 5);
    assert_int_equal(qn_liveness_poll(&liveness, 1, 5), QN_LIVENESS_SEND_PING);
    for (qn_time_us now = 6; now < 5 + QN_PING_INTERVAL; now += QN_PING_INTERVAL / 10) {
        qn_liveness_doubt(&liveness, now);
        assert_int_equal(qn_liveness_poll(&liveness, 2, now), QN_LIVENESS_WAIT);
    }
}

static void a_link_that_is_watched_closely_is_asked_each_second(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    qn_liveness_init(&liveness, 5);
    qn_time_us now = answer(&liveness, 3 * QN_PING_QUIET_AFTER, true, 5);
    assert_int_equal(liveness.next_us, now + QN_PING_INTERVAL);
}

static void a_quiet_link_that_fails_to_answer_is_asked_each_second_again(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    unsigned pings = 0;
    qn_liveness_init(&liveness, 5);
    qn_time_us quiet = answer(&liveness, QN_PING_QUIET_AFTER, false, 5);
    qn_time_us now = liveness.next_us;
    for (; qn_liveness_poll(&liveness, 900 + pings, now) == QN_LIVENESS_SEND_PING; pings++) {
        now += QN_PING_INTERVAL;
        assert_true(pings < 10);
    }
    assert_int_equal(now, quiet + QN_PING_QUIET_INTERVAL + QN_PING_MISSED_MAX * QN_PING_INTERVAL);
}

static void a_link_that_missed_a_ping_is_not_quiet_for_a_while(void **state)
{
    (void)state;
    struct qn_liveness liveness;
    qn_liveness_init(&liveness, 5);
    (void)answer(&liveness, QN_PING_QUIET_AFTER, false, 5);
    qn_time_us now = liveness.next_us;
    assert_int_equal(qn_liveness_poll(&liveness, 700, now), QN_LIVENESS_SEND_PING);
    now = liveness.next_us;
    assert_int_equal(qn_liveness_poll(&liveness, 701, now), QN_LIVENESS_SEND_PING);
    assert_true(qn_liveness_on_pong(&liveness, 701, false, now + 10));
    assert_int_equal(liveness.next_us, now + QN_PING_INTERVAL);
    now = answer(&liveness, QN_PING_QUIET_AFTER, false, now);
    assert_int_equal(liveness.next_us, now + QN_PING_QUIET_INTERVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answered_ping_measures_the_round_trip),
        cmocka_unit_test(three_missed_pongs_drop_the_peer),
        cmocka_unit_test(a_link_that_answers_is_asked_less_often),
        cmocka_unit_test(a_quiet_link_in_doubt_is_asked_at_once),
        cmocka_unit_test(doubt_does_not_hurry_a_ping_under_way),
        cmocka_unit_test(a_link_that_is_watched_closely_is_asked_each_second),
        cmocka_unit_test(a_quiet_link_that_fails_to_answer_is_asked_each_second_again),
        cmocka_unit_test(a_link_that_missed_a_ping_is_not_quiet_for_a_while),
        cmocka_unit_test(a_late_or_forged_pong_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
