#include "peer/eviction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { MOST = 256 };
static const uint64_t key[2] = {11, 22};

/* In 20.group.x.y. */
static struct qn_eviction_candidate candidate(uint64_t link, unsigned group, qn_time_us since_us)
{
    struct qn_eviction_candidate candidate = {
        .link = link, .region = QN_REGION_EUROPE, .rtt_min_us = 50000, .since_us = since_us};
    const uint8_t ip[QN_NET_IP_LEN] = {0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0xff,
                                       0xff,
                                       20,
                                       (uint8_t)group,
                                       (uint8_t)(link >> 8),
                                       (uint8_t)link};
    memcpy(candidate.address.ip, ip, sizeof ip);
    candidate.address.port = 9876;
    return candidate;
}

/* For somebody of a network of its own. */
static uint64_t choose(struct qn_eviction_candidate *candidates, size_t count)
{
    bool diversifies = false;
    return qn_eviction_choose(candidates, count, key, NULL, &diversifies);
}

/* Evicts as long as anybody may go; survivors[link] tells who is left. */
static size_t evict_all(struct qn_eviction_candidate *held, size_t count, bool survivors[MOST])
{
    struct qn_eviction_candidate scratch[MOST];
    size_t evicted = 0;
    for (;;) {
        memcpy(scratch, held, count * sizeof held[0]);
        uint64_t link = choose(scratch, count);
        if (link == 0) {
            break;
        }
        size_t at = 0;
        while (held[at].link != link) {
            at += 1;
        }
        held[at] = held[count - 1];
        count -= 1;
        evicted += 1;
    }
    memset(survivors, 0, MOST * sizeof survivors[0]);
    for (size_t i = 0; i < count; i++) {
        survivors[held[i].link] = true;
    }
    return evicted;
}

static void nobody_is_evicted_where_all_have_merit(void **state)
{
    (void)state;
    struct qn_eviction_candidate few[3] = {candidate(1, 1, 1), candidate(2, 2, 2),
                                           candidate(3, 3, 3)};
    few[1].deliveries = 5;
    assert_int_equal(choose(few, 0), 0);
    assert_int_equal(choose(few, 3), 0);
}

static void the_order_of_the_candidates_does_not_matter(void **state)
{
    (void)state;
    struct qn_eviction_candidate held[64];
    struct qn_rng rng;
    uint64_t first = 0;
    qn_rng_init(&rng, 9);
    for (unsigned i = 0; i < 64; i++) {
        held[i] = candidate(i + 1, i % 7, 1000 - i);
    }
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 63; i > 0; i--) {
            size_t other = (size_t)qn_rng_below(&rng, i + 1);
            struct qn_eviction_candidate swapped = held[i];
            held[i] = held[other];
            held[other] = swapped;
        }
        struct qn_eviction_candidate scratch[64];
        memcpy(scratch, held, sizeof scratch);
        uint64_t chosen = choose(scratch, 64);
        assert_int_not_equal(chosen, 0);
        assert_true(round == 0 || chosen == first);
        first = chosen;
    }
}

/* 20 honest links that came first, from groups of their own; 100 newcomers of one attacker who holds 4 groups. */
static size_t flood(struct qn_eviction_candidate held[MOST])
{
    size_t count = 0;
    for (unsigned i = 0; i < 20; i++, count++) {
        held[count] = candidate(count + 1, 100 + i, QN_SECONDS(10 + i));
    }
    for (unsigned i = 0; i < 100; i++, count++) {
        held[count] = candidate(count + 1, i % 4, QN_SECONDS(1000 + i));
        held[count].rtt_min_us = 1000; /* as near as it likes */
    }
    return count;
}

static void a_flood_of_newcomers_evicts_newcomers_of_the_flood(void **state)
{
    (void)state;
    struct qn_eviction_candidate held[MOST];
    struct qn_eviction_candidate scratch[MOST];
    size_t count = flood(held);
    for (unsigned round = 0; round < 5000;
         round++) { /* one more comes, one goes, again and again */
        memcpy(scratch, held, count * sizeof held[0]);
        uint64_t link = choose(scratch, count);
        assert_true(link > 20);
        size_t at = 0;
        while (held[at].link != link) {
            at += 1;
        }
        held[at] = candidate(link, round % 4, QN_SECONDS(2000 + round));
        held[at].rtt_min_us = 1000;
    }
}

static void the_best_by_each_measure_survive_everything(void **state)
{
    (void)state;
    struct qn_eviction_candidate held[MOST];
    bool survivors[MOST];
    size_t count = flood(held);
    held[0] = candidate(1, 7, QN_SECONDS(5000)); /* the youngest of all, but the nearest */
    held[0].rtt_min_us = 200;
    held[1] = candidate(2, 7, QN_SECONDS(5001)); /* and one that brings news first */
    held[1].deliveries = 1000;
    held[2] = candidate(3, 7, QN_SECONDS(5002)); /* and the only one of its region */
    held[2].region = QN_REGION_AFRICA;
    size_t evicted = evict_all(held, count, survivors);
    assert_in_range(evicted, 1, count - 3);
    assert_true(survivors[1] && survivors[2] && survivors[3]);
}

static void the_youngest_of_the_largest_group_goes_first(void **state)
{
    (void)state;
    struct qn_eviction_candidate held[40];
    for (unsigned i = 0; i < 40; i++) { /* group 9 has ten, the others one each */
        held[i] = candidate(i + 1, i < 10 ? 9 : 50 + i, QN_SECONDS(100 + (i < 10 ? 100 + i : i)));
    }
    held[19].since_us = QN_SECONDS(1000); /* the youngest of all, but alone in its network */
    assert_int_equal(choose(held, 40), 10);
}

static void the_older_half_stays_even_of_a_large_group(void **state)
{
    (void)state;
    struct qn_eviction_candidate held[40];
    for (unsigned i = 0; i < 40; i++) { /* the ten of group 9 came first */
        held[i] = candidate(i + 1, i < 10 ? 9 : 50 + i, QN_SECONDS(100 + i));
    }
    assert_true(choose(held, 40) > 10);
}

static void a_newcomer_of_a_small_network_makes_for_diversity(void **state)
{
    (void)state;
    struct qn_eviction_candidate held[MOST];
    bool diversifies = false;
    struct qn_net_address alone = candidate(1, 200, 0).address;
    struct qn_net_address of_the_flood = candidate(1, 2, 0).address;
    size_t count = flood(held);
    assert_int_not_equal(qn_eviction_choose(held, count, key, &alone, &diversifies), 0);
    assert_true(diversifies);
    count = flood(held);
    assert_int_not_equal(qn_eviction_choose(held, count, key, &of_the_flood, &diversifies), 0);
    assert_false(diversifies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_evicted_where_all_have_merit),
        cmocka_unit_test(the_order_of_the_candidates_does_not_matter),
        cmocka_unit_test(a_flood_of_newcomers_evicts_newcomers_of_the_flood),
        cmocka_unit_test(the_best_by_each_measure_survive_everything),
        cmocka_unit_test(the_youngest_of_the_largest_group_goes_first),
        cmocka_unit_test(the_older_half_stays_even_of_a_large_group),
        cmocka_unit_test(a_newcomer_of_a_small_network_makes_for_diversity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
