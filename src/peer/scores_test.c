#include "peer/scores.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PLACES = 16, KEYS = 48, GROUPS = 6, STEPS = 20000 };

static uint64_t seed;

struct key {
    uint8_t bytes[QN_HASH_LEN];
};

static struct key key_of(unsigned number)
{
    struct key key = {.bytes = {(uint8_t)number, (uint8_t)(number >> 8)}};
    return key;
}

static enum qn_blame fault(struct qn_scores *scores, unsigned number, uint64_t group,
                           enum qn_fault fault, qn_time_us now)
{
    struct key key = key_of(number);
    return qn_scores_fault(scores, key.bytes, group, fault, now);
}

static enum qn_blame blame(const struct qn_scores *scores, unsigned number, qn_time_us now)
{
    struct key key = key_of(number);
    return qn_scores_blame(scores, key.bytes, now);
}

static void faults_add_up_to_discouragement_and_then_to_a_ban(void **state)
{
    struct qn_scores scores;
    (void)state;
    qn_scores_init(&scores, PLACES, 1, 2);
    assert_int_equal(blame(&scores, 1, 0), QN_BLAME_NONE);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_UNEXPECTED, 0), QN_BLAME_NONE);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_UNEXPECTED, 0), QN_BLAME_NONE);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_FLOOD, 0), QN_BLAME_DISCOURAGED);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_MALFORMED, 0), QN_BLAME_BANNED);
    assert_int_equal(blame(&scores, 1, 0), QN_BLAME_BANNED);
    assert_int_equal(blame(&scores, 2, 0), QN_BLAME_NONE);
    assert_int_equal(fault(&scores, 2, 7, QN_FAULT_BAD_SIGNATURE, 0), QN_BLAME_BANNED);
    qn_scores_fini(&scores);
}

static void points_halve_with_each_half_life(void **state)
{
    struct qn_scores scores;
    (void)state;
    qn_scores_init(&scores, PLACES, 1, 2);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_MALFORMED, 5), QN_BLAME_DISCOURAGED);
    assert_int_equal(blame(&scores, 1, 5), QN_BLAME_DISCOURAGED);
    assert_int_equal(blame(&scores, 1, 5 + QN_SECONDS(590)), QN_BLAME_DISCOURAGED);
    assert_int_equal(blame(&scores, 1, 5 + QN_SECONDS(601)), QN_BLAME_NONE);
    /* 30 are left: one more of 60 is no ban, at once it would have been. */
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_MALFORMED, 5 + QN_SCORE_HALF_LIFE),
                     QN_BLAME_DISCOURAGED);
    struct key key = key_of(1);
    assert_int_equal(qn_scores_find(&scores, key.bytes)->points, 90000);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_FLOOD, 5 + 40 * QN_SCORE_HALF_LIFE),
                     QN_BLAME_NONE);
    assert_int_equal(qn_scores_find(&scores, key.bytes)->points, 10000);
    qn_scores_fini(&scores);
}

static void each_ban_is_twice_as_long_as_the_one_before_up_to_a_day(void **state)
{
    static const unsigned minutes[] = {10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440};
    struct qn_scores scores;
    qn_time_us now = 1;
    (void)state;
    qn_scores_init(&scores, PLACES, 1, 2);
    for (size_t i = 0; i < QN_ARRAY_COUNT(minutes); i++) {
        assert_int_equal(fault(&scores, 1, 7, QN_FAULT_BAD_BLOCK, now), QN_BLAME_BANNED);
        now += QN_SECONDS(60) * minutes[i];
        assert_int_equal(blame(&scores, 1, now - 1), QN_BLAME_BANNED);
        assert_int_equal(blame(&scores, 1, now), QN_BLAME_DISCOURAGED);
    }
    /* Two of them are forgotten in two days, the rest counts. */
    now += 2 * QN_SCORE_BAN_MAX;
    assert_int_equal(blame(&scores, 1, now), QN_BLAME_NONE);
    struct key key = key_of(1);
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_BAD_BLOCK, now), QN_BLAME_BANNED);
    assert_int_equal(qn_scores_find(&scores, key.bytes)->bans, QN_ARRAY_COUNT(minutes) - 1);
    /* After as many days as bans it begins anew. */
    now += 12 * QN_SCORE_BAN_MAX;
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_BAD_BLOCK, now), QN_BLAME_BANNED);
    assert_int_equal(blame(&scores, 1, now + QN_SCORE_BAN_MIN), QN_BLAME_DISCOURAGED);
    qn_scores_fini(&scores);
}

