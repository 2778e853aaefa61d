#include "ledger/ledger_state.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct qn_kit_options options = {4, QN_POLICY_OPEN, 0, 0};

/* A registration of a key that nobody holds: only the signature would not verify. */
static struct qn_buf *registration(const struct qn_chain *chain, struct qn_rng *rng)
{
    struct qn_tx tx = {
        .kind = QN_TX_REGISTER,
        .network = chain->kit.genesis.network,
        .expires_ms = qn_chain_now(chain) + QN_KIT_TX_LIFETIME_MS,
        .key = qn_chain_random_key(rng),
        .valid_until_ms = UINT64_MAX,
    };

    return qn_kit_tx_fake(&tx, 1);
}

static void block_0_is_what_genesis_says(void **state)
{
    struct qn_chain chain;
    struct qn_registry_entry entry;

    (void)state;
    qn_chain_init(&chain, &options);
    const struct qn_header *header = qn_ledger_head(chain.ledger);
    struct qn_hash validators = qn_validator_set_hash(&chain.kit.genesis.validators);
    struct qn_hash id = qn_header_id(header);
    struct qn_hash head_id = qn_ledger_head_id(chain.ledger);
    assert_true(qn_hash_equal(&id, &head_id));
    assert_int_equal(header->version, 1);
    assert_int_equal(header->height, 0);
    assert_int_equal(header->epoch, 0);
    assert_int_equal(header->flags, 0);
    assert_int_equal(header->time_ms, QN_KIT_TIME_MS);
    assert_true(qn_network_id_equal(&header->network, &chain.kit.genesis.network));
    assert_true(qn_hash_is_zero(&header->parent));
    assert_true(qn_hash_is_zero(&header->tx_root));
    assert_true(qn_hash_is_zero(&header->history_root));
    assert_false(qn_hash_is_zero(&header->state_root));
    assert_true(qn_hash_equal(&header->validators_hash, &validators));
    assert_true(qn_hash_equal(&header->next_validators_hash, &validators));
    assert_int_equal(qn_ledger_height(chain.ledger), 0);
    assert_int_equal(qn_ledger_entry_count(chain.ledger), 4);
    assert_int_equal(qn_ledger_active_count(chain.ledger), 4);
    assert_ptr_equal(qn_ledger_genesis(chain.ledger), &chain.kit.genesis);
    for (uint64_t i = 0; i < 4; i++) {
        struct qn_node_id node = qn_kit_id(chain.kit.genesis_keys[i]);
        assert_int_equal(qn_ledger_entry_at(chain.ledger, &entry, i), QN_OK);
        assert_true(qn_node_id_equal(&entry.id, &node));
        assert_int_equal(entry.index, i);
        assert_int_equal(entry.roles, QN_ROLE_FULL | QN_ROLE_VALIDATOR);
        assert_int_equal(entry.sequence, 1);
        assert_int_equal(entry.valid_until_ms, UINT64_MAX);
        assert_int_equal(entry.status, QN_ENTRY_ACTIVE);
        assert_true(qn_endpoint_equal(&entry.endpoint, &chain.kit.genesis.certs[i].endpoints[0]));
        assert_true(qn_public_key_equal(&entry.key, qn_key_public(chain.kit.genesis_keys[i])));
    }
    assert_int_equal(qn_ledger_entry_at(chain.ledger, &entry, 4), QN_ERR_NOT_FOUND);
    qn_chain_fini(&chain);
}

static void the_time_is_raised_above_the_parents(void **state)
{
    struct qn_chain chain;
    struct qn_block *block = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_hash tip = qn_ledger_head_id(chain.ledger);
    assert_int_equal(qn_ledger_build(chain.ledger, &block, &tip, NULL, 0, 5), QN_OK);
    assert_int_equal(block->header.time_ms, QN_KIT_TIME_MS + 1);
    assert_int_equal(block->references, 2); /* the ledger's and ours */
    qn_block_drop(block);
    assert_int_equal(qn_ledger_build(chain.ledger, &block, &tip, NULL, 0, QN_KIT_TIME_MS + 9),
                     QN_OK);
    assert_int_equal(block->header.time_ms, QN_KIT_TIME_MS + 9);
    qn_block_drop(block);
    struct qn_hash unknown = {{3}};
    assert_int_equal(qn_ledger_build(chain.ledger, &block, &unknown, NULL, 0, 5), QN_ERR_NOT_FOUND);
    qn_chain_fini(&chain);
}

static void the_same_block_again_is_no_second_state(void **state)
{
    struct qn_chain chain;
    struct qn_block *a = NULL;
    struct qn_block *b = NULL;

    (void)state;
    qn_chain_init(&chain, &options);
    struct qn_hash tip = qn_ledger_head_id(chain.ledger);
    for (int i = 0; i < 1000; i++) { /* more often than there is room for states */
        assert_int_equal(qn_ledger_build(chain.ledger, &a, &tip, NULL, 0, QN_KIT_TIME_MS + 9),
                         QN_OK);
        qn_block_drop(a);
    }
    assert_int_equal(qn_ledger_build(chain.ledger, &a, &tip, NULL, 0, QN_KIT_TIME_MS + 9), QN_OK);
    assert_int_equal(qn_ledger_build(chain.ledger, &b, &tip, NULL, 0, QN_KIT_TIME_MS + 9), QN_OK);
    assert_true(qn_hash_equal(&a->id, &b->id));
    assert_int_equal(chain.ledger->state_count, 1);
    qn_block_drop(a);
    qn_block_drop(b);
    qn_chain_fini(&chain);
}

