#include "ledger/ledger_state.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct qn_kit_options options = {4, QN_POLICY_OPEN, 8, 0};

/* A valid block made by one ledger, for another one with the same genesis to judge. */
struct scene {
    struct qn_chain maker;
    struct qn_chain judge;
    struct qn_key *keys[3];
    struct qn_block *block; /* three registrations on block 1, which both have */
};

static struct qn_buf *registration(const struct qn_chain *chain, const struct qn_key *key)
{
    struct qn_tx tx = qn_kit_register(&chain->kit, key, qn_chain_now(chain));

    return qn_kit_tx_fake(&tx, 1);
}

static void scene_init(struct scene *scene)
{
    struct qn_buf *txs[3];

    qn_chain_init(&scene->maker, &options);
    qn_chain_init(&scene->judge, &options);
    qn_chain_add(&scene->maker, NULL, NULL, 0);
    qn_chain_add(&scene->judge, NULL, NULL, 0);
    for (unsigned i = 0; i < 3; i++) {
        scene->keys[i] = qn_kit_key(1000 + i);
        txs[i] = registration(&scene->maker, scene->keys[i]);
    }
    struct qn_hash tip = qn_ledger_head_id(scene->maker.ledger);
    scene->block = qn_chain_build(&scene->maker, &tip, txs, 3);
    assert_int_equal(scene->block->tx_count, 3);
}

static void scene_fini(struct scene *scene)
{
    qn_block_drop(scene->block);
    for (size_t i = 0; i < 3; i++) {
        qn_key_free(scene->keys[i]);
    }
    qn_chain_fini(&scene->maker);
    qn_chain_fini(&scene->judge);
}

/* The verdict on these transactions under this header; takes over the block. */
static void expect_block(struct scene *scene, struct qn_block *block, enum qn_err err)
{
    assert_int_equal(qn_ledger_execute(scene->judge.ledger, block, 0), err);
    assert_int_equal(qn_ledger_knows(scene->judge.ledger, &block->id), err == QN_OK);
    qn_block_drop(block);
}

static void expect_header(struct scene *scene, const struct qn_header *header, enum qn_err err)
{
    expect_block(scene, qn_chain_forge(scene->block, header), err);
}

static void an_honest_block_is_executed_and_kept(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    assert_false(qn_ledger_knows(scene.judge.ledger, &scene.block->id));
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, scene.block, 0), QN_OK);
    assert_true(qn_ledger_knows(scene.judge.ledger, &scene.block->id));
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, scene.block, 0), QN_OK); /* a no-op */
    assert_int_equal(scene.judge.ledger->state_count, 1);
    /* Executed is not final. */
    assert_int_equal(qn_ledger_height(scene.judge.ledger), 1);
    assert_int_equal(qn_ledger_entry_count(scene.judge.ledger), 4);
    qn_chain_commit(&scene.judge, NULL, &scene.block->id, NULL);
    assert_int_equal(qn_ledger_height(scene.judge.ledger), 2);
    assert_int_equal(qn_ledger_entry_count(scene.judge.ledger), 7);
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, scene.block, 0), QN_OK); /* the tip */
    assert_int_equal(scene.judge.ledger->state_count, 0);
    scene_fini(&scene);
}

static void false_roots_are_found_out(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_header header = scene.block->header;
    header.state_root.bytes[31] ^= 1;
    expect_header(&scene, &header, QN_ERR_WRONG_ROOT);
    header = scene.block->header;
    header.tx_root.bytes[0] ^= 1;
    expect_header(&scene, &header, QN_ERR_WRONG_ROOT);
    header = scene.block->header;
    header.history_root.bytes[7] ^= 1;
    expect_header(&scene, &header, QN_ERR_WRONG_ROOT);
    /* The parent's state is not the state after the block. */
    header = scene.block->header;
    header.state_root = qn_ledger_head(scene.judge.ledger)->state_root;
    expect_header(&scene, &header, QN_ERR_WRONG_ROOT);
    header = scene.block->header;
    expect_header(&scene, &header, QN_OK); /* and nothing else was wrong */
    scene_fini(&scene);
}

