/* A ledger of numbered transactions: the state after a block is the set of those in its chain. */
#include "consensus/testing/harness_state.h"

#include <stdlib.h>
#include <string.h>

enum { TX_LEN = 8 };

static struct qn_hash hash_number(char tag, uint64_t a, uint64_t b)
{
    uint8_t bytes[17] = {(uint8_t)tag};

    for (unsigned i = 0; i < 8; i++) {
        bytes[1 + i] = (uint8_t)(a >> 8 * i);
        bytes[9 + i] = (uint8_t)(b >> 8 * i);
    }
    return qn_sha3((struct qn_span){bytes, sizeof bytes});
}

static struct qn_hash state_root(uint64_t height, uint64_t txs)
{
    return hash_number('s', height, txs);
}

/* One transaction ends the epoch, and its block is the last. */
static uint32_t flags_of(uint64_t txs)
{
    return (txs >> HARNESS_TX_END & 1U) != 0 ? (uint32_t)QN_HEADER_EPOCH_END : 0;
}

static struct qn_block *make_block(const struct harness *h, const struct qn_block *parent,
                                   uint64_t txs, const struct qn_hash *root, qn_unix_ms time_ms)
{
    uint8_t bytes[HARNESS_TXS_MAX][TX_LEN] = {0};
    struct qn_span spans[HARNESS_TXS_MAX];
    size_t count = 0;

    for (unsigned i = 0; i < HARNESS_TXS_MAX; i++) {
        if ((txs & (uint64_t)1 << i) != 0) {
            bytes[count][0] = (uint8_t)i;
            spans[count] = (struct qn_span){bytes[count], TX_LEN};
            count += 1;
        }
    }
    struct qn_header header = {.version = 1,
                               .network = h->network,
                               .height = parent != NULL ? parent->header.height + 1 : 0,
                               .tx_root = hash_number('t', txs, 0),
                               .state_root = *root,
                               .time_ms = time_ms,
                               .flags = flags_of(txs)};
    if (parent != NULL) {
        header.parent = parent->id;
    }
    return qn_block_new(&header, spans, count);
}

struct qn_block *harness_ledger_genesis(const struct harness *h)
{
    struct qn_hash root = state_root(0, 0);

    return make_block(h, NULL, 0, &root, 1);
}

static void keep(struct harness_node *node, struct qn_block *block, uint64_t txs)
{
    size_t size = (node->executed_count + 1) * sizeof *node->executed;

    node->executed = realloc(node->executed, size);
    QN_ASSERT(node->executed != NULL);
    node->executed[node->executed_count++] =
        (struct harness_executed){.block = qn_block_hold(block), .txs = txs};
}

static void append(struct harness_node *node, struct qn_block *block, struct qn_buf *cert,
                   uint64_t view)
{
    node->blocks = realloc(node->blocks, (node->block_count + 1) * sizeof *node->blocks);
    QN_ASSERT(node->blocks != NULL);
    node->blocks[node->block_count++] =
        (struct harness_final){.block = qn_block_hold(block),
                               .cert = cert != NULL ? qn_buf_hold(cert) : NULL,
                               .view = view};
}

void harness_ledger_init(struct harness *h, struct harness_node *node)
{
    keep(node, h->genesis, 0);
    append(node, h->genesis, NULL, 0);
}

static void drop_blocks(struct harness_node *node, size_t left)
{
    for (size_t i = left; i < node->block_count; i++) {
        qn_block_drop(node->blocks[i].block);
        qn_buf_drop(node->blocks[i].cert);
    }
    node->block_count = left;
}

void harness_ledger_fini(struct harness_node *node)
{
    for (size_t i = 0; i < node->executed_count; i++) {
        qn_block_drop(node->executed[i].block);
    }
    drop_blocks(node, 0);
    free(node->executed);
    free(node->blocks);
}

static const struct harness_executed *find(const struct harness_node *node,
                                           const struct qn_hash *id)
{
    for (size_t i = node->executed_count; i > 0; i--) {
        if (qn_hash_equal(&node->executed[i - 1].block->id, id)) {
            return &node->executed[i - 1];
        }
    }
    return NULL;
}

struct qn_block *harness_ledger_build(struct harness *h, struct harness_node *node,
                                      const struct qn_hash *parent)
{
    const struct harness_executed *on = find(node, parent);

    if (on == NULL) {
        return NULL;
    }
    uint64_t txs = node->mempool & ~on->txs;
    struct qn_hash root = state_root(on->block->header.height + 1, on->txs | txs);
    if (node->fault == HARNESS_BAD_ROOT) {
        root.bytes[0] ^= 1U;
    }
    /* Copies of one identity build different blocks. */
    qn_unix_ms time_ms = 1000 + h->now / 1000 + (qn_unix_ms)(node - h->nodes);
    struct qn_block *block = make_block(h, on->block, txs, &root, time_ms);
    keep(node, block, on->txs | txs);
    return block;
}

