/* Many random runs of the whole protocol. --seed N replays one, --runs N sets how many,
 * --transcript shows everything that happens. */
#include "consensus/testing/random_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t first_seed = 1;
static uint64_t run_count = 60;
static bool transcript;

static void everything_submitted_becomes_final_whatever_happened_before(void **state)
{
    (void)state;
    uint64_t blocks = 0;
    uint64_t views = 0;
    uint64_t syncs = 0;
    size_t actions = 0;

    for (uint64_t seed = first_seed; seed < first_seed + run_count; seed++) {
        struct random_run run;
        (transcript ? random_run_transcript : random_run)(&run, seed);
        if (!run.ok) {
            fail_msg("%s; replay with --seed %llu", run.what, (unsigned long long)seed);
        }
        blocks += run.blocks;
        views += run.views;
        syncs += run.syncs;
        actions = run.actions_max > actions ? run.actions_max : actions;
    }
    print_message("%llu runs from seed %llu: %llu blocks, %llu views, %llu syncs, at most %zu "
                  "actions of one event\n",
                  (unsigned long long)run_count, (unsigned long long)first_seed,
                  (unsigned long long)blocks, (unsigned long long)views, (unsigned long long)syncs,
                  actions);
    assert_true(actions < QN_CONSENSUS_ACTIONS_MAX / 2);
}

static void the_same_seed_gives_the_same_trace(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + 5; seed++) {
        struct random_run first;
        struct random_run second;
        random_run(&first, seed);
        random_run(&second, seed);
        assert_int_equal(first.trace, second.trace);
        assert_int_equal(first.views, second.views);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";
        if (strcmp(argv[i], "--seed") == 0) {
            first_seed = strtoull(value, NULL, 10);
            run_count = 1;
        } else if (strcmp(argv[i], "--runs") == 0) {
            run_count = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--transcript") == 0) {
            transcript = true;
        }
    }
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_submitted_becomes_final_whatever_happened_before),
        cmocka_unit_test(the_same_seed_gives_the_same_trace),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
