/* From a ledger with a checkpoint to another one: serving, staging, installing, and what a crash leaves. */
#include "ledger/ledger_state.h"
#include "ledger/snapshot_store.h"
#include "ledger/store_keys.h"
#include "ledger/testing/chain.h"
#include "ledger/testing/finality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { REGISTERED = 40, TOP = QN_LEDGER_CERT_STRIDE + 3 };

static struct qn_chain source; /* at TOP, with a certificate there and at the checkpoint's child */
static struct qn_snapshot reply;

static struct qn_buf *certify(const struct qn_block *block)
{
    return qn_finality_cert(&source.kit.genesis.validators, source.kit.genesis_keys,
                            source.kit.genesis_count, block);
}

static void add_block(bool certified, struct qn_buf *tx)
{
    struct qn_hash tip = qn_ledger_head_id(source.ledger);
    struct qn_block *block = qn_chain_build(&source, &tip, &tx, tx != NULL);
    struct qn_buf *cert = certified ? certify(block) : NULL;
    assert_int_equal(block->tx_count, tx != NULL);
    qn_chain_commit(&source, NULL, &block->id, cert);
    qn_buf_drop(cert);
    qn_block_drop(block);
}

static int make_source(void **state)
{
    (void)state;
    qn_chain_init(&source, &(struct qn_kit_options){4, QN_POLICY_OPEN, 0, 0});
    struct qn_rng rng = qn_test_rng();
    while (qn_ledger_height(source.ledger) < TOP) {
        uint64_t height = qn_ledger_height(source.ledger) + 1;
        struct qn_buf *tx = NULL;
        if (height <= REGISTERED) { /* nobody has these keys, and nobody verifies here */
            struct qn_tx fields =
                qn_kit_register(&source.kit, source.kit.genesis_keys[0], qn_chain_now(&source));
            fields.key = qn_chain_random_key(&rng);
            fields.id = qn_public_key_id(&fields.key);
            tx = qn_kit_tx_fake(&fields, (uint8_t)height);
        }
        add_block(height == QN_LEDGER_CERT_STRIDE + 1, tx);
    }
    return 0;
}

static int drop_source(void **state)
{
    (void)state;
    qn_chain_fini(&source);
    return 0;
}

static enum qn_err ask(struct qn_buf **bytes, struct qn_get_snapshot request)
{
    request.bytes_max = request.bytes_max == 0 ? QN_MESSAGE_LEN_MAX : request.bytes_max;
    enum qn_err err = qn_snapshot_serve(source.ledger, bytes, &request);
    if (err == QN_OK) {
        assert_int_equal(qn_snapshot_decode(&reply, qn_buf_span(*bytes)), QN_OK);
    }
    return err;
}

static enum qn_err check(struct qn_manifest *manifest)
{
    return qn_manifest_check(manifest, &reply, &source.kit.genesis.network,
                             &source.kit.genesis.validators);
}

static struct qn_buf *ask_manifest(struct qn_manifest *manifest)
{
    struct qn_buf *bytes = NULL;
    assert_int_equal(ask(&bytes, (struct qn_get_snapshot){.part = QN_SNAPSHOT_MANIFEST}), QN_OK);
    assert_int_equal(reply.part, QN_SNAPSHOT_MANIFEST);
    assert_int_equal(check(manifest), QN_OK);
    return bytes;
}

static void the_newest_checkpoint_is_served_with_its_proof(void **state)
{
    (void)state;
    struct qn_manifest manifest;
    struct qn_buf *bytes = ask_manifest(&manifest);
    assert_int_equal(qn_snapshot_newest(source.ledger), QN_LEDGER_CERT_STRIDE);
    assert_int_equal(manifest.block->header.height, QN_LEDGER_CERT_STRIDE);
    assert_int_equal(reply.manifest.header_count, 1); /* its child has the certificate */
    assert_int_equal(manifest.view, QN_LEDGER_CERT_STRIDE + 1);
    assert_int_equal(manifest.depth, 0);
    qn_block_drop(manifest.block);
    qn_buf_drop(bytes);
    bytes = NULL;
    assert_int_equal(ask(&bytes, (struct qn_get_snapshot){.part = QN_SNAPSHOT_CHUNK, .height = 5}),
                     QN_OK);
    assert_int_equal(reply.part, QN_SNAPSHOT_NONE);
    assert_int_equal(reply.height, QN_LEDGER_CERT_STRIDE);
    qn_buf_drop(bytes);
    bytes = NULL;
    assert_int_equal(ask(&bytes, (struct qn_get_snapshot){.part = QN_SNAPSHOT_CHUNK,
                                                          .height = QN_LEDGER_CERT_STRIDE,
                                                          .number = 2,
                                                          .depth = 1}),
                     QN_ERR_MALFORMED);
    assert_int_equal(
        ask(&bytes, (struct qn_get_snapshot){.part = QN_SNAPSHOT_MANIFEST, .bytes_max = 1000}),
        QN_ERR_BUSY);
}

