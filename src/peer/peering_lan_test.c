#include "peer/peering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "peer/sources.h"

enum { LARGE = 5000, SMALL = 5, OWN = 128, GENESIS = 200, TICKS_A_SECOND = 10 };

struct fixture {
    struct qn_peering *peering;
    qn_time_us now;
    uint64_t next_link;
    bool answers; /* dials to neighbours end in live links */
    bool hangs;   /* or in nothing at all */
    size_t under_way;
    unsigned dials[256]; /* to each number */
};

static struct qn_node_id id_of(uint8_t number)
{
    return (struct qn_node_id){{number, 1}};
}

static struct qn_endpoint endpoint_of(uint8_t number)
{
    struct qn_net_address address = {.ip = {[10] = 0xff, 0xff, 192, 168, 7, number}, .port = 9876};
    struct qn_endpoint endpoint;
    qn_net_address_endpoint(&endpoint, &address);
    return endpoint;
}

static void init(struct fixture *f, uint64_t active)
{
    struct qn_peering_config config = {.id = id_of(OWN),
                                       .region = QN_REGION_ASIA,
                                       .seed = 11,
                                       .budgets = {.links_max = 100},
                                       .has_lan = true};
    *f = (struct fixture){.now = QN_SECONDS(1), .answers = true};
    f->peering = qn_peering_new(&config, f->now);
    (void)qn_peering_set_size(f->peering, active, 0);
}

static void hear_at(struct fixture *f, uint8_t number, const struct qn_endpoint *endpoint)
{
    struct qn_node_id id = id_of(number);
    struct qn_heard heard = {.id = &id,
                             .from = QN_HEARD_LAN,
                             .region = QN_REGION_ASIA,
                             .endpoints = endpoint,
                             .endpoint_count = 1};
    qn_peering_heard(f->peering, &heard, f->now);
}

static void hear(struct fixture *f, uint8_t number)
{
    struct qn_endpoint endpoint = endpoint_of(number);
    hear_at(f, number, &endpoint);
}

/* A genesis node that never answers. */
static void hear_genesis(struct fixture *f)
{
    struct qn_node_id id = id_of(GENESIS);
    struct qn_endpoint endpoint = endpoint_of(GENESIS);
    struct qn_heard heard = {.id = &id,
                             .from = QN_HEARD_GENESIS,
                             .region = QN_REGION_ASIA,
                             .endpoints = &endpoint,
                             .endpoint_count = 1};
    qn_peering_heard(f->peering, &heard, f->now);
}

static void on_dial(struct fixture *f, const struct qn_peering_action *action)
{
    struct qn_net_address address;
    assert_true(qn_net_address_parse(&address, &action->dial.endpoint));
    uint8_t number = address.ip[15];
    f->dials[number] += 1;
    if (f->hangs && number != GENESIS) {
        f->under_way += 1;
        return;
    }
    if (!f->answers || number == GENESIS) {
        qn_peering_on_dial_failed(f->peering, action->dial.dial, f->now);
        return;
    }
    assert_false(action->dial.has_id); /* it was only said */
    f->next_link += 1;
    struct qn_peering_up up = {.link = f->next_link,
                               .dial = action->dial.dial,
                               .id = id_of(number),
                               .remote = action->dial.endpoint,
                               .standing = QN_STANDING_REGISTERED,
                               .region = QN_REGION_ASIA};
    assert_int_equal(qn_peering_on_up(f->peering, &up, f->now).limit, QN_ADMISSION_NONE);
    qn_peering_on_live(f->peering, up.link, f->now);
}

static void run(struct fixture *f, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * TICKS_A_SECOND; i++) {
        struct qn_peering_actions actions;
        qn_peering_poll(f->peering, &actions, f->now);
        for (size_t k = 0; k < actions.count; k++) {
            if (actions.items[k].kind == QN_PEERING_PROBE) {
                continue; /* nobody pings here */
            }
            assert_int_equal(actions.items[k].kind, QN_PEERING_DIAL);
            on_dial(f, &actions.items[k]);
            assert_null(qn_peering_invariant(f->peering));
        }
        f->now += QN_SECONDS(1) / TICKS_A_SECOND;
    }
}

static void neighbours_are_dialled_after_everybody_else_had_his_time(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, SMALL);
    hear_genesis(&f);
    hear(&f, OWN + 1);
    run(&f, 1);
    assert_true(f.dials[GENESIS] > 0);
    assert_int_equal(f.dials[OWN + 1], 0);
    assert_false(qn_peering_wants_neighbours(f.peering, f.now));
    run(&f, 2);
    assert_int_equal(f.dials[OWN + 1], 1);
    assert_int_equal(qn_peering_counts(f.peering)->live, 1);
    qn_peering_free(f.peering);
}

