#include "peer/peering_balance.h"

#include "base/limits.h"
#include "peer/peering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    LINKS = 100,
    ACTIVE = 1000, /* registered: 50 links a region, of which 40 % of all let 40 be places */
    PLACES = 40,
    SETTLED = 34, /* 85 % of them */
    INBOUND = 38,
    POLLS_A_SECOND = 10,
    FAR_US = 900000,
};

struct scene {
    struct qn_peering *peering;
    qn_time_us now;
    size_t redirects;
    uint64_t redirected; /* the last one's link */
    qn_time_us redirected_us;
    size_t rests;
    uint64_t rested;
    size_t dials_to_watched;
    struct qn_node_id watched;
};

static struct qn_node_id id_of(uint64_t number)
{
    struct qn_node_id id = {{(uint8_t)number, (uint8_t)(number >> 8), 1}};
    return id;
}

static struct qn_endpoint address(unsigned number)
{
    struct qn_endpoint endpoint = {.port = 40000};
    (void)snprintf(endpoint.host, sizeof endpoint.host, "20.%u.7.7", number & 255U);
    return endpoint;
}

static struct scene start(void)
{
    struct qn_peering_config config = {
        .id = id_of(0), .region = QN_REGION_EUROPE, .seed = 7, .budgets = {.links_max = LINKS}};
    const uint64_t by_region[QN_REGION_COUNT] = {200, 200, 200, 200, 100, 100};
    struct scene scene = {.peering = qn_peering_new(&config, 0)};
    (void)qn_peering_set_size(scene.peering, ACTIVE, 0);
    qn_peering_set_registered(scene.peering, by_region);
    return scene;
}

/* Number is link, address and identity. */
static enum qn_admission_limit join(struct scene *scene, unsigned number, bool outbound,
                                    enum qn_standing standing, uint32_t rtt_us)
{
    struct qn_peering_up up = {.link = number,
                               .dial = outbound ? 100000U + number : 0,
                               .id = id_of(number),
                               .remote = address(number),
                               .standing = standing,
                               .region = QN_REGION_ASIA};
    enum qn_admission_limit limit = qn_peering_on_up(scene->peering, &up, scene->now).limit;
    if (limit == QN_ADMISSION_NONE) {
        qn_peering_on_live(scene->peering, number, scene->now);
        qn_peering_on_rtt(scene->peering, number, rtt_us, scene->now);
    }
    return limit;
}

static void note(struct scene *scene, const struct qn_peering_action *action)
{
    switch (action->kind) {
    case QN_PEERING_DIAL:
        scene->dials_to_watched +=
            action->dial.has_id && qn_node_id_equal(&action->dial.id, &scene->watched);
        qn_peering_on_dial_failed(scene->peering, action->dial.dial, scene->now);
        return;
    case QN_PEERING_CLOSE:
        scene->rests += action->close.reason == QN_CLOSE_FULL;
        scene->rested = action->close.link;
        qn_peering_on_down(scene->peering, action->close.link, scene->now);
        return;
    case QN_PEERING_REDIRECT:
        assert_int_equal(action->redirect.region, QN_REGION_ASIA);
        scene->redirects += 1;
        scene->redirected = action->redirect.link;
        scene->redirected_us = scene->now;
        qn_peering_on_down(scene->peering, action->redirect.link, scene->now);
        return;
    case QN_PEERING_PROBE:
        qn_peering_on_rtt(scene->peering, action->probe.link, 1000, scene->now);
        return;
    }
}

static void poll_once(struct scene *scene)
{
    struct qn_peering_actions actions;
    scene->now += QN_SECONDS(1) / POLLS_A_SECOND;
    qn_peering_poll(scene->peering, &actions, scene->now);
    for (size_t i = 0; i < actions.count; i++) {
        note(scene, &actions.items[i]);
    }
    assert_null(qn_peering_invariant(scene->peering));
}

static void run(struct scene *scene, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * POLLS_A_SECOND; i++) {
        poll_once(scene);
    }
}

static size_t in_asia(const struct scene *scene)
{
    return qn_peering_counts(scene->peering)->region[QN_REGION_ASIA];
}

/* Numbers from 1 on; the higher, the farther. */
static struct scene crowded(unsigned inbound)
{
    struct scene scene = start();
    for (unsigned i = 1; i <= inbound; i++) {
        assert_int_equal(join(&scene, i, false, QN_STANDING_REGISTERED, 1000 * i),
                         QN_ADMISSION_NONE);
    }
    return scene;
}

