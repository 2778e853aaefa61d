#include "peer/peer_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer/peer_list.h"

static struct qn_peer_limits limits_of(size_t links, uint64_t memory, uint64_t bandwidth)
{
    struct qn_peer_limits limits;
    qn_peer_limits_init(&limits, &(struct qn_peer_budgets){.links_max = links,
                                                           .memory_max = memory,
                                                           .bandwidth_max = bandwidth});
    return limits;
}

static void a_network_s_size_gives_the_places_of_a_region(void **state)
{
    (void)state;
    static const struct {
        uint64_t active;
        size_t per_region;
    } cases[] = {{0, 8},      {1, 8},        {100, 8},      {101, 50},      {1000, 50},
                 {1001, 100}, {100000, 100}, {100001, 500}, {1000000, 500}, {16777216, 500}};
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_peer_limits limits = limits_of(1024, 0, 0);
        bool changed = qn_peer_limits_set_size(&limits, cases[i].active, 1);
        assert_int_equal(qn_peer_limits_per_region(&limits), cases[i].per_region);
        assert_int_equal(changed, cases[i].per_region != 8);
    }
}

static void limits_rise_at_once(void **state)
{
    (void)state;
    struct qn_peer_limits limits = limits_of(1024, 0, 0);
    assert_false(qn_peer_limits_set_size(&limits, 100, QN_SECONDS(1)));
    assert_true(qn_peer_limits_set_size(&limits, 101, QN_SECONDS(1)));
    assert_int_equal(qn_peer_limits_per_region(&limits), 50);
    assert_true(qn_peer_limits_set_size(&limits, 200000, QN_SECONDS(2)));
    assert_int_equal(qn_peer_limits_per_region(&limits), 500);
    assert_int_equal(limits.changes, 2);
}

static void limits_fall_after_ten_minutes_below_80_percent(void **state)
{
    (void)state;
    struct qn_peer_limits limits = limits_of(1024, 0, 0);
    qn_time_us start = QN_SECONDS(5);
    assert_true(qn_peer_limits_set_size(&limits, 101, start));
    for (unsigned second = 0; second < 3600; second++) { /* 80 % itself is not below it */
        assert_false(qn_peer_limits_set_size(&limits, 80, start + QN_SECONDS(second)));
    }
    assert_int_equal(qn_peer_limits_down_at(&limits), UINT64_MAX);
    start += QN_SECONDS(3600);
    for (unsigned second = 0; second < 600; second++) {
        assert_false(qn_peer_limits_set_size(&limits, 79, start + QN_SECONDS(second)));
    }
    assert_int_equal(qn_peer_limits_down_at(&limits), start + QN_SECONDS(600));
    assert_false(qn_peer_limits_set_size(&limits, 79, start + QN_SECONDS(600) - 1));
    assert_true(qn_peer_limits_set_size(&limits, 79, start + QN_SECONDS(600)));
    assert_int_equal(qn_peer_limits_per_region(&limits), 8);
    assert_int_equal(qn_peer_limits_down_at(&limits), UINT64_MAX);
}

static void a_moment_above_begins_the_ten_minutes_anew(void **state)
{
    (void)state;
    struct qn_peer_limits limits = limits_of(1024, 0, 0);
    assert_true(qn_peer_limits_set_size(&limits, 1500, 0));
    for (unsigned second = 1; second < 7200; second++) {
        uint64_t active = second % 599 == 0 ? 800 : 500;
        assert_false(qn_peer_limits_set_size(&limits, active, QN_SECONDS(second)));
    }
    assert_int_equal(qn_peer_limits_per_region(&limits), 100);
}

static void each_step_has_its_own_ten_minutes(void **state)
{
    (void)state;
    struct qn_peer_limits limits = limits_of(1024, 0, 0);
    assert_true(qn_peer_limits_set_size(&limits, 200000, 0));
    assert_false(qn_peer_limits_set_size(&limits, 50000, QN_SECONDS(1)));
    assert_false(qn_peer_limits_set_size(&limits, 500, QN_SECONDS(300)));
    assert_true(qn_peer_limits_set_size(&limits, 500, QN_SECONDS(601)));
    assert_int_equal(qn_peer_limits_per_region(&limits), 100);
    assert_false(qn_peer_limits_set_size(&limits, 500, QN_SECONDS(899)));
    assert_true(qn_peer_limits_set_size(&limits, 500, QN_SECONDS(900)));
    assert_int_equal(qn_peer_limits_per_region(&limits), 50);
    /* Everything gone at once: down to the bottom when the ten minutes are over. */
    assert_true(qn_peer_limits_set_size(&limits, 200000, QN_SECONDS(1000)));
    assert_false(qn_peer_limits_set_size(&limits, 0, QN_SECONDS(1001)));
    assert_true(qn_peer_limits_set_size(&limits, 0, QN_SECONDS(1601)));
    assert_int_equal(qn_peer_limits_per_region(&limits), 8);
}