static void who_has_links_from_two_sources_dials_no_neighbour(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE);
    hear_genesis(&f);
    for (unsigned i = 1; i <= QN_SOURCES_LIVE_ENOUGH; i++) {
        struct qn_net_address address = {.ip = {0x20, 1, 0, (uint8_t)i}, .port = 9876};
        struct qn_peering_up up = {.link = i + 100U,
                                   .id = id_of((uint8_t)i),
                                   .standing = QN_STANDING_GENESIS,
                                   .region = QN_REGION_ASIA};
        qn_net_address_endpoint(&up.remote, &address);
        assert_int_equal(qn_peering_on_up(f.peering, &up, f.now).limit, QN_ADMISSION_NONE);
        qn_peering_on_live(f.peering, up.link, f.now);
    }
    hear(&f, OWN + 1);
    run(&f, 30);
    assert_int_equal(f.dials[OWN + 1], 0);
    assert_false(qn_peering_wants_neighbours(f.peering, f.now));
    qn_peering_free(f.peering);
}

static void of_two_that_hear_each_other_the_higher_id_waits(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, SMALL);
    run(&f, 1);
    hear(&f, OWN - 1);
    hear(&f, OWN + 1);
    run(&f, 2);
    assert_int_equal(f.dials[OWN + 1], 1);
    assert_int_equal(f.dials[OWN - 1], 0);
    run(&f, 2);
    assert_int_equal(f.dials[OWN - 1], 1);
    qn_peering_free(f.peering);
}

static void who_does_not_answer_is_dialled_once_for_each_word(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, SMALL);
    f.answers = false;
    hear(&f, OWN + 1);
    run(&f, 100);
    assert_int_equal(f.dials[OWN + 1], 1);
    hear(&f, OWN + 1);
    run(&f, 100);
    assert_int_equal(f.dials[OWN + 1], 2);
    qn_peering_free(f.peering);
}

/* Whoever fills the network with dead addresses holds up a few dials, and none to others. */
static void a_flood_holds_few_dials_and_the_newest_places(void **state)
{
    (void)state;
    struct fixture f;
    unsigned dialled = 0;
    init(&f, SMALL);
    f.hangs = true;
    for (unsigned i = OWN + 1; i < GENESIS; i++) {
        hear(&f, (uint8_t)i);
    }
    hear_genesis(&f);
    run(&f, 60);
    assert_int_equal(f.under_way, QN_LAN_DIALS_MAX);
    for (unsigned i = OWN + 1; i < GENESIS; i++) {
        dialled += f.dials[i];
        assert_true(f.dials[i] == 0 || i >= GENESIS - QN_LAN_NEIGHBOURS_MAX);
    }
    assert_int_equal(dialled, QN_LAN_DIALS_MAX);
    assert_true(f.dials[GENESIS] >= 5);
    qn_peering_free(f.peering);
}

static void addresses_outside_and_linked_peers_are_not_dialled(void **state)
{
    (void)state;
    struct fixture f;
    struct qn_endpoint outside = {"198.51.100.7", 9876};
    struct qn_endpoint name = {"gateway.example", 9876};
    struct qn_endpoint elsewhere = endpoint_of(OWN + 9);
    init(&f, SMALL);
    hear(&f, OWN); /* ourselves */
    hear_at(&f, OWN + 1, &outside);
    hear_at(&f, OWN + 2, &name);
    hear(&f, OWN + 3);
    run(&f, 5);
    assert_int_equal(qn_peering_counts(f.peering)->dials, 1);
    assert_int_equal(f.dials[OWN + 3], 1);
    hear_at(&f, OWN + 3, &elsewhere); /* a stranger says so, and nobody is asked */
    run(&f, 5);
    assert_int_equal(qn_peering_counts(f.peering)->dials, 1);
    qn_peering_free(f.peering);
}

static void all_neighbours_are_one_source(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE);
    for (uint8_t i = 1; i <= 3; i++) {
        hear(&f, OWN + i);
    }
    run(&f, 5);
    assert_int_equal(qn_peering_counts(f.peering)->live, 3);
    assert_int_equal(qn_peering_origins(f.peering), 1);
    qn_peering_free(f.peering);
}

static void a_node_without_links_asks_every_thirty_seconds(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, SMALL);
    unsigned asked = 0;
    for (unsigned i = 0; i < 300; i++) {
        run(&f, 1);
        asked += qn_peering_wants_neighbours(f.peering, f.now);
    }
    assert_int_equal(asked, 10);
    qn_peering_free(f.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_dialled_after_everybody_else_had_his_time),
        cmocka_unit_test(who_has_links_from_two_sources_dials_no_neighbour),
        cmocka_unit_test(of_two_that_hear_each_other_the_higher_id_waits),
        cmocka_unit_test(who_does_not_answer_is_dialled_once_for_each_word),
        cmocka_unit_test(a_flood_holds_few_dials_and_the_newest_places),
        cmocka_unit_test(addresses_outside_and_linked_peers_are_not_dialled),
        cmocka_unit_test(all_neighbours_are_one_source),
        cmocka_unit_test(a_node_without_links_asks_every_thirty_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
