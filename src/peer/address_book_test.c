#include "peer/address_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

enum { MINUTE_S = 60, HOUR_S = 3600 };

static struct qn_node_id id_of(uint64_t number)
{
    struct qn_node_id id = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        id.bytes[i] = (uint8_t)(number >> (8 * i));
    }
    id.bytes[31] = 1;
    return id;
}

static struct qn_net_address ip_of(uint32_t ip, uint16_t port)
{
    struct qn_net_address address = {{0}, port};
    address.ip[10] = 0xff;
    address.ip[11] = 0xff;
    for (unsigned i = 0; i < 4; i++) {
        address.ip[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
    }
    return address;
}

enum { PUBLIC_FIRST = 0x14000000 }; /* 20.0.0.0: global, with room for many /16 */

static struct qn_book_address at_ip(uint64_t number, uint32_t ip, enum qn_region region)
{
    return (struct qn_book_address){id_of(number), ip_of(ip, 9876), region, number};
}

/* Each in a network of its own. */
static struct qn_book_address alone(uint64_t number, enum qn_region region)
{
    return at_ip(number, PUBLIC_FIRST + (uint32_t)(number << 16), region);
}

static struct qn_book_source told_by(uint64_t number, uint32_t ip)
{
    struct qn_net_address address = ip_of(ip, 9876);
    return (struct qn_book_source){QN_BOOK_RECORD, qn_book_group(&address), id_of(number)};
}

static struct qn_book_source of_ledger(void)
{
    return (struct qn_book_source){.kind = QN_BOOK_LEDGER};
}

static bool find(const struct qn_book *book, uint64_t number, struct qn_book_found *found)
{
    struct qn_node_id id = id_of(number);
    return qn_book_find(book, &id, found);
}

static size_t total(const struct qn_book *book, bool is_tried)
{
    size_t count = 0;
    for (size_t region = 0; region < QN_REGION_COUNT; region++) {
        count += qn_book_count(book, is_tried, (enum qn_region)region);
    }
    return count;
}

static void heard_of_is_new_and_dialled_is_tried(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    struct qn_book_source from = told_by(1, 0x50000001);
    struct qn_book_address what = alone(7, QN_REGION_EUROPE);
    qn_book_init(&book, 1, 2);
    assert_int_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_ADDED);
    assert_int_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_KNOWN);
    assert_true(find(&book, 7, &found));
    assert_false(found.is_tried);
    assert_int_equal(found.source_kind, QN_BOOK_RECORD);
    qn_book_good(&book, &what, QN_SECONDS(1));
    assert_true(find(&book, 7, &found));
    assert_true(found.is_tried);
    assert_int_equal(total(&book, false), 0);
    assert_int_equal(qn_book_count(&book, true, QN_REGION_EUROPE), 1);
    qn_book_bad(&book, &what.id);
    assert_false(find(&book, 7, NULL));
    assert_int_equal(total(&book, true), 0);
    qn_book_fini(&book);
}

static void an_identity_has_one_place_whatever_it_says(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    qn_book_init(&book, 1, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        struct qn_book_source from = told_by(i, 0x50000000 + (i << 16));
        struct qn_book_address what = alone(7, (enum qn_region)(i % QN_REGION_COUNT));
        what.address = ip_of(PUBLIC_FIRST + (i << 16), 9876);
        (void)qn_book_add(&book, &what, &from, QN_SECONDS(i));
    }
    assert_int_equal(total(&book, false) + total(&book, true), 1);
    assert_true(find(&book, 7, &found));
    qn_book_fini(&book);
}

static void an_unusable_address_has_no_place(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_source from = of_ledger();
    struct qn_book_address what = alone(7, QN_REGION_ASIA);
    qn_book_init(&book, 1, 2);
    what.address.port = 0;
    assert_int_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_NO_PLACE);
    what.address = ip_of(0xe0000001, 9876); /* multicast */
    assert_int_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_NO_PLACE);
    assert_false(find(&book, 7, NULL));
    qn_book_fini(&book);
}

