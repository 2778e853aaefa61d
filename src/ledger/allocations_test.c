/* A ledger that builds, executes and commits block after block, with a mempool before it: what the state
 * does not keep comes from pieces that were given back. Storage is left out here: what it keeps is its own. */
#include "base/testing/allocations.h"
#include "ledger/ledger_state.h"
#include "ledger/mempool.h"
#include "ledger/testing/ledger_kit.h"
#include "ledger/tree_node.h"
#include "wire/testing/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    NODES = 4,
    /* More than QN_LEDGER_RECENT_MAX, and past 127, whose block completes as many nodes of the history as
     * any below 255. */
    BLOCKS_WARM = 130,
    BLOCKS_MEASURED = 100,
    CERT_LEN = 10000,
    KEY_FIRST = 1000, /* of qn_kit_key, for nodes that register */
    /* The path that a block replaces is still held while its successor is made, and the tree grows deeper. */
    PATH_GROWTH = 4,
};

static enum qn_err get_nothing(void *context, struct qn_buf **value, struct qn_span key)
{
    (void)context;
    (void)value;
    (void)key;
    return QN_ERR_NOT_FOUND;
}

static enum qn_err walk_nothing(void *context, struct qn_span first,
                                bool (*visit)(void *visit_context, struct qn_span key,
                                              struct qn_buf *value),
                                void *visit_context)
{
    (void)context;
    (void)first;
    (void)visit;
    (void)visit_context;
    return QN_OK;
}

static enum qn_err apply_nothing(void *context, const struct qn_batch *batch)
{
    (void)context;
    (void)batch;
    return QN_OK;
}

static const struct qn_storage storage = {
    .get = get_nothing, .walk = walk_nothing, .apply = apply_nothing};

struct pair {
    struct qn_kit kit;
    struct qn_ledger *leader;
    struct qn_ledger *other;
    struct qn_mempool *mempool;
};

static void pair_init(struct pair *pair)
{
    struct qn_kit_options options = {.genesis_count = NODES, .policy = QN_POLICY_OPEN};

    qn_kit_init(&pair->kit, &options);
    assert_int_equal(qn_ledger_new(&pair->leader, &pair->kit.genesis, &storage), QN_OK);
    assert_int_equal(qn_ledger_new(&pair->other, &pair->kit.genesis, &storage), QN_OK);
    pair->mempool = qn_mempool_new(QN_MEMPOOL_TXS_MAX);
}

static void pair_fini(struct pair *pair)
{
    qn_mempool_free(pair->mempool);
    qn_ledger_free(pair->leader);
    qn_ledger_free(pair->other);
    qn_kit_fini(&pair->kit);
    qn_crypto_thread_fini();
}

static qn_unix_ms now_of(const struct pair *pair)
{
    return qn_ledger_head(pair->leader)->time_ms + 1000;
}

static void commit(struct qn_ledger *ledger, const struct qn_block *block, struct qn_buf *cert)
{
    struct qn_ledger_commit commit;

    qn_ledger_commit(ledger, &commit, &block->id, cert);
    qn_batch_free(commit.batch);
}

/* The way of a transaction into the mempool, less its signatures. Takes over the reference. */
static void submit(struct pair *pair, struct qn_buf *bytes)
{
    struct qn_tx_checks checks;
    struct qn_tx tx;
    struct qn_signed envelope;

    assert_int_equal(
        qn_ledger_check_tx(pair->leader, &checks, NULL, qn_buf_span(bytes), now_of(pair)), QN_OK);
    assert_int_equal(qn_tx_decode(&tx, &envelope, qn_buf_span(bytes)), QN_OK);
    struct qn_hash id = qn_tx_id(qn_buf_span(bytes));
    assert_int_equal(qn_mempool_put(pair->mempool, bytes, &id, &tx), QN_OK);
    qn_buf_drop(bytes);
}

