#include "base/metrics.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nearest_rank_of_a_known_list(void **state)
{
    uint32_t values[] = {50, 15, 40, 20, 35};

    (void)state;
    assert_int_equal(qn_quantile(values, 5, 50), 15);
    assert_int_equal(qn_quantile(values, 5, 300), 20);
    assert_int_equal(qn_quantile(values, 5, 400), 20);
    assert_int_equal(qn_quantile(values, 5, 401), 35);
    assert_int_equal(qn_quantile(values, 5, 500), 35);
    assert_int_equal(qn_quantile(values, 5, 1000), 50);
    assert_int_equal(qn_quantile(values, 5, 1), 15);
}

static void one_value_is_every_quantile_and_none_is_zero(void **state)
{
    uint32_t value = 7;

    (void)state;
    assert_int_equal(qn_quantile(&value, 1, 1), 7);
    assert_int_equal(qn_quantile(&value, 1, 1000), 7);
    assert_int_equal(qn_quantile(NULL, 0, 500), 0);
}

static void quantile_sorts_its_values(void **state)
{
    struct qn_rng rng;
    uint32_t values[300];

    (void)state;
    qn_rng_init(&rng, 1);
    for (size_t count = 1; count <= QN_ARRAY_COUNT(values); count++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            values[i] = (uint32_t)qn_rng_below(&rng, count); /* with repetitions */
            sum += values[i];
        }
        (void)qn_quantile(values, count, 500);
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 || values[i - 1] <= values[i]);
            sum -= values[i];
        }
        assert_int_equal(sum, 0);
    }
}

static void the_ring_holds_the_newest_samples(void **state)
{
    static struct qn_samples samples;

    (void)state;
    assert_int_equal(qn_samples_held(&samples), 0);
    assert_int_equal(qn_samples_quantile(&samples, 500), 0);
    for (uint64_t i = 1; i <= QN_SAMPLES_MAX; i++) {
        qn_samples_add(&samples, i);
        assert_int_equal(qn_samples_held(&samples), i);
    }
    assert_int_equal(qn_samples_quantile(&samples, 1), 2); /* rank ceil(1.024) */
    assert_int_equal(qn_samples_quantile(&samples, 1000), QN_SAMPLES_MAX);
    for (uint64_t i = 0; i < 10; i++) {
        qn_samples_add(&samples, 5000);
    }
    assert_int_equal(qn_samples_held(&samples), QN_SAMPLES_MAX);
    assert_int_equal(samples.count, QN_SAMPLES_MAX + 10);
    assert_int_equal(qn_samples_quantile(&samples, 1), 12); /* 1 to 10 are gone */
    assert_int_equal(qn_samples_quantile(&samples, 1000), 5000);
}

static void asking_does_not_disturb_the_ring(void **state)
{
    static struct qn_samples samples;

    (void)state;
    qn_samples_add(&samples, 9);
    qn_samples_add(&samples, 3);
    assert_int_equal(qn_samples_quantile(&samples, 500), 3);
    assert_int_equal(samples.values[0], 9);
    assert_int_equal(samples.values[1], 3);
}

static void a_huge_sample_saturates(void **state)
{
    static struct qn_samples samples;

    (void)state;
    qn_samples_add(&samples, (uint64_t)UINT32_MAX + 1);
    assert_int_equal(qn_samples_quantile(&samples, 500), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_rank_of_a_known_list),
        cmocka_unit_test(one_value_is_every_quantile_and_none_is_zero),
        cmocka_unit_test(quantile_sorts_its_values),
        cmocka_unit_test(the_ring_holds_the_newest_samples),
        cmocka_unit_test(asking_does_not_disturb_the_ring),
        cmocka_unit_test(a_huge_sample_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
