/* A network of simulated nodes over the six regions finds its coordinates from round trips, with and without
 * liars. Figures are printed. */
#include "peer/coordinates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { NODES = 60, ROUNDS = 400, REGIONS = 6, SEED_DEFAULT = 7 };
static uint64_t seed = SEED_DEFAULT;

/* Plausible round trips between the six regions, ms. */
static const uint32_t between_ms[REGIONS][REGIONS] = {
    {35, 130, 95, 160, 210, 175},  {130, 30, 195, 300, 330, 300}, {95, 195, 25, 170, 140, 270},
    {160, 300, 170, 60, 230, 130}, {210, 330, 140, 230, 70, 320}, {175, 300, 270, 130, 320, 30},
};

enum lie { NO_LIE, RANDOM_PLACES, ONE_FAR_PLACE, SLOW_ANSWERS };

struct network {
    struct qn_position positions[NODES];
    uint32_t access_us[NODES];
    size_t liars; /* the last ones */
    enum lie lie;
    struct qn_rng rng;
};

static void begin(struct network *network, size_t liars, enum lie lie)
{
    *network = (struct network){.liars = liars, .lie = lie};
    qn_rng_init(&network->rng, seed);
    for (size_t i = 0; i < NODES; i++) {
        qn_position_init(&network->positions[i]);
        network->access_us[i] = 500 + (uint32_t)qn_rng_below(&network->rng, 6000);
    }
}

static bool is_liar(const struct network *network, size_t node)
{
    return node >= NODES - network->liars;
}

static uint32_t true_rtt(const struct network *network, size_t a, size_t b)
{
    return between_ms[a % REGIONS][b % REGIONS] * 1000 + network->access_us[a] +
           network->access_us[b];
}

static struct qn_coordinates told(struct network *network, size_t node)
{
    struct qn_coordinates lie = {.error_ppm = 1};
    if (!is_liar(network, node) || network->lie == SLOW_ANSWERS) {
        return network->positions[node].at;
    }
    if (network->lie == ONE_FAR_PLACE) {
        lie.x = 3000000;
    } else {
        lie.x = (int32_t)qn_rng_below(&network->rng, 4000000) - 2000000;
        lie.y = (int32_t)qn_rng_below(&network->rng, 4000000) - 2000000;
        lie.z = (int32_t)qn_rng_below(&network->rng, 4000000) - 2000000;
    }
    return lie;
}

/* Each node pings one other per round; a tenth of jitter, never below the true round trip. */
static void run(struct network *network, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < NODES; i++) {
            size_t other = (i + 1 + qn_rng_below(&network->rng, NODES - 1)) % NODES;
            struct qn_coordinates theirs = told(network, other);
            uint32_t rtt = true_rtt(network, i, other);
            rtt += (uint32_t)qn_rng_below(&network->rng, rtt / 10);
            if (network->lie == SLOW_ANSWERS && is_liar(network, other)) {
                rtt += 1000000;
            }
            (void)qn_position_sample(&network->positions[i], &theirs, rtt,
                                     qn_rng_next(&network->rng));
        }
    }
}

