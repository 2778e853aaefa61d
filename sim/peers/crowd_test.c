/* Light nodes are what their numbers say, and everything about them can be had back. */
#include "sim/peers/crowd.h"

#include "sim/peers/geography.h"
#include "sim/peers/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HONEST = 3000, HOSTILE = 1000, HOSTILE_GROUPS = 32, SEED = 7 };

static int make(void **state)
{
    struct qn_crowd *crowd = malloc(sizeof *crowd);

    qn_crowd_init(crowd, &(struct qn_crowd_plan){.seed = SEED,
                                                 .honest = HONEST,
                                                 .hostile = HOSTILE,
                                                 .hostile_groups = HOSTILE_GROUPS,
                                                 .hostile_region = -1});
    *state = crowd;
    return 0;
}

static int drop(void **state)
{
    qn_crowd_fini(*state);
    free(*state);
    return 0;
}

static void ids_give_their_numbers_back(void **state)
{
    const struct qn_crowd *crowd = *state;

    for (uint32_t i = 0; i < crowd->count; i++) {
        struct qn_node_id id = qn_crowd_id(crowd, i);
        assert_int_equal(qn_crowd_find(crowd, &id), i);
        id.bytes[9] ^= 1;
        assert_int_equal(qn_crowd_find(crowd, &id), QN_CROWD_NOBODY);
    }
}

static int compare_ips(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void addresses_are_global_and_their_own(void **state)
{
    const struct qn_crowd *crowd = *state;
    static uint32_t ips[HONEST + HOSTILE];

    for (uint32_t i = 0; i < crowd->count; i++) {
        struct qn_net_address address = qn_crowd_address(crowd, i);
        assert_int_equal(qn_net_scope(&address), QN_NET_GLOBAL);
        assert_true(qn_net_address_is_usable(&address));
        ips[i] = crowd->nodes[i].ip;
    }
    qsort(ips, crowd->count, sizeof *ips, compare_ips);
    for (size_t i = 1; i < crowd->count; i++) {
        assert_true(ips[i] != ips[i - 1]);
    }
}

static void hostile_nodes_have_their_networks_to_themselves(void **state)
{
    const struct qn_crowd *crowd = *state;
    bool seen[HOSTILE_GROUPS] = {false};
    size_t hostile = 0;
    size_t groups = 0;

    for (uint32_t i = 0; i < crowd->count; i++) {
        uint32_t group = crowd->nodes[i].ip >> 16;
        if (!crowd->nodes[i].hostile) {
            assert_true(group < 110U << 8);
            continue;
        }
        hostile += 1;
        assert_true(group >= 110U << 8 && group < (110U << 8) + HOSTILE_GROUPS);
        groups += seen[group - (110U << 8)] ? 0 : 1;
        seen[group - (110U << 8)] = true;
    }
    assert_int_equal(hostile, HOSTILE);
    assert_int_equal(groups, HOSTILE_GROUPS);
}

static void round_trips_are_the_same_both_ways_and_longer_between_regions(void **state)
{
    const struct qn_crowd *crowd = *state;
    struct qn_rng rng;

    qn_rng_init(&rng, SEED);
    for (uint32_t i = 1; i < crowd->count; i++) {
        uint32_t rtt_us = qn_crowd_rtt_us(crowd, 0, i);
        assert_int_equal(rtt_us, qn_crowd_rtt_us(crowd, i, 0));
        assert_true(qn_geography_sample_us(&rng, rtt_us) >= rtt_us);
    }
    for (unsigned a = 0; a < QN_REGION_COUNT; a++) {
        for (unsigned b = 0; b < QN_REGION_COUNT; b++) {
            uint32_t between = qn_geography_base_us((enum qn_region)a, (enum qn_region)b);
            assert_int_equal(between, qn_geography_base_us((enum qn_region)b, (enum qn_region)a));
            assert_true(a == b ||
                        between > qn_geography_base_us((enum qn_region)a, (enum qn_region)a));
        }
    }
}

static void events_come_by_time_and_then_as_they_were_added(void **state)
{
    struct qn_timeline timeline;
    struct qn_timeline_event event = {0};
    struct qn_timeline_event before = {0};
    struct qn_rng rng;
    size_t taken = 0;

    (void)state;
    qn_rng_init(&rng, SEED);
    qn_timeline_init(&timeline);
    for (uint32_t i = 0; i < 5000; i++) {
        qn_timeline_add(&timeline,
                        (struct qn_timeline_event){.at = qn_rng_below(&rng, 500), .node = i});
    }
    size_t first = qn_timeline_take(&timeline, &event, 0) ? 1 : 0;
    assert_int_equal(event.at, 0);
    for (; qn_timeline_take(&timeline, &event, UINT64_MAX); taken++) {
        assert_true(event.at > before.at || event.at == before.at);
        assert_true(taken == 0 || event.at > before.at || event.node > before.node);
        before = event;
    }
    assert_int_equal(taken + first, 5000);
    qn_timeline_fini(&timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_give_their_numbers_back, make, drop),
        cmocka_unit_test_setup_teardown(addresses_are_global_and_their_own, make, drop),
        cmocka_unit_test_setup_teardown(hostile_nodes_have_their_networks_to_themselves, make,
                                        drop),
        cmocka_unit_test_setup_teardown(
            round_trips_are_the_same_both_ways_and_longer_between_regions, make, drop),
        cmocka_unit_test(events_come_by_time_and_then_as_they_were_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