/* ---- rate ---- */

static void a_source_tells_its_share_then_one_each_ten_seconds(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_source from = told_by(1, 0x50000001);
    size_t added = 0;
    qn_book_init(&book, 1, 2);
    for (unsigned second = 0; second < HOUR_S;
         second++) { /* each in another network: buckets have room */
        for (unsigned i = 0; i < 2; i++) {
            struct qn_book_address what =
                alone(10 + 2 * second + i, (enum qn_region)(second % QN_REGION_COUNT));
            what.address = ip_of(PUBLIC_FIRST + ((2 * second + i) << 13), 9876);
            enum qn_book_verdict verdict = qn_book_add(&book, &what, &from, QN_SECONDS(second));
            added += verdict != QN_BOOK_LIMITED;
        }
    }
    assert_in_range(added, QN_BOOK_RUMOURS_AT_ONCE + HOUR_S / 10 - 1,
                    QN_BOOK_RUMOURS_AT_ONCE + HOUR_S / 10 + 1);
    assert_int_equal(book.limited, (size_t)2 * HOUR_S - added);
    print_message("one source, 7200 news in an hour: %zu taken\n", added);
    qn_book_fini(&book);
}

static void a_source_cannot_flush_its_own_rate(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_source from = told_by(1, 0x50000001);
    uint64_t number = 100;
    qn_book_init(&book, 1, 2);
    for (unsigned i = 0; i < QN_BOOK_RUMOURS_AT_ONCE; i++) {
        struct qn_book_address what = alone(number++, QN_REGION_ASIA);
        assert_int_not_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_LIMITED);
    }
    for (unsigned i = 0; i < 20 * QN_BOOK_SOURCES_MAX; i++) { /* others say one thing each */
        struct qn_book_source other = told_by(1000 + i, 0x51000000 + i);
        struct qn_book_address what = alone(number++, QN_REGION_AFRICA);
        (void)qn_book_add(&book, &what, &other, 0);
    }
    struct qn_book_address what = alone(number, QN_REGION_ASIA);
    assert_int_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_LIMITED);
    qn_book_fini(&book);
}

/* ---- poisoning ---- */

static void one_subnet_and_one_source_group_hold_few_places(void **state)
{
    (void)state;
    struct qn_book book;
    uint64_t number = 1;
    qn_book_init(&book, 3, 4);
    for (unsigned i = 0; i < 50000; i++) { /* one /24 tells of itself through one network */
        struct qn_book_source from = told_by(1000 + i % 256, 0x50000000 + i % 256);
        struct qn_book_address what =
            at_ip(number++, PUBLIC_FIRST + i % 256, (enum qn_region)(i % QN_REGION_COUNT));
        what.address.port = (uint16_t)(1 + i / 256);
        (void)qn_book_add(&book, &what, &from, QN_SECONDS(i));
    }
    size_t subnet = total(&book, false);
    assert_in_range(subnet, 1, QN_REGION_COUNT * QN_BOOK_NEW_SLOTS);
    for (unsigned i = 0; i < 100000; i++) { /* now of addresses everywhere */
        struct qn_book_source from = told_by(1000 + i % 256, 0x50000000 + i % 256);
        struct qn_book_address what = alone(number++, (enum qn_region)(i % QN_REGION_COUNT));
        (void)qn_book_add(&book, &what, &from, QN_SECONDS(i));
    }
    size_t group = total(&book, false);
    size_t places = (size_t)QN_REGION_COUNT * QN_BOOK_NEW_MAX;
    assert_in_range(group, 1, places / 16);
    print_message("of %zu places: one /24 through one source network %zu, "
                  "one source network with any address %zu (%.1f %%)\n",
                  places, subnet, group, 100.0 * (double)group / (double)places);
    qn_book_fini(&book);
}

