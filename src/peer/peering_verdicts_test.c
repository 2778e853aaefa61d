/* Peers whose region is not verified, and the links that they may hold. */
#include "peer/peering_verdicts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "peer/net_address.h"

enum { LARGE = 5000, LINKS = 1000, TENTH = 10, MANY = 30, TICKS_A_SECOND = 10 };

struct fixture {
    struct qn_peering *peering;
    qn_time_us now;
    uint64_t last_link;
};

static struct fixture start(uint64_t active, bool demanded)
{
    struct qn_peering_config config = {
        .id = {{0}}, .region = QN_REGION_EUROPE, .seed = 3, .budgets = {.links_max = LINKS}};
    struct fixture f = {.now = QN_SECONDS(1)};
    f.peering = qn_peering_new(&config, f.now);
    (void)qn_peering_set_size(f.peering, active, f.now);
    qn_peering_demand_verdicts(f.peering, QN_REGION_EUROPE, demanded);
    return f;
}

/* Each in a network of its own. */
static struct qn_endpoint endpoint_of(unsigned number)
{
    struct qn_net_address address = {.ip = {0x20, 0, 0, (uint8_t)number}, .port = 9876};
    struct qn_endpoint endpoint;
    qn_net_address_endpoint(&endpoint, &address);
    return endpoint;
}

static struct qn_peering_verdict up(struct fixture *f, unsigned number, uint64_t dial)
{
    f->last_link += 1;
    f->now += QN_MS(1);
    struct qn_peering_up up = {.link = f->last_link,
                               .dial = dial,
                               .id = {{(uint8_t)number, 1}},
                               .remote = endpoint_of(number),
                               .standing = QN_STANDING_REGISTERED,
                               .region = QN_REGION_EUROPE};
    struct qn_peering_verdict verdict = qn_peering_on_up(f->peering, &up, f->now);
    if (verdict.limit == QN_ADMISSION_NONE) {
        qn_peering_on_live(f->peering, up.link, f->now);
    }
    assert_null(qn_peering_invariant(f->peering));
    return verdict;
}

static size_t unverified(const struct fixture *f)
{
    return qn_peering_counts(f->peering)->unverified[QN_REGION_EUROPE];
}

static void poll(struct fixture *f)
{
    struct qn_peering_actions actions;
    for (uint64_t link = 1; link <= f->last_link; link++) { /* those that are there answer */
        qn_peering_on_rtt(f->peering, link, 1000, f->now);
    }
    qn_peering_poll(f->peering, &actions, f->now);
    for (size_t i = 0; i < actions.count; i++) {
        const struct qn_peering_action *action = &actions.items[i];
        struct qn_net_address address;
        if (action->kind == QN_PEERING_CLOSE) {
            qn_peering_on_down(f->peering, action->close.link, f->now);
        } else if (action->kind == QN_PEERING_DIAL) {
            assert_true(qn_net_address_parse(&address, &action->dial.endpoint));
            assert_int_equal(up(f, address.ip[3], action->dial.dial).limit, QN_ADMISSION_NONE);
        }
        assert_null(qn_peering_invariant(f->peering));
    }
    f->now += QN_SECONDS(1) / TICKS_A_SECOND;
}

static void without_a_verdict_there_is_a_tenth_of_the_places(void **state)
{
    (void)state;
    struct fixture f = start(LARGE, true);
    for (unsigned i = 1; i <= 100; i++) { /* some take the place of others, slowly */
        (void)up(&f, i, 0);
        assert_true(unverified(&f) <= TENTH);
    }
    assert_int_equal(unverified(&f), TENTH);
    uint64_t refused = qn_peering_counts(f.peering)->refused[QN_ADMISSION_UNVERIFIED];
    assert_in_range(refused, 100 - TENTH - QN_EVICTION_BURST - QN_TURNOVER_BURST, 100 - TENTH);
    f.now += QN_SECONDS(60);
    assert_int_not_equal(up(&f, 200, 0).evict, 0); /* the tenth is nobody's for ever */
    struct qn_node_id oldest = {{1, 1}};
    uint64_t link = qn_peering_link_to(f.peering, &oldest);
    assert_int_not_equal(link, 0);
    qn_peering_set_verdict(f.peering, link, QN_REGION_REFUTED);
    assert_int_equal(up(&f, 201, 0).evict, link); /* who lied goes first, however old */
    qn_peering_free(f.peering);
}