static void a_manifest_with_anything_changed_is_refused(void **state)
{
    (void)state;
    struct qn_manifest manifest;
    struct qn_buf *bytes = ask_manifest(&manifest);
    struct qn_snapshot *good = malloc(sizeof *good);
    assert_non_null(good);
    *good = reply;
    struct qn_block *block = manifest.block;

    reply.height += 1;
    assert_int_equal(check(&manifest), QN_ERR_MALFORMED);
    reply = *good;
    reply.manifest.header_count = 0; /* the certificate is not this block's */
    assert_int_equal(check(&manifest), QN_ERR_NO_QUORUM);
    reply.manifest.header_count = 2;
    reply.manifest.headers[1] = reply.manifest.headers[0];
    assert_int_equal(check(&manifest), QN_ERR_WRONG_PARENT);
    reply = *good;
    reply.manifest.peaks[0].bytes[0] ^= 1;
    assert_int_equal(check(&manifest), QN_ERR_WRONG_ROOT);
    reply = *good;
    reply.manifest.peak_count += 1;
    assert_int_equal(check(&manifest), QN_ERR_WRONG_ROOT);
    reply = *good;
    struct qn_buf *counters = qn_buf_copy(reply.manifest.counters);
    counters->bytes[counters->len - 1] ^= 1;
    reply.manifest.counters = qn_buf_span(counters);
    assert_int_equal(check(&manifest), QN_ERR_WRONG_ROOT);
    qn_buf_drop(counters);
    reply = *good;
    struct qn_span tx = {(const uint8_t *)"\xA0", 1}; /* a body that is not the header's */
    struct qn_block *forged = qn_block_new(&block->header, &tx, 1);
    reply.manifest.block = qn_buf_span(forged->encoded);
    assert_int_equal(check(&manifest), QN_ERR_WRONG_ROOT);
    qn_block_drop(forged);
    reply = *good;
    struct qn_header header =
        block->header; /* a block that the certified header does not stand on */
    header.time_ms += 1;
    forged = qn_chain_forge(block, &header);
    reply.manifest.block = qn_buf_span(forged->encoded);
    assert_int_equal(check(&manifest), QN_ERR_WRONG_PARENT);
    qn_block_drop(forged);
    reply = *good;
    struct qn_network_id other = {{1}};
    assert_int_equal(qn_manifest_check(&manifest, &reply, &other, &source.kit.genesis.validators),
                     QN_ERR_WRONG_NETWORK);
    struct qn_validator_set few = source.kit.genesis.validators;
    few.members += 1; /* another committee than the header names */
    few.count -= 1;
    assert_int_equal(qn_manifest_check(&manifest, &reply, &source.kit.genesis.network, &few),
                     QN_ERR_WRONG_ROOT);
    qn_block_drop(block);
    qn_buf_drop(bytes);
    free(good);
}

/* Fetches the whole state at this depth into storage; the tree has one reference, the caller's. */
static struct qn_tree_node *stage(const struct qn_storage *storage, struct qn_prefix at,
                                  uint8_t depth, const struct qn_hash *root)
{
    if (at.depth < depth) {
        struct qn_tree_node *left = stage(storage, qn_prefix_half(at, 0), depth, root);
        return qn_tree_join(left, stage(storage, qn_prefix_half(at, 1), depth, root));
    }
    struct qn_buf *bytes = NULL;
    struct qn_chunk chunk;
    assert_int_equal(ask(&bytes, (struct qn_get_snapshot){.part = QN_SNAPSHOT_CHUNK,
                                                          .height = QN_LEDGER_CERT_STRIDE,
                                                          .number = at.bits,
                                                          .depth = at.depth}),
                     QN_OK);
    assert_int_equal(qn_snapshot_chunk_check(&chunk, &reply, at, root, NULL), QN_OK);
    struct qn_batch *batch = qn_batch_new();
    qn_staging_put_chunk(batch, at, QN_LEDGER_CERT_STRIDE, bytes);
    assert_int_equal(storage->apply(storage->context, batch), QN_OK);
    qn_batch_free(batch);
    qn_buf_drop(bytes);
    return chunk.subtree;
}