static void one_network_proves_few_places(void **state)
{
    (void)state;
    struct qn_book book;
    qn_book_init(&book, 3, 4);
    for (unsigned i = 0; i < 20000; i++) { /* a /16 whose every address answers */
        struct qn_book_address what = at_ip(i, PUBLIC_FIRST + i, QN_REGION_ASIA);
        qn_book_good(&book, &what, QN_SECONDS(i));
    }
    size_t tried = qn_book_count(&book, true, QN_REGION_ASIA);
    assert_in_range(tried, 1, QN_BOOK_TRIED_PER_GROUP * QN_BOOK_TRIED_SLOTS);
    print_message("20000 live nodes in one /16: %zu of %d proven places of the region\n", tried,
                  QN_BOOK_TRIED_MAX);
    qn_book_fini(&book);
}

static void addresses_of_one_host_do_not_crowd_each_other_out(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_net_address teller = ip_of(0x7f000001, 9000);
    qn_book_init(&book, 3, 4);
    for (unsigned i = 0; i < 100; i++) {
        struct qn_book_address what = {id_of(i), ip_of(0x7f000001, (uint16_t)(9000 + i)),
                                       QN_REGION_EUROPE, i};
        struct qn_book_source from = {QN_BOOK_SELF, qn_book_group(&teller), what.id};
        assert_int_equal(qn_book_add(&book, &what, &from, 0), QN_BOOK_ADDED);
        qn_book_good(&book, &what, 0);
    }
    assert_int_equal(qn_book_count(&book, true, QN_REGION_EUROPE), 100);
    qn_book_fini(&book);
}

/* ---- test before evict ---- */

/* Fills the tried buckets of one network; returns a newcomer that found its bucket full and waits. */
static struct qn_book_address crowd(struct qn_book *book, qn_time_us now)
{
    for (unsigned i = 0; i < 1000; i++) {
        struct qn_book_address what = at_ip(i, PUBLIC_FIRST + i, QN_REGION_ASIA);
        struct qn_book_found found;
        qn_book_good(book, &what, now);
        if (find(book, i, &found) && !found.is_tried) {
            qn_book_bad(book, &what.id); /* `new` keeps room */
        }
    }
    assert_int_equal(qn_book_count(book, true, QN_REGION_ASIA) % QN_BOOK_TRIED_SLOTS, 0);
    return at_ip(5000, PUBLIC_FIRST + 5000, QN_REGION_ASIA);
}

static void a_fresh_holder_keeps_its_place(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    qn_book_init(&book, 3, 4);
    struct qn_book_address newcomer = crowd(&book, 0);
    qn_book_good(&book, &newcomer, QN_SECONDS(HOUR_S));
    assert_false(qn_book_next_test(&book, &found, QN_SECONDS(HOUR_S)));
    assert_true(find(&book, 5000, &found));
    assert_false(found.is_tried);
    qn_book_fini(&book);
}

static void a_holder_that_answers_its_test_stays(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found holder;
    struct qn_book_found found;
    qn_time_us now = QN_SECONDS(5 * HOUR_S);
    qn_book_init(&book, 3, 4);
    struct qn_book_address newcomer = crowd(&book, 0);
    qn_book_good(&book, &newcomer, now);
    assert_true(qn_book_next_test(&book, &holder, now));
    qn_book_attempt(&book, &holder.what.id, now);
    assert_false(qn_book_next_test(&book, &found, now)); /* under way */
    qn_book_good(&book, &holder.what, now);
    assert_false(qn_book_next_test(&book, &found, now + QN_SECONDS(5 * MINUTE_S)));
    assert_true(qn_book_find(&book, &holder.what.id, &found) && found.is_tried);
    assert_true(find(&book, 5000, &found) && !found.is_tried);
    qn_book_fini(&book);
}

