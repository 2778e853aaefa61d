#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The generator's published first outputs for the state {1, 2, 3, 4}. */
static void next_gives_the_reference_sequence(void **state)
{
    static const uint64_t expected[] = {11520,
                                        0,
                                        1509978240,
                                        1215971899390074240,
                                        1216172134540287360,
                                        607988272756665600,
                                        16172922978634559625U,
                                        8476171486693032832,
                                        10595114339597558777U,
                                        2904607092377533576};
    struct qn_rng rng = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(expected); i++) {
        assert_int_equal(qn_rng_next(&rng), expected[i]);
    }
}

/* splitmix64's published outputs for the seed 1234567. */
static void the_seed_is_spread_over_the_state(void **state)
{
    struct qn_rng rng;

    (void)state;
    qn_rng_init(&rng, 1234567);
    assert_int_equal(rng.state[0], 6457827717110365317);
    assert_int_equal(rng.state[1], 3203168211198807973);
    assert_int_equal(rng.state[2], 9817491932198370423U);
    assert_int_equal(rng.state[3], 4593380528125082431);
}

static void below_stays_below_and_reaches_every_value(void **state)
{
    struct qn_rng rng;
    unsigned seen[7] = {0};

    (void)state;
    qn_rng_init(&rng, 42);
    for (int i = 0; i < 7000; i++) {
        uint64_t value = qn_rng_below(&rng, 7);
        assert_true(value < 7);
        seen[value]++;
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(seen); i++) {
        assert_in_range(seen[i], 850, 1150); /* 1000 with a standard deviation of 29 */
    }
    assert_int_equal(qn_rng_below(&rng, 1), 0);
}

/* With bound 3 * 2^62 a plain remainder would fall into the lowest third half of the time. */
static void below_has_no_modulo_bias(void **state)
{
    struct qn_rng rng;
    unsigned low = 0;

    (void)state;
    qn_rng_init(&rng, 7);
    for (int i = 0; i < 3000; i++) {
        low += qn_rng_below(&rng, (uint64_t)3 << 62) < (uint64_t)1 << 62 ? 1 : 0;
    }
    assert_in_range(low, 850, 1150); /* 1500 if biased */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_gives_the_reference_sequence),
        cmocka_unit_test(the_seed_is_spread_over_the_state),
        cmocka_unit_test(below_stays_below_and_reaches_every_value),
        cmocka_unit_test(below_has_no_modulo_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