static void faults_during_a_ban_do_not_prolong_it(void **state)
{
    struct qn_scores scores;
    (void)state;
    qn_scores_init(&scores, PLACES, 1, 2);
    for (qn_time_us now = 0; now < QN_SCORE_BAN_MIN; now += QN_SECONDS(30)) {
        assert_int_equal(fault(&scores, 1, 7, QN_FAULT_BAD_BLOCK, now), QN_BLAME_BANNED);
    }
    assert_int_equal(blame(&scores, 1, QN_SCORE_BAN_MIN), QN_BLAME_DISCOURAGED);
    qn_scores_fini(&scores);
}

/* Thousands of others from a few groups, each with the worst of faults: who is banned elsewhere stays so,
 * and so does who is banned for longer in the very same group. */
static void bans_cannot_be_flushed_from_a_few_groups(void **state)
{
    struct qn_scores scores;
    unsigned others = 1000;
    (void)state;
    qn_scores_init(&scores, 64, 3, 4);
    assert_int_equal(fault(&scores, 1, 900, QN_FAULT_BAD_BLOCK, 1), QN_BLAME_BANNED);
    assert_int_equal(fault(&scores, 2, 11, QN_FAULT_BAD_BLOCK, 1), QN_BLAME_BANNED);
    qn_time_us now = 1 + QN_SCORE_BAN_MIN;
    assert_int_equal(fault(&scores, 2, 11, QN_FAULT_BAD_BLOCK, now), QN_BLAME_BANNED);
    assert_int_equal(fault(&scores, 1, 900, QN_FAULT_BAD_BLOCK, now), QN_BLAME_BANNED);
    for (unsigned i = 0; i < 5000; i++) {
        now += 1000;
        (void)fault(&scores, others + i, 10 + i % 4, QN_FAULT_BAD_BLOCK, now);
        assert_true(scores.count <= 64);
        assert_int_equal(blame(&scores, 1, now), QN_BLAME_BANNED);
        assert_int_equal(blame(&scores, 2, now), QN_BLAME_BANNED);
    }
    /* And somebody new of another group is still remembered. */
    assert_int_equal(fault(&scores, 3, 901, QN_FAULT_FLOOD, now), QN_BLAME_NONE);
    struct key key = key_of(3);
    assert_non_null(qn_scores_find(&scores, key.bytes));
    qn_scores_fini(&scores);
}

static void who_is_forgotten_begins_anew(void **state)
{
    struct qn_scores scores;
    struct key key = key_of(1);
    (void)state;
    qn_scores_init(&scores, PLACES, 1, 2);
    assert_false(qn_scores_forget(&scores, key.bytes));
    assert_int_equal(fault(&scores, 1, 7, QN_FAULT_BAD_BLOCK, 0), QN_BLAME_BANNED);
    assert_true(qn_scores_forget(&scores, key.bytes));
    assert_int_equal(blame(&scores, 1, 0), QN_BLAME_NONE);
    assert_int_equal(scores.count, 0);
    qn_scores_fini(&scores);
}

/* ---- any sequence, against a list without index, counts or order ---- */

static const struct qn_score *listed(const struct qn_score *list, size_t count, const uint8_t *key)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(list[i].key, key, QN_HASH_LEN) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static size_t in_group(const struct qn_score *list, size_t count, uint64_t group)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += list[i].group == group;
    }
    return found;
}

