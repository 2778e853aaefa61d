#include "peer/peer_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct qn_record record_of(uint8_t number, uint64_t sequence)
{
    struct qn_record record = {.sequence = sequence, .region = QN_REGION_ASIA};
    record.id.bytes[0] = number;
    return record;
}

static enum qn_err put(struct qn_peer_table *table, uint8_t number, uint64_t sequence)
{
    struct qn_record record = record_of(number, sequence);
    struct qn_buf *bytes = qn_buf_copy((struct qn_span){&number, 1});
    enum qn_err err = qn_peer_table_put(table, &record, bytes, 2, 1000 + sequence);
    qn_buf_drop(bytes);
    return err;
}

static void put_replaces_by_newer_and_rejects_a_stale_record(void **state)
{
    (void)state;
    struct qn_peer_table table;
    qn_peer_table_init(&table, 4, 1, 2);
    assert_int_equal(put(&table, 7, 10), QN_OK);
    assert_int_equal(put(&table, 7, 10), QN_ERR_STALE);
    assert_int_equal(put(&table, 7, 9), QN_ERR_STALE);
    assert_int_equal(put(&table, 7, 11), QN_OK);
    assert_int_equal(table.count, 1);
    struct qn_node_id id = record_of(7, 0).id;
    const struct qn_peer *peer = qn_peer_table_find(&table, &id);
    assert_non_null(peer);
    assert_int_equal(peer->record.sequence, 11);
    assert_int_equal(peer->learned_us, 1011);
    assert_int_equal(peer->hops, 2);
    qn_peer_table_fini(&table);
}

static void a_full_table_refuses_new_ids_and_still_updates_old_ones(void **state)
{
    (void)state;
    struct qn_peer_table table;
    qn_peer_table_init(&table, 3, 1, 2);
    for (uint8_t i = 0; i < 3; i++) {
        assert_int_equal(put(&table, i, 1), QN_OK);
    }
    assert_int_equal(put(&table, 3, 1), QN_ERR_FULL);
    assert_int_equal(put(&table, 1, 2), QN_OK);
    qn_peer_table_fini(&table);
}

static void remove_keeps_the_others_findable(void **state)
{
    (void)state;
    struct qn_peer_table table;
    qn_peer_table_init(&table, 200, 1, 2);
    for (uint8_t i = 0; i < 200; i++) {
        assert_int_equal(put(&table, i, (uint64_t)i + 1), QN_OK);
    }
    for (uint8_t i = 0; i < 200; i = (uint8_t)(i + 3)) {
        struct qn_node_id id = record_of(i, 0).id;
        assert_true(qn_peer_table_remove(&table, &id));
        assert_false(qn_peer_table_remove(&table, &id));
    }
    for (uint8_t i = 0; i < 200; i++) {
        struct qn_node_id id = record_of(i, 0).id;
        const struct qn_peer *peer = qn_peer_table_find(&table, &id);
        if (i % 3 == 0) {
            assert_null(peer);
        } else {
            assert_non_null(peer);
            assert_int_equal(peer->record.sequence, i + 1);
        }
    }
    qn_peer_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_replaces_by_newer_and_rejects_a_stale_record),
        cmocka_unit_test(a_full_table_refuses_new_ids_and_still_updates_old_ones),
        cmocka_unit_test(remove_keeps_the_others_findable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
