/* A network of light nodes with whole ones in it: those find their places, and the same seed is the same
 * story. */
#include "sim/peers/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEED = 11 };

struct story {
    uint64_t dials;
    uint64_t links;
    uint64_t news;
};

static struct story run(size_t nodes, size_t hosts, uint64_t seed, qn_time_us duration)
{
    static struct qn_peers_world world;
    struct qn_peers_plan plan = {
        .crowd = {.seed = seed, .honest = nodes}, .hosts = hosts, .links_max = 256};
    struct story story = {0};

    qn_peers_world_init(&world, &plan, NULL);
    qn_peers_start_all(&world, QN_SECONDS(1));
    qn_peers_run_for(&world, duration);
    assert_null(world.broken);
    for (size_t i = 0; i < world.host_count; i++) {
        struct qn_peers_degree degree;
        const struct qn_peering_counts *counts = qn_peering_counts(world.hosts[i].peering);
        qn_peers_degree(&world, i, &degree);
        assert_int_equal(degree.in + degree.out, counts->live);
        assert_true(counts->live >= 4);
        story.links += counts->live;
    }
    story.dials = world.dials;
    story.news = world.news;
    qn_peers_world_fini(&world);
    return story;
}

static void whole_nodes_find_their_places(void **state)
{
    (void)state;
    (void)run(60, 60, SEED, QN_SECONDS(20));
}

static void whole_nodes_find_their_places_among_light_ones(void **state)
{
    (void)state;
    (void)run(5000, 30, SEED, QN_SECONDS(20));
}

static void the_same_seed_is_the_same_story(void **state)
{
    (void)state;
    struct story a = run(500, 10, SEED, QN_SECONDS(10));
    struct story b = run(500, 10, SEED, QN_SECONDS(10));
    struct story c = run(500, 10, SEED + 1, QN_SECONDS(10));

    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_nodes_find_their_places),
        cmocka_unit_test(whole_nodes_find_their_places_among_light_ones),
        cmocka_unit_test(the_same_seed_is_the_same_story),
    };

    (void)printf("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
