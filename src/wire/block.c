#include "wire/block.h"

#include "base/pool.h"
#include "wire/field.h"
#include "wire/transaction.h"

#include <string.h>

/* Header bytes and transactions: what the two ways to a block have in common. */
struct parts {
    struct qn_span header;
    size_t tx_count;
    struct qn_span txs[QN_BLOCK_TXS_MAX];
};

static void write_block(struct qn_writer *w, const void *record)
{
    const struct parts *parts = record;
    qn_write_map(w, 2);
    qn_write_bytes_at(w, 1, parts->header.at, parts->header.len);
    qn_write_key(w, 2);
    qn_write_array(w, parts->tx_count);
    for (size_t i = 0; i < parts->tx_count; i++) {
        qn_write_bytes(w, parts->txs[i].at, parts->txs[i].len);
    }
}

static enum qn_err read_block(struct parts *parts, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    parts->header = qn_read_bytes_at(&in, &map, 1, 1, QN_HEADER_LEN_MAX);
    qn_read_key(&in, &map, 2);
    parts->tx_count = qn_read_array(&in, 0, QN_BLOCK_TXS_MAX);
    for (size_t i = 0; i < parts->tx_count; i++) {
        parts->txs[i] = qn_read_bytes(&in, 1, QN_TX_LEN_MAX);
    }
    qn_read_map_end(&in, &map);
    return qn_reader_done(&in);
}

/* Takes over the reference to encoded, whose parts are known to be well-formed. */
static struct qn_block *new_block(const struct qn_header *header, const struct parts *parts,
                                  struct qn_buf *encoded)
{
    struct qn_block *block = qn_pool_take(sizeof *block);
    block->references = 1;
    block->id = qn_sha3(parts->header);
    block->header = *header;
    block->tx_count = parts->tx_count;
    memcpy(block->txs, parts->txs, sizeof block->txs);
    block->encoded = encoded;
    block->has_tx_ids = false; /* and so tx_ids stay unset */
    return block;
}

enum qn_err qn_block_decode(struct qn_block **block, struct qn_span bytes)
{
    struct parts parts = {0};
    struct qn_header header;
    *block = NULL;
    if (bytes.len > QN_BLOCK_LEN_MAX) {
        return QN_ERR_TOO_BIG;
    }
    enum qn_err err = read_block(&parts, bytes);
    if (err == QN_OK) {
        err = qn_header_decode(&header, parts.header);
    }
    if (err != QN_OK) {
        return err;
    }
    struct qn_buf *encoded = qn_buf_copy(bytes);
    QN_ASSERT(read_block(&parts, qn_buf_span(encoded)) == QN_OK); /* spans into the copy */
    *block = new_block(&header, &parts, encoded);
    return QN_OK;
}

struct qn_block *qn_block_new(const struct qn_header *header, const struct qn_span *txs,
                              size_t tx_count)
{
    uint8_t header_bytes[QN_HEADER_LEN_MAX];
    struct parts parts = {.tx_count = tx_count};
    QN_ASSERT(tx_count <= QN_BLOCK_TXS_MAX);
    QN_ASSERT(qn_header_encode(header, header_bytes, sizeof header_bytes, &parts.header) == QN_OK);
    for (size_t i = 0; i < tx_count; i++) {
        QN_ASSERT(txs[i].len > 0 && txs[i].len <= QN_TX_LEN_MAX);
        parts.txs[i] = txs[i];
    }
    struct qn_buf *encoded = NULL;
    QN_ASSERT(qn_encode_bounded(&encoded, QN_BLOCK_LEN_MAX, write_block, &parts) == QN_OK);
    QN_ASSERT(read_block(&parts, qn_buf_span(encoded)) == QN_OK); /* spans into what is kept */
    return new_block(header, &parts, encoded);
}

const struct qn_hash *qn_block_tx_ids(struct qn_block *block)
{
    for (size_t i = 0; i < block->tx_count && !block->has_tx_ids; i++) {
        block->tx_ids[i] = qn_tx_id(block->txs[i]);
    }
    block->has_tx_ids = true;
    return block->tx_ids;
}

struct qn_block *qn_block_hold(struct qn_block *block)
{
    QN_ASSERT(block->references > 0 && block->references < UINT32_MAX);
    block->references += 1;
    return block;
}

void qn_block_drop(struct qn_block *block)
{
    if (block == NULL) {
        return;
    }
    QN_ASSERT(block->references > 0);
    block->references -= 1;
    if (block->references == 0) {
        qn_buf_drop(block->encoded);
        qn_pool_give(block, sizeof *block);
    }
}
