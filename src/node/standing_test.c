/* A key that its node gave up is worth nothing any more, wherever it is linked. (Revoked, expired and silent peers:
 * node_test, renewal_test, links_test.) */
#include "node/testing/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/testing/run.h"
#include "wire/transaction.h"

enum { GENESIS_NODES = 4, TOKEN = 7 };

static size_t awaited;

static bool is_registered(struct qn_lab *lab)
{
    return qn_lab_status(lab, awaited).registered;
}

static bool is_answered(struct qn_lab *lab)
{
    return qn_lab_reply(lab, TOKEN) != NULL;
}

/* What qnet rotate makes: signed by both keys. */
static struct qn_buf *rotation(struct qn_lab *lab, size_t index, uint64_t sequence)
{
    uint8_t seed[QN_SEED_LEN] = {'r'};
    struct qn_key *fresh = qn_key_from_seed(QN_SUITE_MLDSA44, seed);
    struct qn_tx tx = {.kind = QN_TX_ROTATE,
                       .network = qn_lab_genesis(lab)->network,
                       .expires_ms = qn_lab_unix_ms(lab) + 60000,
                       .id = qn_lab_id(lab, index),
                       .sequence = sequence,
                       .key = *qn_key_public(fresh)};
    struct qn_hash digest = qn_rotate_digest(&tx);
    assert_int_equal(qn_sign(&tx.key_signature, fresh, QN_SIGN_ROTATE, &digest), QN_OK);
    struct qn_buf *bytes = qn_lab_sign_tx(lab, index, &tx);
    qn_key_free(fresh);
    return bytes;
}

static void a_key_that_was_rotated_is_cut_off_within_a_second(void **state)
{
    (void)state;
    struct qn_registry_entry entry;
    struct qn_lab *lab = qn_lab_new(11, GENESIS_NODES, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS_NODES; i++) {
        qn_lab_start_genesis(lab, i);
    }
    size_t index = qn_lab_start_node(lab, -1);
    awaited = index;
    assert_true(qn_lab_run_until(lab, is_registered, QN_SECONDS(30)));
    qn_lab_run(lab, QN_SECONDS(2));
    assert_int_equal(qn_lab_status(lab, index).links, GENESIS_NODES);
    struct qn_node_id id = qn_lab_id(lab, index);
    assert_int_equal(qn_ledger_entry(qn_node_ledger(qn_lab_node(lab, 0)->node), &entry, &id),
                     QN_OK);
    struct qn_buf *bytes = rotation(lab, index, entry.sequence + 1);
    qn_lab_submit(lab, 0, TOKEN, bytes);
    qn_buf_drop(bytes);
    assert_true(qn_lab_run_until(lab, is_answered, QN_SECONDS(30)));
    assert_int_equal(qn_lab_reply(lab, TOKEN)->code, QN_OK);
    qn_lab_run(lab, QN_MS(1150)); /* a second, and the way of the GOODBYE */
    assert_int_equal(qn_lab_status(lab, index).links, 0);
    assert_int_equal(qn_lab_closed_by(lab, 0, index), QN_CLOSE_REVOKED);
    qn_lab_run(lab, QN_SECONDS(20)); /* it may dial as often as it likes */
    assert_int_equal(qn_lab_status(lab, index).links, 0);
    for (size_t i = 0; i < GENESIS_NODES; i++) {
        assert_int_equal(qn_lab_status(lab, i).links, GENESIS_NODES - 1);
    }
    qn_lab_free(lab);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_was_rotated_is_cut_off_within_a_second),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
