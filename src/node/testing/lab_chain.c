/* Chains that were there before a lab's nodes. */
#include "node/testing/lab.h"

#include "base/rng.h"
#include "ledger/testing/chain.h"
#include "ledger/testing/finality.h"

enum { CERT_STRIDE = 1024 }; /* the ledger's, when it prunes */

static void commit(struct qn_ledger *ledger, const struct qn_storage *storage,
                   struct qn_block *block, struct qn_buf *cert)
{
    struct qn_ledger_commit commit;
    qn_ledger_commit(ledger, &commit, &block->id, cert);
    QN_ASSERT(storage->apply(storage->context, commit.batch) == QN_OK);
    qn_batch_free(commit.batch);
}

/* Signed by nobody: only blocks are verified on the way into a ledger that fetches them. */
static struct qn_buf *make_register(const struct qn_genesis *genesis,
                                    const struct qn_public_key *key, qn_unix_ms unix_ms)
{
    uint8_t scratch[QN_TX_LEN_MAX];
    struct qn_span payload;
    static const uint8_t signature[] = {0};
    struct qn_tx tx = {.kind = QN_TX_REGISTER,
                       .network = genesis->network,
                       .expires_ms = unix_ms + 60000,
                       .key = *key,
                       .roles = QN_ROLES_ALL,
                       .valid_until_ms = unix_ms + 3600000};
    tx.id = qn_public_key_id(&tx.key);
    QN_ASSERT(qn_tx_payload(&tx, scratch, sizeof scratch, &payload) == QN_OK);
    return qn_signed_encode(payload, (struct qn_span){signature, sizeof signature});
}

/* The lab's nodes that are not of genesis come first. */
struct keys {
    struct qn_lab *lab;
    size_t next;
    size_t left;
    struct qn_rng rng;
};

static struct qn_public_key next_key(struct keys *keys)
{
    size_t index = keys->next;
    keys->next += 1;
    keys->left -= 1;
    return index < qn_lab_count(keys->lab) ? *qn_key_public(qn_lab_node(keys->lab, index)->key)
                                           : qn_chain_random_key(&keys->rng);
}

static size_t make_registers(struct qn_buf **bufs, const struct qn_genesis *genesis,
                             struct keys *keys, qn_unix_ms unix_ms)
{
    size_t count = keys->left < QN_BLOCK_TXS_MAX ? keys->left : QN_BLOCK_TXS_MAX;
    for (size_t i = 0; i < count; i++) {
        struct qn_public_key key = next_key(keys);
        bufs[i] = make_register(genesis, &key, unix_ms);
    }
    return count;
}

/* What each of the first q genesis nodes says to end this epoch: the lab's last node comes, then it goes. */
static size_t make_motion(struct qn_buf **bufs, struct qn_lab *lab, const struct qn_ledger *ledger,
                          qn_unix_ms unix_ms)
{
    const struct qn_genesis *genesis = qn_lab_genesis(lab);
    size_t count = qn_quorum(qn_ledger_validators(ledger)->count);
    struct qn_tx tx = {.kind = QN_TX_VALIDATORS,
                       .network = genesis->network,
                       .expires_ms = unix_ms + 60000,
                       .has_signer = true,
                       .epoch = qn_ledger_epoch(ledger)};
    struct qn_node_id guest = qn_lab_id(lab, qn_lab_count(lab) - 1);
    if (tx.epoch % 2 == 0) {
        tx.add[tx.add_count++] = guest;
    } else {
        tx.remove[tx.remove_count++] = guest;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t scratch[QN_TX_LEN_MAX];
        struct qn_span payload;
        static const uint8_t signature[] = {0};
        tx.signer = qn_lab_id(lab, i);
        QN_ASSERT(qn_tx_payload(&tx, scratch, sizeof scratch, &payload) == QN_OK);
        bufs[i] = qn_signed_encode(payload, (struct qn_span){signature, sizeof signature});
    }
    return count;
}