static void a_holder_that_fails_its_test_makes_room(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found holder;
    struct qn_book_found found;
    qn_time_us now = QN_SECONDS(5 * HOUR_S);
    qn_book_init(&book, 3, 4);
    struct qn_book_address newcomer = crowd(&book, 0);
    size_t before = qn_book_count(&book, true, QN_REGION_ASIA);
    qn_book_good(&book, &newcomer, now);
    assert_true(find(&book, 5000, &found) && !found.is_tried);
    assert_true(qn_book_next_test(&book, &holder, now));
    qn_book_attempt(&book, &holder.what.id, now);
    qn_book_failed(&book, &holder.what.id, now);
    assert_true(find(&book, 5000, &found) && found.is_tried);
    assert_true(!qn_book_find(&book, &holder.what.id, &found) || !found.is_tried);
    assert_int_equal(qn_book_count(&book, true, QN_REGION_ASIA), before);
    qn_book_fini(&book);
}

static void a_test_that_nobody_makes_expires(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    qn_time_us now = QN_SECONDS(5 * HOUR_S);
    qn_book_init(&book, 3, 4);
    struct qn_book_address newcomer = crowd(&book, 0);
    qn_book_good(&book, &newcomer, now);
    assert_true(qn_book_next_test(&book, &found, now));
    assert_false(qn_book_next_test(&book, &found, now + QN_SECONDS(41 * MINUTE_S)));
    qn_book_fini(&book);
}

static void a_contender_that_moved_takes_no_foreign_place(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found holder;
    struct qn_book_found found;
    struct qn_book_source self = of_ledger();
    qn_time_us now = QN_SECONDS(5 * HOUR_S);
    qn_book_init(&book, 3, 4);
    struct qn_book_address newcomer = crowd(&book, 0);
    qn_book_good(&book, &newcomer, now);
    assert_true(qn_book_next_test(&book, &holder, now));
    newcomer.address = ip_of(0x60000001, 9876);
    assert_int_equal(qn_book_add(&book, &newcomer, &self, now), QN_BOOK_KNOWN);
    qn_book_failed(&book, &holder.what.id, now);
    assert_true(qn_book_find(&book, &holder.what.id, &found) && found.is_tried);
    assert_true(find(&book, 5000, &found) && !found.is_tried);
    qn_book_fini(&book);
}

/* ---- failures ---- */

static void our_own_outage_is_nobodys_failure(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    struct qn_book_address what = alone(1, QN_REGION_ASIA);
    struct qn_book_address other = alone(2, QN_REGION_ASIA);
    qn_book_init(&book, 3, 4);
    qn_book_good(&book, &what, 0);
    for (unsigned i = 1; i < 100; i++) {
        qn_book_failed(&book, &what.id, QN_SECONDS(i));
    }
    assert_true(find(&book, 1, &found));
    assert_int_equal(found.failures, 1);
    qn_book_good(&book, &other, QN_SECONDS(200)); /* the network is there */
    qn_book_failed(&book, &what.id, QN_SECONDS(201));
    qn_book_failed(&book, &what.id, QN_SECONDS(202));
    assert_true(find(&book, 1, &found));
    assert_int_equal(found.failures, 2);
    qn_book_fini(&book);
}

static void a_failure_turns_to_the_other_address(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    struct qn_book_source from = of_ledger();
    struct qn_book_address first = alone(1, QN_REGION_ASIA);
    struct qn_book_address second = first;
    second.address = ip_of(0x60000001, 9876);
    qn_book_init(&book, 3, 4);
    qn_book_good(&book, &first, 0);
    assert_int_equal(qn_book_add(&book, &second, &from, 0), QN_BOOK_KNOWN);
    assert_true(find(&book, 1, &found));
    assert_true(qn_net_address_equal(&found.what.address, &first.address)); /* proven goes first */
    qn_book_failed(&book, &first.id, QN_SECONDS(1));
    assert_true(find(&book, 1, &found));
    assert_true(qn_net_address_equal(&found.what.address, &second.address));
    qn_book_good(&book, &second, QN_SECONDS(2));
    assert_true(find(&book, 1, &found) && found.is_tried);
    assert_true(qn_net_address_equal(&found.what.address, &second.address));
    qn_book_fini(&book);
}