static void add_block(struct pair *pair, size_t tx_count)
{
    struct qn_span txs[QN_BLOCK_TXS_MAX];
    struct qn_hash parent = qn_ledger_head_id(pair->leader);
    struct qn_block *block = NULL;
    struct qn_block *received = NULL;
    size_t count = qn_mempool_take(pair->mempool, txs, QN_ARRAY_COUNT(txs));

    assert_int_equal(qn_ledger_build(pair->leader, &block, &parent, txs, count, now_of(pair)),
                     QN_OK);
    assert_int_equal(block->tx_count, tx_count);
    assert_int_equal(qn_block_decode(&received, qn_buf_span(block->encoded)), QN_OK);
    assert_int_equal(qn_ledger_execute(pair->other, received, 0), QN_OK);
    struct qn_buf *cert = qn_buf_new(CERT_LEN);
    commit(pair->leader, block, cert);
    commit(pair->other, received, cert);
    qn_buf_drop(cert);
    for (size_t i = 0; i < block->tx_count; i++) {
        assert_true(qn_mempool_remove(pair->mempool, &qn_block_tx_ids(block)[i]));
    }
    qn_block_drop(block);
    qn_block_drop(received);
}

static void empty_blocks_allocate_nothing(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair);
    for (size_t i = 0; i < BLOCKS_WARM; i++) {
        add_block(&pair, 0);
    }
    uint64_t calls = qn_allocations();
    for (size_t i = 0; i < BLOCKS_MEASURED; i++) {
        add_block(&pair, 0);
    }
    assert_int_equal(qn_allocations(), calls);
    pair_fini(&pair);
}

static void update_all(struct pair *pair, uint64_t sequence)
{
    for (size_t i = 0; i < NODES; i++) {
        struct qn_node_id id = qn_public_key_id(qn_key_public(pair->kit.genesis_keys[i]));
        struct qn_tx tx = qn_kit_update(&pair->kit, &id, sequence, now_of(pair));
        tx.roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR; /* the committee's stay as they are */
        tx.valid_until_ms = UINT64_MAX;
        submit(pair, qn_kit_tx_sign(&tx, pair->kit.genesis_keys[i]));
    }
}

/* Counted but for the making and signing of the transactions, which is their senders' work. */
static void updates_allocate_nothing(void **state)
{
    (void)state;
    struct pair pair;
    uint64_t calls = 0;
    pair_init(&pair);
    for (size_t i = 0; i < BLOCKS_WARM + BLOCKS_MEASURED; i++) {
        update_all(&pair, 2 + i);
        uint64_t before = qn_allocations();
        add_block(&pair, NODES);
        calls += i < BLOCKS_WARM ? 0 : qn_allocations() - before;
    }
    assert_int_equal(calls, 0);
    pair_fini(&pair);
}

/* Nodes of a tree, and the values that its leaves hold. */
static uint64_t pieces_of(const struct qn_tree_node *tree)
{
    if (tree == NULL) {
        return 0;
    }
    if (tree->is_leaf) {
        return 2 + (qn_tree_leaf_of(tree)->extra != NULL);
    }
    return 1 + pieces_of(qn_tree_inner_of(tree)->children[0]) +
           pieces_of(qn_tree_inner_of(tree)->children[1]);
}

static uint64_t state_pieces(const struct pair *pair)
{
    return pieces_of(pair->leader->tip->state.tree) + pieces_of(pair->other->tip->state.tree);
}

static void registrations_allocate_what_the_state_keeps(void **state)
{
    (void)state;
    struct pair pair;
    uint64_t calls = 0;
    uint64_t pieces = 0;
    pair_init(&pair);
    for (unsigned i = 0; i < BLOCKS_WARM + BLOCKS_MEASURED; i++) {
        struct qn_key *key = qn_kit_key(KEY_FIRST + i);
        struct qn_tx tx = qn_kit_register(&pair.kit, key, now_of(&pair));
        submit(&pair, qn_kit_tx_sign(&tx, key));
        qn_key_free(key);
        uint64_t calls_before = qn_allocations();
        uint64_t pieces_before = state_pieces(&pair);
        add_block(&pair, 1);
        if (i >= BLOCKS_WARM) {
            calls += qn_allocations() - calls_before;
            pieces += state_pieces(&pair) - pieces_before;
        }
    }
    printf("%llu allocations, %llu pieces of state in %d registrations by two ledgers\n",
           (unsigned long long)calls, (unsigned long long)pieces, BLOCKS_MEASURED);
    assert_true(pieces >= (uint64_t)2 * 4 * BLOCKS_MEASURED); /* leaf, value, key, inner nodes */
    assert_true(calls <= pieces + PATH_GROWTH);
    pair_fini(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_blocks_allocate_nothing),
        cmocka_unit_test(updates_allocate_nothing),
        cmocka_unit_test(registrations_allocate_what_the_state_keeps),
    };

    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