static void assert_hot(const struct qn_peer_limits *limits, size_t hot, enum qn_peer_bound bound)
{
    enum qn_peer_bound binds = QN_BOUND_COUNT;
    assert_int_equal(qn_peer_limits_hot(limits, &binds), hot);
    assert_string_equal(qn_peer_bound_name(binds), qn_peer_bound_name(bound));
}

static void the_least_bound_gives_the_number_of_hot_peers(void **state)
{
    (void)state;
    struct qn_peer_limits limits = limits_of(1024, 0, 0);
    assert_hot(&limits, 48, QN_BOUND_SIZE);
    assert_int_equal(qn_peer_limits_links(&limits),
                     1024); /* others may dial us beyond what we aim at */
    assert_true(qn_peer_limits_set_size(&limits, 200000, 0));
    assert_hot(&limits, 1024, QN_BOUND_LINKS);
    limits = limits_of(20, 0, 0);
    assert_hot(&limits, 20, QN_BOUND_LINKS);
    uint64_t list = qn_peer_list_memory_of(8);
    limits = limits_of(1024, list + (uint64_t)10 * QN_LINK_MEMORY_LEN, 0);
    assert_hot(&limits, 10, QN_BOUND_MEMORY);
    limits = limits_of(1024, 0, (uint64_t)30 * QN_LINK_RATE_ASSUMED);
    assert_hot(&limits, 30, QN_BOUND_BANDWIDTH);
    assert_int_equal(qn_peer_limits_links(&limits), 30);
    limits = limits_of(1024, 1, 1);
    assert_hot(&limits, QN_LINKS_HOT_MIN, QN_BOUND_MEMORY);
    limits = limits_of(1, 1, 1); /* said in links, it holds */
    assert_int_equal(qn_peer_limits_links(&limits), 1);
}

static void bandwidth_is_divided_by_what_links_were_measured_to_take(void **state)
{
    (void)state;
    struct qn_peer_limits limits = limits_of(1024, 0, 100000);
    uint64_t bytes = 7;
    qn_peer_limits_on_traffic(&limits, bytes, 10, 0);
    assert_hot(&limits, 48, QN_BOUND_SIZE); /* 100,000 / 512 */
    for (unsigned second = 1; second <= 100; second++) {
        bytes += 50000;
        qn_peer_limits_on_traffic(&limits, bytes, 10, QN_SECONDS(second));
        qn_peer_limits_on_traffic(&limits, bytes, 10, QN_SECONDS(second) + 1);
    }
    assert_int_equal(limits.link_rate, 5000);
    assert_hot(&limits, 20, QN_BOUND_BANDWIDTH);
    for (unsigned second = 101; second <= 200; second++) { /* a fifth more changes no limit */
        bytes += 60000;
        qn_peer_limits_on_traffic(&limits, bytes, 10, QN_SECONDS(second));
    }
    assert_in_range(limits.link_rate, 5700, 6000);
    assert_hot(&limits, 20, QN_BOUND_BANDWIDTH);
    for (unsigned second = 201; second <= 300; second++) { /* no links: nothing is learned */
        qn_peer_limits_on_traffic(&limits, bytes, 0, QN_SECONDS(second));
    }
    assert_hot(&limits, 20, QN_BOUND_BANDWIDTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_s_size_gives_the_places_of_a_region),
        cmocka_unit_test(limits_rise_at_once),
        cmocka_unit_test(limits_fall_after_ten_minutes_below_80_percent),
        cmocka_unit_test(a_moment_above_begins_the_ten_minutes_anew),
        cmocka_unit_test(each_step_has_its_own_ten_minutes),
        cmocka_unit_test(the_least_bound_gives_the_number_of_hot_peers),
        cmocka_unit_test(bandwidth_is_divided_by_what_links_were_measured_to_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
