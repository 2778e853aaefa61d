#include "ledger/ledger.h"

#include "ledger/ledger_state.h"
#include "ledger/store_keys.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct qn_kit_options options = {4, QN_POLICY_CODES, 16, 0};

static struct qn_buf *registration(const struct qn_chain *chain, const struct qn_key *key,
                                   uint32_t code)
{
    struct qn_tx tx = qn_kit_register(&chain->kit, key, qn_chain_now(chain));

    qn_kit_use_code(&chain->kit, &tx, code);
    return qn_kit_tx_fake(&tx, 1);
}

static void a_commit_tells_what_changed(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_node_id id = qn_kit_id(key);
    struct qn_ledger_commit commit;
    uint64_t height;
    uint64_t index;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_buf *tx = registration(&chain, key, 0);
    struct qn_hash tx_id = qn_tx_id(qn_buf_span(tx));
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &tx_id), QN_ERR_NOT_FOUND);
    assert_int_equal(qn_chain_add(&chain, &commit, &tx, 1), 1);
    struct qn_hash head = qn_ledger_head_id(chain.ledger);
    assert_int_equal(commit.height, 1);
    assert_true(qn_hash_equal(&commit.block_id, &head));
    assert_int_equal(commit.change_count, 1);
    assert_true(qn_hash_equal(&commit.changes[0].tx_id, &tx_id));
    assert_int_equal(commit.changes[0].kind, QN_TX_REGISTER);
    assert_true(qn_node_id_equal(&commit.changes[0].id, &id));
    assert_int_equal(commit.changes[0].index, 4);
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &tx_id), QN_OK);
    assert_int_equal(height, 1);
    assert_int_equal(index, 4);
    struct qn_registry_entry entry;
    assert_int_equal(qn_ledger_entry_at(chain.ledger, &entry, 4), QN_OK);
    assert_true(qn_node_id_equal(&entry.id, &id));

    struct qn_tx revoke = qn_kit_revoke(&chain.kit, &id, 2, qn_chain_now(&chain));
    tx = qn_kit_tx_fake(&revoke, 1);
    assert_int_equal(qn_chain_add(&chain, &commit, &tx, 1), 1);
    assert_int_equal(commit.height, 2);
    assert_int_equal(commit.changes[0].kind, QN_TX_REVOKE);
    assert_int_equal(commit.changes[0].index, 4);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void two_branches_stand_side_by_side_until_one_is_final(void **state)
{
    struct qn_chain chain;
    struct qn_key *keys[2] = {qn_kit_key(1000), qn_kit_key(1001)};
    struct qn_node_id ids[2] = {qn_kit_id(keys[0]), qn_kit_id(keys[1])};
    struct qn_registry_entry entry;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_hash genesis = qn_ledger_head_id(chain.ledger);
    /* The same code on both branches: allowed, since only one can become final. */
    struct qn_buf *tx = registration(&chain, keys[0], 3);
    struct qn_block *a1 = qn_chain_build(&chain, &genesis, &tx, 1);
    tx = registration(&chain, keys[1], 3);
    struct qn_block *b1 = qn_chain_build(&chain, &genesis, &tx, 1);
    assert_int_equal(a1->tx_count, 1);
    assert_int_equal(b1->tx_count, 1);
    /* But not above a block that used it. */
    tx = registration(&chain, keys[1], 3);
    struct qn_block *a2 = qn_chain_build(&chain, &a1->id, &tx, 1);
    assert_int_equal(a2->tx_count, 0);
    struct qn_block *b2 = qn_chain_build(&chain, &b1->id, NULL, 0);
    struct qn_block *b3 = qn_chain_build(&chain, &b2->id, NULL, 0);

    qn_chain_commit(&chain, NULL, &b1->id, NULL);
    assert_false(qn_ledger_knows(chain.ledger, &a1->id));
    assert_false(qn_ledger_knows(chain.ledger, &a2->id));
    assert_false(qn_ledger_knows(chain.ledger, &genesis)); /* final, but no longer a parent */
    assert_true(qn_ledger_knows(chain.ledger, &b1->id));
    assert_true(qn_ledger_knows(chain.ledger, &b2->id));
    assert_true(qn_ledger_knows(chain.ledger, &b3->id));
    assert_int_equal(qn_ledger_entry(chain.ledger, &entry, &ids[1]), QN_OK);
    assert_int_equal(qn_ledger_entry(chain.ledger, &entry, &ids[0]), QN_ERR_NOT_FOUND);
    qn_chain_commit(&chain, NULL, &b2->id, NULL);
    qn_chain_commit(&chain, NULL, &b3->id, NULL);
    assert_int_equal(qn_ledger_height(chain.ledger), 3);
    /* A block on the lost branch has no parent any more. */
    assert_int_equal(qn_ledger_execute(chain.ledger, a2, 0), QN_ERR_NOT_FOUND);
    qn_block_drop(a1);
    qn_block_drop(a2);
    qn_block_drop(b1);
    qn_block_drop(b2);
    qn_block_drop(b3);
    for (size_t i = 0; i < 2; i++) {
        qn_key_free(keys[i]);
    }
    qn_chain_fini(&chain);
}