static void assert_is_source(const struct qn_ledger *ledger)
{
    assert_int_equal(qn_ledger_height(ledger), QN_LEDGER_CERT_STRIDE);
    assert_int_equal(qn_ledger_entry_count(ledger), REGISTERED + 4);
    for (uint64_t i = 0; i < REGISTERED + 4; i++) {
        struct qn_registry_entry ours;
        struct qn_registry_entry theirs;
        assert_int_equal(qn_ledger_entry_at(ledger, &ours, i), QN_OK);
        assert_int_equal(qn_ledger_entry_at(source.ledger, &theirs, i), QN_OK);
        assert_memory_equal(&ours.id, &theirs.id, sizeof ours.id);
        assert_true(qn_public_key_equal(&ours.key, &theirs.key));
    }
    struct qn_buf *block = NULL;
    struct qn_buf *cert = NULL;
    assert_int_equal(qn_ledger_block(ledger, &block, &cert, QN_LEDGER_CERT_STRIDE - 1),
                     QN_ERR_NOT_FOUND);
}

/* The source's blocks above the checkpoint, on top of it. */
static void follow(struct qn_ledger *ledger, const struct qn_storage *storage)
{
    for (uint64_t height = QN_LEDGER_CERT_STRIDE + 1; height <= TOP; height++) {
        struct qn_buf *bytes = NULL;
        struct qn_buf *cert = NULL;
        struct qn_block *block = NULL;
        struct qn_ledger_commit commit;
        assert_int_equal(qn_ledger_block(source.ledger, &bytes, &cert, height), QN_OK);
        assert_int_equal(qn_block_decode(&block, qn_buf_span(bytes)), QN_OK);
        assert_int_equal(qn_ledger_execute(ledger, block, 0), QN_OK);
        qn_ledger_commit(ledger, &commit, &block->id, cert);
        assert_int_equal(storage->apply(storage->context, commit.batch), QN_OK);
        qn_batch_free(commit.batch);
        qn_block_drop(block);
        qn_buf_drop(bytes);
        qn_buf_drop(cert);
    }
    struct qn_hash ours = qn_ledger_head_id(ledger);
    struct qn_hash theirs = qn_ledger_head_id(source.ledger);
    assert_true(qn_hash_equal(&ours, &theirs));
}

struct target {
    struct qn_storage storage;
    struct qn_ledger *ledger;
    struct qn_tree_node *tree;
    struct qn_buf *manifest;
};

static void target_init(struct target *target)
{
    struct qn_manifest manifest;
    *target = (struct target){0};
    qn_storage_memory_open(&target->storage);
    assert_int_equal(qn_ledger_new(&target->ledger, &source.kit.genesis, &target->storage), QN_OK);
    target->manifest = ask_manifest(&manifest);
    target->tree =
        stage(&target->storage, (struct qn_prefix){0}, 2, &manifest.block->header.state_root);
    qn_block_drop(manifest.block);
}

static void target_fini(struct target *target)
{
    qn_ledger_free(target->ledger);
    qn_tree_drop(target->tree);
    qn_buf_drop(target->manifest);
    target->storage.close(target->storage.context);
}

static bool count_key(void *context, struct qn_span key, struct qn_buf *value)
{
    size_t *count = context;
    (void)value;
    *count += key.at[0] == 's' && key.at[1] != 'p';
    return true;
}

static size_t staged(const struct target *target)
{
    size_t count = 0;
    assert_int_equal(target->storage.walk(target->storage.context,
                                          (struct qn_span){(const uint8_t *)"s", 1}, count_key,
                                          &count),
                     QN_OK);
    return count;
}