static void hearsay_changes_nothing_that_is_known(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    struct qn_book_source from = told_by(9, 0x50000001);
    struct qn_book_address first = alone(1, QN_REGION_ASIA);
    struct qn_book_address lie = first;
    lie.address = ip_of(0x60000001, 9876);
    from.kind = QN_BOOK_HEARSAY;
    qn_book_init(&book, 3, 4);
    assert_int_equal(qn_book_add(&book, &first, &from, 0), QN_BOOK_ADDED);
    assert_int_equal(qn_book_add(&book, &lie, &from, 0), QN_BOOK_KNOWN);
    qn_book_failed(&book, &first.id, QN_SECONDS(1));
    assert_true(find(&book, 1, &found));
    assert_true(qn_net_address_equal(&found.what.address, &first.address));
    qn_book_fini(&book);
}

/* ---- selecting ---- */

static bool is_even(void *context, const struct qn_book_found *candidate)
{
    (void)context;
    return candidate->what.id.bytes[0] % 2 == 0;
}

static void select_gives_what_was_asked_for(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    struct qn_rng rng;
    struct qn_book_source from = of_ledger();
    struct qn_book_query query = {.which = QN_BOOK_TRIED_ONLY, .region = QN_REGION_COUNT};
    qn_rng_init(&rng, 5);
    qn_book_init(&book, 3, 4);
    assert_false(qn_book_select(&book, &found, &query, &rng, 0));
    for (unsigned i = 0; i < 120; i++) {
        struct qn_book_address what = alone(i, (enum qn_region)(i % QN_REGION_COUNT));
        (void)qn_book_add(&book, &what, &from, 0);
        if (i % 3 == 0) {
            qn_book_good(&book, &what, 0);
        }
    }
    for (unsigned i = 0; i < 300; i++) {
        query.which = i % 2 == 0 ? QN_BOOK_TRIED_ONLY : QN_BOOK_NEW_ONLY;
        query.region = (enum qn_region)(i % QN_REGION_COUNT);
        bool is_there = qn_book_count(&book, i % 2 == 0, query.region) > 0;
        assert_int_equal(qn_book_select(&book, &found, &query, &rng, 0), is_there);
        if (is_there) {
            assert_int_equal(found.is_tried, i % 2 == 0);
            assert_int_equal(found.what.region, query.region);
        }
    }
    query = (struct qn_book_query){.region = QN_REGION_COUNT, .wanted = is_even};
    for (unsigned i = 0; i < 100; i++) {
        assert_true(qn_book_select(&book, &found, &query, &rng, 0));
        assert_int_equal(found.what.id.bytes[0] % 2, 0);
    }
    qn_book_fini(&book);
}

static void what_failed_or_was_just_dialled_is_taken_less_often(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    struct qn_rng rng;
    struct qn_book_query query = {.which = QN_BOOK_TRIED_ONLY, .region = QN_REGION_COUNT};
    unsigned hits[3] = {0};
    qn_rng_init(&rng, 6);
    qn_book_init(&book, 3, 4);
    for (unsigned i = 0; i < 3; i++) {
        struct qn_book_address what = alone(i, QN_REGION_ASIA);
        qn_book_good(&book, &what, 0);
    }
    qn_time_us now = QN_SECONDS(HOUR_S);
    struct qn_node_id recent = id_of(1);
    struct qn_node_id failed = id_of(2);
    qn_book_attempt(&book, &recent, now);
    for (unsigned i = 0; i < 4; i++) {
        struct qn_book_address alive = alone(0, QN_REGION_ASIA);
        qn_book_good(&book, &alive, now - QN_SECONDS(1200 - i));
        qn_book_failed(&book, &failed, now - QN_SECONDS(1200 - i));
    }
    for (unsigned i = 0; i < 3000; i++) {
        assert_true(qn_book_select(&book, &found, &query, &rng, now));
        hits[found.what.id.bytes[0]] += 1;
    }
    print_message("of 3000 draws: good %u, dialled just now %u, failed four times %u\n", hits[0],
                  hits[1], hits[2]);
    assert_true(hits[0] > 2 * hits[2] && hits[2] > 2 * hits[1]);
    qn_book_fini(&book);
}

