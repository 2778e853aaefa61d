/* The same seed is the same story, whatever ran before it and whoever watches. */
#include "sim/run.h"

#include "crypto/key.h"
#include "sim/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 3 };

static uint64_t trace_of(uint64_t seed, FILE *transcript)
{
    struct qn_sim_coverage coverage = {0};
    struct qn_sim_result result;

    qn_sim_run(&result, &coverage, seed, 0, transcript);
    assert_true(result.blocks > 0 && result.steps > 0);
    return result.trace;
}

static void the_same_seed_gives_the_same_trace(void **state)
{
    FILE *nowhere = fopen("/dev/null", "w");
    uint64_t first[SEEDS];

    (void)state;
    assert_non_null(nowhere);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        first[seed - 1] = trace_of(seed, NULL);
    }
    for (uint64_t seed = SEEDS; seed > 0; seed--) {
        assert_true(trace_of(seed, nowhere) == first[seed - 1]);
    }
    assert_true(first[0] != first[1]);
    (void)fclose(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_seed_gives_the_same_trace)};
    const char *why = NULL;

    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "%s\n", why);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_sim_keys_fini();
    qn_crypto_fini();
    return failed;
}
