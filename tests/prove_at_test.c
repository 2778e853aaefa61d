/* From the ledger to the light client: what is proved at any height is what the ledger held there. */
#include "ledger/testing/chain.h"
#include "ledger/testing/committee_kit.h"
#include "ledger/testing/finality.h"
#include "qnet/verify_openssl.h"
#include "sim/light_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { GENESIS = 4, NODES = 12, HEIGHTS = 80 };

/* What the ledger held after each block. */
struct seen {
    bool is_member;
    enum qn_entry_status status;
    uint64_t sequence;
};

struct world {
    struct qn_chain chain;
    struct qn_rng rng;
    struct qnet_verify_crypto crypto;
    struct qnet_trust trust;
    struct qn_key *keys[NODES];
    struct qn_node_id ids[NODES];
    struct seen seen[HEIGHTS + 1][NODES];
    struct qn_hash roots[HEIGHTS + 1];
};

static struct world *world_new(void)
{
    static struct world world;

    memset(&world, 0, sizeof world);
    world.rng = qn_test_rng();
    qn_chain_init(&world.chain, &(struct qn_kit_options){GENESIS, QN_POLICY_OPEN, 0, 0});
    assert_true(qnet_verify_openssl_open(&world.crypto));
    assert_true(qn_light_client_init(&world.trust, &world.crypto, &world.chain.kit.genesis));
    for (unsigned i = 0; i < NODES; i++) {
        world.keys[i] = qn_kit_key(1000 + i);
        world.ids[i] = qn_kit_id(world.keys[i]);
    }
    return &world;
}

static void world_free(struct world *world)
{
    for (size_t i = 0; i < NODES; i++) {
        qn_key_free(world->keys[i]);
    }
    qn_chain_fini(&world->chain);
    qnet_verify_openssl_close(&world->crypto);
}

/* Something that may happen to a node next, or NULL. */
static struct qn_buf *next_tx(struct world *world, size_t node)
{
    const struct qn_kit *kit = &world->chain.kit;
    qn_unix_ms now = qn_chain_now(&world->chain);
    struct qn_registry_entry entry;
    struct qn_tx tx;

    if (qn_ledger_entry(world->chain.ledger, &entry, &world->ids[node]) != QN_OK) {
        tx = qn_kit_register(kit, world->keys[node], now);
    } else if (entry.status != QN_ENTRY_ACTIVE) {
        return NULL; /* nothing more happens to it */
    } else if (qn_rng_below(&world->rng, 4) > 0) {
        tx = qn_kit_update(kit, &world->ids[node], entry.sequence + 1, now);
    } else {
        tx = qn_kit_revoke(kit, &world->ids[node], entry.sequence + 1, now);
    }
    return qn_kit_tx_sign(&tx, world->keys[node]);
}

static void note(struct world *world)
{
    uint64_t height = qn_ledger_height(world->chain.ledger);

    world->roots[height] = qn_ledger_head(world->chain.ledger)->state_root;
    for (size_t i = 0; i < NODES; i++) {
        struct qn_registry_entry entry;
        if (qn_ledger_entry(world->chain.ledger, &entry, &world->ids[i]) == QN_OK) {
            world->seen[height][i] = (struct seen){true, entry.status, entry.sequence};
        }
    }
}

/* A block of these transactions, whose references it takes over, with a certificate of its own or without; its batch,
 * to be persisted or not. */
static struct qn_batch *add_block_of(struct world *world, struct qn_buf *const *txs, size_t count,
                                     bool has_cert)
{
    struct qn_hash tip = qn_ledger_head_id(world->chain.ledger);
    struct qn_ledger_commit commit;
    struct qn_key *keys[GENESIS + NODES];
    struct qn_buf *cert = NULL;
    struct qn_block *block = qn_chain_build(&world->chain, &tip, txs, count);

    assert_int_equal(block->tx_count, count);
    memcpy(keys, world->chain.kit.genesis_keys, GENESIS * sizeof keys[0]);
    memcpy(keys + GENESIS, world->keys, sizeof world->keys);
    if (has_cert) {
        cert = qn_finality_cert(qn_ledger_validators(world->chain.ledger), keys,
                                QN_ARRAY_COUNT(keys), block);
    }
    qn_ledger_commit(world->chain.ledger, &commit, &block->id, cert);
    qn_buf_drop(cert);
    qn_block_drop(block);
    note(world);
    return commit.batch;
}

static struct qn_batch *add_block(struct world *world, bool has_cert)
{
    struct qn_buf *txs[2];
    size_t count = qn_rng_below(&world->rng, 3);
    size_t first = qn_rng_below(&world->rng, NODES);
    size_t taken = 0;

    for (size_t i = 0; i < count; i++) {
        txs[taken] = next_tx(world, (first + i) % NODES);
        taken += txs[taken] != NULL;
    }
    return add_block_of(world, txs, taken, has_cert);
}

static void persist(struct world *world, struct qn_batch *batch)
{
    assert_int_equal(world->chain.storage.apply(world->chain.storage.context, batch), QN_OK);
    qn_batch_free(batch);
}

/* Holds one proof to what was seen. False: it cannot be proved. */
static bool check(struct world *world, size_t node, uint64_t height)
{
    struct qnet_verdict verdict;
    bool proved = false;
    const struct seen *seen = &world->seen[height][node];
    const char *wrong = qn_light_client_check(&verdict, &proved, world->chain.ledger, &world->trust,
                                              &world->crypto, &world->ids[node], height);

    if (wrong != NULL) {
        fail_msg("node %zu at height %llu: %s", node, (unsigned long long)height, wrong);
    }
    if (!proved) {
        return false;
    }
    assert_int_equal(verdict.height, height);
    assert_memory_equal(verdict.state_root, world->roots[height].bytes, QN_HASH_LEN);
    assert_int_equal(verdict.is_member, seen->is_member);
    if (seen->is_member) {
        assert_int_equal(verdict.entry.status, seen->status);
        assert_int_equal(verdict.entry.sequence, seen->sequence);
    }
    return true;
}