/* ---- anchors ---- */

static void two_anchors_of_distinct_networks_in_each_region(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    struct qn_node_id live[8];
    qn_book_init(&book, 3, 4);
    for (unsigned i = 0; i < 8; i++) { /* the first three share a network */
        uint32_t ip = i < 3 ? PUBLIC_FIRST + i : PUBLIC_FIRST + (i << 16);
        struct qn_book_address what = at_ip(i, ip, i < 6 ? QN_REGION_ASIA : QN_REGION_EUROPE);
        qn_book_good(&book, &what, 0);
        live[i] = what.id;
    }
    qn_book_choose_anchors(&book, live, 8);
    assert_int_equal(qn_book_anchors(&book, anchors), 4);
    struct qn_book_found found;
    assert_true(find(&book, 0, &found) && found.is_anchor);
    assert_true(find(&book, 1, &found) && !found.is_anchor);
    assert_true(find(&book, 3, &found) && found.is_anchor);
    qn_book_choose_anchors(&book, &live[4], 2); /* only Asia is linked: Europe keeps its anchors */
    assert_int_equal(qn_book_anchors(&book, anchors), 4);
    assert_true(find(&book, 0, &found) && !found.is_anchor);
    assert_true(find(&book, 6, &found) && found.is_anchor);
    qn_book_fini(&book);
}

static void an_anchor_gives_its_place_to_nobody(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_found found;
    qn_book_init(&book, 3, 4);
    (void)crowd(&book, 0);
    struct qn_node_id anchor = id_of(0);
    qn_book_choose_anchors(&book, &anchor, 1);
    qn_time_us now = QN_SECONDS(5 * HOUR_S);
    unsigned tests = 0;
    for (unsigned i = 0; i < 2000; i++) {
        struct qn_book_address what = at_ip(5000 + i, PUBLIC_FIRST + 5000 + i, QN_REGION_ASIA);
        qn_book_good(&book, &what, now);
        now += QN_SECONDS(HOUR_S / 4);
        if (qn_book_next_test(&book, &found, now)) {
            assert_false(qn_node_id_equal(&found.what.id, &anchor));
            qn_book_failed(&book, &found.what.id, now);
            qn_book_bad(&book, &found.what.id); /* `new` keeps room */
            tests += 1;
        }
        if (qn_book_find(&book, &what.id, &found) && !found.is_tried) {
            qn_book_bad(&book, &what.id);
        }
    }
    assert_in_range(tests, 100, 2000);
    assert_true(find(&book, 0, &found) && found.is_anchor && found.is_tried);
    qn_book_fini(&book);
}

/* ---- against a naive model, and twice the same ---- */

struct play {
    struct qn_book book;
    struct qn_rng rng;
    uint64_t digest;
};

static void note(struct play *play, uint64_t value)
{
    play->digest = (play->digest ^ value) * UINT64_C(0x100000001b3);
}