static void assert_indexed(const struct qn_scores *scores)
{
    assert_true(scores->count <= scores->capacity);
    assert_int_equal(scores->index.count, scores->count);
    for (size_t i = 0; i < scores->count; i++) {
        const struct qn_score *item = &scores->items[i];
        uint8_t group[QN_HASH_LEN] = {0};
        uint32_t places = 0;
        memcpy(group, &item->group, sizeof item->group);
        assert_ptr_equal(qn_scores_find(scores, item->key), item);
        assert_true(qn_map_get(&scores->groups, &places, group));
        assert_int_equal(places, in_group(scores->items, scores->count, item->group));
    }
}

/* The one that went was of the largest group; a running ban of it went only if all of them are, the one
 * that ends first. */
static void assert_the_least_went(const struct qn_score *before, size_t count,
                                  const struct qn_score *gone, uint64_t newcomer_group,
                                  qn_time_us now)
{
    size_t most = in_group(before, count, gone->group) + (gone->group == newcomer_group);
    for (size_t i = 0; i < count; i++) {
        const struct qn_score *other = &before[i];
        size_t places = in_group(before, count, other->group) + (other->group == newcomer_group);
        assert_true(places <= most);
        if (places == most) {
            bool other_banned = now < other->ends_us;
            assert_false(now < gone->ends_us && !other_banned);
            assert_false(now < gone->ends_us && other->ends_us < gone->ends_us);
        }
    }
}

static void any_sequence_keeps_index_groups_and_the_rule_of_who_goes(void **state)
{
    struct qn_scores scores;
    struct qn_rng rng;
    struct qn_score before[PLACES];
    qn_time_us now = 1;
    size_t evictions = 0;
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    qn_rng_init(&rng, seed);
    qn_scores_init(&scores, PLACES, qn_rng_next(&rng), qn_rng_next(&rng));
    for (unsigned step = 0; step < STEPS; step++) {
        size_t count = scores.count;
        struct key key = key_of((unsigned)qn_rng_below(&rng, KEYS));
        uint64_t group = qn_rng_below(&rng, GROUPS);
        memcpy(before, scores.items, count * sizeof before[0]);
        now += qn_rng_below(&rng, QN_SECONDS(200));
        if (qn_rng_below(&rng, 20) == 0) {
            bool was = listed(before, count, key.bytes) != NULL;
            assert_int_equal(qn_scores_forget(&scores, key.bytes), was);
            assert_null(qn_scores_find(&scores, key.bytes));
        } else {
            enum qn_fault what = (enum qn_fault)qn_rng_below(&rng, QN_FAULT_COUNT);
            enum qn_blame result = qn_scores_fault(&scores, key.bytes, group, what, now);
            assert_int_equal(result, qn_scores_blame(&scores, key.bytes, now));
            for (size_t i = 0; i < count; i++) {
                if (qn_scores_find(&scores, before[i].key) == NULL) {
                    assert_the_least_went(before, count, &before[i], group, now);
                    evictions += 1;
                }
            }
        }
        assert_indexed(&scores);
    }
    assert_true(evictions > STEPS / 20);
    qn_scores_fini(&scores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_add_up_to_discouragement_and_then_to_a_ban),
        cmocka_unit_test(points_halve_with_each_half_life),
        cmocka_unit_test(each_ban_is_twice_as_long_as_the_one_before_up_to_a_day),
        cmocka_unit_test(faults_during_a_ban_do_not_prolong_it),
        cmocka_unit_test(bans_cannot_be_flushed_from_a_few_groups),
        cmocka_unit_test(who_is_forgotten_begins_anew),
        cmocka_unit_test(any_sequence_keeps_index_groups_and_the_rule_of_who_goes),
    };
    seed = (uint64_t)time(NULL);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
