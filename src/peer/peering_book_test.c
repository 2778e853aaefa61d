#include "peer/peering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

enum { LARGE = 5000, TICKS_A_SECOND = 10 };

struct fixture {
    struct qn_peering *peering;
    qn_time_us now;
    uint64_t next_link;
    bool answers;        /* dials end in live links */
    unsigned dials[256]; /* to each number */
    unsigned closes;
};

static struct qn_node_id id_of(uint8_t number)
{
    return (struct qn_node_id){{number, 1}};
}

/* Each in a network of its own. */
static struct qn_endpoint endpoint_of(uint8_t number)
{
    struct qn_net_address address = {.port = 9876};
    struct qn_endpoint endpoint;
    address.ip[0] = 0x20;
    address.ip[3] = number;
    qn_net_address_endpoint(&endpoint, &address);
    return endpoint;
}

static void init(struct fixture *f, uint64_t active, size_t dns_seeds)
{
    struct qn_peering_config config = {.id = id_of(255),
                                       .region = QN_REGION_ASIA,
                                       .seed = 11,
                                       .budgets = {.links_max = 100},
                                       .dns_seed_count = dns_seeds};
    *f = (struct fixture){.now = QN_SECONDS(1), .answers = true};
    f->peering = qn_peering_new(&config, f->now);
    (void)qn_peering_set_size(f->peering, active, 0);
}

static void hear(struct fixture *f, enum qn_heard_from from, uint8_t number, bool has_id,
                 uint64_t link)
{
    struct qn_node_id id = id_of(number);
    struct qn_endpoint endpoint = endpoint_of(number);
    struct qn_heard heard = {.id = has_id ? &id : NULL,
                             .from = from,
                             .region = QN_REGION_ASIA,
                             .endpoints = &endpoint,
                             .endpoint_count = 1,
                             .link = link};
    qn_peering_heard(f->peering, &heard, f->now);
}

/* Who answers is who has the address. */
static uint8_t number_at(const struct qn_endpoint *endpoint)
{
    struct qn_net_address address;
    assert_true(qn_net_address_parse(&address, endpoint));
    return address.ip[3];
}

static void on_dial(struct fixture *f, const struct qn_peering_action *action)
{
    uint8_t number = number_at(&action->dial.endpoint);
    f->dials[number] += 1;
    if (!f->answers) {
        qn_peering_on_dial_failed(f->peering, action->dial.dial, f->now);
        return;
    }
    f->next_link += 1;
    struct qn_peering_up up = {.link = f->next_link,
                               .dial = action->dial.dial,
                               .id = id_of(number),
                               .remote = action->dial.endpoint,
                               .standing = QN_STANDING_REGISTERED,
                               .region = QN_REGION_ASIA};
    struct qn_peering_verdict verdict = qn_peering_on_up(f->peering, &up, f->now);
    assert_int_equal(verdict.limit, QN_ADMISSION_NONE);
    qn_peering_on_live(f->peering, up.link, f->now);
}

static void run(struct fixture *f, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * TICKS_A_SECOND; i++) {
        struct qn_peering_actions actions;
        qn_peering_poll(f->peering, &actions, f->now);
        for (size_t k = 0; k < actions.count; k++) {
            if (actions.items[k].kind == QN_PEERING_DIAL) {
                on_dial(f, &actions.items[k]);
            } else if (actions.items[k].kind == QN_PEERING_PROBE) {
                qn_peering_on_rtt(f->peering, actions.items[k].probe.link, 1000, f->now);
            } else {
                f->closes += 1;
                qn_peering_on_down(f->peering, actions.items[k].close.link, f->now);
            }
            assert_null(qn_peering_invariant(f->peering));
        }
        f->now += QN_SECONDS(1) / TICKS_A_SECOND;
    }
}

static bool is_tried(const struct fixture *f, uint8_t number)
{
    struct qn_node_id id = id_of(number);
    struct qn_book_found found;
    return qn_book_find(qn_peering_book(f->peering), &id, &found) && found.is_tried;
}

