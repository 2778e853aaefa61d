/* One node that judges others in a made-up world: sixty registered nodes over six regions, whose landmarks answer what
 * is true unless the test says otherwise. */
#include "peer/regions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/key.h"

enum { NODES = 60 };

struct world {
    struct qn_regions *regions;
    bool linked[NODES];
    bool all_linked;
    bool answers_wrong[NODES]; /* says that everybody is next door */
    bool silent[NODES];
    unsigned samples; /* behind each answer */
    unsigned wants;
    unsigned asks;
    qn_time_us now;
    enum qn_region_verdict told; /* the last verdict */
    unsigned tellings;
};

static const uint32_t between_ms[6][6] = {
    {35, 130, 95, 160, 210, 175},  {130, 30, 195, 300, 330, 300}, {95, 195, 25, 170, 140, 270},
    {160, 300, 170, 60, 230, 130}, {210, 330, 140, 230, 50, 320}, {175, 300, 270, 130, 320, 30},
};

static struct qn_node_id id_of(size_t node)
{
    return (struct qn_node_id){.bytes = {(uint8_t)(node + 1)}};
}

static size_t node_of(const struct qn_node_id *id)
{
    return id->bytes[0] - 1U;
}

static bool entry(void *context, struct qn_landmark *out, uint64_t index)
{
    (void)context;
    *out = (struct qn_landmark){
        .id = id_of(index), .region = (enum qn_region)(index % 6), .group = index + 100};
    return true;
}

static bool is_linked(void *context, const struct qn_node_id *id)
{
    struct world *world = context;
    return world->all_linked || world->linked[node_of(id)];
}

/* Where a node is: by its number. What it declares is another matter. */
static struct qn_rtt true_rtt(const struct world *world, size_t a, size_t b)
{
    return (struct qn_rtt){.rtt_us = between_ms[a % 6][b % 6] * 1000, .samples = world->samples};
}

static struct qn_rtt measured(void *context, const struct qn_node_id *id)
{
    return true_rtt(context, 0, node_of(id));
}

static void begin(struct world *world)
{
    *world = (struct world){.samples = 5, .all_linked = true, .now = QN_SECONDS(1)};
    struct qn_regions_config config = {.id = id_of(0),
                                       .region = QN_REGION_NORTH_AMERICA,
                                       .group = 100,
                                       .watched_max = 8,
                                       .hash_key = {1, 2},
                                       .context = world,
                                       .entry = entry,
                                       .is_linked = is_linked,
                                       .measured = measured};
    world->regions = qn_regions_new(&config);
    qn_regions_set_registry(world->regions, NODES, 20000);
}

static void answer(struct world *world, const struct qn_regions_action *action)
{
    size_t landmark = node_of(&action->landmark.id);
    struct qn_rtt rtt = true_rtt(world, landmark, node_of(&action->subject));
    world->asks += 1;
    assert_true(is_linked(world, &action->landmark.id));
    if (world->silent[landmark]) {
        return;
    }
    if (world->answers_wrong[landmark]) {
        rtt.rtt_us = 1;
    }
    rtt.rtt_us = rtt.samples == 0 ? 0 : rtt.rtt_us;
    qn_regions_on_answer(world->regions, &action->landmark.id, &action->subject,
                         action->landmark.group, &rtt, world->now);
}

static void run(struct world *world, unsigned seconds)
{
    struct qn_regions_actions actions;
    for (unsigned i = 0; i < seconds; i++) {
        world->now += QN_SECONDS(1);
        qn_regions_poll(world->regions, &actions, world->now);
        for (size_t j = 0; j < actions.count; j++) {
            const struct qn_regions_action *action = &actions.items[j];
            switch (action->kind) {
            case QN_REGIONS_ASK:
                answer(world, action);
                break;
            case QN_REGIONS_WANT:
                world->wants += 1;
                world->linked[node_of(&action->landmark.id)] = true;
                break;
            case QN_REGIONS_VERDICT:
                world->told = action->verdict;
                world->tellings += 1;
                break;
            }
        }
    }
}