static void a_region_too_full_for_three_seconds_sends_one_a_second_elsewhere(void **state)
{
    (void)state;
    struct scene scene = crowded(INBOUND);
    run(&scene, 2);
    assert_int_equal(scene.redirects, 0);
    run(&scene, 1);
    assert_int_equal(scene.redirects, 1);
    assert_int_equal(scene.redirected, INBOUND); /* the farthest */
    for (unsigned i = 2; i <= INBOUND - SETTLED; i++) {
        run(&scene, 1);
        assert_int_equal(scene.redirects, i);
    }
    run(&scene, 400);
    assert_int_equal(scene.redirects, INBOUND - SETTLED);
    assert_int_equal(in_asia(&scene), SETTLED);
    assert_int_equal(qn_peering_balance(scene.peering)->regions[QN_REGION_ASIA].places, PLACES);
    qn_peering_free(scene.peering);
}

static void who_was_sent_away_is_refused_for_300_s(void **state)
{
    (void)state;
    struct scene scene = crowded(SETTLED + 1);
    run(&scene, 3);
    assert_int_equal(scene.redirects, 1);
    unsigned gone = (unsigned)scene.redirected;
    assert_int_equal(join(&scene, gone, false, QN_STANDING_REGISTERED, 1000), QN_ADMISSION_RESTING);
    assert_int_equal(join(&scene, 77, false, QN_STANDING_REGISTERED, 1000), QN_ADMISSION_NONE);
    qn_peering_on_down(scene.peering, 77, scene.now);
    scene.now = scene.redirected_us + QN_BALANCE_COOL_DOWN - 1;
    assert_int_equal(join(&scene, gone, false, QN_STANDING_REGISTERED, 1000), QN_ADMISSION_RESTING);
    scene.now += 1;
    assert_int_equal(join(&scene, gone, false, QN_STANDING_REGISTERED, 1000), QN_ADMISSION_NONE);
    qn_peering_free(scene.peering);
}

static void who_rests_gets_in_where_half_the_places_are_free(void **state)
{
    (void)state;
    struct scene scene = crowded(SETTLED + 1);
    run(&scene, 3);
    unsigned gone = (unsigned)scene.redirected;
    unsigned next = 1;
    for (; in_asia(&scene) > PLACES / 2; next++) {
        qn_peering_on_down(scene.peering, next, scene.now);
    }
    assert_int_equal(join(&scene, gone, false, QN_STANDING_REGISTERED, 1000), QN_ADMISSION_RESTING);
    qn_peering_on_down(scene.peering, next, scene.now);
    assert_int_equal(join(&scene, gone, false, QN_STANDING_REGISTERED, 1000), QN_ADMISSION_NONE);
    qn_peering_free(scene.peering);
}

/* Two that are worth least are given up: one that was dialled, which is closed, and not dialled again for a while. */
static void who_was_dialled_rests_and_is_not_dialled(void **state)
{
    (void)state;
    struct scene scene = crowded(SETTLED);
    struct qn_endpoint endpoint = address(60);
    scene.watched = id_of(60);
    struct qn_heard heard = {.id = &scene.watched,
                             .from = QN_HEARD_RECORD,
                             .region = QN_REGION_ASIA,
                             .endpoints = &endpoint,
                             .endpoint_count = 1};
    qn_peering_heard(scene.peering, &heard, scene.now);
    assert_int_equal(join(&scene, 60, true, QN_STANDING_REGISTERED, FAR_US), QN_ADMISSION_NONE);
    run(&scene, 3);
    assert_int_equal(scene.rests, 1);
    assert_int_equal(scene.rested, 60);
    assert_int_equal(scene.redirects, 0);
    qn_time_us moved = scene.now;
    for (unsigned i = 1; i <= SETTLED; i++) { /* the region is empty: it wants whom it can get */
        qn_peering_on_down(scene.peering, i, scene.now);
    }
    qn_peering_heard(scene.peering, &heard, scene.now);
    while (scene.dials_to_watched == 0 && scene.now < moved + 2 * QN_BALANCE_COOL_DOWN) {
        poll_once(&scene);
    }
    print_message("dialled again after %llu s\n",
                  (unsigned long long)((scene.now - moved) / QN_SECONDS(1)));
    assert_in_range(scene.now - moved, QN_BALANCE_COOL_DOWN - QN_SECONDS(1),
                    QN_BALANCE_COOL_DOWN + QN_SECONDS(60));
    qn_peering_free(scene.peering);
}

