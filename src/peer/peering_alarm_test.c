#include "peer/peering_alarm.h"

#include "base/limits.h"
#include "peer/peering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define STEP QN_MS(100)

/* A node in Europe. Links have the numbers 1, 2, ... in the order in which they came. */
struct scene {
    struct qn_peering *peering;
    qn_time_us now;
    uint64_t links;
    bool answers[16];   /* by link */
    unsigned asked[16]; /* probes */
    unsigned dials[QN_REGION_COUNT];
    struct qn_node_id ids[16];
};

static struct qn_node_id id_of(uint8_t number)
{
    return (struct qn_node_id){{number, 9}};
}

static struct scene start(void)
{
    struct qn_peering_config config = {
        .id = id_of(200), .region = QN_REGION_EUROPE, .seed = 7, .budgets = {.links_max = 100}};
    struct scene scene = {.peering = qn_peering_new(&config, 0)};
    (void)qn_peering_set_size(scene.peering, 5000, 0);
    return scene;
}

static struct qn_endpoint address_of(uint64_t number)
{
    struct qn_endpoint endpoint = {.port = 9876};
    (void)snprintf(endpoint.host, sizeof endpoint.host, "20.%u.1.1", (unsigned)number);
    return endpoint;
}

static uint64_t link_up(struct scene *scene, enum qn_region region, enum qn_standing standing)
{
    uint64_t link = ++scene->links;
    scene->ids[link] = id_of((uint8_t)link);
    scene->answers[link] = true;
    struct qn_peering_up up = {.link = link,
                               .dial = standing == QN_STANDING_UNREGISTERED ? 0 : 1000 + link,
                               .id = scene->ids[link],
                               .remote = address_of(link),
                               .standing = standing,
                               .region = region};
    assert_int_equal(qn_peering_on_up(scene->peering, &up, scene->now).limit, QN_ADMISSION_NONE);
    qn_peering_on_live(scene->peering, link, scene->now);
    qn_peering_on_rtt(scene->peering, link, 1000, scene->now);
    return link;
}

/* Everybody who answers at all does so each second; what is asked out of turn is counted. */
static void run(struct scene *scene, qn_time_us duration)
{
    struct qn_peering_actions actions;
    qn_time_us end = scene->now + duration;
    while (scene->now < end) {
        scene->now += STEP;
        for (uint64_t link = 1; link <= scene->links && scene->now % QN_SECONDS(1) == 0; link++) {
            if (scene->answers[link]) {
                qn_peering_on_rtt(scene->peering, link, 1000, scene->now);
            }
        }
        qn_peering_poll(scene->peering, &actions, scene->now);
        assert_null(qn_peering_invariant(scene->peering));
        for (size_t i = 0; i < actions.count; i++) {
            const struct qn_peering_action *action = &actions.items[i];
            if (action->kind == QN_PEERING_PROBE) {
                scene->asked[action->probe.link] += 1;
            } else if (action->kind == QN_PEERING_DIAL) {
                scene->dials[QN_REGION_ASIA] += 1; /* nobody else is known */
                qn_peering_on_dial_failed(scene->peering, action->dial.dial, scene->now);
            }
        }
    }
}

static bool is_raised(const struct scene *scene, enum qn_region region)
{
    return qn_peering_alarms(scene->peering)->raised[region];
}