static struct qn_block *build(struct qn_ledger *ledger, struct qn_buf *const *bufs, size_t count,
                              qn_unix_ms unix_ms)
{
    struct qn_span txs[QN_BLOCK_TXS_MAX];
    struct qn_hash tip = qn_ledger_head_id(ledger);
    struct qn_block *block = NULL;
    for (size_t i = 0; i < count; i++) {
        txs[i] = qn_buf_span(bufs[i]);
    }
    QN_ASSERT(qn_ledger_build(ledger, &block, &tip, txs, count, unix_ms) == QN_OK);
    QN_ASSERT(block->tx_count == count);
    for (size_t i = 0; i < count; i++) {
        qn_buf_drop(bufs[i]);
    }
    return block;
}

/* Certified where an old chain of a real network is: at the end of an epoch, at each multiple of the stride, and
 * here at its last block. */
static struct qn_buf *certify(struct qn_lab *lab, const struct qn_ledger *ledger,
                              const struct qn_block *block, bool last)
{
    struct qn_key *keys[QN_LAB_NODES_MAX];
    bool is_kept = last || block->header.height % CERT_STRIDE == 0;
    if (!is_kept && (block->header.flags & QN_HEADER_EPOCH_END) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < qn_lab_count(lab); i++) {
        keys[i] = qn_lab_node(lab, i)->key;
    }
    return qn_finality_cert(qn_ledger_validators(ledger), keys, qn_lab_count(lab), block);
}

void qn_lab_make_chain(struct qn_lab *lab, struct qn_storage *storage, uint64_t height,
                       size_t entries, unsigned epochs)
{
    const struct qn_genesis *genesis = qn_lab_genesis(lab);
    struct qn_ledger *ledger = NULL;
    struct keys registered = {.lab = lab, .next = genesis->cert_count, .left = entries};
    qn_rng_init(&registered.rng, entries);
    qn_storage_memory_open(storage);
    QN_ASSERT(qn_ledger_new(&ledger, genesis, storage) == QN_OK);
    while (qn_ledger_height(ledger) < height) {
        struct qn_buf *bufs[QN_BLOCK_TXS_MAX];
        qn_unix_ms unix_ms = qn_ledger_head(ledger)->time_ms + 1;
        uint64_t left = height - qn_ledger_height(ledger);
        bool ends_epoch =
            epochs > qn_ledger_epoch(ledger) && left == 10 * (epochs - qn_ledger_epoch(ledger));
        size_t count = ends_epoch ? make_motion(bufs, lab, ledger, unix_ms)
                                  : make_registers(bufs, genesis, &registered, unix_ms);
        struct qn_block *block = build(ledger, bufs, count, unix_ms);
        struct qn_buf *cert = certify(lab, ledger, block, block->header.height == height);
        commit(ledger, storage, block, cert);
        qn_buf_drop(cert);
        qn_block_drop(block);
    }
    QN_ASSERT(registered.left == 0 && qn_ledger_epoch(ledger) == epochs);
    qn_ledger_free(ledger);
}

static bool copy_one(void *context, struct qn_span key, struct qn_buf *value)
{
    qn_batch_put(context, key, value);
    return true;
}

void qn_lab_give_storage(struct qn_lab *lab, size_t index, const struct qn_storage *storage)
{
    struct qn_lab_node *node = qn_lab_node(lab, index);
    struct qn_batch *batch = qn_batch_new();
    QN_ASSERT(node->node == NULL);
    if (node->storage.context != NULL) {
        node->storage.close(node->storage.context);
    }
    QN_ASSERT(storage->walk(storage->context, (struct qn_span){(const uint8_t *)"", 0}, copy_one,
                            batch) == QN_OK);
    qn_storage_memory_open(&node->storage);
    QN_ASSERT(node->storage.apply(node->storage.context, batch) == QN_OK);
    qn_batch_free(batch);
    node->keeps_storage = true;
}
