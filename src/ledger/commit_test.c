/* What storage holds after commits, and what is forgotten again. */
#include "ledger/ledger_state.h"
#include "ledger/store_keys.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct qn_kit_options options = {4, QN_POLICY_OPEN, 0, 0};

static void keys_sort_by_height_and_come_back(void **state)
{
    static const uint64_t heights[] = {0, 1, 255, 256, 65535, 65536, 1ULL << 40, UINT64_MAX};
    struct qn_store_key previous = qn_store_key_kind(QN_STORE_BLOCK);

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(heights); i++) {
        uint64_t back = 77;
        struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, heights[i]);
        assert_int_equal(key.len, 9);
        assert_true(memcmp(previous.bytes, key.bytes, 9) < 0 || previous.len < key.len);
        assert_true(qn_store_key_is_height(&back, QN_STORE_BLOCK, qn_store_key_span(&key)));
        assert_int_equal(back, heights[i]);
        assert_false(qn_store_key_is_height(&back, QN_STORE_CERT, qn_store_key_span(&key)));
        previous = key;
    }
    struct qn_hash hash = {{1, 2, 3}};
    struct qn_hash back;
    struct qn_store_key key = qn_store_key_hash(QN_STORE_TX, &hash);
    assert_true(qn_store_key_is_hash(&back, QN_STORE_TX, qn_store_key_span(&key)));
    assert_true(qn_hash_equal(&back, &hash));
    assert_false(qn_store_key_is_hash(&back, QN_STORE_LEAF, qn_store_key_span(&key)));
    key.len -= 1;
    assert_false(qn_store_key_is_hash(&back, QN_STORE_TX, qn_store_key_span(&key)));
}

static void records_come_back(void **state)
{
    struct qn_store_tx tx = {UINT64_MAX, 5};
    struct qn_store_tx tx_back;
    struct qn_buf *bytes = qn_store_tx_encode(&tx);
    assert_int_equal(qn_store_tx_decode(&tx_back, qn_buf_span(bytes)), QN_OK);
    assert_int_equal(tx_back.height, UINT64_MAX);
    assert_int_equal(tx_back.registry_index, 5);
    assert_int_equal(qn_store_tx_decode(&tx_back, (struct qn_span){bytes->bytes, bytes->len - 1}),
                     QN_ERR_MALFORMED);
    qn_buf_drop(bytes);

    (void)state;
    struct qn_store_head head = {.height = 0x123456, .tx_count = 9, .tx_first_height = 3};
    struct qn_store_head back;
    head.history.count = head.height;
    memset(head.history.peaks, 0x5a, sizeof head.history.peaks);
    bytes = qn_store_head_encode(&head);
    assert_int_equal(qn_store_head_decode(&back, qn_buf_span(bytes)), QN_OK);
    assert_int_equal(back.height, head.height);
    struct qn_hash root = qn_history_root(&head.history);
    struct qn_hash root_back = qn_history_root(&back.history);
    assert_true(qn_hash_equal(&root, &root_back));
    assert_int_equal(back.tx_count, 9);
    assert_int_equal(back.tx_first_height, 3);
    /* As many peaks as the height has bits set, no others. */
    bytes->bytes[3] ^= 1; /* the middle of the height */
    assert_int_equal(qn_store_head_decode(&back, qn_buf_span(bytes)), QN_ERR_MALFORMED);
    qn_buf_drop(bytes);
}

struct count {
    enum qn_store_kind kind;
    uint64_t found;
    uint64_t heights[32];
};

static bool count_key(void *context, struct qn_span key, struct qn_buf *value)
{
    struct count *count = context;

    (void)value;
    if (key.at[0] != (uint8_t)count->kind) {
        return false;
    }
    if (count->found < QN_ARRAY_COUNT(count->heights)) {
        (void)qn_store_key_is_height(&count->heights[count->found], count->kind, key);
    }
    count->found += 1;
    return true;
}

static struct count count_of(const struct qn_chain *chain, enum qn_store_kind kind)
{
    struct count count = {.kind = kind};
    struct qn_store_key first = qn_store_key_kind(kind);