static void other_header_fields_are_held_to_their_values(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_header header = scene.block->header;
    header.version = 2;
    expect_header(&scene, &header, QN_ERR_WRONG_VERSION);
    header = scene.block->header;
    header.network.bytes[0] ^= 1;
    expect_header(&scene, &header, QN_ERR_WRONG_NETWORK);
    header = scene.block->header;
    header.epoch = 1;
    expect_header(&scene, &header, QN_ERR_INVALID);
    header = scene.block->header;
    header.validators_hash.bytes[0] ^= 1;
    expect_header(&scene, &header, QN_ERR_INVALID);
    header = scene.block->header;
    header.next_validators_hash.bytes[0] ^= 1;
    expect_header(&scene, &header, QN_ERR_INVALID);
    header = scene.block->header;
    header.flags = 1;
    expect_header(&scene, &header, QN_ERR_INVALID);
    scene_fini(&scene);
}

static void a_block_stands_on_its_parent(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_header header = scene.block->header;
    header.parent.bytes[0] ^= 1;
    expect_header(&scene, &header, QN_ERR_NOT_FOUND);
    header = scene.block->header;
    header.height += 1;
    expect_header(&scene, &header, QN_ERR_WRONG_PARENT);
    header.height -= 2;
    expect_header(&scene, &header, QN_ERR_WRONG_PARENT);
    /* A block on a final block below the tip is no longer judged. */
    struct qn_buf *bytes = NULL;
    struct qn_buf *cert = NULL;
    struct qn_block *genesis_block = NULL;
    assert_int_equal(qn_ledger_block(scene.judge.ledger, &bytes, &cert, 0), QN_OK);
    assert_int_equal(qn_block_decode(&genesis_block, qn_buf_span(bytes)), QN_OK);
    header = scene.block->header;
    header.parent = genesis_block->id;
    header.height = 1;
    expect_header(&scene, &header, QN_ERR_NOT_FOUND);
    qn_block_drop(genesis_block);
    qn_buf_drop(bytes);
    scene_fini(&scene);
}

static void time_moves_forward_and_not_too_far(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    qn_unix_ms parent_ms = qn_ledger_head(scene.judge.ledger)->time_ms;
    struct qn_header header = scene.block->header;
    header.time_ms = parent_ms;
    expect_header(&scene, &header, QN_ERR_INVALID);
    header.time_ms = 0;
    expect_header(&scene, &header, QN_ERR_INVALID);
    /* The earliest time is good even where the parent is far ahead of our clock, or the chain would stand. */
    header.time_ms = parent_ms + 1;
    struct qn_block *early = qn_chain_forge(scene.block, &header);
    qn_unix_ms behind = parent_ms - (qn_unix_ms)2 * QN_CLOCK_SKEW_MS_MAX;
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, early, behind), QN_OK);
    qn_block_drop(early);

    /* scene.block is one second after its parent. */
    qn_unix_ms now = scene.block->header.time_ms;
    assert_int_equal(
        qn_ledger_execute(scene.judge.ledger, scene.block, now - QN_CLOCK_SKEW_MS_MAX - 1),
        QN_ERR_NOT_YET_VALID);
    assert_false(qn_ledger_knows(scene.judge.ledger, &scene.block->id));
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, scene.block, now - QN_CLOCK_SKEW_MS_MAX),
                     QN_OK);
    scene_fini(&scene);
}

static void a_transaction_is_judged_by_the_time_of_its_block(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_header header = scene.block->header;
    /* Registrations of the kit expire ten minutes after the maker's time. */
    header.time_ms += QN_KIT_TX_LIFETIME_MS;
    expect_header(&scene, &header, QN_ERR_EXPIRED);
    header.time_ms -= 1;
    expect_header(&scene, &header, QN_OK);
    scene_fini(&scene);
}

/* A block on the tip of both with these transactions and their true root, the state's set to zero. */
static struct qn_block *block_of(const struct scene *scene, const struct qn_span *txs,
                                 size_t tx_count, const struct qn_hash *tx_root)
{
    struct qn_header header = scene->block->header;

    header.tx_root = *tx_root;
    header.state_root = (struct qn_hash){0};
    return qn_block_new(&header, txs, tx_count);
}

/* The root of two transactions, from the definition. */
static struct qn_hash root_of_two(struct qn_span a, struct qn_span b)
{
    struct qn_span txs[] = {a, b};
    uint8_t inner[65] = {1};

