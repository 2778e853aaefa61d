/* Peers that have no place for us, and places that we keep for our own dials. */
#include "peer/peering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "peer/net_address.h"

enum { LARGE = 5000, LINKS = 100, NUMBERS = 256, TICKS_A_SECOND = 10, SELF = 0 };

struct fixture {
    struct qn_peering *peering;
    qn_time_us now;
    uint64_t last_link;
    bool is_full[NUMBERS];
    enum qn_region region[NUMBERS];
    enum qn_standing standing[NUMBERS];
    unsigned dials[NUMBERS];
};

static struct qn_node_id id_of(unsigned number)
{
    return (struct qn_node_id){{(uint8_t)number, 1}};
}

/* Each in a network of its own. */
static struct qn_endpoint endpoint_of(unsigned number)
{
    struct qn_net_address address = {.ip = {0x20, 0, 0, (uint8_t)number}, .port = 9876};
    struct qn_endpoint endpoint;
    qn_net_address_endpoint(&endpoint, &address);
    return endpoint;
}

static void init(struct fixture *f, uint64_t active)
{
    struct qn_peering_config config = {
        .id = id_of(SELF), .region = QN_REGION_EUROPE, .seed = 3, .budgets = {.links_max = LINKS}};
    memset(f, 0, sizeof *f);
    f->now = QN_SECONDS(1);
    f->peering = qn_peering_new(&config, f->now);
    (void)qn_peering_set_size(f->peering, active, f->now);
    for (unsigned i = 0; i < NUMBERS; i++) {
        f->region[i] = QN_REGION_EUROPE;
        f->standing[i] = QN_STANDING_REGISTERED;
    }
}

static void hear(struct fixture *f, enum qn_heard_from from, unsigned first, unsigned count,
                 enum qn_region region, bool is_full)
{
    for (unsigned i = first; i < first + count; i++) {
        struct qn_node_id id = id_of(i);
        struct qn_endpoint endpoint = endpoint_of(i);
        struct qn_heard heard = {
            .id = &id, .from = from, .region = region, .endpoints = &endpoint, .endpoint_count = 1};
        f->region[i] = region;
        f->is_full[i] = is_full;
        f->standing[i] = from == QN_HEARD_GENESIS ? QN_STANDING_GENESIS : QN_STANDING_REGISTERED;
        qn_peering_heard(f->peering, &heard, f->now);
    }
}

static struct qn_peering_verdict up(struct fixture *f, unsigned number, uint64_t dial)
{
    f->last_link += 1;
    struct qn_endpoint endpoint = endpoint_of(number);
    struct qn_peering_up up = {.link = f->last_link,
                               .dial = dial,
                               .id = id_of(number),
                               .remote = endpoint,
                               .standing = f->standing[number],
                               .region = f->region[number]};
    struct qn_peering_verdict verdict = qn_peering_on_up(f->peering, &up, f->now);
    if (verdict.limit == QN_ADMISSION_NONE) {
        qn_peering_on_live(f->peering, up.link, f->now);
    }
    return verdict;
}

static void on_dial(struct fixture *f, const struct qn_peering_action *action)
{
    struct qn_net_address address;
    assert_true(qn_net_address_parse(&address, &action->dial.endpoint));
    unsigned number = address.ip[3];
    f->dials[number] += 1;
    struct qn_peering_verdict verdict = up(f, number, action->dial.dial);
    assert_int_equal(verdict.limit, QN_ADMISSION_NONE);
    if (f->is_full[number]) {
        qn_peering_on_full(f->peering, f->last_link);
        qn_peering_on_down(f->peering, f->last_link, f->now);
    }
}

static void run(struct fixture *f, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * TICKS_A_SECOND; i++) {
        struct qn_peering_actions actions;
        for (uint64_t link = 1; link <= f->last_link;
             link++) { /* those that are there still answer */
            qn_peering_on_rtt(f->peering, link, 1000, f->now);
        }
        qn_peering_poll(f->peering, &actions, f->now);
        for (size_t k = 0; k < actions.count; k++) {
            if (actions.items[k].kind == QN_PEERING_DIAL) {
                on_dial(f, &actions.items[k]);
            } else if (actions.items[k].kind == QN_PEERING_CLOSE) {
                qn_peering_on_down(f->peering, actions.items[k].close.link, f->now);
            }
            assert_null(qn_peering_invariant(f->peering));
        }
        f->now += QN_SECONDS(1) / TICKS_A_SECOND;
    }
}