static enum qn_region_verdict verdict_on(struct world *world, size_t node, enum qn_region declares,
                                         unsigned seconds)
{
    struct qn_node_id id = id_of(node);
    assert_int_equal(qn_regions_watch(world->regions, &id, declares, world->now), QN_OK);
    run(world, seconds);
    return qn_regions_verdict(world->regions, &id);
}

static void who_is_where_it_says_is_verified(void **state)
{
    (void)state;
    for (size_t node = 1; node < NODES; node++) {
        struct world world;
        begin(&world);
        assert_int_equal(verdict_on(&world, node, (enum qn_region)(node % 6), 10),
                         QN_REGION_VERIFIED);
        assert_int_equal(world.told, QN_REGION_VERIFIED);
        assert_int_equal(world.tellings, 1);
        qn_regions_free(world.regions);
    }
}

static void who_is_elsewhere_is_never_verified(void **state)
{
    (void)state;
    unsigned refuted = 0;
    for (size_t node = 1; node < NODES; node++) {
        for (enum qn_region declares = 0; declares < QN_REGION_COUNT; declares++) {
            struct world world;
            if (declares == node % 6) {
                continue;
            }
            begin(&world);
            enum qn_region_verdict verdict = verdict_on(&world, node, declares, 100);
            assert_int_not_equal(verdict, QN_REGION_VERIFIED);
            refuted += verdict == QN_REGION_REFUTED;
            qn_regions_free(world.regions);
        }
    }
    printf("regions: of %d liars %u are refuted, none is verified\n", (NODES - 1) * 5, refuted);
    assert_true(refuted > 0);
}

static void landmarks_are_linked_first_and_asked_then(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.all_linked = false;
    assert_int_equal(verdict_on(&world, 8, QN_REGION_EUROPE, 12), QN_REGION_VERIFIED);
    assert_in_range(world.wants, QN_REGION_AGREEING_MIN, 2 * QN_LANDMARKS_MAX);
    unsigned before = world.wants;
    run(&world, 3600); /* all are linked: nothing more is wanted */
    assert_int_equal(world.wants, before);
    qn_regions_free(world.regions);
}

static void own_landmarks_are_wanted_again_before_they_forget(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.all_linked = false;
    run(&world, 30);
    unsigned first = world.wants;
    assert_int_equal(first, QN_LANDMARKS_MAX);
    memset(world.linked, 0, sizeof world.linked); /* measured: they may go */
    run(&world, 40000);
    assert_int_equal(world.wants, first);
    run(&world, 4000);
    assert_int_equal(world.wants, 2 * first);
    qn_regions_free(world.regions);
}

static void a_landmark_that_knows_nothing_yet_is_asked_again(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.samples = 2;
    assert_int_equal(verdict_on(&world, 8, QN_REGION_EUROPE, 20), QN_REGION_UNKNOWN);
    world.samples = 3;
    run(&world, 10);
    assert_int_equal(world.told, QN_REGION_VERIFIED);
    qn_regions_free(world.regions);
}

static void silence_is_no_verdict_and_costs_ever_less(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    memset(world.silent, true, sizeof world.silent);
    assert_int_equal(verdict_on(&world, 8, QN_REGION_EUROPE, 3600), QN_REGION_UNKNOWN);
    assert_int_equal(world.tellings, 0);
    assert_in_range(world.asks, 1, 40 * QN_LANDMARKS_MAX); /* without back-off: 240 */
    qn_regions_free(world.regions);
}

static void one_lying_landmark_changes_nothing(void **state)
{
    (void)state;
    for (size_t liar = 1; liar < NODES; liar++) {
        struct world world;
        begin(&world);
        world.answers_wrong[liar] = true;
        assert_int_not_equal(verdict_on(&world, 8, QN_REGION_OCEANIA, 60), QN_REGION_VERIFIED);
        assert_int_equal(verdict_on(&world, 14, QN_REGION_EUROPE, 60), QN_REGION_VERIFIED);
        qn_regions_free(world.regions);
    }
}