static void nobody_is_limited_where_no_verdict_is_demanded(void **state)
{
    (void)state;
    struct fixture f = start(LARGE, false);
    for (unsigned i = 1; i <= 50; i++) {
        assert_int_equal(up(&f, i, 0).limit, QN_ADMISSION_NONE);
    }
    assert_int_equal(unverified(&f), 50);
    qn_peering_demand_verdicts(f.peering, QN_REGION_EUROPE, true);
    for (unsigned i = 0; i < 50; i++) {
        poll(&f);
    }
    assert_int_equal(unverified(&f), TENTH);
    for (uint64_t link = 1; link <= TENTH; link++) { /* the oldest stayed */
        struct qn_node_id id = {{(uint8_t)link, 1}};
        assert_int_equal(qn_peering_link_to(f.peering, &id), link);
    }
    qn_peering_free(f.peering);
}

static void a_small_network_has_one_place(void **state)
{
    (void)state;
    struct fixture f = start(20, true);
    assert_int_equal(up(&f, 1, 0).limit, QN_ADMISSION_NONE);
    assert_int_equal(unverified(&f), 1);
    assert_int_equal(up(&f, 2, 1000).limit, QN_ADMISSION_UNVERIFIED); /* our own dials as well */
    qn_peering_set_verdict(f.peering, 1, QN_REGION_VERIFIED);
    assert_int_equal(up(&f, 3, 1001).limit, QN_ADMISSION_NONE);
    qn_peering_free(f.peering);
}

static void who_is_verified_makes_room_and_who_no_longer_is_takes_it(void **state)
{
    (void)state;
    struct fixture f = start(LARGE, true);
    for (unsigned i = 1; i <= MANY; i++) {
        assert_int_equal(up(&f, i, 0).limit, QN_ADMISSION_NONE);
        qn_peering_set_verdict(f.peering, f.last_link, QN_REGION_VERIFIED);
    }
    for (uint64_t link = 1; link <= TENTH + 5; link++) {
        qn_peering_set_verdict(f.peering, link, QN_REGION_REFUTED);
        assert_null(qn_peering_invariant(f.peering));
    }
    for (unsigned i = 0; i < 10; i++) {
        poll(&f);
    }
    assert_int_equal(unverified(&f), TENTH);
    for (uint64_t link = 1; link <= MANY; link++) { /* the youngest of the refuted ones went */
        struct qn_node_id id = {{(uint8_t)link, 1}};
        bool stays = link <= TENTH || link > TENTH + 5;
        assert_int_equal(qn_peering_link_to(f.peering, &id), stays ? link : 0);
    }
    qn_peering_free(f.peering);
}

static void nobody_is_dialled_for_whom_there_is_no_place(void **state)
{
    (void)state;
    struct fixture f = start(LARGE, true);
    for (unsigned i = 1; i <= 40; i++) {
        struct qn_node_id id = {{(uint8_t)i, 1}};
        struct qn_endpoint endpoint = endpoint_of(i);
        struct qn_heard heard = {.id = &id,
                                 .from = QN_HEARD_LEDGER,
                                 .region = QN_REGION_EUROPE,
                                 .endpoints = &endpoint,
                                 .endpoint_count = 1};
        qn_peering_heard(f.peering, &heard, f.now);
    }
    for (unsigned i = 0; i < 60 * TICKS_A_SECOND; i++) {
        poll(&f); /* no dial of ours is refused */
    }
    assert_int_equal(unverified(&f), TENTH);
    for (uint64_t link = 1; link <= f.last_link; link++) {
        qn_peering_set_verdict(f.peering, link, QN_REGION_VERIFIED);
    }
    for (unsigned i = 0; i < 10 * TICKS_A_SECOND; i++) {
        poll(&f);
    }
    assert_true(qn_peering_counts(f.peering)->hot[QN_REGION_EUROPE] >= QN_HOT_OWN_REGION);
    qn_peering_free(f.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_verdict_there_is_a_tenth_of_the_places),
        cmocka_unit_test(nobody_is_limited_where_no_verdict_is_demanded),
        cmocka_unit_test(a_small_network_has_one_place),
        cmocka_unit_test(who_is_verified_makes_room_and_who_no_longer_is_takes_it),
        cmocka_unit_test(nobody_is_dialled_for_whom_there_is_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