/* Dials since the last call, to numbers of this range. */
static unsigned take_dials(struct fixture *f, unsigned first, unsigned count)
{
    unsigned dials = 0;
    for (unsigned i = first; i < first + count; i++) {
        dials += f->dials[i];
        f->dials[i] = 0;
    }
    return dials;
}

static void a_region_where_all_are_full_is_left_alone_for_five_minutes(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE);
    hear(&f, QN_HEARD_LEDGER, 1, 30, QN_REGION_EUROPE, false);
    hear(&f, QN_HEARD_LEDGER, 100, 20, QN_REGION_AFRICA, true);
    run(&f, 60);
    assert_true(qn_peering_counts(f.peering)->hot[QN_REGION_EUROPE] >= QN_HOT_OWN_REGION);
    assert_in_range(take_dials(&f, 100, 20), 20, 30);
    run(&f, 200);
    assert_int_equal(take_dials(&f, 100, 20), 0);
    f.is_full[110] = false;
    run(&f, 900);
    struct qn_node_id id = id_of(110);
    assert_int_not_equal(qn_peering_link_to(f.peering, &id), 0);
    qn_peering_free(f.peering);
}

static void full_peers_do_not_hide_those_that_have_room(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE);
    hear(&f, QN_HEARD_LEDGER, 1, 30, QN_REGION_EUROPE, false);
    run(&f, 20);
    hear(&f, QN_HEARD_LEDGER, 100, 60, QN_REGION_AFRICA, true);
    f.is_full[120] = false;
    f.is_full[140] = false;
    run(&f, 60);
    assert_int_equal(qn_peering_counts(f.peering)->hot[QN_REGION_AFRICA], 2);
    qn_peering_free(f.peering);
}

/* In a small network everybody dials the genesis nodes, for as long as that is of use. */
static void who_has_its_links_asks_full_genesis_nodes_seldom(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t registered[QN_REGION_COUNT] = {[QN_REGION_EUROPE] = 20};
    init(&f, 20);
    qn_peering_set_registered(f.peering, registered);
    hear(&f, QN_HEARD_RECORD, 1, 15, QN_REGION_EUROPE, false);
    run(&f, 10);
    hear(&f, QN_HEARD_GENESIS, 100, 5, QN_REGION_ASIA, true);
    assert_true(qn_peering_counts(f.peering)->live >= qn_peering_targets(f.peering)->total);
    run(&f, 60);
    assert_int_equal(take_dials(&f, 100, 5), 5);
    run(&f, 300); /* at least half of a quarter of an hour */
    assert_int_equal(take_dials(&f, 100, 5), 0);
    run(&f, 600);
    assert_int_equal(take_dials(&f, 100, 5), 5);
    qn_peering_free(f.peering);
}

/* Links of our own beyond what places are kept for take some of those that are kept for other regions. Newcomers
 * get the places of other inbound links all the same. */
static void own_links_to_one_region_do_not_end_the_turnover(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE);
    unsigned number = 1;
    while (up(&f, number, 0).limit == QN_ADMISSION_NONE) {
        f.now += QN_SECONDS(1);
        number += 1;
        f.region[number] = (enum qn_region)(number % QN_REGION_COUNT);
    }
    size_t inbound = qn_peering_counts(f.peering)->links;
    assert_true(inbound < LINKS);
    for (uint64_t dial = 1; inbound + dial <= LINKS; dial++) { /* all to one region */
        number += 1;
        assert_int_equal(up(&f, number, 1000 + dial).limit, QN_ADMISSION_NONE);
    }
    f.now += QN_SECONDS(60);
    struct qn_peering_verdict verdict = up(&f, number + 1, 0);
    assert_int_equal(verdict.limit, QN_ADMISSION_NONE);
    assert_int_not_equal(verdict.evict, 0);
    assert_int_equal(qn_peering_counts(f.peering)->links, LINKS);
    assert_null(qn_peering_invariant(f.peering));
    qn_peering_free(f.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_where_all_are_full_is_left_alone_for_five_minutes),
        cmocka_unit_test(full_peers_do_not_hide_those_that_have_room),
        cmocka_unit_test(who_has_its_links_asks_full_genesis_nodes_seldom),
        cmocka_unit_test(own_links_to_one_region_do_not_end_the_turnover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
