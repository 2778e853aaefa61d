#include "peer/peering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/rng.h"

enum { LINKS = 100 };

struct scene {
    struct qn_peering *peering;
    qn_time_us now;
    uint64_t last_link;
};

static struct qn_node_id id_of(uint64_t number)
{
    struct qn_node_id id = {{(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), 1}};
    return id;
}

static struct scene start(uint64_t active)
{
    struct qn_peering_config config = {
        .id = id_of(0), .region = QN_REGION_EUROPE, .seed = 7, .budgets = {.links_max = LINKS}};
    struct scene scene = {.peering = qn_peering_new(&config, 0)};
    (void)qn_peering_set_size(scene.peering, active, 0);
    return scene;
}

static void check(const struct scene *scene)
{
    const char *broken = qn_peering_invariant(scene->peering);
    if (broken != NULL) {
        print_message("%s\n", broken);
    }
    assert_null(broken);
}

static struct qn_endpoint address(unsigned group, unsigned host)
{
    struct qn_endpoint endpoint = {.port = 40000};
    (void)snprintf(endpoint.host, sizeof endpoint.host, "20.%u.%u.%u", group & 255U,
                   host >> 8 & 255U, host & 255U);
    return endpoint;
}

static struct qn_peering_verdict come(struct scene *scene, const struct qn_endpoint *from)
{
    scene->last_link += 1;
    struct qn_peering_verdict verdict =
        qn_peering_on_inbound(scene->peering, scene->last_link, from, scene->now);
    check(scene);
    return verdict;
}

/* The whole way in. Returns the limit that refused. */
static enum qn_admission_limit join(struct scene *scene, uint64_t number,
                                    const struct qn_endpoint *from, enum qn_standing standing,
                                    enum qn_region region)
{
    struct qn_peering_verdict verdict = come(scene, from);
    if (verdict.limit != QN_ADMISSION_NONE) {
        return verdict.limit;
    }
    struct qn_peering_up up = {.link = scene->last_link,
                               .id = id_of(number),
                               .remote = *from,
                               .standing = standing,
                               .region = region};
    verdict = qn_peering_on_up(scene->peering, &up, scene->now);
    if (verdict.limit == QN_ADMISSION_NONE) {
        qn_peering_on_live(scene->peering, scene->last_link, scene->now);
    }
    check(scene);
    return verdict.limit;
}

static void silent_connections_give_way_and_an_honest_one_gets_in(void **state)
{
    (void)state;
    struct scene scene = start(5);
    unsigned refused = 0;
    struct qn_endpoint honest = address(200, 1);
    for (unsigned second = 0; second < 30; second++) {
        scene.now = QN_SECONDS(second);
        for (unsigned i = 0; i < 300; i++) { /* from 64 groups, which never say a word */
            struct qn_endpoint from = address(i % 64, second);
            refused += come(&scene, &from).limit != QN_ADMISSION_NONE;
        }
        assert_in_range(qn_peering_counts(scene.peering)->half_open, 1, QN_HALF_OPEN_MAX);
    }
    assert_true(refused > 0);
    unsigned tries = 0;
    enum qn_admission_limit limit = QN_ADMISSION_HALF_OPEN;
    for (; limit != QN_ADMISSION_NONE && tries < 30; tries++) { /* it tries once a second */
        scene.now += QN_SECONDS(1);
        limit = join(&scene, 1, &honest, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
    }
    print_message("300 silent connections a second: the honest one gets in at try %u\n", tries);
    assert_int_equal(limit, QN_ADMISSION_NONE);
    qn_peering_free(scene.peering);
}

static void one_subnet_cannot_hold_all_half_open_places(void **state)
{
    (void)state;
    struct scene scene = start(5);
    struct qn_endpoint from = address(1, 1);
    for (unsigned i = 0; i < QN_HALF_OPEN_SUBNET_MAX; i++) {
        assert_int_equal(come(&scene, &from).limit, QN_ADMISSION_NONE);
    }
    assert_int_equal(come(&scene, &from).limit, QN_ADMISSION_HALF_OPEN_SUBNET);
    struct qn_endpoint other = address(2, 1);
    assert_int_equal(come(&scene, &other).limit, QN_ADMISSION_NONE);
    struct qn_endpoint local = {.host = "127.0.0.1", .port = 1};
    for (unsigned i = 0; i < 2 * QN_HALF_OPEN_SUBNET_MAX; i++) { /* this machine is exempt */
        assert_int_equal(come(&scene, &local).limit, QN_ADMISSION_NONE);
    }
    assert_int_equal(qn_peering_counts(scene.peering)->refused[QN_ADMISSION_HALF_OPEN_SUBNET], 1);
    qn_peering_free(scene.peering);
}

static void half_open_links_have_a_deadline_which_is_short_when_many_are(void **state)
{
    (void)state;
    struct scene scene = start(5);
    struct qn_peering_actions actions;
    struct qn_endpoint local = {.host = "127.0.0.1", .port = 1};
    come(&scene, &local);
    qn_peering_poll(scene.peering, &actions, QN_HALF_OPEN_TIMEOUT - 1);
    assert_int_equal(actions.count, 0);
    qn_peering_poll(scene.peering, &actions, QN_HALF_OPEN_TIMEOUT);
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].kind, QN_PEERING_CLOSE);
    assert_int_equal(actions.items[0].close.link, scene.last_link);
    assert_int_equal(actions.items[0].close.reason, QN_CLOSE_HANDSHAKE_TIMEOUT);
    qn_peering_on_down(scene.peering, scene.last_link, QN_HALF_OPEN_TIMEOUT);
    scene.now = QN_SECONDS(20);
    for (unsigned i = 0; i < QN_HALF_OPEN_MAX / 2; i++) {
        come(&scene, &local);
    }
    qn_peering_poll(scene.peering, &actions, scene.now + QN_HALF_OPEN_TIMEOUT_BUSY);
    assert_int_equal(actions.count, QN_HALF_OPEN_MAX / 2);
    qn_peering_free(scene.peering);
}

