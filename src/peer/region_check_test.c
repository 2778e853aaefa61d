#include "peer/region_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "peer/landmarks.h"
#include "peer/testing/sites.h"

static uint64_t seed = 3;

static void a_verdict_needs_three_groups(void **state)
{
    (void)state;
    const struct qn_region_evidence near[] = {
        {1, QN_REGION_EUROPE, 9000}, {2, QN_REGION_EUROPE, 12000}, {3, QN_REGION_ASIA, 170000}};
    assert_int_equal(qn_region_check(QN_REGION_EUROPE, near, 0), QN_REGION_UNKNOWN);
    assert_int_equal(qn_region_check(QN_REGION_EUROPE, near, 2), QN_REGION_UNKNOWN);
    assert_int_equal(qn_region_check(QN_REGION_EUROPE, near, 3), QN_REGION_VERIFIED);
}

static void one_group_has_one_say(void **state)
{
    (void)state;
    const struct qn_region_evidence same[] = {{1, QN_REGION_EUROPE, 9000},
                                              {1, QN_REGION_EUROPE, 9000},
                                              {1, QN_REGION_EUROPE, 9000},
                                              {2, QN_REGION_ASIA, 170000},
                                              {3, QN_REGION_ASIA, 170000}};
    assert_int_equal(qn_region_check(QN_REGION_EUROPE, same, 5), QN_REGION_UNKNOWN);
}

static void what_was_not_measured_says_nothing(void **state)
{
    (void)state;
    const struct qn_region_evidence some[] = {{1, QN_REGION_EUROPE, 9000},
                                              {2, QN_REGION_EUROPE, 0},
                                              {3, QN_REGION_ASIA, 0},
                                              {2, QN_REGION_EUROPE, 8000},
                                              {3, QN_REGION_AFRICA, 90000}};
    assert_int_equal(qn_region_check(QN_REGION_EUROPE, some, 3), QN_REGION_UNKNOWN);
    assert_int_equal(qn_region_check(QN_REGION_EUROPE, some, 5), QN_REGION_VERIFIED);
}

static void faster_than_light_is_refuted(void **state)
{
    (void)state;
    const struct qn_region_evidence liar[] = {
        {1, QN_REGION_EUROPE, 20000}, {2, QN_REGION_EUROPE, 30000}, {3, QN_REGION_OCEANIA, 270000}};
    assert_int_equal(qn_region_check(QN_REGION_OCEANIA, liar, 3), QN_REGION_REFUTED);
}

static void one_lying_landmark_neither_verifies_nor_refutes(void **state)
{
    (void)state;
    const struct qn_region_evidence flattered[] = {{1, QN_REGION_OCEANIA, 5000},
                                                   {2, QN_REGION_OCEANIA, 270000},
                                                   {3, QN_REGION_OCEANIA, 260000}};
    const struct qn_region_evidence slandered[] = {
        {1, QN_REGION_EUROPE, 1}, {2, QN_REGION_OCEANIA, 20000}, {3, QN_REGION_OCEANIA, 26000}};
    assert_int_equal(qn_region_check(QN_REGION_OCEANIA, flattered, 3), QN_REGION_UNKNOWN);
    assert_int_equal(qn_region_check(QN_REGION_OCEANIA, slandered, 3), QN_REGION_VERIFIED);
}

static void two_against_two_is_no_verdict(void **state)
{
    (void)state;
    const struct qn_region_evidence torn[] = {{1, QN_REGION_EUROPE, 1},
                                              {2, QN_REGION_EUROPE, 1},
                                              {3, QN_REGION_OCEANIA, 20000},
                                              {4, QN_REGION_OCEANIA, 26000}};
    assert_int_equal(qn_region_check(QN_REGION_OCEANIA, torn, 4), QN_REGION_UNKNOWN);
}

/* No two sites of different regions are nearer than the table says, and each entry has two that are about as
 * near. */
static void the_table_is_that_of_the_sites(void **state)
{
    (void)state;
    unsigned nearest[QN_REGION_COUNT][QN_REGION_COUNT];
    memset(nearest, 0xff, sizeof nearest);
    for (size_t a = 0; a < QN_SITES_COUNT; a++) {
        for (size_t b = 0; b < QN_SITES_COUNT; b++) {
            unsigned *least = &nearest[qn_sites[a].region][qn_sites[b].region];
            unsigned km = a == b ? *least : qn_site_distance_km(&qn_sites[a], &qn_sites[b]);
            *least = km < *least ? km : *least;
        }
    }
    for (enum qn_region a = 0; a < QN_REGION_COUNT; a++) {
        assert_int_equal(qn_region_floor_us(a, a), 0);
        for (enum qn_region b = 0; b < a; b++) {
            assert_int_equal(qn_region_floor_us(a, b), qn_region_floor_us(b, a));
            assert_in_range(qn_region_floor_us(a, b) / 9, nearest[a][b] - 15, nearest[a][b]);
        }
    }
}