static void play_step(struct play *play, qn_time_us now)
{
    struct qn_book *book = &play->book;
    struct qn_rng *rng = &play->rng;
    struct qn_book_found found;
    uint64_t number = qn_rng_below(rng, 3000);
    struct qn_book_address what =
        at_ip(number, PUBLIC_FIRST + (uint32_t)qn_rng_below(rng, (uint64_t)65536 * 8),
              (enum qn_region)qn_rng_below(rng, 2));
    struct qn_book_source from =
        told_by(qn_rng_below(rng, 20), 0x50000000 + (uint32_t)(qn_rng_below(rng, 4) << 16));
    struct qn_book_query query = {.region = QN_REGION_COUNT};
    switch (qn_rng_below(rng, 9)) {
    case 0:
    case 1:
        note(play, qn_book_add(book, &what, &from, now));
        break;
    case 2:
        from.kind = QN_BOOK_LEDGER;
        note(play, qn_book_add(book, &what, &from, now));
        break;
    case 3:
    case 4:
        qn_book_good(book, &what, now);
        break;
    case 5:
        qn_book_failed(book, &what.id, now);
        break;
    case 6:
        if (qn_book_next_test(book, &found, now)) {
            qn_book_failed(book, &found.what.id, now);
        }
        break;
    case 7:
        if (qn_rng_below(rng, 4) == 0) {
            qn_book_bad(book, &what.id);
        }
        break;
    default:
        if (qn_book_select(book, &found, &query, rng, now)) {
            note(play, found.what.registry_index);
            qn_book_attempt(book, &found.what.id, now);
        }
    }
    note(play, total(book, false) << 20 | total(book, true));
}

/* Each identity that can be found is counted once, in the table it says. */
static void check_counts(const struct qn_book *book)
{
    size_t counts[2] = {0};
    struct qn_book_found found;
    for (uint64_t i = 0; i < 3000; i++) {
        if (find(book, i, &found)) {
            assert_int_equal(found.what.registry_index, i);
            counts[found.is_tried] += 1;
        }
    }
    assert_int_equal(counts[0], total(book, false));
    assert_int_equal(counts[1], total(book, true));
}

static uint64_t play_of(uint64_t seed)
{
    struct play play = {.digest = 1};
    qn_rng_init(&play.rng, seed);
    qn_book_init(&play.book, seed, seed + 1);
    for (unsigned i = 0; i < 30000; i++) {
        play_step(&play, QN_SECONDS(5) * i);
        if (i % 3000 == 0) {
            check_counts(&play.book);
        }
    }
    check_counts(&play.book);
    qn_book_fini(&play.book);
    return play.digest;
}

static void any_course_of_events_keeps_the_counts_and_repeats(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        uint64_t digest = play_of(seed);
        print_message("seed %llu\n", (unsigned long long)seed);
        assert_int_equal(digest, play_of(seed));
    }
    assert_int_not_equal(play_of(1), play_of(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heard_of_is_new_and_dialled_is_tried),
        cmocka_unit_test(an_identity_has_one_place_whatever_it_says),
        cmocka_unit_test(an_unusable_address_has_no_place),
        cmocka_unit_test(a_source_tells_its_share_then_one_each_ten_seconds),
        cmocka_unit_test(a_source_cannot_flush_its_own_rate),
        cmocka_unit_test(one_subnet_and_one_source_group_hold_few_places),
        cmocka_unit_test(one_network_proves_few_places),
        cmocka_unit_test(addresses_of_one_host_do_not_crowd_each_other_out),
        cmocka_unit_test(a_fresh_holder_keeps_its_place),
        cmocka_unit_test(a_holder_that_answers_its_test_stays),
        cmocka_unit_test(a_holder_that_fails_its_test_makes_room),
        cmocka_unit_test(a_test_that_nobody_makes_expires),
        cmocka_unit_test(a_contender_that_moved_takes_no_foreign_place),
        cmocka_unit_test(our_own_outage_is_nobodys_failure),
        cmocka_unit_test(a_failure_turns_to_the_other_address),
        cmocka_unit_test(hearsay_changes_nothing_that_is_known),
        cmocka_unit_test(select_gives_what_was_asked_for),
        cmocka_unit_test(what_failed_or_was_just_dialled_is_taken_less_often),
        cmocka_unit_test(two_anchors_of_distinct_networks_in_each_region),
        cmocka_unit_test(an_anchor_gives_its_place_to_nobody),
        cmocka_unit_test(any_course_of_events_keeps_the_counts_and_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
