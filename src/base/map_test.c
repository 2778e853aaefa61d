#include "base/map.h"

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

enum { CAPACITY = 40, KEYS = 64, ROUNDS = 200, STEPS = 1000 };

static uint64_t seed;

static void key_of(uint8_t key[QN_HASH_LEN], unsigned number)
{
    memset(key, 0, QN_HASH_LEN);
    key[QN_HASH_LEN - 1] = (uint8_t)number; /* keys that differ little, as hostile ones may */
}

static void an_empty_map_holds_nothing(void **state)
{
    struct qn_map map;
    uint8_t key[QN_HASH_LEN];
    uint32_t value = 5;

    (void)state;
    key_of(key, 0);
    qn_map_init(&map, 0, 1, 2);
    assert_false(qn_map_get(&map, &value, key));
    assert_int_equal(value, 5);
    assert_false(qn_map_remove(&map, key));
    assert_int_equal(qn_map_put(&map, key, 1), QN_ERR_FULL);
    qn_map_fini(&map);
}

static void put_replaces_a_present_key_even_when_full(void **state)
{
    struct qn_map map;
    uint8_t key[QN_HASH_LEN];
    uint32_t value = 0;

    (void)state;
    qn_map_init(&map, 2, 1, 2);
    for (unsigned i = 0; i < 2; i++) {
        key_of(key, i);
        assert_int_equal(qn_map_put(&map, key, i), QN_OK);
    }
    assert_int_equal(qn_map_put(&map, key, 77), QN_OK);
    assert_int_equal(map.count, 2);
    assert_true(qn_map_get(&map, &value, key));
    assert_int_equal(value, 77);
    assert_true(qn_map_get(&map, NULL, key));
    key_of(key, 9);
    assert_int_equal(qn_map_put(&map, key, 1), QN_ERR_FULL);
    assert_int_equal(map.count, 2);
    assert_false(qn_map_get(&map, NULL, key));
    qn_map_fini(&map);
}

static void clear_makes_room_again(void **state)
{
    struct qn_map map;
    uint8_t key[QN_HASH_LEN];

    (void)state;
    key_of(key, 1);
    qn_map_init(&map, 1, 3, 4);
    assert_int_equal(qn_map_put(&map, key, 1), QN_OK);
    qn_map_clear(&map);
    assert_int_equal(map.count, 0);
    assert_false(qn_map_get(&map, NULL, key));
    key_of(key, 2);
    assert_int_equal(qn_map_put(&map, key, 2), QN_OK);
    qn_map_fini(&map);
}

/* The naive model: is there a value at each key's number? */
struct model {
    bool present[KEYS];
    uint32_t values[KEYS];
    size_t count;
};

static void expect_same(const struct qn_map *map, const struct model *model)
{
    assert_int_equal(map->count, model->count);
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t key[QN_HASH_LEN];
        uint32_t value = 0;
        key_of(key, i);
        assert_int_equal(qn_map_get(map, &value, key), model->present[i]);
        assert_int_equal(value, model->present[i] ? model->values[i] : 0);
    }
}

static void step(struct qn_map *map, struct model *model, struct qn_rng *rng)
{
    uint8_t key[QN_HASH_LEN];
    unsigned number = (unsigned)qn_rng_below(rng, KEYS);

    key_of(key, number);
    if (qn_rng_below(rng, 5) < 2) {
        assert_int_equal(qn_map_remove(map, key), model->present[number]);
        model->count -= model->present[number] ? 1 : 0;
        model->present[number] = false;
        return;
    }
    uint32_t value = (uint32_t)qn_rng_next(rng);
    bool fits = model->present[number] || model->count < CAPACITY;
    assert_int_equal(qn_map_put(map, key, value), fits ? QN_OK : QN_ERR_FULL);
    if (fits) {
        model->count += model->present[number] ? 0 : 1;
        model->present[number] = true;
        model->values[number] = value;
    }
}

/* A new hash key each round: only some put entries at the end of the slots, where probing wraps. */
static void behaves_like_a_naive_map_under_random_steps(void **state)
{
    struct qn_rng rng;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    qn_rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        struct qn_map map;
        struct model model = {0};
        uint64_t hash_key0 = qn_rng_next(&rng);
        qn_map_init(&map, CAPACITY, hash_key0, qn_rng_next(&rng));
        for (int i = 0; i < STEPS; i++) {
            step(&map, &model, &rng);
            if (i % 8 == 0) {
                expect_same(&map, &model);
            }
        }
        qn_map_fini(&map);
    }
}

static void the_hash_key_decides_where_entries_go(void **state)
{
    struct qn_map a;
    struct qn_map b;
    uint8_t key[QN_HASH_LEN];
    unsigned differing = 0;

    (void)state;
    qn_map_init(&a, CAPACITY, 1, 2);
    qn_map_init(&b, CAPACITY, 3, 4);
    for (unsigned i = 0; i < CAPACITY; i++) {
        key_of(key, i);
        assert_int_equal(qn_map_put(&a, key, i), QN_OK);
        assert_int_equal(qn_map_put(&b, key, i), QN_OK);
    }
    for (size_t i = 0; i < a.slot_count; i++) {
        differing += a.slots[i].used != b.slots[i].used ? 1 : 0;
    }
    assert_true(differing > 10);
    qn_map_fini(&a);
    qn_map_fini(&b);
}

int main(int argc, char **argv)
{
    seed = (uint64_t)time(NULL);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_holds_nothing),
        cmocka_unit_test(put_replaces_a_present_key_even_when_full),
        cmocka_unit_test(clear_makes_room_again),
        cmocka_unit_test(behaves_like_a_naive_map_under_random_steps),
        cmocka_unit_test(the_hash_key_decides_where_entries_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
