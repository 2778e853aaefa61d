#include "peer/peer_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static struct qn_peer_facts facts_of(unsigned number, enum qn_region region)
{
    struct qn_peer_facts facts = {.region = region, .registry_index = number};
    facts.id.bytes[0] = (uint8_t)(number >> 8);
    facts.id.bytes[1] = (uint8_t)number;
    facts.address = (struct qn_net_address){.port = (uint16_t)(1000 + number)};
    memcpy(&facts.address.ip[10], "\xff\xff\x7f\x00\x00\x01", 6);
    return facts;
}

static enum qn_err put(struct qn_peer_list *list, unsigned number, enum qn_region region,
                       qn_time_us now)
{
    struct qn_peer_facts facts = facts_of(number, region);
    enum qn_err err = qn_peer_list_put(list, NULL, &facts, now);
    assert_null(qn_peer_list_invariant(list));
    return err;
}

static enum qn_err put_record(struct qn_peer_list *list, unsigned number, uint64_t sequence)
{
    struct qn_peer_facts facts = facts_of(number, QN_REGION_ASIA);
    facts.record = qn_buf_copy((struct qn_span){(const uint8_t *)"record", 6});
    facts.record_sequence = sequence;
    facts.hops = 2;
    enum qn_err err = qn_peer_list_put(list, NULL, &facts, 1000 + sequence);
    qn_buf_drop(facts.record);
    assert_null(qn_peer_list_invariant(list));
    return err;
}

static struct qn_peer_entry *find(const struct qn_peer_list *list, unsigned number)
{
    struct qn_peer_facts facts = facts_of(number, QN_REGION_ASIA);
    return qn_peer_list_find(list, &facts.id);
}

static void heat(struct qn_peer_list *list, unsigned number)
{
    qn_peer_list_set_state(list, find(list, number), QN_PEER_HOT, 10000 + number, true, 1);
}

static void a_newer_record_replaces_and_a_stale_one_is_refused(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    assert_int_equal(put_record(&list, 7, 10), QN_OK);
    assert_int_equal(put_record(&list, 7, 10), QN_ERR_STALE);
    assert_int_equal(put_record(&list, 7, 9), QN_ERR_STALE);
    assert_int_equal(put_record(&list, 7, 11), QN_OK);
    assert_int_equal(put(&list, 7, QN_REGION_ASIA, 5000), QN_OK); /* without a record */
    assert_int_equal(list.count, 1);
    const struct qn_peer_entry *peer = find(&list, 7);
    assert_non_null(peer);
    assert_int_equal(peer->record_sequence, 11);
    assert_int_equal(peer->first_seen_us, 1010);
    assert_int_equal(peer->record_us, 1011);
    assert_int_equal(peer->heard_us, 5000);
    assert_int_equal(peer->hops, 2);
    assert_int_equal(list.record_bytes, 6);
    qn_peer_list_fini(&list);
}

static void a_region_takes_as_many_as_its_limit(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(put(&list, i, QN_REGION_ASIA, 1), QN_OK);
    }
    assert_int_equal(put(&list, 8, QN_REGION_ASIA, 2), QN_ERR_FULL);
    assert_null(find(&list, 8));
    assert_int_equal(put(&list, 9, QN_REGION_AFRICA, 2), QN_OK); /* others have places */
    assert_int_equal(put(&list, 3, QN_REGION_ASIA, 2), QN_OK);   /* who is there stays */
    assert_int_equal(put(&list, 9, QN_REGION_ASIA, 2), QN_ERR_FULL);
    assert_int_equal(find(&list, 9)->region, QN_REGION_AFRICA); /* and did not move */
    qn_peer_list_set_limit(&list, 50, 3);
    assert_int_equal(put(&list, 8, QN_REGION_ASIA, 3), QN_OK);
    assert_int_equal(put(&list, 9, QN_REGION_ASIA, 3), QN_OK);
    assert_int_equal(qn_peer_list_count(&list, QN_REGION_ASIA, QN_PEER_COLD), 10);
    assert_int_equal(qn_peer_list_count(&list, QN_REGION_AFRICA, QN_PEER_COLD), 0);
    qn_peer_list_fini(&list);
}

