#include "peer/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static unsigned bit(enum qn_peer_source source)
{
    return 1U << source;
}

enum { ALL = (1U << QN_PEER_SOURCE_COUNT) - 1 };

static void each_source_has_a_second_for_itself(void **state)
{
    (void)state;
    struct qn_sources sources;
    struct qn_sources_view view = {.offers = ALL};
    qn_sources_init(&sources, QN_SECONDS(5));
    for (unsigned i = 0; i < QN_PEER_SOURCE_COUNT; i++) {
        qn_time_us opens = QN_SECONDS(5) + i * QN_PEER_SOURCE_WAIT;
        unsigned expected = (2U << i) - 1;
        assert_int_equal(qn_sources_poll(&sources, &view, opens), expected);
        assert_int_equal(qn_sources_poll(&sources, &view, opens + QN_PEER_SOURCE_WAIT - 1),
                         expected);
    }
    assert_int_equal(qn_sources_poll(&sources, &view, QN_SECONDS(60)), ALL);
}

static void what_has_nothing_to_offer_costs_no_time(void **state)
{
    (void)state;
    struct qn_sources sources;
    struct qn_sources_view view = {.offers =
                                       bit(QN_PEER_SOURCE_GENESIS) | bit(QN_PEER_SOURCE_FALLBACK)};
    qn_sources_init(&sources, 0);
    unsigned open =
        qn_sources_poll(&sources, &view, 0); /* a newcomer dials the genesis nodes at once */
    assert_true(qn_sources_is_open(open, QN_PEER_SOURCE_GENESIS));
    assert_false(qn_sources_is_open(open, QN_PEER_SOURCE_FALLBACK));
    open = qn_sources_poll(&sources, &view, QN_PEER_SOURCE_WAIT);
    assert_int_equal(open, ALL);
}

static void who_has_links_from_two_sources_opens_no_more(void **state)
{
    (void)state;
    struct qn_sources sources;
    struct qn_sources_view view = {.offers = ALL};
    qn_sources_init(&sources, 0);
    (void)qn_sources_poll(&sources, &view, 0);
    view.live = QN_SOURCES_LIVE_ENOUGH;
    view.independent = QN_SOURCES_INDEPENDENT;
    assert_int_equal(qn_sources_poll(&sources, &view, QN_SECONDS(100)),
                     bit(QN_PEER_SOURCE_ANCHORS));
    view.independent = 1; /* many links, but all from one source */
    assert_true(qn_sources_is_open(qn_sources_poll(&sources, &view, QN_SECONDS(101)),
                                   QN_PEER_SOURCE_TRIED));
    view.independent = QN_SOURCES_INDEPENDENT;
    view.live = 0; /* the anchors are gone */
    assert_true(qn_sources_is_open(qn_sources_poll(&sources, &view, QN_SECONDS(103)),
                                   QN_PEER_SOURCE_LEDGER));
}

static void a_small_network_is_dialled_whole_and_a_member_does_not_wait(void **state)
{
    (void)state;
    struct qn_sources sources;
    struct qn_sources_view view = {.offers = ALL,
                                   .live = QN_SOURCES_LIVE_ENOUGH,
                                   .independent = QN_SOURCES_INDEPENDENT,
                                   .all = true};
    qn_sources_init(&sources, 0);
    assert_int_equal(qn_sources_poll(&sources, &view, 0), bit(QN_PEER_SOURCE_ANCHORS));
    assert_int_equal(qn_sources_poll(&sources, &view, QN_PEER_SOURCE_WAIT),
                     bit(QN_PEER_SOURCE_ANCHORS) | bit(QN_PEER_SOURCE_TRIED));
    qn_sources_init(&sources, 0);
    view.all_at_once = true;
    assert_int_equal(qn_sources_poll(&sources, &view, 0), ALL);
}

static void origins_are_told_apart_and_bounded(void **state)
{
    (void)state;
    struct qn_origins origins = {0};
    qn_origins_add(&origins, 0); /* none */
    qn_origins_add(&origins, 7);
    qn_origins_add(&origins, 7);
    assert_int_equal(origins.count, 1);
    qn_origins_add(&origins, 8);
    assert_int_equal(origins.count, 2);
    for (uint64_t i = 1; i < 1000; i++) {
        qn_origins_add(&origins, i);
    }
    assert_int_equal(origins.count, QN_SOURCES_ORIGINS_MAX);
}

static void a_network_of_two_needs_one_source(void **state)
{
    (void)state;
    assert_int_equal(qn_sources_needed(0), 0);
    assert_int_equal(qn_sources_needed(1), 1);
    assert_int_equal(qn_sources_needed(2), 2);
    assert_int_equal(qn_sources_needed(1000000), 2);
}

static void sources_have_names(void **state)
{
    (void)state;
    assert_string_equal(qn_peer_source_name(QN_PEER_SOURCE_ANCHORS), "anchors");
    assert_string_equal(qn_peer_source_name(QN_PEER_SOURCE_FALLBACK), "fallback");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_has_a_second_for_itself),
        cmocka_unit_test(what_has_nothing_to_offer_costs_no_time),
        cmocka_unit_test(who_has_links_from_two_sources_opens_no_more),
        cmocka_unit_test(a_small_network_is_dialled_whole_and_a_member_does_not_wait),
        cmocka_unit_test(origins_are_told_apart_and_bounded),
        cmocka_unit_test(a_network_of_two_needs_one_source),
        cmocka_unit_test(sources_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
