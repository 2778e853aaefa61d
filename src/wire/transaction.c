#include "wire/transaction.h"

#include "wire/transaction_kinds.h"

#include <string.h>

enum {
    UINT64_LEN_MAX = 9, /* bytes of an encoded integer */
    /* A motion's payload: two full lists of ids are the longest. */
    MOTION_LEN_MAX = 256 + 2 * QN_COMMITTEE_CHANGE_MAX * (2 + QN_HASH_LEN),
};

static void write_payload(struct qn_writer *w, const void *record)
{
    const struct qn_tx *tx = record;
    QN_ASSERT(tx->kind >= QN_TX_REGISTER && tx->kind <= QN_TX_EVIDENCE);
    qn_write_map(w, qn_tx_pair_count(tx));
    qn_write_uint_at(w, 1, tx->kind);
    qn_write_bytes_at(w, 2, tx->network.bytes, sizeof tx->network.bytes);
    qn_write_uint_at(w, 3, tx->expires_ms);
    qn_tx_write_kind(w, tx);
}

enum qn_err qn_tx_payload(const struct qn_tx *tx, uint8_t *out, size_t capacity,
                          struct qn_span *payload)
{
    return qn_encode_into(out, capacity, payload, write_payload, tx);
}

static enum qn_err decode_payload(struct qn_tx *tx, struct qn_span payload)
{
    enum qn_err key_err = QN_OK;
    struct qn_reader in;
    qn_reader_init(&in, payload);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t kind = qn_read_uint_at(&in, &map, 1, QN_TX_EVIDENCE);
    qn_read_require(&in, kind != 0);
    qn_read_fixed_at(&in, &map, 2, tx->network.bytes, sizeof tx->network.bytes);
    tx->expires_ms = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    if (in.failed) {
        return QN_ERR_MALFORMED;
    }
    tx->kind = (enum qn_tx_kind)kind;
    qn_tx_read_kind(&in, &map, tx, &key_err);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    return err == QN_OK ? key_err : err;
}

enum qn_err qn_tx_decode(struct qn_tx *out, struct qn_signed *envelope, struct qn_span bytes)
{
    struct qn_tx tx = {0};
    struct qn_signed decoded;
    if (bytes.len > QN_TX_LEN_MAX) {
        return QN_ERR_TOO_BIG;
    }
    enum qn_err err = qn_signed_decode(&decoded, bytes, QN_TX_LEN_MAX);
    if (err == QN_OK) {
        err = decode_payload(&tx, decoded.payload);
    }
    if (err != QN_OK) {
        return err;
    }
    if (tx.kind == QN_TX_REGISTER) {
        tx.id = qn_public_key_id(&tx.key);
    }
    *out = tx;
    *envelope = decoded;
    return QN_OK;
}

struct qn_hash qn_tx_id(struct qn_span encoded)
{
    return qn_sha3(encoded);
}

struct qn_ticket qn_tx_ticket(const struct qn_tx *tx, uint8_t bits, uint32_t memory_kib)
{
    struct qn_ticket ticket = {
        .id = tx->id, .expires_ms = tx->expires_ms, .bits = bits, .memory_kib = memory_kib};

    memcpy(ticket.nonce, tx->work_nonce, sizeof ticket.nonce);
    return ticket;
}

const struct qn_node_id *qn_tx_signer(const struct qn_tx *tx)
{
    return tx->has_signer ? &tx->signer : &tx->id;
}

bool qn_tx_is_motion(const struct qn_tx *tx)
{
    switch (tx->kind) {
    case QN_TX_ISSUE:
    case QN_TX_VALIDATORS:
        return true;
    case QN_TX_REVOKE:
        return tx->has_signer;
    case QN_TX_REGISTER:
    case QN_TX_UPDATE:
    case QN_TX_ROTATE:
    case QN_TX_EVIDENCE:
        return false;
    }
    return false;
}

struct qn_hash qn_tx_motion_hash(const struct qn_tx *tx, uint64_t epoch)
{
    uint8_t bytes[UINT64_LEN_MAX + MOTION_LEN_MAX];
    struct qn_tx content = *tx;
    struct qn_writer w;
    struct qn_span span;

    QN_ASSERT(qn_tx_is_motion(tx));
    content.signer = (struct qn_node_id){0};
    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_uint(&w, epoch);
    write_payload(&w, &content);
    QN_ASSERT(qn_writer_done(&w, &span) == QN_OK);
    return qn_sha3(span);
}

struct qn_hash qn_rotate_digest(const struct qn_tx *tx)
{
    uint8_t bytes[1 + 2 + QN_HASH_LEN + 2 * UINT64_LEN_MAX];
    struct qn_writer w;
    struct qn_span span;

    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, 3);
    qn_write_bytes(&w, tx->id.bytes, sizeof tx->id.bytes);
    qn_write_uint(&w, tx->sequence);
    qn_write_uint(&w, tx->expires_ms);
    QN_ASSERT(qn_writer_done(&w, &span) == QN_OK);
    return qn_signing_digest(&tx->network, span);
}

struct qn_hash qn_activation_digest(const struct qn_network_id *network,
                                    const struct qn_hash *batch_root, uint32_t index,
                                    const struct qn_node_id *id)
{
    uint8_t bytes[1 + 2 * (2 + QN_HASH_LEN) + 5];
    struct qn_writer w;
    struct qn_span span;
    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, 3);
    qn_write_bytes(&w, batch_root->bytes, sizeof batch_root->bytes);
    qn_write_uint(&w, index);
    qn_write_bytes(&w, id->bytes, sizeof id->bytes);
    QN_ASSERT(qn_writer_done(&w, &span) == QN_OK);
    return qn_signing_digest(network, span);
}