/* Slots taken by an attacker with paid registrations from 4 groups, who comes back as often as he can. */
static void an_honest_joiner_gets_in_within_30_seconds_of_slot_exhaustion(void **state)
{
    (void)state;
    struct scene scene = start(5000);
    uint64_t attacker = 1000;
    struct qn_endpoint honest = address(200, 1);
    unsigned tries = 0;
    for (unsigned i = 0; i < 3 * LINKS; i++) {
        scene.now += QN_MS(300);
        struct qn_endpoint from = address((unsigned)attacker % 4, (unsigned)attacker);
        (void)join(&scene, attacker++, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
    }
    size_t taken = qn_peering_counts(scene.peering)->links;
    assert_in_range(taken, LINKS / 2, LINKS - 1); /* some places are for our own dials */
    qn_time_us came = scene.now;
    uint64_t link = 0;
    for (; link == 0 && tries < 30; tries++) {
        scene.now += QN_SECONDS(1);
        for (unsigned i = 0; i < 20; i++) { /* twenty of him for each try of the other */
            struct qn_endpoint from = address((unsigned)attacker % 4, (unsigned)attacker);
            (void)join(&scene, attacker++, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
        }
        (void)join(&scene, 1, &honest, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
        struct qn_node_id id = id_of(1);
        link = qn_peering_link_to(scene.peering, &id);
    }
    print_message("%zu of %d places taken, 20 attackers a second: in after %llu s and %u tries\n",
                  taken, LINKS, (unsigned long long)((scene.now - came) / QN_SECONDS(1)), tries);
    assert_int_not_equal(link, 0);
    assert_true(scene.now - came <= QN_SECONDS(30));
    for (unsigned i = 0; i < 600; i++) { /* and stays: the attacker evicts his own */
        scene.now += QN_MS(500);
        struct qn_endpoint from = address((unsigned)attacker % 4, (unsigned)attacker);
        (void)join(&scene, attacker++, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
    }
    struct qn_node_id id = id_of(1);
    assert_int_equal(qn_peering_link_to(scene.peering, &id), link);
    qn_peering_free(scene.peering);
}

static bool is_attacker(void *context, const struct qn_node_id *id,
                        const struct qn_endpoint *address, bool outbound)
{
    struct qn_node_id attacker = id_of(2);
    (void)context;
    (void)address;
    (void)outbound;
    return id != NULL && qn_node_id_equal(id, &attacker);
}

/* Evictions are few: whoever is refused for something else must not use them up. */
static void who_is_refused_takes_no_eviction_from_others(void **state)
{
    (void)state;
    struct qn_peering_config config = {.id = id_of(0),
                                       .region = QN_REGION_EUROPE,
                                       .seed = 7,
                                       .budgets = {.links_max = LINKS},
                                       .is_banned = is_attacker};
    struct scene scene = {.peering = qn_peering_new(&config, 0)};
    (void)qn_peering_set_size(scene.peering, 5000, 0);
    for (unsigned i = 0; i < 3 * LINKS; i++) {
        scene.now += QN_MS(300);
        struct qn_endpoint from = address(i % 4, i);
        (void)join(&scene, 1000 + i, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
    }
    scene.now += QN_SECONDS(600);
    for (unsigned i = 0; i < 50; i++) {
        struct qn_endpoint from = address(300 + i, 1); /* another network each time */
        assert_int_equal(join(&scene, 2, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE),
                         QN_ADMISSION_BANNED);
    }
    struct qn_endpoint honest = address(200, 1);
    assert_int_equal(join(&scene, 1, &honest, QN_STANDING_REGISTERED, QN_REGION_EUROPE),
                     QN_ADMISSION_NONE);
    assert_true(qn_peering_counts(scene.peering)->evicted > 0);
    qn_peering_free(scene.peering);
}

static void the_committee_and_genesis_nodes_are_counted_by_no_limit(void **state)
{
    (void)state;
    struct scene scene = start(5);
    struct qn_node_id members[20];
    for (unsigned i = 0; i < 20; i++) {
        members[i] = id_of(100 + i);
    }
    qn_peering_set_committee(scene.peering, members, 20);
    for (unsigned i = 0; i < 20; i++) {
        struct qn_endpoint from = address(i, 1);
        assert_int_equal(join(&scene, 100 + i, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE),
                         QN_ADMISSION_NONE);
        assert_int_equal(join(&scene, 200 + i, &from, QN_STANDING_GENESIS, QN_REGION_EUROPE),
                         QN_ADMISSION_NONE);
    }
    assert_int_equal(qn_peering_counts(scene.peering)->privileged, 40);
    assert_int_equal(qn_peering_counts(scene.peering)->region[QN_REGION_EUROPE], 0);
    /* Members no more: above the limit of the region they are given up one by one. */
    qn_peering_set_committee(scene.peering, members, 0);
    check(&scene);
    size_t most = qn_peer_limits_per_region(qn_peering_limits(scene.peering));
    for (unsigned i = 0; i < 20; i++) {
        struct qn_peering_actions actions;
        qn_peering_poll(scene.peering, &actions, scene.now);
        for (size_t k = 0; k < actions.count; k++) {
            if (actions.items[k].kind == QN_PEERING_CLOSE) {
                qn_peering_on_down(scene.peering, actions.items[k].close.link, scene.now);
            }
        }
        check(&scene);
    }
    assert_int_equal(qn_peering_counts(scene.peering)->region[QN_REGION_EUROPE], most);
    qn_peering_free(scene.peering);
}

static void reserved_peers_are_always_dialled_and_never_evicted(void **state)
{
    (void)state;
    struct qn_peer_hint reserved = {.has_id = true, .id = id_of(9), .endpoint = address(9, 9)};
    struct qn_peering_config config = {.id = id_of(0),
                                       .region = QN_REGION_EUROPE,
                                       .seed = 7,
                                       .budgets = {.links_max = 2},
                                       .reserved_count = 1,
                                       .reserved = &reserved};
    struct scene scene = {.peering = qn_peering_new(&config, 0)};
    struct qn_peering_actions actions;
    (void)qn_peering_set_size(scene.peering, 100000, 0);
    qn_peering_poll(scene.peering, &actions, 0);
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].dial.purpose, QN_DIAL_FOR_RESERVED);
    struct qn_peering_up up = {.link = 1000,
                               .dial = actions.items[0].dial.dial,
                               .id = reserved.id,
                               .remote = reserved.endpoint,
                               .standing = QN_STANDING_REGISTERED,
                               .region = QN_REGION_EUROPE};
    assert_int_equal(qn_peering_on_up(scene.peering, &up, 0).limit, QN_ADMISSION_NONE);
    qn_peering_on_live(scene.peering, 1000, 0);
    for (unsigned i = 0; i < 50; i++) {
        struct qn_endpoint from = address(i, 1);
        scene.now += QN_SECONDS(2);
        (void)join(&scene, 100 + i, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
    }
    assert_int_equal(qn_peering_link_to(scene.peering, &reserved.id), 1000);
    /* One of the two other places is kept for our own dials. */
    assert_int_equal(qn_peering_counts(scene.peering)->links, 2);
    qn_peering_on_down(scene.peering, 1000, scene.now);
    qn_peering_poll(scene.peering, &actions, scene.now + QN_SECONDS(1));
    assert_int_equal(actions.items[0].dial.purpose, QN_DIAL_FOR_RESERVED);
    qn_peering_free(scene.peering);
}

static void limits_step_up_at_once_and_down_after_ten_minutes(void **state)
{
    (void)state;
    struct scene scene = start(100);
    assert_int_equal(qn_peer_limits_per_region(qn_peering_limits(scene.peering)), 8);
    (void)qn_peering_set_size(scene.peering, 101, QN_SECONDS(1));
    assert_int_equal(qn_peer_limits_per_region(qn_peering_limits(scene.peering)), 50);
    for (unsigned i = 0; i < 20; i++) {
        struct qn_endpoint from = address(i, i);
        scene.now += QN_SECONDS(1);
        (void)join(&scene, 100 + i, &from, QN_STANDING_REGISTERED, QN_REGION_EUROPE);
    }
    size_t held = qn_peering_counts(scene.peering)->region[QN_REGION_EUROPE];
    assert_in_range(held, 9, 50);
    (void)qn_peering_set_size(scene.peering, 10, QN_SECONDS(100));
    (void)qn_peering_set_size(scene.peering, 10, QN_SECONDS(699));
    assert_int_equal(qn_peer_limits_per_region(qn_peering_limits(scene.peering)), 50);
    (void)qn_peering_set_size(scene.peering, 10, QN_SECONDS(700));
    assert_int_equal(qn_peer_limits_per_region(qn_peering_limits(scene.peering)), 8);
    check(&scene); /* what is above the new limit goes link by link */
    for (unsigned i = 0; i < 20; i++) {
        struct qn_peering_actions actions;
        qn_peering_poll(scene.peering, &actions, QN_SECONDS(700));
        for (size_t k = 0; k < actions.count; k++) {
            qn_peering_on_down(scene.peering, actions.items[k].close.link, QN_SECONDS(700));
        }
        check(&scene);
    }
    assert_int_equal(qn_peering_counts(scene.peering)->region[QN_REGION_EUROPE], 8);
    qn_peering_free(scene.peering);
}

/* Anything in any order: nothing is ever above a limit, and nothing is lost. */
static void no_limit_is_passed_whatever_happens(void **state)
{
    (void)state;
    const uint64_t seed = 20260101;
    struct scene scene = start(50);
    struct qn_rng rng;
    qn_rng_init(&rng, seed);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < 20000; i++) {
        struct qn_peering_actions actions;
        struct qn_endpoint from = address((unsigned)qn_rng_below(&rng, 40), i);
        uint64_t who = 1 + qn_rng_below(&rng, 400);
        struct qn_node_id id = id_of(who);
        enum qn_standing standing = (enum qn_standing)qn_rng_below(&rng, 5);
        scene.now += qn_rng_below(&rng, QN_MS(400));
        switch (qn_rng_below(&rng, 6)) {
        case 0:
            (void)come(&scene, &from);
            break;
        case 1:
        case 2:
            if (qn_peering_link_to(scene.peering, &id) == 0) {
                (void)join(&scene, who, &from, standing,
                           (enum qn_region)qn_rng_below(&rng, QN_REGION_COUNT));
            }
            break;
        case 3:
            qn_peering_on_down(scene.peering, 1 + qn_rng_below(&rng, scene.last_link + 1),
                               scene.now);
            break;
        case 4:
            (void)qn_peering_set_size(scene.peering, qn_rng_below(&rng, 2000), scene.now);
            break;
        case 5:
            qn_peering_poll(scene.peering, &actions, scene.now);
            for (size_t k = 0; k < actions.count; k++) {
                if (actions.items[k].kind == QN_PEERING_CLOSE) {
                    qn_peering_on_down(scene.peering, actions.items[k].close.link, scene.now);
                }
            }
            break;
        }
        check(&scene);
    }
    qn_peering_free(scene.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_connections_give_way_and_an_honest_one_gets_in),
        cmocka_unit_test(one_subnet_cannot_hold_all_half_open_places),
        cmocka_unit_test(half_open_links_have_a_deadline_which_is_short_when_many_are),
        cmocka_unit_test(an_honest_joiner_gets_in_within_30_seconds_of_slot_exhaustion),
        cmocka_unit_test(who_is_refused_takes_no_eviction_from_others),
        cmocka_unit_test(the_committee_and_genesis_nodes_are_counted_by_no_limit),
        cmocka_unit_test(reserved_peers_are_always_dialled_and_never_evicted),
        cmocka_unit_test(limits_step_up_at_once_and_down_after_ten_minutes),
        cmocka_unit_test(no_limit_is_passed_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