/* Cables are 1.3 to 1.9 times as long as the straight line, and each end adds something. */
static uint32_t round_trip(struct qn_rng *rng, const struct qn_site *a, const struct qn_site *b)
{
    uint64_t stretch = 1300 + qn_rng_below(rng, 600);
    uint64_t us = (uint64_t)qn_site_distance_km(a, b) * 979 * stretch / 100000;
    return (uint32_t)(us + 300 + qn_rng_below(rng, 3000));
}

static const struct qn_site *site_in(struct qn_rng *rng, enum qn_region region)
{
    for (;;) {
        const struct qn_site *site = &qn_sites[qn_rng_below(rng, QN_SITES_COUNT)];
        if (region == QN_REGION_COUNT || site->region == region) {
            return site;
        }
    }
}

/* A node at a random site of one region declares another, and is measured by its landmarks. One that knows
 * about all this answers late to everybody who is not in the region that it declares. */
static enum qn_region_verdict judge(struct qn_rng *rng, enum qn_region is, enum qn_region declares,
                                    bool answers_late)
{
    struct qn_region_evidence evidence[QN_LANDMARKS_MAX];
    const struct qn_site *here = site_in(rng, is);
    for (size_t i = 0; i < QN_LANDMARKS_MAX; i++) {
        const struct qn_site *there =
            site_in(rng, i < QN_LANDMARKS_OWN_MAX ? declares : QN_REGION_COUNT);
        evidence[i] = (struct qn_region_evidence){i + 1, there->region, 0};
        evidence[i].rtt_us = round_trip(rng, here, there);
        evidence[i].rtt_us += answers_late && there->region != declares ? 400000 : 0;
    }
    return qn_region_check(declares, evidence, QN_LANDMARKS_MAX);
}

enum { TRIALS = 1000 };

static void honest_nodes_are_verified_and_none_is_refuted(void **state)
{
    (void)state;
    struct qn_rng rng;
    qn_rng_init(&rng, seed);
    for (enum qn_region region = 0; region < QN_REGION_COUNT; region++) {
        unsigned verdicts[3] = {0};
        for (int i = 0; i < TRIALS; i++) {
            verdicts[judge(&rng, region, region, false)] += 1;
        }
        printf("honest %-14s verified %5.1f %% (seed %llu)\n", qn_region_name(region),
               100.0 * verdicts[QN_REGION_VERIFIED] / TRIALS, (unsigned long long)seed);
        assert_true(verdicts[QN_REGION_VERIFIED] > TRIALS * 7 / 10);
        assert_int_equal(verdicts[QN_REGION_REFUTED], 0);
    }
}

static bool are_neighbours(enum qn_region a, enum qn_region b)
{
    return qn_region_floor_us(a, b) < 30000;
}

static void who_declares_a_far_region_is_found_out(void **state)
{
    (void)state;
    struct qn_rng rng;
    qn_rng_init(&rng, seed);
    printf(
        "verified although elsewhere, in %% (rows: is in, columns: declares), answering late:\n");
    for (enum qn_region is = 0; is < QN_REGION_COUNT; is++) {
        printf("%-14s", qn_region_name(is));
        for (enum qn_region declares = 0; declares < QN_REGION_COUNT; declares++) {
            unsigned verified = 0;
            unsigned refuted = 0;
            for (int i = 0; i < TRIALS && is != declares; i++) {
                verified += judge(&rng, is, declares, true) == QN_REGION_VERIFIED;
                refuted += judge(&rng, is, declares, false) == QN_REGION_REFUTED;
            }
            printf(" %5.1f (refuted %5.1f)", 100.0 * verified / TRIALS, 100.0 * refuted / TRIALS);
            if (is != declares && !are_neighbours(is, declares)) {
                assert_true(verified <= TRIALS / 10);
            }
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_needs_three_groups),
        cmocka_unit_test(one_group_has_one_say),
        cmocka_unit_test(what_was_not_measured_says_nothing),
        cmocka_unit_test(faster_than_light_is_refuted),
        cmocka_unit_test(one_lying_landmark_neither_verifies_nor_refutes),
        cmocka_unit_test(two_against_two_is_no_verdict),
        cmocka_unit_test(the_table_is_that_of_the_sites),
        cmocka_unit_test(honest_nodes_are_verified_and_none_is_refuted),
        cmocka_unit_test(who_declares_a_far_region_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