    for (size_t i = 0; i < 2; i++) {
        uint8_t leaf[33] = {0};
        struct qn_hash id = qn_tx_id(txs[i]);
        memcpy(leaf + 1, id.bytes, 32);
        struct qn_hash hash = qn_sha3((struct qn_span){leaf, sizeof leaf});
        memcpy(inner + 1 + 32 * i, hash.bytes, 32);
    }
    return qn_sha3((struct qn_span){inner, sizeof inner});
}

static void expect_two(struct scene *scene, struct qn_span a, struct qn_span b, enum qn_err err)
{
    struct qn_span txs[] = {a, b};
    struct qn_hash root = root_of_two(a, b);

    expect_block(scene, block_of(scene, txs, 2, &root), err);
}

static void two_transactions_of_a_block_do_not_collide(void **state)
{
    struct scene scene;
    struct qn_buf *txs[4];

    (void)state;
    scene_init(&scene);
    struct qn_tx first = qn_kit_register(&scene.maker.kit, scene.keys[0], QN_KIT_TIME_MS);
    struct qn_tx second = qn_kit_register(&scene.maker.kit, scene.keys[1], QN_KIT_TIME_MS);
    txs[0] = qn_kit_tx_fake(&first, 1);
    /* The same transaction twice. */
    expect_two(&scene, qn_buf_span(txs[0]), qn_buf_span(txs[0]), QN_ERR_DUPLICATE);
    /* The same node twice. */
    txs[1] = qn_kit_tx_fake(&first, 2);
    expect_two(&scene, qn_buf_span(txs[0]), qn_buf_span(txs[1]), QN_ERR_ALREADY_REGISTERED);
    /* A change of a node that the block itself registers: its key is not known before the block. */
    struct qn_tx update = qn_kit_update(&scene.maker.kit, &first.id, 2, QN_KIT_TIME_MS);
    txs[2] = qn_kit_tx_fake(&update, 1);
    expect_two(&scene, qn_buf_span(txs[0]), qn_buf_span(txs[2]), QN_ERR_BUSY);
    /* The same code twice. */
    qn_kit_use_code(&scene.maker.kit, &first, 2);
    qn_kit_use_code(&scene.maker.kit, &second, 2);
    qn_buf_drop(txs[0]);
    txs[0] = qn_kit_tx_fake(&first, 1);
    txs[3] = qn_kit_tx_fake(&second, 1);
    expect_two(&scene, qn_buf_span(txs[0]), qn_buf_span(txs[3]), QN_ERR_CODE_USED);
    /* Two codes are fine, up to the state root, which the helper leaves zero. */
    qn_kit_use_code(&scene.maker.kit, &second, 3);
    qn_buf_drop(txs[3]);
    txs[3] = qn_kit_tx_fake(&second, 1);
    expect_two(&scene, qn_buf_span(txs[0]), qn_buf_span(txs[3]), QN_ERR_WRONG_ROOT);
    for (size_t i = 0; i < 4; i++) {
        qn_buf_drop(txs[i]);
    }
    scene_fini(&scene);
}

static void one_bad_transaction_condemns_the_block(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_tx good = qn_kit_register(&scene.maker.kit, scene.keys[0], QN_KIT_TIME_MS);
    struct qn_buf *good_bytes = qn_kit_tx_fake(&good, 1);
    struct qn_span junk = {(const uint8_t *)"junk", 4};
    expect_two(&scene, qn_buf_span(good_bytes), junk, QN_ERR_MALFORMED);
    expect_two(&scene, junk, qn_buf_span(good_bytes), QN_ERR_MALFORMED);
    struct qn_tx bad = qn_kit_revoke(&scene.maker.kit, &good.id, 1, QN_KIT_TIME_MS);
    struct qn_buf *bad_bytes = qn_kit_tx_fake(&bad, 1);
    expect_two(&scene, qn_buf_span(bad_bytes), qn_buf_span(good_bytes), QN_ERR_NOT_REGISTERED);
    assert_int_equal(qn_ledger_entry_count(scene.judge.ledger), 4);
    qn_buf_drop(bad_bytes);
    qn_buf_drop(good_bytes);
    scene_fini(&scene);
}

static void the_order_of_transactions_counts(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_span swapped[3] = {scene.block->txs[1], scene.block->txs[0], scene.block->txs[2]};
    expect_block(&scene, qn_block_new(&scene.block->header, swapped, 3), QN_ERR_WRONG_ROOT);
    expect_block(&scene, qn_block_new(&scene.block->header, swapped, 2), QN_ERR_WRONG_ROOT);
    scene_fini(&scene);
}