static void an_installed_snapshot_is_the_ledger(void **state)
{
    (void)state;
    struct target target;
    target_init(&target);
    assert_true(staged(&target) > 0);
    struct qn_install *install = qn_install_new(&target.storage, target.manifest);
    enum qn_install_step step = QN_INSTALL_BATCH;
    size_t heads = 0;
    while (step != QN_INSTALL_DONE) {
        struct qn_batch *batch = NULL;
        assert_int_equal(qn_install_next(install, &step, &batch), QN_OK);
        if (step != QN_INSTALL_DONE) {
            assert_int_equal(target.storage.apply(target.storage.context, batch), QN_OK);
        }
        if (step == QN_INSTALL_HEAD) {
            heads += 1;
            assert_int_equal(qn_ledger_reload(target.ledger, target.tree), QN_OK);
        }
        qn_batch_free(batch);
    }
    qn_install_free(install);
    assert_int_equal(heads, 1);
    assert_int_equal(staged(&target), 0);
    assert_is_source(target.ledger);
    follow(target.ledger, &target.storage);
    assert_int_equal(qn_snapshot_newest(target.ledger), QN_LEDGER_CERT_STRIDE); /* passes it on */
    target_fini(&target);
}

static void an_install_may_be_interrupted_anywhere(void **state)
{
    (void)state;
    bool ended = false;
    for (size_t crash = 0; !ended; crash++) {
        struct target target;
        enum qn_install_step step = QN_INSTALL_BATCH;
        bool head = false;
        target_init(&target);
        struct qn_install *install = qn_install_new(&target.storage, target.manifest);
        for (size_t i = 0; i < crash && step != QN_INSTALL_DONE; i++) {
            struct qn_batch *batch = NULL;
            assert_int_equal(qn_install_next(install, &step, &batch), QN_OK);
            if (step != QN_INSTALL_DONE) {
                assert_int_equal(target.storage.apply(target.storage.context, batch), QN_OK);
            }
            head = head || step == QN_INSTALL_HEAD;
            qn_batch_free(batch);
        }
        ended = step == QN_INSTALL_DONE;
        qn_install_free(install);
        qn_ledger_free(target.ledger);
        target.ledger = NULL;
        if (crash > 0 && !head) { /* half of it: no ledger may be made of that */
            assert_int_equal(qn_ledger_new(&target.ledger, &source.kit.genesis, &target.storage),
                             QN_ERR_NOT_READY);
        }
        assert_int_equal(qn_install_recover(&target.storage), QN_OK);
        assert_int_equal(qn_ledger_new(&target.ledger, &source.kit.genesis, &target.storage),
                         QN_OK);
        if (crash == 0) {
            assert_int_equal(qn_ledger_height(target.ledger), 0); /* the old one */
        } else {
            assert_is_source(target.ledger);
            follow(target.ledger, &target.storage);
        }
        target_fini(&target);
    }
}

/* Chunks of an earlier checkpoint that were not proved against this one are not in it. */
static void stale_chunks_are_not_installed(void **state)
{
    (void)state;
    struct target target;
    target_init(&target);
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *bytes = qn_buf_copy((struct qn_span){(const uint8_t *)"junk", 4});
    qn_staging_put_chunk(batch, (struct qn_prefix){1, 7}, 3, bytes);
    qn_buf_drop(bytes);
    bytes = NULL;
    struct qn_store_key mark = {.len = 2, .bytes = {'s', 'i'}};
    qn_batch_put(batch, qn_store_key_span(&mark), target.manifest);
    assert_int_equal(target.storage.apply(target.storage.context, batch), QN_OK);
    qn_batch_free(batch);
    qn_ledger_free(target.ledger);
    assert_int_equal(qn_install_recover(&target.storage), QN_OK);
    assert_int_equal(qn_ledger_new(&target.ledger, &source.kit.genesis, &target.storage), QN_OK);
    assert_is_source(target.ledger);
    assert_int_equal(staged(&target), 0);
    target_fini(&target);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_checkpoint_is_served_with_its_proof),
        cmocka_unit_test(a_manifest_with_anything_changed_is_refused),
        cmocka_unit_test(an_installed_snapshot_is_the_ledger),
        cmocka_unit_test(an_install_may_be_interrupted_anywhere),
        cmocka_unit_test(stale_chunks_are_not_installed),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, make_source, drop_source);
}
