/* What only state snapshots hold: their forms, the bound on a message, committees in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wire/snapshot.h"
#include "wire/testing/hex.h"
#include "wire/testing/run.h"
#include "wire/testing/sample.h"

enum { COMMITTEE = 5 };

static void get_snapshot_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A5 01 03 02 19 0400 03 07 04 0A 05 1A 00040000";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_get_snapshot request;
    assert_int_equal(qn_get_snapshot_decode(&request, qn_buf_span(buf)), QN_OK);
    assert_int_equal(request.part, QN_SNAPSHOT_CHUNK);
    assert_int_equal(request.height, 1024);
    assert_int_equal(request.number, 7);
    assert_int_equal(request.depth, 10);
    assert_int_equal(request.bytes_max, 262144);
    assert_false(request.has_held);
    qn_assert_hex(qn_get_snapshot_encode(&request), hex);
    qn_buf_drop(buf);
}

static void a_chunk_has_leaves_or_children_or_neither(void **state)
{
    (void)state;
    static const char *const taken[] = {"A3 01 03 02 00 03 80", "A4 01 03 02 00 03 80 04 80"};
    static const char *const refused[] = {
        "A4 01 03 02 00 03 80 05 80",
        "A4 01 03 02 00 03 80 06 80",
        "A5 01 03 02 00 03 80 04 80 05 80",
    };
    struct qn_snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    for (size_t i = 0; i < QN_ARRAY_COUNT(taken); i++) {
        struct qn_buf *buf = qn_hex_buf(taken[i]);
        assert_int_equal(qn_snapshot_decode(snapshot, qn_buf_span(buf)), QN_OK);
        assert_int_equal(snapshot->chunk.has_leaves, i == 1);
        assert_false(snapshot->chunk.has_children);
        qn_buf_drop(buf);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(refused); i++) {
        struct qn_buf *buf = qn_hex_buf(refused[i]);
        assert_int_equal(qn_snapshot_decode(snapshot, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
    free(snapshot);
}

static void a_chunk_fills_a_message_and_no_more(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_LEAF_VALUE_LEN_MAX];
    struct qn_snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    snapshot->part = QN_SNAPSHOT_CHUNK;
    snapshot->chunk.has_leaves = true;
    snapshot->chunk.leaf_count = QN_MESSAGE_LEN_MAX / QN_LEAF_VALUE_LEN_MAX;
    for (size_t i = 0; i < snapshot->chunk.leaf_count; i++) {
        snapshot->chunk.leaves[i].value = (struct qn_span){bytes, sizeof bytes};
    }
    struct qn_buf *buf = NULL;
    assert_int_equal(qn_snapshot_encode(&buf, snapshot), QN_ERR_TOO_BIG);
    assert_null(buf);
    snapshot->chunk.leaf_count -= 1;
    assert_int_equal(qn_snapshot_encode(&buf, snapshot), QN_OK);
    assert_int_equal(qn_snapshot_decode(snapshot, qn_buf_span(buf)), QN_OK);
    qn_buf_drop(buf);
    free(snapshot);
}

static void a_step_names_the_committee_that_its_header_states(void **state)
{
    (void)state;
    struct qn_sampler s = {qn_test_rng(), QN_SAMPLE_RANDOM};
    struct qn_public_key keys[COMMITTEE];
    for (size_t i = 0; i < COMMITTEE; i++) {
        keys[i] = qn_sample_public_key(&s);
    }
    struct qn_validator_set set;
    assert_int_equal(qn_validator_set_init(&set, keys, COMMITTEE), QN_OK);
    struct qn_hash hash = qn_validator_set_hash(&set);
    struct qn_epoch_step step = {.key_count = COMMITTEE};
    for (size_t i = 0; i < COMMITTEE; i++) {
        step.keys[i] = qn_public_key_span(&set.members[i].key);
    }
    struct qn_validator_set again;
    assert_int_equal(qn_epoch_step_validators(&step, &again, &hash), QN_OK);
    assert_int_equal(again.count, COMMITTEE);
    qn_validator_set_fini(&again);

    struct qn_span first = step.keys[0];
    step.keys[0] = step.keys[1]; /* twice */
    assert_int_equal(qn_epoch_step_validators(&step, &again, &hash), QN_ERR_MALFORMED);
    step.keys[1] = first; /* out of order */
    assert_int_equal(qn_epoch_step_validators(&step, &again, &hash), QN_ERR_MALFORMED);
    step.keys[0] = first;
    step.keys[1] = qn_public_key_span(&set.members[1].key);
    step.key_count -= 1; /* one is missing */
    assert_int_equal(qn_epoch_step_validators(&step, &again, &hash), QN_ERR_MALFORMED);
    qn_validator_set_fini(&set);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_snapshot_has_these_fields),
        cmocka_unit_test(a_chunk_has_leaves_or_children_or_neither),
        cmocka_unit_test(a_chunk_fills_a_message_and_no_more),
        cmocka_unit_test(a_step_names_the_committee_that_its_header_states),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