static int compare(const void *a, const void *b)
{
    const uint32_t *left = a;
    const uint32_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* Of the estimates between honest nodes, relative to the true round trip. */
static uint32_t error_ppm(const struct network *network, unsigned percent)
{
    static uint32_t errors[NODES * NODES];
    size_t count = 0;
    for (size_t a = 0; a < NODES; a++) {
        for (size_t b = 0; b < a; b++) {
            if (!is_liar(network, a) && !is_liar(network, b)) {
                int64_t rtt = true_rtt(network, a, b);
                int64_t off = rtt - qn_coordinates_distance(&network->positions[a].at,
                                                            &network->positions[b].at);
                errors[count++] = (uint32_t)((off < 0 ? -off : off) * 1000000 / rtt);
            }
        }
    }
    qsort(errors, count, sizeof errors[0], compare);
    return errors[count * percent / 100];
}

static uint32_t show(const struct network *network, const char *what)
{
    uint32_t median = error_ppm(network, 50);
    printf("coordinates: %s: error of estimates p50 %.1f %% p90 %.1f %% (seed %llu)\n", what,
           (double)median / 1e4, (double)error_ppm(network, 90) / 1e4, (unsigned long long)seed);
    return median;
}

static void an_honest_network_converges(void **state)
{
    (void)state;
    struct network network;
    begin(&network, 0, NO_LIE);
    uint32_t before = error_ppm(&network, 50);
    unsigned rounds = 0;
    while (rounds < ROUNDS && error_ppm(&network, 50) > 150000) {
        run(&network, 10);
        rounds += 10;
    }
    printf("coordinates: median error below 15 %% after %u samples a node\n", rounds);
    assert_true(rounds <= 100);
    run(&network, ROUNDS);
    assert_true(before > 900000);
    assert_true(show(&network, "honest") < 120000);
    assert_true(error_ppm(&network, 90) < 300000);
}

static void a_fifth_of_liars_moves_nobody_far(void **state)
{
    (void)state;
    static const char *const names[] = {"", "20 % tell random places", "20 % tell one far place",
                                        "20 % answer a second late"};
    for (enum lie lie = RANDOM_PLACES; lie <= SLOW_ANSWERS; lie++) {
        struct network network;
        begin(&network, NODES / 5, lie);
        run(&network, ROUNDS);
        assert_true(show(&network, names[lie]) < 150000);
    }
}

static void liars_who_come_later_move_nobody_far(void **state)
{
    (void)state;
    struct network network;
    begin(&network, 0, NO_LIE);
    run(&network, ROUNDS);
    uint32_t before = error_ppm(&network, 50);
    network.liars = NODES / 5;
    network.lie = ONE_FAR_PLACE;
    uint64_t cut = network.positions[0].cut;
    run(&network, ROUNDS);
    assert_true(network.positions[0].cut > cut + ROUNDS / 10);
    assert_true(show(&network, "20 % begin to lie later") < before + 50000);
}

static void one_step_is_bounded_and_a_certain_stranger_is_not_believed_more(void **state)
{
    (void)state;
    struct qn_position position;
    struct qn_coordinates liar = {.x = 5000000, .error_ppm = 1};
    qn_position_init(&position);
    assert_true(qn_position_sample(&position, &liar, 1000, 99));
    assert_in_range(position.at.x, 1, 42000);
}

static void what_is_no_sample_changes_nothing(void **state)
{
    (void)state;
    struct qn_position position;
    struct qn_position before;
    struct qn_coordinates here = {.error_ppm = 1000};
    const struct qn_coordinates bad[] = {
        {.error_ppm = 0},
        {.error_ppm = 1000001},
        {.x = 5000001, .error_ppm = 1},
        {.y = -5000001, .error_ppm = 1},
        {.z = INT32_MIN, .error_ppm = 1},
        {.height = -1, .error_ppm = 1},
        {.height = INT32_MAX, .error_ppm = 1},
    };
    qn_position_init(&position);
    before = position;
    for (size_t i = 0; i < QN_ARRAY_COUNT(bad); i++) {
        assert_false(qn_position_sample(&position, &bad[i], 1000, 1));
    }
    assert_false(qn_position_sample(&position, &here, 0, 1));
    assert_false(qn_position_sample(&position, &here, QN_COORDINATES_RTT_MAX_US + 1, 1));
    assert_memory_equal(&position, &before, sizeof before);
}

static void extremes_stay_within_bounds(void **state)
{
    (void)state;
    struct qn_position position;
    struct qn_rng rng;
    qn_rng_init(&rng, seed);
    qn_position_init(&position);
    for (unsigned i = 0; i < 100000; i++) {
        struct qn_coordinates theirs = {
            .x = qn_rng_below(&rng, 2) == 0 ? -5000000 : 5000000,
            .y = qn_rng_below(&rng, 2) == 0 ? -5000000 : position.at.y,
            .z = qn_rng_below(&rng, 2) == 0 ? 5000000 : position.at.z,
            .height = qn_rng_below(&rng, 2) == 0 ? 0 : 5000000,
            .error_ppm = 1 + (int32_t)qn_rng_below(&rng, 1000000),
        };
        uint32_t rtt = qn_rng_below(&rng, 2) == 0 ? 1 : QN_COORDINATES_RTT_MAX_US;
        (void)qn_position_sample(&position, &theirs, rtt, qn_rng_next(&rng));
        assert_true(qn_coordinates_are_valid(&position.at));
    }
}

static void a_network_that_changed_is_learned_again(void **state)
{
    (void)state;
    struct network network;
    begin(&network, 0, NO_LIE);
    run(&network, ROUNDS);
    for (size_t i = 0; i < NODES; i++) { /* everybody's way out becomes long at once */
        network.access_us[i] += 60000;
    }
    assert_true(error_ppm(&network, 50) > 300000);
    run(&network, ROUNDS);
    assert_true(show(&network, "after a change of every round trip") < 150000);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_network_converges),
        cmocka_unit_test(a_fifth_of_liars_moves_nobody_far),
        cmocka_unit_test(liars_who_come_later_move_nobody_far),
        cmocka_unit_test(one_step_is_bounded_and_a_certain_stranger_is_not_believed_more),
        cmocka_unit_test(what_is_no_sample_changes_nothing),
        cmocka_unit_test(extremes_stay_within_bounds),
        cmocka_unit_test(a_network_that_changed_is_learned_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