static void a_silent_region_is_asked_by_one_then_by_all_then_it_is_an_alarm(void **state)
{
    (void)state;
    struct scene scene = start();
    uint64_t asia[3];
    for (size_t i = 0; i < 3; i++) {
        asia[i] = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    }
    uint64_t africa = link_up(&scene, QN_REGION_AFRICA, QN_STANDING_REGISTERED);
    run(&scene, QN_SECONDS(60));
    assert_int_equal(scene.asked[asia[0]] + scene.asked[asia[1]] + scene.asked[asia[2]], 0);
    qn_time_us silent_since = scene.now;
    for (size_t i = 0; i < 3; i++) {
        scene.answers[asia[i]] = false;
    }
    run(&scene, QN_REGION_DOUBT - STEP);
    unsigned asked = scene.asked[asia[0]] + scene.asked[asia[1]] + scene.asked[asia[2]];
    assert_in_range(asked, 1, 4); /* one each half second */
    run(&scene, QN_REGION_SILENT - QN_REGION_DOUBT);
    assert_false(is_raised(&scene, QN_REGION_ASIA));
    for (size_t i = 0; i < 3; i++) {
        assert_true(scene.asked[asia[i]] >= 6);
    }
    run(&scene, QN_SECONDS(1));
    assert_true(is_raised(&scene, QN_REGION_ASIA));
    const struct qn_peering_alarms *alarms = qn_peering_alarms(scene.peering);
    assert_int_equal(alarms->silent_since_us[QN_REGION_ASIA], silent_since);
    assert_int_equal(alarms->count, 1);
    assert_false(is_raised(&scene, QN_REGION_AFRICA));
    assert_false(alarms->cut_off); /* Africa is there */
    assert_int_equal(scene.asked[africa], 0);
    qn_peering_free(scene.peering);
}

static void the_alarm_ends_when_the_region_has_answered_for_a_while(void **state)
{
    (void)state;
    struct scene scene = start();
    uint64_t asia = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    run(&scene, QN_SECONDS(5));
    scene.answers[asia] = false;
    run(&scene, QN_SECONDS(20));
    assert_true(is_raised(&scene, QN_REGION_ASIA));
    scene.answers[asia] = true; /* for a moment */
    run(&scene, QN_SECONDS(5));
    scene.answers[asia] = false;
    run(&scene, QN_SECONDS(9));
    scene.answers[asia] = true;
    run(&scene, QN_REGION_CALM - QN_SECONDS(1));
    assert_true(is_raised(&scene, QN_REGION_ASIA));
    run(&scene, QN_SECONDS(3));
    assert_false(is_raised(&scene, QN_REGION_ASIA));
    assert_int_equal(qn_peering_alarms(scene.peering)->count, 1); /* all of it was one */
    qn_peering_free(scene.peering);
}

static void links_that_end_in_order_are_no_loss_and_others_are(void **state)
{
    (void)state;
    for (int in_order = 0; in_order < 2; in_order++) {
        struct scene scene = start();
        uint64_t asia = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
        run(&scene, QN_SECONDS(5));
        scene.answers[asia] = false;
        if (in_order == 1) {
            qn_peering_on_leave(scene.peering, asia);
        }
        qn_peering_on_down(scene.peering, asia, scene.now);
        run(&scene, QN_SECONDS(10));
        assert_int_equal(is_raised(&scene, QN_REGION_ASIA), in_order == 0);
        qn_peering_free(scene.peering);
    }
}

/* A link that is given up while nobody there answers does not hide that nobody does. */
static void giving_up_a_silent_link_does_not_end_the_alarm(void **state)
{
    (void)state;
    struct scene scene = start();
    uint64_t asia = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    run(&scene, QN_SECONDS(5));
    scene.answers[asia] = false;
    run(&scene, QN_SECONDS(5));
    qn_peering_on_leave(scene.peering, asia);
    qn_peering_on_down(scene.peering, asia, scene.now);
    run(&scene, QN_SECONDS(5));
    assert_true(is_raised(&scene, QN_REGION_ASIA));
    qn_peering_forget(scene.peering, &scene.ids[asia]); /* revoked: nobody is left to miss */
    run(&scene, QN_SECONDS(1));
    assert_false(is_raised(&scene, QN_REGION_ASIA));
    qn_peering_free(scene.peering);
}

static void whoever_registered_elsewhere_is_not_missed_where_it_was(void **state)
{
    (void)state;
    struct scene scene = start();
    uint64_t link = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    run(&scene, QN_SECONDS(5));
    qn_peering_set_standing(scene.peering, link, QN_STANDING_REGISTERED, QN_REGION_AFRICA);
    run(&scene, QN_SECONDS(20));
    assert_false(is_raised(&scene, QN_REGION_ASIA));
    assert_false(is_raised(&scene, QN_REGION_AFRICA));
    qn_peering_free(scene.peering);
}