static void exempt_peers_have_places_of_their_own(void **state)
{
    static const uint16_t flags[] = {QN_PEER_COMMITTEE, QN_PEER_RESERVED, QN_PEER_ANCHOR};
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    for (unsigned i = 0; i < QN_PEERS_EXEMPT_MAX; i++) {
        struct qn_peer_facts facts = facts_of(i, QN_REGION_ASIA);
        facts.flags = flags[i % 3];
        assert_int_equal(qn_peer_list_put(&list, NULL, &facts, 1), QN_OK);
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(put(&list, 1000 + i, QN_REGION_ASIA, 1), QN_OK);
    }
    struct qn_peer_facts one_more = facts_of(999, QN_REGION_EUROPE);
    one_more.flags = QN_PEER_RESERVED;
    assert_int_equal(qn_peer_list_put(&list, NULL, &one_more, 1), QN_ERR_FULL);
    assert_int_equal(qn_peer_list_set_flags(&list, find(&list, 1000), QN_PEER_ANCHOR, 0),
                     QN_ERR_FULL);
    /* One that is exempt no longer finds the region full; the worst goes. */
    assert_int_equal(qn_peer_list_set_flags(&list, find(&list, 0), 0, QN_PEER_EXEMPT), QN_OK);
    assert_int_equal(qn_peer_list_trim(&list, 2), 1);
    assert_null(qn_peer_list_invariant(&list));
    assert_int_equal(list.counted[QN_REGION_ASIA], 8);
    qn_peer_list_fini(&list);
}

static void who_is_worth_less_gives_way(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_time_us now = QN_SECONDS(10);
    qn_peer_list_init(&list, 1, 2);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(put(&list, i, QN_REGION_ASIA, now), QN_OK);
    }
    assert_int_equal(put(&list, 8, QN_REGION_ASIA, now + 1), QN_ERR_FULL);
    /* Refuted and discouraged ones first. */
    qn_peer_list_set_verdict(&list, find(&list, 5), QN_REGION_REFUTED);
    assert_int_equal(put(&list, 8, QN_REGION_ASIA, now + 1), QN_OK);
    assert_null(find(&list, 5));
    assert_int_equal(qn_peer_list_set_flags(&list, find(&list, 4), QN_PEER_DISCOURAGED, 0), QN_OK);
    assert_int_equal(put(&list, 9, QN_REGION_ASIA, now + 1), QN_OK);
    assert_null(find(&list, 4));
    /* Who was silent for an hour gives way to its like, unless it proved itself. */
    struct qn_net_address address = find(&list, 0)->address;
    qn_peer_list_set_proven(&list, find(&list, 0), &address, now);
    now += QN_SECONDS(3600);
    assert_int_equal(put(&list, 10, QN_REGION_ASIA, now), QN_OK);
    assert_null(find(&list, 1));
    assert_non_null(find(&list, 0));
    qn_peer_list_fini(&list);
}

static void hot_peers_never_give_way_and_outweigh_all_others(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_time_us day = QN_SECONDS(86400);
    qn_peer_list_init(&list, 1, 2);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(put(&list, i, QN_REGION_ASIA, 1), QN_OK);
        if (i < 6) {
            heat(&list, i);
        }
    }
    qn_peer_list_set_state(&list, find(&list, 6), QN_PEER_WARM, 0, false, 1);
    struct qn_net_address address = find(&list, 7)->address;
    qn_peer_list_set_proven(&list, find(&list, 7), &address, 2 * day);
    assert_int_equal(put(&list, 8, QN_REGION_ASIA, 2 * day), QN_ERR_FULL);
    for (unsigned i = 8; i < 11; i++) {
        struct qn_peer_facts facts = facts_of(i, QN_REGION_ASIA);
        facts.link = 20000 + i;
        assert_int_equal(qn_peer_list_put(&list, NULL, &facts, 2 * day),
                         i < 10 ? QN_OK : QN_ERR_FULL);
        assert_null(qn_peer_list_invariant(&list));
    }
    assert_null(find(&list, 7)); /* the cold one first, however good, then the warm one */
    assert_null(find(&list, 6));
    assert_int_equal(qn_peer_list_count(&list, QN_REGION_ASIA, QN_PEER_HOT), 8);
    qn_peer_list_fini(&list);
}