static void blocks_and_certificates_can_be_fetched(void **state)
{
    struct qn_chain chain;
    struct qn_buf *block = NULL;
    struct qn_buf *cert = NULL;
    struct qn_buf *given = qn_buf_copy((struct qn_span){(const uint8_t *)"certificate", 11});
    struct qn_hash ids[3 * QN_LEDGER_RECENT_MAX];

    (void)state;
    qn_chain_init(&chain, &options);
    ids[0] = qn_ledger_head_id(chain.ledger);
    for (size_t i = 1; i < QN_ARRAY_COUNT(ids); i++) {
        struct qn_block *next = qn_chain_build(&chain, &ids[i - 1], NULL, 0);
        ids[i] = next->id;
        qn_chain_commit(&chain, NULL, &next->id, i % 3 == 0 ? given : NULL);
        qn_block_drop(next);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(ids); i++) {
        struct qn_block *decoded = NULL;
        assert_int_equal(qn_ledger_block(chain.ledger, &block, &cert, i), QN_OK);
        assert_int_equal(qn_block_decode(&decoded, qn_buf_span(block)), QN_OK);
        assert_true(qn_hash_equal(&decoded->id, &ids[i]));
        assert_int_equal(cert != NULL, i > 0 && i % 3 == 0);
        qn_block_drop(decoded);
        qn_buf_drop(block);
        qn_buf_drop(cert);
    }
    assert_int_equal(qn_ledger_block(chain.ledger, &block, &cert, QN_ARRAY_COUNT(ids)),
                     QN_ERR_NOT_FOUND);
    assert_int_equal(qn_ledger_block(chain.ledger, &block, &cert, UINT64_MAX), QN_ERR_NOT_FOUND);
    qn_chain_fini(&chain);
    assert_int_equal(given->references, 1);
    qn_buf_drop(given);
}

static void each_header_commits_to_all_blocks_before_it(void **state)
{
    struct qn_chain chain;
    struct qn_history history = {0};

    (void)state;
    qn_chain_init(&chain, &options);
    for (uint64_t height = 0; height < 20; height++) {
        struct qn_hash root = qn_history_root(&history);
        struct qn_hash id = qn_ledger_head_id(chain.ledger);
        assert_int_equal(qn_ledger_height(chain.ledger), height);
        assert_true(qn_hash_equal(&qn_ledger_head(chain.ledger)->history_root, &root));
        qn_history_append(&history, &id);
        if (height % 7 == 6) {
            assert_int_equal(qn_chain_reopen(&chain), QN_OK);
        }
        qn_chain_add(&chain, NULL, NULL, 0);
    }
    qn_chain_fini(&chain);
}