static void oversized_blocks_are_refused(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    /* Such a block does not come out of the decoder; the ledger does not rely on that. */
    struct qn_block block = *scene.block;
    block.id.bytes[0] ^= 1;
    struct qn_buf *large = qn_buf_new(QN_BLOCK_LEN_MAX + 1);
    memset(large->bytes, 0, large->len);
    block.encoded = large;
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, &block, 0), QN_ERR_TOO_BIG);
    block.encoded = scene.block->encoded;
    block.tx_count = QN_BLOCK_TXS_MAX + 1;
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, &block, 0), QN_ERR_TOO_BIG);
    qn_buf_drop(large);
    scene_fini(&scene);
}

static void an_empty_block_is_legal(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_hash tip = qn_ledger_head_id(scene.maker.ledger);
    struct qn_block *empty = qn_chain_build(&scene.maker, &tip, NULL, 0);
    assert_int_equal(empty->tx_count, 0);
    assert_true(qn_hash_is_zero(&empty->header.tx_root));
    assert_true(
        qn_hash_equal(&empty->header.state_root, &qn_ledger_head(scene.maker.ledger)->state_root));
    expect_block(&scene, empty, QN_OK);
    scene_fini(&scene);
}

static void signatures_of_a_proposal_are_those_of_the_parents_state(void **state)
{
    struct scene scene;
    struct qn_tx_checks checks = {0};
    struct qn_hash unknown = {{1}};

    (void)state;
    scene_init(&scene);
    struct qn_hash tip = qn_ledger_head_id(scene.judge.ledger);
    assert_int_equal(qn_ledger_execute(scene.judge.ledger, scene.block, 0), QN_OK);
    struct qn_node_id id = qn_kit_id(scene.keys[0]);
    struct qn_tx tx = qn_kit_update(&scene.maker.kit, &id, 2, QN_KIT_TIME_MS + 5000);
    tx.expires_ms =
        QN_KIT_TIME_MS + 5000 + (qn_unix_ms)2 * QN_TX_LIFETIME_MS_MAX; /* execute's business */
    struct qn_buf *bytes = qn_kit_tx_sign(&tx, scene.keys[0]);
    assert_int_equal(qn_ledger_tx_checks(scene.judge.ledger, &checks, &unknown, qn_buf_span(bytes)),
                     QN_ERR_NOT_FOUND);
    assert_int_equal(qn_ledger_tx_checks(scene.judge.ledger, &checks, &tip, qn_buf_span(bytes)),
                     QN_ERR_NOT_REGISTERED);
    assert_int_equal(
        qn_ledger_tx_checks(scene.judge.ledger, &checks, &scene.block->id, qn_buf_span(bytes)),
        QN_OK);
    assert_int_equal(checks.signature_count, 1);
    assert_int_equal(qn_verify(&checks.signatures[0].key, checks.signatures[0].kind,
                               &checks.signatures[0].digest, checks.signatures[0].signature),
                     QN_OK);
    /* What is expired by the parent's time is expired in any child. */
    qn_buf_drop(bytes);
    tx.expires_ms = scene.block->header.time_ms + 1;
    bytes = qn_kit_tx_fake(&tx, 1);
    assert_int_equal(
        qn_ledger_tx_checks(scene.judge.ledger, &checks, &scene.block->id, qn_buf_span(bytes)),
        QN_ERR_EXPIRED);
    qn_buf_drop(bytes);
    scene_fini(&scene);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_block_is_executed_and_kept),
        cmocka_unit_test(false_roots_are_found_out),
        cmocka_unit_test(other_header_fields_are_held_to_their_values),
        cmocka_unit_test(a_block_stands_on_its_parent),
        cmocka_unit_test(time_moves_forward_and_not_too_far),
        cmocka_unit_test(a_transaction_is_judged_by_the_time_of_its_block),
        cmocka_unit_test(two_transactions_of_a_block_do_not_collide),
        cmocka_unit_test(one_bad_transaction_condemns_the_block),
        cmocka_unit_test(the_order_of_transactions_counts),
        cmocka_unit_test(oversized_blocks_are_refused),
        cmocka_unit_test(an_empty_block_is_legal),
        cmocka_unit_test(signatures_of_a_proposal_are_those_of_the_parents_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