static void answers_that_nobody_asked_for_count_for_nothing(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    memset(world.silent, true, sizeof world.silent);
    struct qn_node_id subject = id_of(8);
    struct qn_rtt near = {.rtt_us = 1000, .samples = 100};
    assert_int_equal(qn_regions_watch(world.regions, &subject, QN_REGION_OCEANIA, world.now),
                     QN_OK);
    for (size_t node = 1; node < NODES; node++) { /* before anybody was asked */
        struct qn_node_id id = id_of(node);
        qn_regions_on_answer(world.regions, &id, &subject, node + 100, &near, world.now);
    }
    run(&world, 10);
    assert_int_equal(world.tellings, 0);
    qn_regions_free(world.regions);
}

static void another_declaration_is_judged_anew(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(verdict_on(&world, 8, QN_REGION_EUROPE, 10), QN_REGION_VERIFIED);
    assert_int_not_equal(verdict_on(&world, 8, QN_REGION_OCEANIA, 60), QN_REGION_VERIFIED);
    assert_int_not_equal(world.told, QN_REGION_VERIFIED);
    qn_regions_free(world.regions);
}

static void a_verified_region_outlives_a_short_silence_only(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(verdict_on(&world, 8, QN_REGION_EUROPE, 10), QN_REGION_VERIFIED);
    memset(world.silent, true, sizeof world.silent);
    run(&world, 21600 + 60);
    assert_int_equal(world.told, QN_REGION_VERIFIED);
    run(&world, 600);
    assert_int_equal(world.told, QN_REGION_UNKNOWN);
    qn_regions_free(world.regions);
}

static void what_is_watched_is_bounded_and_given_back(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    for (size_t node = 1; node <= 9; node++) {
        struct qn_node_id id = id_of(node);
        assert_int_equal(qn_regions_watch(world.regions, &id, QN_REGION_ASIA, world.now),
                         node <= 8 ? QN_OK : QN_ERR_FULL);
    }
    run(&world, 7);
    struct qn_node_id gone = id_of(3);
    struct qn_node_id comes = id_of(9);
    qn_regions_forget(world.regions, &gone);
    assert_int_equal(qn_regions_watch(world.regions, &comes, QN_REGION_ASIA, world.now), QN_OK);
    run(&world, 60);
    assert_int_equal(qn_regions_verdict(world.regions, &comes), QN_REGION_VERIFIED);
    qn_regions_free(world.regions);
}

static void a_region_needs_three_landmarks_for_verdicts(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_true(qn_regions_can_judge(world.regions, QN_REGION_ASIA));
    qn_regions_set_registry(world.regions, 16, 20000); /* asia: 3, 9, 15; africa: 4, 10 */
    assert_true(qn_regions_can_judge(world.regions, QN_REGION_ASIA));
    assert_false(qn_regions_can_judge(world.regions, QN_REGION_AFRICA));
    qn_regions_set_registry(world.regions, 0, 20000);
    assert_false(qn_regions_can_judge(world.regions, QN_REGION_ASIA));
    qn_regions_free(world.regions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_where_it_says_is_verified),
        cmocka_unit_test(who_is_elsewhere_is_never_verified),
        cmocka_unit_test(landmarks_are_linked_first_and_asked_then),
        cmocka_unit_test(own_landmarks_are_wanted_again_before_they_forget),
        cmocka_unit_test(a_landmark_that_knows_nothing_yet_is_asked_again),
        cmocka_unit_test(silence_is_no_verdict_and_costs_ever_less),
        cmocka_unit_test(one_lying_landmark_changes_nothing),
        cmocka_unit_test(answers_that_nobody_asked_for_count_for_nothing),
        cmocka_unit_test(another_declaration_is_judged_anew),
        cmocka_unit_test(a_verified_region_outlives_a_short_silence_only),
        cmocka_unit_test(what_is_watched_is_bounded_and_given_back),
        cmocka_unit_test(a_region_needs_three_landmarks_for_verdicts),
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