    assert_int_equal(
        chain->storage.walk(chain->storage.context, qn_store_key_span(&first), count_key, &count),
        QN_OK);
    return count;
}

static void add_with_cert(struct qn_chain *chain, struct qn_buf *cert)
{
    struct qn_hash tip = qn_ledger_head_id(chain->ledger);
    struct qn_block *block = qn_chain_build(chain, &tip, NULL, 0);

    qn_chain_commit(chain, NULL, &block->id, cert);
    qn_block_drop(block);
}

/* Makes storage say of the block at the tip that it ends an epoch. */
static void mark_epoch_end(struct qn_chain *chain)
{
    struct qn_header header = *qn_ledger_head(chain->ledger);
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, header.height);
    struct qn_batch *batch = qn_batch_new();

    header.flags |= QN_HEADER_EPOCH_END;
    struct qn_block *block = qn_block_new(&header, NULL, 0);
    qn_batch_put(batch, qn_store_key_span(&key), block->encoded);
    assert_int_equal(chain->storage.apply(chain->storage.context, batch), QN_OK);
    qn_batch_free(batch);
    qn_block_drop(block);
}

/* Certificates of the last 4,096 blocks, and below them the first of every 1,024 and epochs' ends. */
static void old_certificates_are_forgotten_but_for_epoch_ends_and_one_in_so_many(void **state)
{
    enum { BLOCKS = QN_LEDGER_CERTS_KEPT + 3 * QN_LEDGER_CERT_STRIDE + 10 };
    struct qn_chain chain;
    struct qn_buf *cert = qn_buf_copy((struct qn_span){(const uint8_t *)"cert", 4});
    uint64_t expected = 0;

    (void)state;
    qn_chain_init(&chain, &options);
    for (uint64_t height = 1; height <= BLOCKS; height++) {
        /* Heights 1024 to 1026 have none of their own. */
        bool has_cert = height < 1024 || height > 1026;
        add_with_cert(&chain, has_cert ? cert : NULL);
        if (height == 500 || height == 1500) {
            mark_epoch_end(&chain);
        }
    }
    /* 1: first of its stride; 1027: the first there is from 1024 on; 2048, 3072; 500 and 1500 end epochs.
     * Then the last ones. */
    struct count count = count_of(&chain, QN_STORE_CERT);
    assert_int_equal(count.heights[0], 1);
    assert_int_equal(count.heights[1], 500);
    assert_int_equal(count.heights[2], 1027);
    assert_int_equal(count.heights[3], 1500);
    assert_int_equal(count.heights[4], 2048);
    assert_int_equal(count.heights[5], 3072);
    assert_int_equal(count.heights[6], BLOCKS - QN_LEDGER_CERTS_KEPT + 1);
    expected = 6 + QN_LEDGER_CERTS_KEPT;
    assert_int_equal(count.found, expected);
    /* Blocks are all there. */
    assert_int_equal(count_of(&chain, QN_STORE_BLOCK).found, BLOCKS);
    qn_chain_fini(&chain);
    qn_buf_drop(cert);
}

/* Random keys registered once, then updated in every block. */
struct crowd {
    struct qn_node_id ids[QN_BLOCK_TXS_MAX];
    uint64_t sequence;
    struct qn_hash first_update;
    struct qn_hash last_update;
};

static struct qn_tx registration(const struct qn_chain *chain, struct qn_rng *rng)
{
    struct qn_tx tx = {
        .kind = QN_TX_REGISTER,
        .network = chain->kit.genesis.network,
        .expires_ms = qn_chain_now(chain) + QN_KIT_TX_LIFETIME_MS,
        .key = qn_chain_random_key(rng),
        .valid_until_ms = UINT64_MAX,
    };

    tx.id = qn_public_key_id(&tx.key);
    return tx;
}

static void add_one_node(struct qn_chain *chain, struct qn_rng *rng)
{
    struct qn_tx tx = registration(chain, rng);

    qn_chain_add_one(chain, qn_kit_tx_fake(&tx, 1));
}