static void check_everything(struct world *world, uint64_t certified)
{
    for (uint64_t height = qn_ledger_height(world->chain.ledger) + 1; height-- > 0;) {
        for (size_t i = 0; i < 3; i++) {
            bool proved = check(world, qn_rng_below(&world->rng, NODES), height);
            assert_int_equal(proved, height <= certified);
        }
    }
}

static void every_height_is_proved_as_it_was(void **state)
{
    struct world *world = world_new();
    uint64_t certified = 0;

    (void)state;
    note(world);
    for (uint64_t height = 1; height <= HEIGHTS; height++) {
        bool has_cert = height == HEIGHTS || qn_rng_below(&world->rng, 3) == 0;
        certified = has_cert ? height : certified;
        persist(world, add_block(world, has_cert));
    }
    check_everything(world, certified);
    assert_int_equal(qn_chain_reopen(&world->chain), QN_OK);
    check_everything(world, certified);
    world_free(world);
}

static void storage_that_lags_behind_is_no_obstacle(void **state)
{
    enum { STORED = 16, LAG = 60 };
    struct world *world = world_new();
    struct qn_batch *batches[LAG];
    uint64_t certified = 0;

    (void)state;
    note(world);
    for (uint64_t height = 1; height <= STORED + LAG; height++) {
        bool has_cert = qn_rng_below(&world->rng, 3) == 0;
        certified = has_cert ? height : certified;
        struct qn_batch *batch = add_block(world, has_cert);
        if (height <= STORED) {
            persist(world, batch);
        } else {
            batches[height - STORED - 1] = batch;
        }
    }
    check_everything(world, certified);
    for (size_t i = 0; i < LAG; i++) {
        qn_batch_free(batches[i]);
    }
    world_free(world);
}

/* Adds the node and removes the first genesis node, or the reverse: approvals of a quorum, the last of which ends
 * the epoch in a block with a certificate of its own. */
static void change_committee(struct world *world, const struct qn_node_id *add,
                             const struct qn_node_id *remove)
{
    struct qn_chain *chain = &world->chain;
    uint64_t epoch = qn_ledger_epoch(chain->ledger);
    struct qn_tx motion = qn_committee_change(chain, add, 1, remove, 1);

    for (size_t i = 0; i < 3; i++) {
        motion.signer = qn_ledger_validators(chain->ledger)->members[i].id;
        struct qn_buf *tx = qn_kit_tx_fake(&motion, 1);
        persist(world, add_block_of(world, &tx, 1, i == 2));
    }
    assert_int_equal(qn_ledger_epoch(chain->ledger), epoch + 1);
}

static void proofs_cross_changes_of_the_committee(void **state)
{
    struct world *world = world_new();
    struct qn_node_id founder = qn_public_key_id(qn_key_public(world->chain.kit.genesis_keys[0]));
    struct qn_tx tx =
        qn_kit_register(&world->chain.kit, world->keys[0], qn_chain_now(&world->chain));

    (void)state;
    note(world);
    tx.roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR;
    struct qn_buf *bytes = qn_kit_tx_sign(&tx, world->keys[0]);
    persist(world, add_block_of(world, &bytes, 1, false));
    for (size_t round = 0; round < 4; round++) {
        bool joins = round % 2 == 0;
        change_committee(world, joins ? &world->ids[0] : &founder,
                         joins ? &founder : &world->ids[0]);
        persist(world, add_block_of(world, NULL, 0, false));
        persist(world, add_block_of(world, NULL, 0, round % 2 == 1));
    }
    uint64_t certified = qn_ledger_height(world->chain.ledger);
    check_everything(world, certified);
    assert_int_equal(qn_chain_reopen(&world->chain), QN_OK);
    check_everything(world, certified);
    world_free(world);
}

static void what_cannot_be_proved_says_why(void **state)
{
    struct world *world = world_new();
    struct qn_buf *bundle = NULL;
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    assert_int_equal(
        qn_ledger_prove_at(world->chain.ledger, &bundle, text, &world->ids[0], QN_PROVE_NEWEST),
        QN_ERR_NOT_READY);
    assert_non_null(strstr(text, "certificate"));
    persist(world, add_block(world, true));
    persist(world, add_block(world, false));
    assert_int_equal(qn_ledger_prove_at(world->chain.ledger, &bundle, text, &world->ids[0], 3),
                     QN_ERR_NOT_FOUND);
    assert_non_null(strstr(text, "the last final block is 2"));
    assert_int_equal(qn_ledger_prove_at(world->chain.ledger, &bundle, text, &world->ids[0], 2),
                     QN_ERR_NOT_READY);
    assert_int_equal(
        qn_ledger_prove_at(world->chain.ledger, &bundle, text, &world->ids[0], QN_PROVE_NEWEST),
        QN_OK);
    assert_string_equal(text, "");
    qn_buf_drop(bundle);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_height_is_proved_as_it_was),
        cmocka_unit_test(storage_that_lags_behind_is_no_obstacle),
        cmocka_unit_test(proofs_cross_changes_of_the_committee),
        cmocka_unit_test(what_cannot_be_proved_says_why),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests_name("prove at", tests, NULL, NULL);
}
