/* Samples of transactions, blocks and what carries them. */
#include "wire/block.h"
#include "wire/testing/family_samples.h"
#include "wire/transaction.h"

#include <string.h>

static void sample_activation(struct qn_sampler *s, struct qn_activation *activation)
{
    qn_sample_bytes(s, activation->batch_root.bytes, sizeof activation->batch_root.bytes);
    activation->index = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX);
    activation->code_key = qn_sample_public_key(s);
    activation->path_count = (uint8_t)qn_sample_uint(s, 0, QN_ACTIVATION_PATH_MAX);
    for (size_t i = 0; i < activation->path_count; i++) {
        qn_sample_bytes(s, activation->path[i].bytes, sizeof activation->path[i].bytes);
    }
    activation->signature = qn_sample_signature(s);
}

/* Ascending by their first byte. */
static uint8_t sample_ids(struct qn_sampler *s, struct qn_node_id ids[QN_COMMITTEE_CHANGE_MAX])
{
    uint8_t count = (uint8_t)qn_sample_uint(s, 0, QN_COMMITTEE_CHANGE_MAX);
    for (uint8_t i = 0; i < count; i++) {
        qn_sample_bytes(s, ids[i].bytes, sizeof ids[i].bytes);
        ids[i].bytes[0] = i;
    }
    return count;
}

static struct qn_buf *sample_vote(struct qn_sampler *s, struct qn_tx_vote *vote)
{
    vote->kind = (enum qn_vote_kind)qn_sample_uint(s, QN_VOTE_NOTARIZE, QN_VOTE_NULLIFY);
    struct qn_buf *buf =
        vote->kind == QN_VOTE_NULLIFY ? qn_sample_nullify(s) : qn_sample_notarize(s);
    vote->bytes = qn_buf_span(buf);
    return buf;
}

static struct qn_buf *sample_transaction(struct qn_sampler *s, enum qn_tx_kind kind)
{
    struct qn_tx tx = {
        .kind = kind,
        .expires_ms = qn_sample_uint(s, 0, UINT64_MAX),
        .sequence = qn_sample_uint(s, 0, UINT64_MAX),
        .region = (enum qn_region)qn_sample_uint(s, 0, QN_REGION_COUNT - 1),
        .roles = (uint32_t)qn_sample_uint(s, 0, QN_ROLES_ALL),
        .has_endpoint = qn_sample_bool(s),
        .valid_until_ms = qn_sample_uint(s, 0, UINT64_MAX),
        .has_activation = qn_sample_bool(s),
        .has_work = qn_sample_bool(s),
        .has_signer = kind == QN_TX_REVOKE && qn_sample_bool(s),
        .reason = (enum qn_revoke_reason)qn_sample_uint(s, 0, QN_REVOKE_REASON_COUNT - 1),
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .batch = {.count = (uint32_t)qn_sample_uint(s, 1, 1U << QN_ACTIVATION_PATH_MAX),
                  .class = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
                  .expires_ms = qn_sample_uint(s, 0, UINT64_MAX)},
    };
    struct qn_buf *votes[QN_TX_VOTES];
    tx.key = qn_sample_public_key(s);
    qn_sample_bytes(s, tx.network.bytes, sizeof tx.network.bytes);
    qn_sample_bytes(s, tx.id.bytes, sizeof tx.id.bytes);
    qn_sample_bytes(s, tx.announce_tip.bytes, sizeof tx.announce_tip.bytes);
    qn_sample_endpoint(s, &tx.endpoint);
    sample_activation(s, &tx.activation);
    qn_sample_bytes(s, tx.work_nonce, sizeof tx.work_nonce);
    qn_sample_bytes(s, tx.signer.bytes, sizeof tx.signer.bytes);
    qn_sample_bytes(s, tx.batch.root.bytes, sizeof tx.batch.root.bytes);
    tx.key_signature = qn_sample_signature(s);
    tx.add_count = sample_ids(s, tx.add);
    tx.remove_count = sample_ids(s, tx.remove);
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        votes[i] = sample_vote(s, &tx.votes[i]);
    }

    uint8_t bytes[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature = qn_sample_signature(s);
    QN_ASSERT(qn_tx_payload(&tx, bytes, sizeof bytes, &payload) == QN_OK);
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        qn_buf_drop(votes[i]);
    }
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

