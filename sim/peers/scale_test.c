/* The small form of what ./dev bench --scale measures: nobody who joins is left without neighbours, no limit is
 * passed, the network is one, and a node's peer layer takes what it may take. */
#include "sim/peers/scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    SEED = 1,
    SOON_MS = 15000,          /* 95 % of those who join have their neighbours by then */
    DIALS_PER_HOUR = 720,     /* of 95 % of the nodes, in the ten seconds after the joins: two */
    MEMORY_MAX = 2560 * 1024, /* bytes: the address book is the most of it */
};

static void run(size_t nodes, bool quick)
{
    static struct qn_peers_scale scale;

    print_message("seed %d\n", SEED);
    qn_peers_scale_run(&scale, nodes, SEED, quick);
    print_message("%zu nodes: %zu of %zu joined, 95 %% within %llu ms; %zu part(s); %llu dials an "
                  "hour; %llu KiB\n",
                  nodes, scale.joiners - scale.unfinished, scale.joiners,
                  (unsigned long long)scale.join_ms.p95, scale.islands,
                  (unsigned long long)scale.dials_per_hour.p95,
                  (unsigned long long)scale.memory_bytes / 1024);
    if (scale.broken != NULL) {
        print_message("%s\n", scale.broken);
    }
    assert_null(scale.broken);
    assert_int_equal(scale.unfinished, 0);
    assert_true(scale.joiners > 0 && scale.join_ms.p95 <= SOON_MS);
    assert_int_equal(scale.islands, 1);
    assert_true(scale.dials_per_hour.p95 <= DIALS_PER_HOUR);
    assert_true(scale.memory_bytes <= MEMORY_MAX);
}

static void everybody_finds_neighbours_in_a_network_of_100(void **state)
{
    (void)state;
    run(100, true);
}

static void everybody_finds_neighbours_in_a_network_of_10000(void **state)
{
    (void)state;
    run(10000, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_finds_neighbours_in_a_network_of_100),
        cmocka_unit_test(everybody_finds_neighbours_in_a_network_of_10000),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
