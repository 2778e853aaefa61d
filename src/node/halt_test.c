/* Nodes whose storage fails: they say so once, and neither vote nor answer any more. */
#include "node/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/testing/lab.h"

enum { GENESIS_NODES = 5, TOKEN = 7 };

static const uint64_t seed = 20260303;
static enum qn_err failing_with;

static enum qn_err failing_apply(void *context, const struct qn_batch *batch)
{
    (void)context;
    (void)batch;
    return failing_with;
}

static enum qn_err failing_get(void *context, struct qn_buf **value, struct qn_span key)
{
    (void)context;
    (void)value;
    (void)key;
    return failing_with;
}

static uint64_t awaited_height;
static uint64_t awaited_active;

static bool the_others_are_there(struct qn_lab *lab)
{
    for (size_t i = 1; i < GENESIS_NODES; i++) {
        struct qn_node_status status = qn_lab_status(lab, i);
        if (status.height < awaited_height || status.registry_active < awaited_active) {
            return false;
        }
    }
    return true;
}

static void wait_others(struct qn_lab *lab, uint64_t height, uint64_t active)
{
    awaited_height = height;
    awaited_active = active;
    assert_true(qn_lab_run_until(lab, the_others_are_there, QN_SECONDS(90)));
}

/* Five validators and one registered node, whose index is GENESIS_NODES. */
static struct qn_lab *small_network(void)
{
    struct qn_lab *lab = qn_lab_new(seed, GENESIS_NODES, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS_NODES; i++) {
        qn_lab_start_genesis(lab, i);
    }
    wait_others(lab, 1, GENESIS_NODES);
    (void)qn_lab_start_node(lab, -1);
    wait_others(lab, 1, GENESIS_NODES + 1);
    qn_lab_run(lab, QN_SECONDS(2));
    return lab;
}

static struct qn_buf *revocation(struct qn_lab *lab)
{
    struct qn_tx tx = {.kind = QN_TX_REVOKE,
                       .network = qn_lab_genesis(lab)->network,
                       .expires_ms = qn_lab_unix_ms(lab) + 60000,
                       .id = qn_lab_id(lab, GENESIS_NODES),
                       .sequence = 2,
                       .reason = QN_REVOKE_RETIRED};
    return qn_lab_sign_tx(lab, GENESIS_NODES, &tx);
}

static void assert_halted(struct qn_lab *lab, enum qn_err err, const char *word)
{
    struct qn_ready_line lines[QN_READY_LINES_MAX];
    const struct qn_lab_node *node = qn_lab_node(lab, 0);
    assert_int_equal(node->halts, 1);
    assert_int_equal(node->halt_err, err);
    assert_int_equal(node->actions_after_halt, 0);
    assert_non_null(qn_node_halted(node->node));
    assert_non_null(strstr(qn_node_halted(node->node), word));
    assert_true(qn_node_missing(node->node, lines, qn_lab_now(lab), qn_lab_unix_ms(lab)) > 0);
    assert_string_equal(lines[0].name, "halted");
    assert_int_equal(qn_node_deadline(node->node), UINT64_MAX);
}

static void assert_write_halts(enum qn_err given, enum qn_err told, const char *word)
{
    struct qn_lab *lab = small_network();
    struct qn_buf *tx = revocation(lab);
    assert_null(qn_node_halted(qn_lab_node(lab, 0)->node));
    uint64_t height = qn_lab_status(lab, 0).height;
    failing_with = given;
    qn_lab_node(lab, 0)->storage.apply = failing_apply;
    qn_lab_submit(lab, 0, TOKEN, tx);
    wait_others(lab, height + 3, 0);
    assert_halted(lab, told, word);
    assert_null(qn_lab_reply(lab, TOKEN)); /* final for the others, but not promised by this one */
    assert_int_equal(qn_lab_status(lab, 1).registry_active, GENESIS_NODES);
    qn_buf_drop(tx);
    qn_lab_free(lab);
}

static void a_node_whose_disk_is_full_halts_and_the_others_go_on(void **state)
{
    (void)state;
    assert_write_halts(QN_ERR_FULL, QN_ERR_FULL, "make room");
}

static void a_node_whose_disk_fails_halts_and_the_others_go_on(void **state)
{
    (void)state;
    assert_write_halts(QN_ERR_IO, QN_ERR_IO, "check the disk");
}

static void a_node_that_cannot_read_halts_instead_of_guessing(void **state)
{
    (void)state;
    struct qn_lab *lab = small_network();
    struct qn_buf *tx = revocation(lab);
    uint64_t height = qn_lab_status(lab, 1).height;
    failing_with = QN_ERR_IO;
    qn_lab_node(lab, 0)->storage.get = failing_get;
    qn_lab_submit(lab, 0, TOKEN, tx); /* asks whether it was committed already */
    qn_lab_run(lab, QN_SECONDS(1));
    assert_halted(lab, QN_ERR_IO, "reading");
    assert_null(qn_lab_reply(lab, TOKEN));
    wait_others(lab, height + 2, 0);
    assert_int_equal(qn_lab_status(lab, 1).registry_active, GENESIS_NODES + 1);
    qn_buf_drop(tx);
    qn_lab_free(lab);
}

/* Final for all, but not yet on this node's disk: neither who waits nor who asks again is told. */
static void nothing_is_acknowledged_before_it_is_durable(void **state)
{
    (void)state;
    struct qn_lab *lab = small_network();
    struct qn_buf *tx = revocation(lab);
    uint64_t height = qn_lab_status(lab, 0).height;
    qn_lab_node(lab, 0)->persist_us = QN_SECONDS(4);
    qn_lab_submit(lab, 0, TOKEN, tx);
    wait_others(lab, height + 1, 0);
    qn_lab_run(lab, QN_SECONDS(1));
    assert_int_equal(qn_lab_status(lab, 0).registry_active, GENESIS_NODES); /* in memory */
    qn_lab_submit(lab, 0, TOKEN + 1, tx);
    qn_lab_run(lab, QN_SECONDS(1));
    assert_null(qn_lab_reply(lab, TOKEN));
    assert_null(qn_lab_reply(lab, TOKEN + 1));
    qn_lab_run(lab, QN_SECONDS(4));
    for (qn_request_token token = TOKEN; token <= TOKEN + 1; token++) {
        assert_non_null(qn_lab_reply(lab, token));
        assert_int_equal(qn_lab_reply(lab, token)->code, QN_OK);
    }
    qn_buf_drop(tx);
    qn_lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_whose_disk_is_full_halts_and_the_others_go_on),
        cmocka_unit_test(a_node_whose_disk_fails_halts_and_the_others_go_on),
        cmocka_unit_test(nothing_is_acknowledged_before_it_is_durable),
        cmocka_unit_test(a_node_that_cannot_read_halts_instead_of_guessing),
    };
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("seed %llu\n", (unsigned long long)seed);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
