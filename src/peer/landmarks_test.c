#include "peer/landmarks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/key.h"

static uint64_t seed = 5;

struct registry {
    uint64_t groups;        /* entries share so many network groups */
    uint64_t regions;       /* and are spread over so many regions */
    uint64_t unusable_each; /* every so many entries is revoked; 0: none */
    unsigned reads;
};

static bool entry(void *context, struct qn_landmark *out, uint64_t index)
{
    struct registry *registry = context;
    registry->reads += 1;
    if (registry->unusable_each != 0 && index % registry->unusable_each == 0) {
        return false;
    }
    *out = (struct qn_landmark){.region = (enum qn_region)(index % registry->regions),
                                .group = index % registry->groups + 1};
    memcpy(out->id.bytes, &index, sizeof index);
    return true;
}

static struct qn_landmark_draw draw_for(struct registry *registry, uint64_t subject, uint64_t count)
{
    struct qn_landmark_draw draw = {.declared = QN_REGION_ASIA,
                                    .period = 20000,
                                    .entry_count = count,
                                    .entry = entry,
                                    .context = registry};
    memcpy(draw.subject.bytes, &subject, sizeof subject);
    draw.subject.bytes[31] = 1; /* not the id of an entry */
    return draw;
}

static void the_same_for_everybody_and_in_distinct_groups(void **state)
{
    (void)state;
    struct registry registry = {.groups = 5000, .regions = 6, .unusable_each = 10};
    struct qn_landmark_draw draw = draw_for(&registry, 7, 100000);
    struct qn_landmark first[QN_LANDMARKS_MAX];
    struct qn_landmark second[QN_LANDMARKS_MAX];
    assert_int_equal(qn_landmarks_draw(first, &draw), QN_LANDMARKS_MAX);
    assert_int_equal(qn_landmarks_draw(second, &draw), QN_LANDMARKS_MAX);
    assert_memory_equal(first, second, sizeof first);
    for (size_t i = 0; i < QN_LANDMARKS_MAX; i++) {
        assert_int_equal(first[i].region == QN_REGION_ASIA, i < QN_LANDMARKS_OWN_MAX);
        for (size_t j = 0; j < i; j++) {
            assert_true(first[i].group != first[j].group);
        }
    }
}

static void nobody_is_its_own_landmark(void **state)
{
    (void)state;
    struct registry registry = {.groups = 4, .regions = 1};
    struct qn_landmark_draw draw = draw_for(&registry, 0, 4);
    struct qn_landmark drawn[QN_LANDMARKS_MAX];
    memset(draw.subject.bytes, 0, sizeof draw.subject.bytes); /* the entry with index 0 */
    draw.declared = QN_REGION_NORTH_AMERICA;
    assert_int_equal(qn_landmarks_draw(drawn, &draw), 3);
}

static void one_operator_measures_once(void **state)
{
    (void)state;
    struct registry registry = {.groups = 1, .regions = 6};
    struct qn_landmark_draw draw = draw_for(&registry, 7, 1000);
    struct qn_landmark drawn[QN_LANDMARKS_MAX];
    assert_int_equal(qn_landmarks_draw(drawn, &draw), 1);
}

static void the_work_is_bounded(void **state)
{
    (void)state;
    struct registry registry = {.groups = 1, .regions = 1, .unusable_each = 1};
    struct qn_landmark_draw draw = draw_for(&registry, 7, 1000000);
    struct qn_landmark drawn[QN_LANDMARKS_MAX];
    assert_int_equal(qn_landmarks_draw(drawn, &draw), 0);
    assert_in_range(registry.reads, 1, QN_LANDMARK_HASHES_MAX * 4);
    draw.entry_count = 0;
    assert_int_equal(qn_landmarks_draw(drawn, &draw), 0);
    draw.entry_count = UINT64_MAX;
    assert_int_equal(qn_landmarks_draw(drawn, &draw), 0);
}

static size_t in_common(const struct qn_landmark *a, const struct qn_landmark *b, size_t count)
{
    size_t common = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            common += qn_node_id_equal(&a[i].id, &b[j].id);
        }
    }
    return common;
}

static void a_new_period_draws_others_and_a_grown_registry_mostly_the_same(void **state)
{
    (void)state;
    struct registry registry = {.groups = 60000, .regions = 6};
    struct qn_landmark now[QN_LANDMARKS_MAX];
    struct qn_landmark later[QN_LANDMARKS_MAX];
    size_t kept_by_growth = 0;
    size_t kept_by_period = 0;
    for (uint64_t subject = 0; subject < 100; subject++) {
        struct qn_landmark_draw draw = draw_for(&registry, subject, 50000);
        assert_int_equal(qn_landmarks_draw(now, &draw), QN_LANDMARKS_MAX);
        draw.entry_count = 50500;
        assert_int_equal(qn_landmarks_draw(later, &draw), QN_LANDMARKS_MAX);
        kept_by_growth += in_common(now, later, QN_LANDMARKS_MAX);
        draw.period += 1;
        assert_int_equal(qn_landmarks_draw(later, &draw), QN_LANDMARKS_MAX);
        kept_by_period += in_common(now, later, QN_LANDMARKS_MAX);
    }
    printf("landmarks: of %d, %zu stay when the registry grows by 1 %%, %zu in the next period\n",
           100 * QN_LANDMARKS_MAX, kept_by_growth, kept_by_period);
    assert_true(kept_by_growth > (size_t)90 * QN_LANDMARKS_MAX);
    assert_true(kept_by_period < 20);
}

/* The first so many entries belong to one adversary, each in a network group of its own. Two landmarks of the
 * declared region are a verdict. */
static unsigned captured_per_mille(uint64_t share_percent)
{
    enum { SUBJECTS = 2000, COUNT = 60000 };
    struct registry registry = {.groups = COUNT, .regions = 6};
    unsigned captured = 0;
    for (uint64_t subject = 0; subject < SUBJECTS; subject++) {
        struct qn_landmark drawn[QN_LANDMARKS_MAX];
        struct qn_landmark_draw draw = draw_for(&registry, seed * SUBJECTS + subject, COUNT);
        unsigned own = 0;
        assert_int_equal(qn_landmarks_draw(drawn, &draw), QN_LANDMARKS_MAX);
        for (size_t i = 0; i < QN_LANDMARKS_OWN_MAX; i++) {
            own += drawn[i].group <= COUNT * share_percent / 100;
        }
        captured += own >= 2;
    }
    return captured * 1000 / SUBJECTS;
}

static void few_of_the_registry_are_few_of_the_landmarks(void **state)
{
    (void)state;
    const uint64_t shares[] = {1, 5, 10};
    for (size_t i = 0; i < QN_ARRAY_COUNT(shares); i++) {
        printf("landmarks: who holds %llu %% of the registry is two of the landmarks of %.1f %%\n",
               (unsigned long long)shares[i], captured_per_mille(shares[i]) / 10.0);
    }
    assert_true(captured_per_mille(1) < 10);
    assert_true(captured_per_mille(10) < 150);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
    }
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_for_everybody_and_in_distinct_groups),
        cmocka_unit_test(nobody_is_its_own_landmark),
        cmocka_unit_test(one_operator_measures_once),
        cmocka_unit_test(the_work_is_bounded),
        cmocka_unit_test(a_new_period_draws_others_and_a_grown_registry_mostly_the_same),
        cmocka_unit_test(few_of_the_registry_are_few_of_the_landmarks),
    };
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