/* False for a transaction twice or of another form. */
static bool read_txs(const struct qn_block *block, uint64_t *txs)
{
    *txs = 0;
    for (size_t i = 0; i < block->tx_count; i++) {
        struct qn_span tx = block->txs[i];
        uint64_t bit = (uint64_t)1 << (tx.at[0] % HARNESS_TXS_MAX);
        if (tx.len != TX_LEN || (*txs & bit) != 0) {
            return false;
        }
        *txs |= bit;
    }
    return true;
}

static enum qn_err judge_block(const struct harness *h, const struct qn_block *block,
                               const struct harness_executed *parent, uint64_t *after)
{
    uint64_t txs;
    (void)h;

    if (parent == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    if (!read_txs(block, &txs) || (txs & parent->txs) != 0) {
        return QN_ERR_DUPLICATE;
    }
    *after = txs | parent->txs;
    struct qn_hash tx_root = hash_number('t', txs, 0);
    struct qn_hash root = state_root(block->header.height, *after);
    bool good = qn_hash_equal(&block->header.tx_root, &tx_root) &&
                qn_hash_equal(&block->header.state_root, &root) &&
                block->header.flags == flags_of(txs) &&
                block->header.height == parent->block->header.height + 1;
    return good ? QN_OK : QN_ERR_WRONG_ROOT;
}

enum qn_err harness_ledger_execute(struct harness *h, struct harness_node *node,
                                   struct qn_block *block)
{
    uint64_t after = 0;

    if (find(node, &block->id) != NULL) {
        return QN_OK;
    }
    enum qn_err err = judge_block(h, block, find(node, &block->header.parent), &after);
    if (err == QN_OK) {
        keep(node, block, after);
    }
    return err;
}

/* Exactly q distinct members, whose signatures verify, for exactly this block. */
static void check_cert(struct harness *h, const struct harness_node *node,
                       const struct qn_block *block, const struct qn_buf *bytes)
{
    struct qn_cert cert;

    if (qn_cert_decode(&cert, qn_buf_span(bytes)) != QN_OK ||
        qn_cert_check_members(&cert, &h->validators) != QN_OK || cert.kind != QN_VOTE_FINALIZE ||
        !qn_hash_equal(&cert.block_id, &block->id)) {
        harness_fail(h, "v%d committed with a certificate that is none", node->validator);
        return;
    }
    struct qn_hash digest = qn_cert_digest(&cert, &h->network);
    for (size_t i = 0; i < cert.signature_count; i++) {
        if (!harness_verify(h, qn_cert_signer(&cert, i), QN_SIGN_FINALIZE, &digest,
                            cert.signatures[i])) {
            harness_fail(h, "v%d committed with a bad signature", node->validator);
        }
    }
}

static void check_chain(struct harness *h, const struct harness_node *node,
                        const struct qn_block *block)
{
    uint64_t height = block->header.height;

    if (height >= HARNESS_HEIGHTS_MAX) {
        harness_fail(h, "more blocks than the harness holds");
    } else if (height < h->chain_count) {
        if (!qn_hash_equal(&h->chain[height], &block->id)) {
            harness_fail(h, "fork at height %llu: v%d committed another block",
                         (unsigned long long)height, node->validator);
        }
    } else {
        h->chain[height] = block->id;
        h->chain_count = height + 1;
    }
}

void harness_ledger_truncate(struct harness_node *node, size_t block_count)
{
    size_t left = 0;

    drop_blocks(node, block_count);
    for (size_t i = 0; i < node->executed_count; i++) {
        struct qn_block *block = node->executed[i].block;
        uint64_t height = block->header.height;
        if (height < block_count && qn_hash_equal(&node->blocks[height].block->id, &block->id)) {
            node->executed[left++] = node->executed[i];
        } else {
            qn_block_drop(block);
        }
    }
    node->executed_count = left;
    node->final_txs = find(node, &node->blocks[block_count - 1].block->id)->txs;
    node->mempool = 0;
}

void harness_ledger_commit(struct harness *h, struct harness_node *node, struct qn_block *block,
                           struct qn_buf *cert, uint64_t view)
{
    const struct qn_block *tip = node->blocks[node->block_count - 1].block;
    const struct harness_executed *executed = find(node, &block->id);
    uint64_t after = 0;

    if (!qn_hash_equal(&block->header.parent, &tip->id) ||
        block->header.height != tip->header.height + 1) {
        harness_fail(h, "v%d committed a block that is not the next", node->validator);
        return;
    }
    if (qn_ends_epoch(tip)) {
        harness_fail(h, "v%d committed a child of the last block of an epoch", node->validator);
        return;
    }
    if (executed == NULL ||
        judge_block(h, block, find(node, &block->header.parent), &after) != QN_OK) {
        harness_fail(h, "v%d committed a block that it did not execute", node->validator);
        return;
    }
    if (cert != NULL) {
        check_cert(h, node, block, cert);
    }
    if (node->fault == HARNESS_HONEST) {
        check_chain(h, node, block);
    }
    append(node, block, cert, view);
    node->floor = view;
    node->final_txs = executed->txs;
    node->mempool &= ~executed->txs;
    node->committed = true;
}