static void invalid_transactions_are_passed_over(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct qn_chain chain;
    struct qn_buf *txs[5];

    (void)state;
    qn_chain_init(&chain, &options);
    txs[0] = registration(&chain, &rng);
    txs[1] = qn_buf_copy((struct qn_span){(const uint8_t *)"junk", 4});
    txs[2] = qn_buf_copy(qn_buf_span(txs[0]));
    struct qn_tx revoke = qn_kit_revoke(&chain.kit, &(struct qn_node_id){{1}}, 2, QN_KIT_TIME_MS);
    txs[3] = qn_kit_tx_fake(&revoke, 1);
    txs[4] = registration(&chain, &rng);
    struct qn_hash first = qn_tx_id(qn_buf_span(txs[0]));
    struct qn_hash last = qn_tx_id(qn_buf_span(txs[4]));
    struct qn_hash tip = qn_ledger_head_id(chain.ledger);
    struct qn_block *block = qn_chain_build(&chain, &tip, txs, 5);
    assert_int_equal(block->tx_count, 2);
    struct qn_hash id = qn_tx_id(block->txs[0]);
    assert_true(qn_hash_equal(&id, &first));
    id = qn_tx_id(block->txs[1]);
    assert_true(qn_hash_equal(&id, &last));
    qn_block_drop(block);
    qn_chain_fini(&chain);
}

static void a_block_holds_so_many_transactions_and_no_more(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct qn_chain chain;
    struct qn_buf *txs[QN_BLOCK_TXS_MAX + 3];

    (void)state;
    qn_chain_init(&chain, &options);
    for (size_t i = 0; i < QN_ARRAY_COUNT(txs); i++) {
        txs[i] = registration(&chain, &rng);
    }
    assert_int_equal(qn_chain_add(&chain, NULL, txs, QN_ARRAY_COUNT(txs)), QN_BLOCK_TXS_MAX);
    assert_int_equal(qn_ledger_entry_count(chain.ledger), 4 + QN_BLOCK_TXS_MAX);
    qn_chain_fini(&chain);
}

/* A registration as large as they get with the kit's codes: its signatures are only long, not true. */
static struct qn_buf *large_registration(const struct qn_chain *chain, struct qn_rng *rng,
                                         uint32_t code)
{
    static const uint8_t signature[QN_NODE_SIGNATURE_LEN_MAX];
    const struct qn_suite *suite = qn_suite_find(QN_SUITE_MLDSA87);
    uint8_t out[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_tx tx = {
        .kind = QN_TX_REGISTER,
        .network = chain->kit.genesis.network,
        .expires_ms = qn_chain_now(chain) + QN_KIT_TX_LIFETIME_MS,
        .valid_until_ms = UINT64_MAX,
        .key = {.suite = QN_SUITE_MLDSA87},
    };

    tx.key.spki_len = (uint16_t)(suite->spki_prefix_len + suite->public_key_len);
    memcpy(tx.key.spki, suite->spki_prefix, suite->spki_prefix_len);
    for (size_t i = suite->spki_prefix_len; i < tx.key.spki_len; i++) {
        tx.key.spki[i] = (uint8_t)qn_rng_next(rng);
    }
    qn_kit_use_code(&chain->kit, &tx, code);
    tx.activation.signature.len = QN_NODE_SIGNATURE_LEN_MAX;
    assert_int_equal(qn_tx_payload(&tx, out, sizeof out, &payload), QN_OK);
    return qn_signed_encode(payload, (struct qn_span){signature, sizeof signature});
}

/* Large transactions fill a block by bytes before they do by count; a small one still fits after them. */
static void a_block_holds_so_many_bytes_and_no_more(void **state)
{
    static const struct qn_kit_options large = {4, QN_POLICY_OPEN, QN_BLOCK_TXS_MAX - 1, 0};
    struct qn_rng rng = qn_test_rng();
    struct qn_chain chain;
    struct qn_chain judge;
    struct qn_buf *txs[QN_BLOCK_TXS_MAX];

    (void)state;
    qn_chain_init(&chain, &large);
    qn_chain_init(&judge, &large);
    for (uint32_t i = 0; i < QN_BLOCK_TXS_MAX - 1; i++) {
        txs[i] = large_registration(&chain, &rng, i);
    }
    struct qn_buf *small = registration(&chain, &rng);
    struct qn_hash small_id = qn_tx_id(qn_buf_span(small));
    txs[QN_BLOCK_TXS_MAX - 1] = small;
    size_t tx_len = txs[0]->len;
    assert_true(tx_len * (QN_BLOCK_TXS_MAX - 1) > QN_BLOCK_LEN_MAX);
    struct qn_hash tip = qn_ledger_head_id(chain.ledger);
    struct qn_block *block = qn_chain_build(&chain, &tip, txs, QN_BLOCK_TXS_MAX);
    assert_true(block->encoded->len <= QN_BLOCK_LEN_MAX);
    assert_true(block->encoded->len + tx_len > QN_BLOCK_LEN_MAX - 1024);
    assert_in_range(block->tx_count, 30, QN_BLOCK_TXS_MAX - 2);
    struct qn_hash last_id = qn_tx_id(block->txs[block->tx_count - 1]);
    assert_true(qn_hash_equal(&last_id, &small_id) ||
                block->encoded->len + 4096 > QN_BLOCK_LEN_MAX);
    assert_int_equal(qn_ledger_execute(judge.ledger, block, 0), QN_OK);
    qn_block_drop(block);
    qn_chain_fini(&judge);
    qn_chain_fini(&chain);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_0_is_what_genesis_says),
        cmocka_unit_test(the_time_is_raised_above_the_parents),
        cmocka_unit_test(the_same_block_again_is_no_second_state),
        cmocka_unit_test(invalid_transactions_are_passed_over),
        cmocka_unit_test(a_block_holds_so_many_transactions_and_no_more),
        cmocka_unit_test(a_block_holds_so_many_bytes_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