static void a_newcomer_dials_the_pinned_ones_at_once(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, 5, 0);
    hear(&f, QN_HEARD_GENESIS, 1, true, 0);
    hear(&f, QN_HEARD_FALLBACK, 2, false, 0);
    run(&f, 1);
    assert_int_equal(f.dials[1], 1);
    assert_int_equal(f.dials[2], 0); /* the genesis node's second */
    run(&f, 1);
    assert_int_equal(f.dials[2], 1);
    assert_true(is_tried(&f, 1));
    qn_peering_free(f.peering);
}

/* Five peers of an earlier run, the first of them an anchor. */
static void remember(struct fixture *f)
{
    struct qn_book *book = qn_peering_book(f->peering);
    for (uint8_t i = 1; i <= 5; i++) {
        struct qn_book_address what = {.id = id_of(i), .region = QN_REGION_ASIA};
        struct qn_endpoint endpoint = endpoint_of(i);
        assert_true(qn_net_address_parse(&what.address, &endpoint));
        qn_book_good(book, &what, f->now);
    }
    struct qn_node_id anchor = id_of(1);
    qn_book_choose_anchors(book, &anchor, 1);
}

static void who_comes_back_dials_anchors_first_and_the_founders_not_at_all(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE, 0);
    hear(&f, QN_HEARD_GENESIS, 100, true, 0);
    hear(&f, QN_HEARD_FALLBACK, 101, false, 0);
    remember(&f);
    struct qn_peering_actions actions;
    qn_peering_poll(f.peering, &actions, f.now);
    assert_int_equal(actions.count, 1);
    assert_int_equal(number_at(&actions.items[0].dial.endpoint), 1);
    on_dial(&f, &actions.items[0]);
    run(&f, 30);
    assert_true(qn_peering_counts(f.peering)->live >= 4);
    assert_int_equal(f.dials[100], 0);
    assert_int_equal(f.dials[101], 0);
    qn_peering_free(f.peering);
}

static void is_linked_by(struct fixture *f, uint8_t number)
{
    f->next_link += 1;
    struct qn_peering_up up = {.link = f->next_link,
                               .id = id_of(number),
                               .remote = endpoint_of(number),
                               .standing = QN_STANDING_REGISTERED,
                               .region = QN_REGION_ASIA};
    assert_int_equal(qn_peering_on_up(f->peering, &up, f->now).limit, QN_ADMISSION_NONE);
    qn_peering_on_live(f->peering, up.link, f->now);
}

/* A cold start that is over before it came to the book would leave a node with the same few peers for ever. */
static void with_enough_links_at_once_more_come_from_the_book(void **state)
{
    (void)state;
    struct fixture f;
    const struct qn_node_id members[] = {id_of(100), id_of(101)}; /* two sources */
    init(&f, LARGE, 0);
    qn_peering_set_committee(f.peering, members, QN_ARRAY_COUNT(members));
    remember(&f);
    for (unsigned i = 0; i < QN_SOURCES_LIVE_ENOUGH; i++) {
        is_linked_by(&f, (uint8_t)(100 + i));
    }
    run(&f, 10);
    for (uint8_t i = 1; i <= 5; i++) {
        assert_true(f.dials[i] > 0);
    }
    qn_peering_free(f.peering);
}

/* Whoever owns few networks shall not be all of those that we dial. */
static void networks_that_no_own_link_is_in_are_dialled_first(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE, 0);
    f.answers = false;
    for (uint8_t i = 0; i < 200; i++) { /* all of the same network */
        struct qn_book_address what = {.id = {{200, i, 7}}, .region = QN_REGION_ASIA};
        struct qn_endpoint endpoint = endpoint_of(7);
        assert_true(qn_net_address_parse(&what.address, &endpoint));
        what.address.ip[15] = i;
        qn_book_good(qn_peering_book(f.peering), &what, f.now);
    }
    remember(&f);
    run(&f, 3);
    for (uint8_t i = 1; i <= 5; i++) {
        assert_true(f.dials[i] > 0);
    }
    assert_true(f.dials[7] > 0); /* and then the others */
    qn_peering_free(f.peering);
}

