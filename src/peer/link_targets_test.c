#include "peer/link_targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "peer/balancer.h"
#include "peer/peer_limits.h"

enum { NODES_MAX = 100, SEED = 5 };

static struct qn_link_targets of(struct qn_link_targets_ask ask)
{
    struct qn_link_targets targets;
    qn_link_targets_set(&targets, &ask);
    return targets;
}

/* As long as nothing is known of the network, and where it is large. */
static void a_node_wants_sixteen_links_in_its_region_and_four_in_each_other(void **state)
{
    (void)state;
    struct qn_link_targets_ask asks[] = {
        {.region = QN_REGION_EUROPE, .places = 100},
        {.region = QN_REGION_EUROPE, .places = 100, .registered = {270, 80, 330, 240, 40, 40}},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(asks); i++) {
        struct qn_link_targets targets = of(asks[i]);
        for (size_t region = 0; region < QN_REGION_COUNT; region++) {
            bool is_own = region == QN_REGION_EUROPE;
            assert_int_equal(targets.hot[region], is_own ? QN_HOT_OWN_REGION : QN_HOT_OTHER_REGION);
            assert_int_equal(targets.own[region],
                             (is_own ? QN_HOT_OWN_REGION : QN_HOT_OTHER_REGION) / 2);
        }
    }
}

static void what_a_small_region_cannot_give_comes_from_others(void **state)
{
    (void)state;
    struct qn_link_targets_ask ask = {
        .region = QN_REGION_EUROPE, .places = 50, .registered = {60, 0, 60, 60, 1, 0}};
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        ask.luck[i] = UINT16_MAX; /* never the one of several */
    }
    struct qn_link_targets targets = of(ask);
    assert_int_equal(targets.hot[QN_REGION_AFRICA], 0); /* 40 links for 60 nodes */
    assert_int_equal(targets.hot[QN_REGION_EUROPE], QN_HOT_OWN_REGION + QN_HOT_OTHER_REGION);
    assert_int_equal(targets.hot[QN_REGION_ASIA], QN_HOT_OTHER_REGION);
    assert_int_equal(targets.total, QN_HOT_OWN_REGION + 3 * QN_HOT_OTHER_REGION);
    assert_int_equal(targets.hot[QN_REGION_OCEANIA], QN_HOT_OTHER_REGION); /* if somebody comes */
    ask.luck[QN_REGION_AFRICA] = 0;
    targets = of(ask);
    assert_int_equal(targets.hot[QN_REGION_AFRICA], 1);
    ask.region = QN_REGION_AFRICA; /* alone in its region */
    targets = of(ask);
    size_t others = targets.hot[QN_REGION_EUROPE] + targets.hot[QN_REGION_ASIA] +
                    targets.hot[QN_REGION_NORTH_AMERICA];
    assert_int_equal(others, QN_HOT_OWN_REGION + 3 * QN_HOT_OTHER_REGION);
}

/* Every node of a network, of sizes and shares of regions by chance: nobody's target is above what admission and
 * balancer let him hold, and all nodes of a region together want no more of another than that one has places. */
static void all_nodes_together_want_no_more_than_there_is(void **state)
{
    (void)state;
    struct qn_rng rng;
    qn_rng_init(&rng, SEED);
    print_message("seed %u\n", SEED);
    for (unsigned network = 0; network < 200; network++) {
        struct qn_link_targets_ask ask = {0};
        uint64_t total = 0;
        for (size_t i = 0; i < QN_REGION_COUNT; i++) {
            ask.registered[i] =
                qn_rng_below(&rng, NODES_MAX / QN_REGION_COUNT + 1) * qn_rng_below(&rng, 2 + i % 2);
            total += ask.registered[i];
        }
        ask.places = qn_peer_limit_steps[qn_peer_limit_step(total)].per_region;
        size_t most = ask.places * QN_BALANCE_HIGH_PERCENT / 100;
        for (size_t region = 0; region < QN_REGION_COUNT; region++) {
            size_t wanted[QN_REGION_COUNT] = {0};
            ask.region = (enum qn_region)region;
            for (size_t node = 0; node < ask.registered[region]; node++) {
                for (size_t i = 0; i < QN_REGION_COUNT; i++) { /* evenly, so that sums are exact */
                    ask.luck[i] = (uint16_t)(node * UINT16_MAX / ask.registered[region]);
                }
                struct qn_link_targets targets = of(ask);
                for (size_t i = 0; i < QN_REGION_COUNT; i++) {
                    assert_true(targets.hot[i] <= targets.most[i] && targets.most[i] <= most);
                    assert_true(targets.own[i] <= (targets.hot[i] + 1) / 2);
                    wanted[i] += targets.hot[i];
                }
            }
            for (size_t i = 0; i < QN_REGION_COUNT; i++) {
                bool is_there = ask.registered[i] > 0; /* 1: of rounding */
                assert_true(!is_there || wanted[i] <= ask.registered[i] * most + 1);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_wants_sixteen_links_in_its_region_and_four_in_each_other),
        cmocka_unit_test(what_a_small_region_cannot_give_comes_from_others),
        cmocka_unit_test(all_nodes_together_want_no_more_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
