/* Blocks become final faster than storage writes: a node goes ahead of it by so many blocks as the ledger
 * holds in memory, and no further. */
#include "node/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/testing/lab.h"

enum { GENESIS = 4, SLOW = GENESIS - 1, CHAIN = 200, AHEAD = QN_LEDGER_RECENT_MAX + 20 };

static struct qn_lab *lab;
static size_t slow;
static uint64_t most_ahead; /* blocks that are final and not written */

static uint64_t ahead(const struct qn_node *node)
{
    uint64_t height = qn_ledger_height(node->ledger);
    uint64_t count = 0;
    while (count < height && !qn_node_is_durable(node, height - count)) {
        count += 1;
    }
    return count;
}

static uint64_t watch(void)
{
    const struct qn_node *node = qn_lab_node(lab, slow)->node;
    uint64_t now = ahead(node);
    most_ahead = now > most_ahead ? now : most_ahead;
    return qn_ledger_height(node->ledger);
}

static bool has_the_chain(struct qn_lab *unused)
{
    (void)unused;
    return watch() >= CHAIN;
}

static bool others_are_far_ahead(struct qn_lab *unused)
{
    (void)unused;
    (void)watch();
    return qn_lab_status(lab, 0).height >= AHEAD;
}

static bool has_followed(struct qn_lab *unused)
{
    (void)unused;
    return watch() >= AHEAD;
}

static int make_lab(void **state)
{
    (void)state;
    lab = qn_lab_new(64, GENESIS, QN_POLICY_OPEN, 0);
    slow = SLOW;
    most_ahead = 0;
    return 0;
}

static int drop_lab(void **state)
{
    (void)state;
    qn_lab_free(lab);
    return 0;
}

static void block_sync_waits_for_storage(void **state)
{
    (void)state;
    struct qn_storage chain;
    qn_lab_make_chain(lab, &chain, CHAIN, 0, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        if (i != slow) {
            qn_lab_give_storage(lab, i, &chain);
        }
        qn_lab_start_genesis(lab, i);
    }
    chain.close(chain.context);
    qn_lab_node(lab, slow)->persist_us = QN_SECONDS(3);
    assert_true(qn_lab_run_until(lab, has_the_chain, QN_SECONDS(60)));
    assert_int_equal(most_ahead, QN_LEDGER_RECENT_MAX);
    assert_int_equal(qn_lab_status(lab, slow).sync.phase, QN_SYNC_DONE);
}

/* The others need no vote of the slow one. */
static void consensus_waits_for_storage(void **state)
{
    (void)state;
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    qn_lab_run(lab, QN_SECONDS(60));
    qn_lab_node(lab, slow)->persist_us = QN_SECONDS(1200);
    assert_true(qn_lab_run_until(lab, others_are_far_ahead, QN_SECONDS(3600)));
    assert_int_equal(most_ahead, QN_LEDGER_RECENT_MAX);
    assert_true(watch() < qn_lab_status(lab, 0).height);
    assert_true(qn_lab_run_until(lab, has_followed, QN_SECONDS(2400)));
    assert_int_equal(most_ahead, QN_LEDGER_RECENT_MAX);
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(block_sync_waits_for_storage, make_lab, drop_lab),
        cmocka_unit_test_setup_teardown(consensus_waits_for_storage, make_lab, drop_lab),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