static void if_nobody_of_before_answers_the_next_sources_follow(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE, 2);
    hear(&f, QN_HEARD_GENESIS, 100, true, 0);
    hear(&f, QN_HEARD_FALLBACK, 101, false, 0);
    remember(&f);
    f.answers = false;
    unsigned seed = 7;
    run(&f, 2);
    assert_true(f.dials[1] > 0);
    assert_int_equal(f.dials[100], 0);
    run(&f, 10);
    assert_true(qn_peering_wants_lookup(f.peering, &seed, f.now));
    assert_int_equal(seed, 0);
    assert_false(qn_peering_wants_lookup(f.peering, &seed, f.now)); /* one after the other */
    f.now += QN_SECONDS(1);
    assert_true(qn_peering_wants_lookup(f.peering, &seed, f.now));
    assert_int_equal(seed, 1);
    f.now += QN_SECONDS(1);
    assert_false(
        qn_peering_wants_lookup(f.peering, &seed, f.now)); /* nobody is asked all the time */
    hear(&f, QN_HEARD_DNS, 102, false, 0);
    run(&f, 60);
    for (uint8_t i = 100; i <= 102; i++) {
        assert_true(f.dials[i] > 0);
    }
    qn_peering_free(f.peering);
}

static void in_a_large_network_records_go_to_the_book_and_come_out_when_wanted(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE, 0);
    for (uint8_t i = 1; i <= 60; i++) {
        hear(&f, QN_HEARD_RECORD, i, true, 0);
    }
    run(&f, 10);
    const struct qn_peering_counts *counts = qn_peering_counts(f.peering);
    assert_in_range(counts->live, 4, 59); /* no more than are wanted */
    size_t tried = qn_book_count(qn_peering_book(f.peering), true, QN_REGION_ASIA);
    assert_int_equal(tried, counts->live);
    assert_int_equal(qn_book_count(qn_peering_book(f.peering), false, QN_REGION_ASIA), 60 - tried);
    qn_peering_free(f.peering);
}

/* Odd numbers are elsewhere. */
static bool place_by_number(void *context, enum qn_region *region,
                            const struct qn_net_address *address)
{
    (void)context;
    if (address->ip[3] > 40) {
        return false; /* nobody knows */
    }
    *region = address->ip[3] % 2 == 0 ? QN_REGION_ASIA : QN_REGION_AFRICA;
    return true;
}

static void who_is_placed_elsewhere_is_dialled_after_the_others(void **state)
{
    (void)state;
    struct fixture f;
    struct qn_peering_config config = {.id = id_of(255),
                                       .region = QN_REGION_ASIA,
                                       .seed = 11,
                                       .budgets = {.links_max = 100},
                                       .locator = {.region = place_by_number}};
    f = (struct fixture){.now = QN_SECONDS(1), .answers = true};
    f.peering = qn_peering_new(&config, f.now);
    (void)qn_peering_set_size(f.peering, LARGE, 0);
    for (uint8_t i = 1; i <= 60; i++) {
        hear(&f, QN_HEARD_RECORD, i, true, 0);
    }
    run(&f, 10);
    size_t live = qn_peering_counts(f.peering)->live;
    assert_in_range(live, 4, 40);
    for (uint8_t i = 1; i <= 40; i += 2) {
        assert_int_equal(f.dials[i], 0);
    }
    qn_peering_free(f.peering);

    f = (struct fixture){.now = QN_SECONDS(1), .answers = true};
    f.peering = qn_peering_new(&config, f.now);
    (void)qn_peering_set_size(f.peering, LARGE, 0);
    for (uint8_t i = 1; i <= 40; i += 2) { /* where there are no others, all the same */
        hear(&f, QN_HEARD_RECORD, i, true, 0);
    }
    run(&f, 10);
    assert_true(qn_peering_counts(f.peering)->live >= 4);
    qn_peering_free(f.peering);
}

static void feelers_try_new_addresses_and_leave(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE, 0);
    for (uint8_t i = 1; i <= 60; i++) {
        hear(&f, QN_HEARD_RECORD, i, true, 0);
    }
    run(&f, 30);
    size_t live = qn_peering_counts(f.peering)->live;
    size_t tried = qn_book_count(qn_peering_book(f.peering), true, QN_REGION_ASIA);
    run(&f, 600);
    assert_int_equal(qn_peering_counts(f.peering)->live, live);
    assert_int_equal(f.closes, 5); /* one in two minutes */
    assert_int_equal(qn_book_count(qn_peering_book(f.peering), true, QN_REGION_ASIA), tried + 5);
    qn_peering_free(f.peering);
}