/* Storage that lags behind: nothing that is final is missing meanwhile. */
static void final_blocks_are_there_before_they_are_stored(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_batch *batches[QN_LEDGER_RECENT_MAX - 1];
    struct qn_hash tx_id = {{0}};
    uint64_t height;
    uint64_t index;

    (void)state;
    qn_chain_init(&chain, &options);
    for (size_t i = 0; i < QN_ARRAY_COUNT(batches); i++) {
        struct qn_ledger_commit commit;
        struct qn_buf *tx = i == 0 ? registration(&chain, key, 0) : NULL;
        struct qn_hash tip = qn_ledger_head_id(chain.ledger);
        if (i == 0) {
            tx_id = qn_tx_id(qn_buf_span(tx));
        }
        struct qn_block *block = qn_chain_build(&chain, &tip, &tx, i == 0 ? 1 : 0);
        qn_ledger_commit(chain.ledger, &commit, &block->id, NULL);
        batches[i] = commit.batch;
        qn_block_drop(block);
    }
    for (uint64_t i = 0; i <= QN_ARRAY_COUNT(batches); i++) {
        struct qn_buf *block = NULL;
        struct qn_buf *cert = NULL;
        assert_int_equal(qn_ledger_block(chain.ledger, &block, &cert, i), QN_OK);
        qn_buf_drop(block);
    }
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &tx_id), QN_OK);
    assert_int_equal(height, 1);
    for (size_t i = 0; i < QN_ARRAY_COUNT(batches); i++) {
        assert_int_equal(chain.storage.apply(chain.storage.context, batches[i]), QN_OK);
        qn_batch_free(batches[i]);
    }
    assert_int_equal(qn_chain_reopen(&chain), QN_OK);
    assert_int_equal(qn_ledger_height(chain.ledger), QN_ARRAY_COUNT(batches));
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void entries_are_proved_against_the_head(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_node_id id = qn_kit_id(key);
    struct qn_tree_proof proof;
    struct qn_buf *bytes = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_hash leaf_key = qn_sha3((struct qn_span){id.bytes, sizeof id.bytes});
    struct qn_hash old_root = qn_ledger_head(chain.ledger)->state_root;
    qn_ledger_prove(chain.ledger, &proof, &bytes, &id);
    assert_null(bytes);
    assert_true(qn_tree_proof_holds(&proof, &old_root, &leaf_key, NULL));

    qn_chain_add_one(&chain, registration(&chain, key, 0));
    struct qn_hash root = qn_ledger_head(chain.ledger)->state_root;
    assert_false(qn_tree_proof_holds(&proof, &root, &leaf_key, NULL));
    qn_ledger_prove(chain.ledger, &proof, &bytes, &id);
    assert_non_null(bytes);
    struct qn_hash value_hash = qn_sha3(qn_buf_span(bytes));
    assert_true(qn_tree_proof_holds(&proof, &root, &leaf_key, &value_hash));
    struct qn_registry_entry entry;
    assert_int_equal(qn_registry_entry_decode(&entry, qn_buf_span(bytes)), QN_OK);
    assert_true(qn_node_id_equal(&entry.id, &id));
    assert_int_equal(entry.registered_height, 1);
    qn_buf_drop(bytes);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

/* A few random blocks of registrations, updates and revocations. */
static void live(struct qn_chain *chain, struct qn_rng *rng, uint64_t blocks)
{
    static uint32_t codes;

    codes = qn_ledger_entry_count(chain->ledger) == 4 ? 0 : codes;
    for (uint64_t i = 0; i < blocks; i++) {
        struct qn_registry_entry entry;
        struct qn_tx tx;
        uint64_t kind = qn_rng_below(rng, 4);
        uint64_t pick = qn_rng_below(rng, qn_ledger_entry_count(chain->ledger));
        assert_int_equal(qn_ledger_entry_at(chain->ledger, &entry, pick), QN_OK);
        if (kind < 2 && codes < 16) {
            struct qn_key *key = qn_kit_key(1000 + codes);
            tx = qn_kit_register(&chain->kit, key, qn_chain_now(chain));
            qn_kit_use_code(&chain->kit, &tx, codes);
            codes += 1;
            qn_key_free(key);
        } else if (kind == 2) {
            tx = qn_kit_update(&chain->kit, &entry.id, entry.sequence + 1, qn_chain_now(chain));
        } else {
            tx = qn_kit_revoke(&chain->kit, &entry.id, entry.sequence + 1, qn_chain_now(chain));
        }
        struct qn_buf *bytes = qn_kit_tx_fake(&tx, (uint8_t)i);
        (void)qn_chain_add(chain, NULL, &bytes, 1); /* some are refused; then it is empty */
    }
}

static void reopening_gives_the_same_ledger(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct qn_chain chain;

    (void)state;
    qn_chain_init(&chain, &options);
    assert_int_equal(qn_chain_reopen(&chain), QN_OK); /* nothing stored yet */
    assert_int_equal(qn_ledger_height(chain.ledger), 0);
    for (int round = 0; round < 12; round++) {
        live(&chain, &rng, 1 + qn_rng_below(&rng, 9));
        struct qn_hash head = qn_ledger_head_id(chain.ledger);
        struct qn_hash root = qn_ledger_head(chain.ledger)->state_root;
        uint64_t height = qn_ledger_height(chain.ledger);
        uint64_t entries = qn_ledger_entry_count(chain.ledger);
        uint64_t active = qn_ledger_active_count(chain.ledger);
        /* What would be built next is the same before and after. */
        struct qn_block *before = qn_chain_build(&chain, &head, NULL, 0);
        assert_int_equal(qn_chain_reopen(&chain), QN_OK);
        struct qn_hash head_after = qn_ledger_head_id(chain.ledger);
        assert_true(qn_hash_equal(&head, &head_after));
        assert_true(qn_hash_equal(&root, &qn_ledger_head(chain.ledger)->state_root));
        assert_int_equal(qn_ledger_height(chain.ledger), height);
        assert_int_equal(qn_ledger_entry_count(chain.ledger), entries);
        assert_int_equal(qn_ledger_active_count(chain.ledger), active);
        struct qn_block *after = qn_chain_build(&chain, &head, NULL, 0);
        assert_true(qn_hash_equal(&before->id, &after->id));
        for (uint64_t i = 0; i < entries; i++) {
            struct qn_registry_entry entry;
            assert_int_equal(qn_ledger_entry_at(chain.ledger, &entry, i), QN_OK);
            assert_int_equal(entry.index, i);
        }
        qn_block_drop(before);
        qn_block_drop(after);
    }
    qn_chain_fini(&chain);
}

/* Storage with one value replaced, or removed if value is NULL. */
static void spoil(struct qn_chain *chain, struct qn_store_key key, struct qn_span value)
{
    struct qn_batch *batch = qn_batch_new();

    if (value.at == NULL) {
        qn_batch_delete(batch, qn_store_key_span(&key));
    } else {
        struct qn_buf *buf = qn_buf_copy(value);
        qn_batch_put(batch, qn_store_key_span(&key), buf);
        qn_buf_drop(buf);
    }
    assert_int_equal(chain->storage.apply(chain->storage.context, batch), QN_OK);
    qn_batch_free(batch);
}

static struct qn_buf *stored(const struct qn_chain *chain, struct qn_store_key key)
{
    struct qn_buf *value = NULL;

    assert_int_equal(chain->storage.get(chain->storage.context, &value, qn_store_key_span(&key)),
                     QN_OK);
    return value;
}

/* Reopening must fail with err; storage is then mended. */
static void expect_spoiled(struct qn_chain *chain, struct qn_store_key key, struct qn_span value,
                           enum qn_err err)
{
    struct qn_buf *good = stored(chain, key);

    spoil(chain, key, value);
    assert_int_equal(qn_chain_reopen(chain), err);
    spoil(chain, key, qn_buf_span(good));
    qn_buf_drop(good);
    assert_int_equal(qn_chain_reopen(chain), QN_OK);
}

static void spoiled_storage_is_not_believed(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct qn_chain chain;
    struct qn_span gone = {NULL, 0};
    struct qn_span junk = {(const uint8_t *)"junk", 4};

    (void)state;
    qn_chain_init(&chain, &options);
    live(&chain, &rng, 20);
    struct qn_key *key = qn_kit_key(1000);
    struct qn_node_id id = qn_kit_id(key);
    qn_key_free(key);
    struct qn_hash entry_key = qn_state_entry_key(&id);
    struct qn_hash counters_key = qn_state_counters_key();
    struct qn_store_key head = qn_store_key_kind(QN_STORE_HEAD);
    struct qn_store_key tip = qn_store_key_height(QN_STORE_BLOCK, 20);
    struct qn_store_key below = qn_store_key_height(QN_STORE_BLOCK, 19);
    struct qn_store_key leaf = qn_store_key_hash(QN_STORE_LEAF, &entry_key);
    struct qn_store_key counters = qn_store_key_hash(QN_STORE_LEAF, &counters_key);
    expect_spoiled(&chain, head, junk, QN_ERR_MALFORMED);
    expect_spoiled(&chain, tip, junk, QN_ERR_MALFORMED);
    expect_spoiled(&chain, tip, gone, QN_ERR_MALFORMED);
    expect_spoiled(&chain, leaf, gone, QN_ERR_WRONG_ROOT);
    expect_spoiled(&chain, leaf, junk, QN_ERR_MALFORMED);
    expect_spoiled(&chain, counters, gone, QN_ERR_WRONG_ROOT);
    struct qn_buf *older = stored(&chain, below);
    expect_spoiled(&chain, tip, qn_buf_span(older), QN_ERR_MALFORMED);
    qn_buf_drop(older);
    /* Another block of the same height on the same parent. */
    struct qn_header header = *qn_ledger_head(chain.ledger);
    header.time_ms += 1;
    struct qn_block *sibling = qn_block_new(&header, NULL, 0);
    expect_spoiled(&chain, tip, qn_buf_span(sibling->encoded), QN_ERR_MALFORMED);
    qn_block_drop(sibling);

    struct qn_buf *old_head = stored(&chain, head);
    struct qn_store_head decoded;
    assert_int_equal(qn_store_head_decode(&decoded, qn_buf_span(old_head)), QN_OK);
    decoded.history.peaks[0].bytes[0] ^= 1;
    struct qn_buf *forged = qn_store_head_encode(&decoded);
    expect_spoiled(&chain, head, qn_buf_span(forged), QN_ERR_MALFORMED);
    qn_buf_drop(forged);
    qn_buf_drop(old_head);
    qn_chain_fini(&chain);
}

static void another_networks_storage_is_refused(void **state)
{
    struct qn_chain chain;
    struct qn_kit other;
    struct qn_ledger *ledger = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    qn_chain_add(&chain, NULL, NULL, 0);
    qn_kit_init(&other, &(struct qn_kit_options){5, QN_POLICY_CODES, 16, 0});
    assert_int_equal(qn_ledger_new(&ledger, &other.genesis, &chain.storage), QN_ERR_WRONG_NETWORK);
    assert_null(ledger);
    qn_kit_fini(&other);
    qn_chain_fini(&chain);
}

static enum qn_err broken_get(void *context, struct qn_buf **value, struct qn_span key)
{
    (void)context;
    (void)value;
    (void)key;
    return QN_ERR_IO;
}

static void a_broken_disk_is_told_as_such(void **state)
{
    struct qn_chain chain;
    struct qn_ledger *ledger = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_storage broken = chain.storage;
    broken.get = broken_get;
    assert_int_equal(qn_ledger_new(&ledger, &chain.kit.genesis, &broken), QN_ERR_IO);
    assert_null(ledger);
    qn_chain_fini(&chain);
}

static void executed_blocks_are_bounded_and_the_useful_ones_stay(void **state)
{
    struct qn_chain chain;
    struct qn_block *block = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_hash genesis = qn_ledger_head_id(chain.ledger);
    struct qn_block *trunk = qn_chain_build(&chain, &genesis, NULL, 0);
    struct qn_block *tip = qn_chain_build(&chain, &trunk->id, NULL, 0);
    /* Far more siblings than there is room for. */
    for (uint64_t i = 0; i < (uint64_t)3 * QN_LEDGER_STATES_MAX; i++) {
        assert_int_equal(
            qn_ledger_build(chain.ledger, &block, &genesis, NULL, 0, QN_KIT_TIME_MS + 100000 + i),
            QN_OK);
        assert_true(qn_ledger_knows(chain.ledger, &block->id));
        qn_block_drop(block);
    }
    assert_int_equal(chain.ledger->state_count, QN_LEDGER_STATES_MAX);
    assert_true(qn_ledger_knows(chain.ledger, &trunk->id)); /* it has a child */
    assert_true(qn_ledger_knows(chain.ledger, &tip->id));   /* it is the highest */
    qn_chain_commit(&chain, NULL, &trunk->id, NULL);
    assert_int_equal(chain.ledger->state_count, 1);
    qn_chain_commit(&chain, NULL, &tip->id, NULL);
    assert_int_equal(chain.ledger->state_count, 0);
    qn_block_drop(trunk);
    qn_block_drop(tip);
    qn_chain_fini(&chain);
}

static void a_chain_as_long_as_the_bound_takes_no_more(void **state)
{
    struct qn_chain chain;
    struct qn_block *block = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_hash first = {{0}};
    struct qn_hash parent = qn_ledger_head_id(chain.ledger);
    for (size_t i = 0; i < QN_LEDGER_STATES_MAX; i++) {
        assert_int_equal(qn_ledger_build(chain.ledger, &block, &parent, NULL, 0, 0), QN_OK);
        parent = block->id;
        first = i == 0 ? block->id : first;
        qn_block_drop(block);
    }
    assert_int_equal(qn_ledger_build(chain.ledger, &block, &parent, NULL, 0, 0), QN_ERR_FULL);
    qn_chain_commit(&chain, NULL, &first, NULL);
    assert_int_equal(qn_ledger_build(chain.ledger, &block, &parent, NULL, 0, 0), QN_OK);
    qn_block_drop(block);
    qn_chain_fini(&chain);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_tells_what_changed),
        cmocka_unit_test(two_branches_stand_side_by_side_until_one_is_final),
        cmocka_unit_test(blocks_and_certificates_can_be_fetched),
        cmocka_unit_test(each_header_commits_to_all_blocks_before_it),
        cmocka_unit_test(final_blocks_are_there_before_they_are_stored),
        cmocka_unit_test(entries_are_proved_against_the_head),
        cmocka_unit_test(reopening_gives_the_same_ledger),
        cmocka_unit_test(spoiled_storage_is_not_believed),
        cmocka_unit_test(another_networks_storage_is_refused),
        cmocka_unit_test(a_broken_disk_is_told_as_such),
        cmocka_unit_test(executed_blocks_are_bounded_and_the_useful_ones_stay),
        cmocka_unit_test(a_chain_as_long_as_the_bound_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