struct qn_buf *qn_sample_register(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_REGISTER);
}

struct qn_buf *qn_sample_update(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_UPDATE);
}

struct qn_buf *qn_sample_revoke(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_REVOKE);
}

struct qn_buf *qn_sample_rotate(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_ROTATE);
}

struct qn_buf *qn_sample_issue(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_ISSUE);
}

struct qn_buf *qn_sample_validators(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_VALIDATORS);
}

struct qn_buf *qn_sample_evidence(struct qn_sampler *s)
{
    return sample_transaction(s, QN_TX_EVIDENCE);
}

struct qn_buf *qn_sample_transaction(struct qn_sampler *s)
{
    switch (s->size) {
    case QN_SAMPLE_MIN:
        return qn_sample_revoke(s);
    case QN_SAMPLE_MAX:
        return qn_sample_register(s);
    case QN_SAMPLE_RANDOM:
        break;
    }
    return sample_transaction(s,
                              (enum qn_tx_kind)qn_sample_uint(s, QN_TX_REGISTER, QN_TX_EVIDENCE));
}

struct qn_buf *qn_sample_tx(struct qn_sampler *s)
{
    struct qn_buf *tx = qn_sample_transaction(s);
    struct qn_buf *buf = qn_tx_message_encode(qn_buf_span(tx));
    qn_buf_drop(tx);
    return buf;
}

struct qn_buf *qn_sample_submit(struct qn_sampler *s)
{
    struct qn_buf *tx = qn_sample_transaction(s);
    struct qn_buf *buf = qn_submit_encode(
        &(struct qn_submit){(uint8_t)qn_sample_uint(s, 0, QN_SUBMIT_HOPS_MAX), qn_buf_span(tx)});
    qn_buf_drop(tx);
    return buf;
}

struct qn_buf *qn_sample_submit_result(struct qn_sampler *s)
{
    struct qn_submit_result result = {
        .code = (enum qn_err)(-(int)qn_sample_uint(s, 0, 255)),
        .height = qn_sample_uint(s, 0, UINT64_MAX),
        .index = qn_sample_uint(s, 0, UINT64_MAX),
    };
    qn_sample_text(s, result.text, 0, QN_TEXT_LEN_MAX);
    qn_sample_bytes(s, result.tx_id.bytes, sizeof result.tx_id.bytes);
    return qn_submit_result_encode(&result);
}

static struct qn_header sample_header(struct qn_sampler *s)
{
    struct qn_header header = {
        .version = 1,
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .height = qn_sample_uint(s, 0, UINT64_MAX),
        .time_ms = qn_sample_uint(s, 0, UINT64_MAX),
        .flags = (uint32_t)qn_sample_uint(s, 0, QN_HEADER_FLAGS_ALL),
    };
    qn_sample_bytes(s, header.network.bytes, QN_HASH_LEN);
    qn_sample_bytes(s, header.parent.bytes, QN_HASH_LEN);
    qn_sample_bytes(s, header.tx_root.bytes, QN_HASH_LEN);
    qn_sample_bytes(s, header.state_root.bytes, QN_HASH_LEN);
    qn_sample_bytes(s, header.history_root.bytes, QN_HASH_LEN);
    qn_sample_bytes(s, header.validators_hash.bytes, QN_HASH_LEN);
    qn_sample_bytes(s, header.next_validators_hash.bytes, QN_HASH_LEN);
    return header;
}

struct qn_buf *qn_sample_header(struct qn_sampler *s)
{
    struct qn_header header = sample_header(s);
    uint8_t bytes[QN_HEADER_LEN_MAX];
    struct qn_span encoded;
    QN_ASSERT(qn_header_encode(&header, bytes, sizeof bytes, &encoded) == QN_OK);
    return qn_buf_copy(encoded);
}