static void a_lower_limit_takes_cold_then_warm_and_waits_for_hot_ones(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    qn_peer_list_set_limit(&list, 50, 1);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(put(&list, i, QN_REGION_ASIA, i + 1), QN_OK);
        if (i < 10) {
            heat(&list, i);
        } else if (i < 12) {
            qn_peer_list_set_state(&list, find(&list, i), QN_PEER_WARM, 0, false, 1);
        }
    }
    size_t large = qn_peer_list_memory(&list);
    qn_peer_list_set_limit(&list, 8, 100);
    assert_true(qn_peer_list_memory(&list) < large);
    assert_null(qn_peer_list_invariant(&list));
    assert_int_equal(list.count, 10);
    assert_int_equal(put(&list, 40, QN_REGION_ASIA, 101), QN_ERR_FULL);
    struct qn_peer_facts facts = facts_of(41, QN_REGION_ASIA);
    facts.link = 1;
    assert_int_equal(qn_peer_list_put(&list, NULL, &facts, 101), QN_ERR_FULL);
    /* In the order in which they came. */
    const struct qn_peer_entry *entry = qn_peer_list_first(&list, QN_REGION_ASIA, QN_PEER_HOT);
    for (unsigned i = 0; i < 10; i++, entry = qn_peer_list_next(&list, entry)) {
        assert_ptr_equal(entry, find(&list, i));
    }
    assert_null(entry);
    qn_peer_list_set_state(&list, find(&list, 2), QN_PEER_COLD, 0, false, 102);
    qn_peer_list_set_state(&list, find(&list, 3), QN_PEER_COLD, 0, false, 102);
    qn_peer_list_set_state(&list, find(&list, 4), QN_PEER_COLD, 0, false, 102);
    assert_int_equal(qn_peer_list_trim(&list, 103), 2);
    assert_null(qn_peer_list_invariant(&list));
    assert_int_equal(list.count, 8);
    qn_peer_list_fini(&list);
}

static void unverified_peers_hold_a_tenth_where_verdicts_are_demanded(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    qn_peer_list_set_limit(&list, 50, 1);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(put(&list, i, QN_REGION_ASIA, i + 1), QN_OK);
    }
    for (unsigned i = 0; i < 30; i++) {
        qn_peer_list_set_verdict(&list, find(&list, i), QN_REGION_VERIFIED);
    }
    qn_peer_list_demand_verdicts(&list, QN_REGION_ASIA, true, 100);
    assert_null(qn_peer_list_invariant(&list));
    assert_int_equal(list.counted[QN_REGION_ASIA], 35);
    assert_int_equal(list.unverified[QN_REGION_ASIA], 5);
    assert_int_equal(put(&list, 60, QN_REGION_ASIA, 101), QN_ERR_FULL);
    struct qn_peer_facts facts = facts_of(61, QN_REGION_ASIA);
    facts.verdict = QN_REGION_VERIFIED;
    assert_int_equal(qn_peer_list_put(&list, NULL, &facts, 101), QN_OK);
    qn_peer_list_set_verdict(&list, find(&list, 49), QN_REGION_VERIFIED);
    assert_int_equal(put(&list, 60, QN_REGION_ASIA, 101), QN_OK);
    /* A verdict that falls: the worst of those without one goes. */
    qn_peer_list_set_verdict(&list, find(&list, 3), QN_REGION_REFUTED);
    assert_int_equal(qn_peer_list_trim(&list, 102), 1);
    assert_null(find(&list, 3));
    /* Another region claimed: the verdict was on the old one. */
    assert_int_equal(put(&list, 4, QN_REGION_AFRICA, 103), QN_OK);
    assert_int_equal(find(&list, 4)->verdict, QN_REGION_UNKNOWN);
    /* At the smallest limit it is one place. */
    qn_peer_list_set_limit(&list, 8, 104);
    assert_int_equal(qn_peer_list_unverified_max(&list), 1);
    assert_null(qn_peer_list_invariant(&list));
    assert_int_equal(list.unverified[QN_REGION_ASIA], 0); /* the verified ones are worth more */
    qn_peer_list_fini(&list);
}