static void register_crowd(struct qn_chain *chain, struct crowd *crowd, struct qn_rng *rng)
{
    struct qn_buf *txs[QN_BLOCK_TXS_MAX];

    for (size_t i = 0; i < QN_BLOCK_TXS_MAX; i++) {
        struct qn_tx tx = registration(chain, rng);
        crowd->ids[i] = tx.id;
        txs[i] = qn_kit_tx_fake(&tx, 1);
    }
    crowd->sequence = 1;
    assert_int_equal(qn_chain_add(chain, NULL, txs, QN_BLOCK_TXS_MAX), QN_BLOCK_TXS_MAX);
}

static void update_crowd(struct qn_chain *chain, struct crowd *crowd)
{
    struct qn_buf *txs[QN_BLOCK_TXS_MAX];

    crowd->sequence += 1;
    for (size_t i = 0; i < QN_BLOCK_TXS_MAX; i++) {
        struct qn_tx tx =
            qn_kit_update(&chain->kit, &crowd->ids[i], crowd->sequence, qn_chain_now(chain));
        txs[i] = qn_kit_tx_fake(&tx, 1);
        crowd->last_update = qn_tx_id(qn_buf_span(txs[i]));
        if (crowd->sequence == 2 && i == 0) {
            crowd->first_update = crowd->last_update;
        }
    }
    assert_int_equal(qn_chain_add(chain, NULL, txs, QN_BLOCK_TXS_MAX), QN_BLOCK_TXS_MAX);
}

static void add_empty(struct qn_chain *chain, int count)
{
    for (int i = 0; i < count; i++) {
        (void)qn_chain_add(chain, NULL, NULL, 0);
    }
}

static void old_transactions_are_forgotten_beyond_65536(void **state)
{
    enum { BLOCKS_KEPT = QN_LEDGER_TXS_KEPT / QN_BLOCK_TXS_MAX, EMPTY_BLOCKS = 40 };
    struct qn_rng rng = qn_test_rng();
    struct qn_chain chain;
    struct crowd crowd;
    uint64_t height;
    uint64_t index;

    (void)state;
    qn_chain_init(&chain, &options);
    add_empty(&chain, EMPTY_BLOCKS);
    register_crowd(&chain, &crowd, &rng);
    for (int i = 0; i < BLOCKS_KEPT; i++) {
        update_crowd(&chain, &crowd);
    }
    /* Empty blocks in front take a few commits to get past, then exactly the promised number is left. */
    assert_int_equal(count_of(&chain, QN_STORE_TX).found, QN_LEDGER_TXS_KEPT + QN_BLOCK_TXS_MAX);
    add_empty(&chain, EMPTY_BLOCKS / QN_LEDGER_PRUNE_STEPS);
    assert_int_equal(count_of(&chain, QN_STORE_TX).found, QN_LEDGER_TXS_KEPT);
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &crowd.first_update), QN_OK);
    assert_int_equal(height, EMPTY_BLOCKS + 2);
    assert_int_equal(qn_chain_reopen(&chain), QN_OK);
    /* One more is no reason to forget a whole block: then fewer than promised would be left. */
    add_one_node(&chain, &rng);
    assert_int_equal(count_of(&chain, QN_STORE_TX).found, QN_LEDGER_TXS_KEPT + 1);
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &crowd.first_update), QN_OK);
    update_crowd(&chain, &crowd);
    update_crowd(&chain, &crowd);
    assert_int_equal(count_of(&chain, QN_STORE_TX).found, QN_LEDGER_TXS_KEPT + 1);
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &crowd.first_update),
                     QN_ERR_NOT_FOUND);
    assert_int_equal(qn_ledger_find_tx(chain.ledger, &height, &index, &crowd.last_update), QN_OK);
    assert_int_equal(height, qn_ledger_height(chain.ledger));
    assert_int_equal(index, 4 + QN_BLOCK_TXS_MAX - 1);
    qn_chain_fini(&chain);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_sort_by_height_and_come_back),
        cmocka_unit_test(records_come_back),
        cmocka_unit_test(old_certificates_are_forgotten_but_for_epoch_ends_and_one_in_so_many),
        cmocka_unit_test(old_transactions_are_forgotten_beyond_65536),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