/* What an unregistered peer says of its region is worth nothing, so its answers are not either. */
static void guests_are_no_sign_of_life(void **state)
{
    (void)state;
    struct scene scene = start();
    uint64_t peer = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    (void)link_up(&scene, QN_REGION_ASIA, QN_STANDING_UNREGISTERED);
    run(&scene, QN_SECONDS(5));
    scene.answers[peer] = false;
    run(&scene, QN_SECONDS(10));
    assert_true(is_raised(&scene, QN_REGION_ASIA));
    qn_peering_free(scene.peering);
}

static void a_node_that_stood_still_misses_nobody_for_it(void **state)
{
    (void)state;
    struct scene scene = start();
    uint64_t asia = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    run(&scene, QN_SECONDS(5));
    scene.now += QN_SECONDS(60);
    scene.answers[asia] = false;
    run(&scene, QN_REGION_SILENT - QN_SECONDS(1));
    assert_false(is_raised(&scene, QN_REGION_ASIA));
    run(&scene, QN_SECONDS(3));
    assert_true(is_raised(&scene, QN_REGION_ASIA));
    qn_peering_free(scene.peering);
}

static void a_node_without_an_answer_from_elsewhere_is_cut_off(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) { /* with neighbours, and without */
        struct scene scene = start();
        uint64_t asia = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
        uint64_t africa = link_up(&scene, QN_REGION_AFRICA, QN_STANDING_REGISTERED);
        if (own == 0) {
            (void)link_up(&scene, QN_REGION_EUROPE, QN_STANDING_REGISTERED);
        }
        run(&scene, QN_SECONDS(5));
        scene.answers[asia] = false;
        run(&scene, QN_SECONDS(10));
        assert_false(qn_peering_alarms(scene.peering)->cut_off);
        scene.answers[africa] = false;
        run(&scene, QN_SECONDS(10));
        assert_true(qn_peering_alarms(scene.peering)->cut_off);
        scene.answers[asia] = true;
        run(&scene, QN_SECONDS(12));
        assert_false(qn_peering_alarms(scene.peering)->cut_off);
        qn_peering_free(scene.peering);
    }
}

/* It dials nobody but the committee, and would not notice that the region is back. */
static void a_member_of_the_committee_dials_a_region_in_doubt(void **state)
{
    (void)state;
    struct scene scene = start();
    const struct qn_node_id self = id_of(200);
    qn_peering_set_committee(scene.peering, &self, 1);
    uint64_t asia = link_up(&scene, QN_REGION_ASIA, QN_STANDING_REGISTERED);
    run(&scene, QN_SECONDS(30));
    assert_int_equal(scene.dials[QN_REGION_ASIA], 0);
    qn_peering_on_down(scene.peering, asia, scene.now);
    run(&scene, QN_SECONDS(20));
    assert_true(scene.dials[QN_REGION_ASIA] > 0);
    qn_peering_free(scene.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_region_is_asked_by_one_then_by_all_then_it_is_an_alarm),
        cmocka_unit_test(the_alarm_ends_when_the_region_has_answered_for_a_while),
        cmocka_unit_test(links_that_end_in_order_are_no_loss_and_others_are),
        cmocka_unit_test(giving_up_a_silent_link_does_not_end_the_alarm),
        cmocka_unit_test(whoever_registered_elsewhere_is_not_missed_where_it_was),
        cmocka_unit_test(guests_are_no_sign_of_life),
        cmocka_unit_test(a_node_that_stood_still_misses_nobody_for_it),
        cmocka_unit_test(a_node_without_an_answer_from_elsewhere_is_cut_off),
        cmocka_unit_test(a_member_of_the_committee_dials_a_region_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
