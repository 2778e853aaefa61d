#include "base/deadlines.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { CAPACITY = 50, STEPS = 20000, SPAN = 40 };

static uint64_t seed;

static void nothing_is_due_that_was_not_set(void **state)
{
    struct qn_deadlines deadlines;
    uint32_t number = 7;

    (void)state;
    qn_deadlines_init(&deadlines, CAPACITY);
    assert_false(qn_deadlines_next(&deadlines, &number, UINT64_MAX));
    qn_deadlines_clear(&deadlines, 3);
    assert_false(qn_deadlines_next(&deadlines, &number, UINT64_MAX));
    assert_int_equal(number, 7);
    qn_deadlines_fini(&deadlines);
}

static void a_deadline_comes_once_and_not_early(void **state)
{
    struct qn_deadlines deadlines;
    uint32_t number = 7;

    (void)state;
    qn_deadlines_init(&deadlines, CAPACITY);
    qn_deadlines_set(&deadlines, 4, 100);
    assert_false(qn_deadlines_next(&deadlines, &number, 99));
    assert_true(qn_deadlines_next(&deadlines, &number, 100));
    assert_int_equal(number, 4);
    assert_false(qn_deadlines_next(&deadlines, &number, 100));
    qn_deadlines_fini(&deadlines);
}

/* What the heap has to give out next, found by looking at everything. */
static bool next_naively(qn_time_us *due, uint32_t *number, qn_time_us now)
{
    size_t first = CAPACITY;

    for (size_t i = 0; i < CAPACITY; i++) {
        if (due[i] <= now && (first == CAPACITY || due[i] < due[first])) {
            first = i;
        }
    }
    if (first == CAPACITY) {
        return false;
    }
    *number = (uint32_t)first;
    due[first] = UINT64_MAX;
    return true;
}

static void order_is_that_of_a_naive_search_under_random_steps(void **state)
{
    struct qn_deadlines deadlines;
    struct qn_rng rng;
    qn_time_us due[CAPACITY];
    qn_time_us now = 0;

    (void)state;
    printf("seed %llu\n", (unsigned long long)seed);
    qn_rng_init(&rng, seed);
    memset(due, 0xff, sizeof due);
    qn_deadlines_init(&deadlines, CAPACITY);
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t number = (uint32_t)qn_rng_below(&rng, CAPACITY);
        uint32_t wanted = UINT32_MAX;
        uint32_t found = UINT32_MAX;
        switch (qn_rng_below(&rng, 4)) {
        case 0:
        case 1:
            due[number] = now + qn_rng_below(&rng, SPAN); /* equal ones are frequent */
            qn_deadlines_set(&deadlines, number, due[number]);
            break;
        case 2:
            due[number] = UINT64_MAX;
            qn_deadlines_clear(&deadlines, number);
            break;
        default:
            now += 1;
            assert_int_equal(qn_deadlines_next(&deadlines, &found, now),
                             next_naively(due, &wanted, now));
            assert_int_equal(found, wanted);
        }
    }
    qn_deadlines_fini(&deadlines);
}

int main(int argc, char **argv)
{
    seed = (uint64_t)time(NULL);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_that_was_not_set),
        cmocka_unit_test(a_deadline_comes_once_and_not_early),
        cmocka_unit_test(order_is_that_of_a_naive_search_under_random_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