static void an_address_is_whose_it_was_proven_to_be(void **state)
{
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    struct qn_peer_facts first = facts_of(1, QN_REGION_ASIA);
    struct qn_peer_facts second = facts_of(2, QN_REGION_ASIA);
    second.address = first.address;
    assert_int_equal(qn_peer_list_put(&list, NULL, &first, 1), QN_OK);
    assert_int_equal(qn_peer_list_put(&list, NULL, &second, 1), QN_OK);
    assert_ptr_equal(qn_peer_list_find_address(&list, &first.address), find(&list, 1));
    qn_peer_list_set_proven(&list, find(&list, 2), &first.address, 2);
    assert_ptr_equal(qn_peer_list_find_address(&list, &first.address), find(&list, 2));
    assert_int_equal(qn_peer_list_put(&list, NULL, &first, 3), QN_OK);
    assert_ptr_equal(qn_peer_list_find_address(&list, &first.address), find(&list, 2));
    assert_null(qn_peer_list_invariant(&list));
    assert_true(qn_peer_list_remove(&list, &second.id));
    assert_null(qn_peer_list_find_address(&list, &first.address));
    struct qn_net_address none = {.port = 0};
    assert_null(qn_peer_list_find_address(&list, &none));
    assert_null(qn_peer_list_invariant(&list));
    qn_peer_list_fini(&list);
}

static void a_full_list_takes_at_most_600_kb(void **state)
{
    enum { FULL = QN_PEERS_PER_REGION_MAX * QN_REGION_COUNT, BYTES_MAX = 600000 };
    (void)state;
    struct qn_peer_list list;
    qn_peer_list_init(&list, 1, 2);
    assert_int_equal(qn_peer_list_memory(&list), qn_peer_list_memory_of(8));
    qn_peer_list_set_limit(&list, QN_PEERS_PER_REGION_MAX, 1);
    for (unsigned i = 0; i < FULL; i++) {
        struct qn_peer_facts facts = facts_of(i, (enum qn_region)(i % QN_REGION_COUNT));
        assert_int_equal(qn_peer_list_put(&list, NULL, &facts, 1), QN_OK);
    }
    assert_int_equal(list.count, FULL);
    assert_null(qn_peer_list_invariant(&list));
    size_t bytes = qn_peer_list_memory(&list);
    print_message("%u peers: %zu bytes, %zu an entry\n", (unsigned)FULL, bytes,
                  sizeof(struct qn_peer_entry));
    assert_int_equal(bytes, qn_peer_list_memory_of(QN_PEERS_PER_REGION_MAX));
    assert_in_range(bytes, 1, BYTES_MAX);
    qn_peer_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_record_replaces_and_a_stale_one_is_refused),
        cmocka_unit_test(a_region_takes_as_many_as_its_limit),
        cmocka_unit_test(exempt_peers_have_places_of_their_own),
        cmocka_unit_test(who_is_worth_less_gives_way),
        cmocka_unit_test(hot_peers_never_give_way_and_outweigh_all_others),
        cmocka_unit_test(a_lower_limit_takes_cold_then_warm_and_waits_for_hot_ones),
        cmocka_unit_test(unverified_peers_hold_a_tenth_where_verdicts_are_demanded),
        cmocka_unit_test(an_address_is_whose_it_was_proven_to_be),
        cmocka_unit_test(a_full_list_takes_at_most_600_kb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