static void anchors_genesis_nodes_and_the_best_deliverers_stay(void **state)
{
    (void)state;
    struct scene scene = crowded(SETTLED);
    enum { ANCHOR = 50, PINNED = 51, STAR = 52, LAST = 53 };
    assert_int_equal(join(&scene, ANCHOR, true, QN_STANDING_REGISTERED, FAR_US), QN_ADMISSION_NONE);
    assert_int_equal(join(&scene, PINNED, false, QN_STANDING_GENESIS, FAR_US), QN_ADMISSION_NONE);
    assert_int_equal(join(&scene, STAR, false, QN_STANDING_REGISTERED, FAR_US), QN_ADMISSION_NONE);
    assert_int_equal(join(&scene, LAST, false, QN_STANDING_REGISTERED, FAR_US / 2),
                     QN_ADMISSION_NONE);
    qn_peering_choose_anchors(scene.peering, scene.now);
    for (unsigned second = 0; second < 20; second++) {
        qn_peering_on_delivery(scene.peering, STAR, true, scene.now);
        run(&scene, 1);
    }
    assert_int_equal(scene.rests, 0); /* the anchor is the only one that was dialled */
    assert_int_equal(scene.redirects, 2);
    assert_int_not_equal(qn_peering_link_to(scene.peering, &(struct qn_node_id){{STAR, 0, 1}}), 0);
    assert_int_not_equal(qn_peering_link_to(scene.peering, &(struct qn_node_id){{PINNED, 0, 1}}),
                         0);
    assert_int_equal(qn_peering_link_to(scene.peering, &(struct qn_node_id){{LAST, 0, 1}}), 0);
    qn_peering_free(scene.peering);
}

/* 64 half-open links end after three seconds, in the poll that moves a peer: the move waits, and by then its link is
 * gone. */
static void a_link_that_went_before_it_was_moved_is_left_alone(void **state)
{
    (void)state;
    struct scene scene = crowded(SETTLED + 1);
    struct qn_peering_actions actions;
    for (unsigned i = 0; i < QN_HALF_OPEN_MAX; i++) {
        struct qn_endpoint from = address(100 + i);
        assert_int_equal(qn_peering_on_inbound(scene.peering, 1000 + i, &from, scene.now).limit,
                         QN_ADMISSION_NONE);
    }
    for (unsigned i = 0; i < 3 * POLLS_A_SECOND; i++) {
        scene.now += QN_SECONDS(1) / POLLS_A_SECOND;
        qn_peering_poll(scene.peering, &actions, scene.now);
    }
    assert_int_equal(actions.count, QN_PEERING_ACTIONS_MAX);
    for (size_t i = 0; i < actions.count; i++) {
        assert_int_equal(actions.items[i].kind, QN_PEERING_CLOSE);
        qn_peering_on_down(scene.peering, actions.items[i].close.link, scene.now);
    }
    const struct qn_move *move = qn_balancer_last(&qn_peering_balance(scene.peering)->balancer, 0);
    assert_non_null(move);
    assert_int_equal(move->kind, QN_MOVE_REDIRECT);
    qn_peering_on_down(scene.peering, move->link, scene.now);
    run(&scene, 10);
    assert_int_equal(scene.redirects, 0);
    qn_peering_free(scene.peering);
}

static void loads_become_rates_and_the_processor_is_dealt_out(void **state)
{
    (void)state;
    struct scene scene = crowded(2);
    struct qn_link_load links[3] = {{.link = 1}, {.link = 2, .queued_bytes = 70}, {.link = 99}};
    for (unsigned second = 1; second <= 40; second++) {
        links[0].bytes += 3000;
        links[1].bytes += 1000;
        run(&scene, 1);
        qn_peering_on_load(
            scene.peering,
            &(struct qn_load){.count = QN_ARRAY_COUNT(links), .links = links, .cpu_percent = 33},
            scene.now);
    }
    run(&scene, 1);
    const struct qn_peering_balance *balance = qn_peering_balance(scene.peering);
    assert_in_range(balance->goodput[QN_REGION_ASIA], 3980, 4000);
    assert_int_equal(balance->queued[QN_REGION_ASIA], 70);
    assert_int_equal(balance->regions[QN_REGION_ASIA].cpu_percent, 33);
    assert_int_equal(balance->balancer.busy.percent, 33);
    qn_peering_free(scene.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_too_full_for_three_seconds_sends_one_a_second_elsewhere),
        cmocka_unit_test(who_was_sent_away_is_refused_for_300_s),
        cmocka_unit_test(who_rests_gets_in_where_half_the_places_are_free),
        cmocka_unit_test(who_was_dialled_rests_and_is_not_dialled),
        cmocka_unit_test(anchors_genesis_nodes_and_the_best_deliverers_stay),
        cmocka_unit_test(a_link_that_went_before_it_was_moved_is_left_alone),
        cmocka_unit_test(loads_become_rates_and_the_processor_is_dealt_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