static void links_of_one_source_count_once(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, 500, 1);
    run(&f, 1);
    hear(&f, QN_HEARD_DNS, 1, false, 0);
    hear(&f, QN_HEARD_DNS, 2, false, 0);
    hear(&f, QN_HEARD_DNS, 3, false, 0);
    run(&f, 5);
    assert_int_equal(qn_peering_counts(f.peering)->live, 3);
    assert_int_equal(qn_peering_origins(f.peering), 1); /* one name server told of all */
    assert_int_equal(qn_peering_origins_needed(f.peering), 2);
    hear(&f, QN_HEARD_RECORD, 4, true, 1); /* and the first of them of these */
    hear(&f, QN_HEARD_RECORD, 5, true, 1);
    run(&f, 5);
    assert_int_equal(qn_peering_counts(f.peering)->live, 5);
    assert_int_equal(qn_peering_origins(f.peering), 2);
    struct qn_node_id member = id_of(4); /* known by its key: it needs nobody's word */
    qn_peering_set_committee(f.peering, &member, 1);
    qn_peering_on_down(f.peering, qn_peering_link_to(f.peering, &member), f.now);
    run(&f, 20);
    assert_int_equal(qn_peering_link_to(f.peering, &member), 0); /* four links do without it */
    struct qn_node_id other = id_of(5);
    qn_peering_on_down(f.peering, qn_peering_link_to(f.peering, &other), f.now);
    run(&f, 20);
    assert_int_equal(qn_peering_origins(f.peering), 3);
    qn_peering_free(f.peering);
}

/* Five inbound links; returns how many sources they count as. */
static size_t origins_of_inbound(uint64_t active)
{
    struct fixture f;
    init(&f, active, 0);
    for (uint8_t i = 1; i <= 5; i++) {
        struct qn_peering_up up = {.link = i,
                                   .id = id_of(i),
                                   .remote = endpoint_of(i == 5 ? 4 : i),
                                   .standing = QN_STANDING_REGISTERED,
                                   .region = QN_REGION_ASIA};
        assert_int_equal(qn_peering_on_up(f.peering, &up, f.now).limit, QN_ADMISSION_NONE);
        qn_peering_on_live(f.peering, i, f.now);
    }
    assert_int_equal(qn_book_count(qn_peering_book(f.peering), true, QN_REGION_ASIA), 0);
    size_t origins = qn_peering_origins(f.peering);
    qn_peering_free(f.peering);
    return origins;
}

static void who_dialled_us_is_a_source_in_a_small_network_only(void **state)
{
    (void)state;
    assert_int_equal(origins_of_inbound(LARGE), 0);
    assert_int_equal(origins_of_inbound(50), 4); /* two are of one network */
}

static void forgotten_is_forgotten_by_the_book_too(void **state)
{
    (void)state;
    struct fixture f;
    init(&f, LARGE, 0);
    struct qn_node_id id = id_of(3);
    hear(&f, QN_HEARD_RECORD, 3, true, 0);
    assert_true(qn_book_find(qn_peering_book(f.peering), &id, NULL));
    qn_peering_forget(f.peering, &id);
    assert_false(qn_book_find(qn_peering_book(f.peering), &id, NULL));
    qn_peering_free(f.peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newcomer_dials_the_pinned_ones_at_once),
        cmocka_unit_test(who_comes_back_dials_anchors_first_and_the_founders_not_at_all),
        cmocka_unit_test(with_enough_links_at_once_more_come_from_the_book),
        cmocka_unit_test(networks_that_no_own_link_is_in_are_dialled_first),
        cmocka_unit_test(if_nobody_of_before_answers_the_next_sources_follow),
        cmocka_unit_test(in_a_large_network_records_go_to_the_book_and_come_out_when_wanted),
        cmocka_unit_test(who_is_placed_elsewhere_is_dialled_after_the_others),
        cmocka_unit_test(feelers_try_new_addresses_and_leave),
        cmocka_unit_test(links_of_one_source_count_once),
        cmocka_unit_test(who_dialled_us_is_a_source_in_a_small_network_only),
        cmocka_unit_test(forgotten_is_forgotten_by_the_book_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