/* As many transactions as the size asks for and the block takes. */
struct qn_buf *qn_sample_block(struct qn_sampler *s)
{
    struct qn_header header = sample_header(s);
    struct qn_span txs[QN_BLOCK_TXS_MAX];
    struct qn_buf *bufs[QN_BLOCK_TXS_MAX];
    size_t wanted = (size_t)qn_sample_uint(s, 0, QN_BLOCK_TXS_MAX);
    size_t left = QN_BLOCK_LEN_MAX - QN_HEADER_LEN_MAX - 16;
    size_t count = 0;
    while (count < wanted) {
        struct qn_buf *tx = qn_sample_transaction(s);
        if (tx->len + 3 > left) {
            qn_buf_drop(tx);
            break;
        }
        left -= tx->len + 3;
        bufs[count] = tx;
        txs[count] = qn_buf_span(tx);
        count += 1;
    }
    struct qn_block *block = qn_block_new(&header, txs, count);
    struct qn_buf *buf = qn_buf_hold(block->encoded);
    qn_block_drop(block);
    for (size_t i = 0; i < count; i++) {
        qn_buf_drop(bufs[i]);
    }
    return buf;
}

struct qn_buf *qn_sample_get_blocks(struct qn_sampler *s)
{
    return qn_get_blocks_encode(&(struct qn_get_blocks){
        .from_height = qn_sample_uint(s, 0, UINT64_MAX),
        .count_max = (uint32_t)qn_sample_uint(s, 1, QN_BLOCKS_PER_REPLY_MAX),
        .bytes_max = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
    });
}

/* Blocks of one or no transaction, so that the largest number of them fits; some with certificate. */
struct qn_buf *qn_sample_blocks(struct qn_sampler *s)
{
    struct qn_blocks blocks = {.count = (size_t)qn_sample_uint(s, 0, QN_BLOCKS_PER_REPLY_MAX)};
    struct qn_buf *bufs[2 * QN_BLOCKS_PER_REPLY_MAX] = {NULL};
    struct qn_sampler small = {s->rng, QN_SAMPLE_MIN};
    for (size_t i = 0; i < blocks.count; i++) {
        struct qn_header header = sample_header(s);
        struct qn_buf *tx = qn_sample_transaction(&small);
        struct qn_span txs[] = {qn_buf_span(tx)};
        struct qn_block *block = qn_block_new(&header, txs, qn_sample_bool(s));
        bufs[2 * i] = qn_buf_hold(block->encoded);
        blocks.items[i].block = qn_buf_span(block->encoded);
        qn_block_drop(block);
        qn_buf_drop(tx);
        if (i + 1 == blocks.count || qn_sample_bool(s)) {
            bufs[2 * i + 1] = qn_sample_cert(&small);
            blocks.items[i].cert = qn_buf_span(bufs[2 * i + 1]);
        }
    }
    struct qn_buf *headers[QN_PATH_HEADERS_MAX];
    struct qn_buf *cert = qn_sample_cert(&small);
    blocks.cert = qn_buf_span(cert);
    if (s->size != QN_SAMPLE_MAX && qn_sample_bool(s)) { /* both at their largest do not fit */
        blocks.header_count = (size_t)qn_sample_uint(s, 1, 100);
    }
    for (size_t i = 0; i < blocks.header_count; i++) {
        headers[i] = qn_sample_header(s);
        blocks.headers[i] = qn_buf_span(headers[i]);
    }
    struct qn_buf *buf = NULL;
    QN_ASSERT(qn_blocks_encode(&buf, &blocks) == QN_OK);
    for (size_t i = 0; i < blocks.header_count; i++) {
        qn_buf_drop(headers[i]);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(bufs); i++) {
        qn_buf_drop(bufs[i]);
    }
    qn_buf_drop(cert);
    return buf;
}
