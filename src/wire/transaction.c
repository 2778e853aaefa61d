#include "wire/transaction.h"

#include "wire/field.h"

static void write_activation(struct qn_writer *w, const struct qn_activation *activation)
{
    QN_ASSERT(activation->path_count <= QN_ACTIVATION_PATH_MAX);
    qn_write_map(w, 5);
    qn_write_bytes_at(w, 1, activation->batch_root.bytes, sizeof activation->batch_root.bytes);
    qn_write_uint_at(w, 2, activation->index);
    qn_write_bytes_at(w, 3, activation->code_key.spki, activation->code_key.spki_len);
    qn_write_key(w, 4);
    qn_write_array(w, activation->path_count);
    for (size_t i = 0; i < activation->path_count; i++) {
        qn_write_bytes(w, activation->path[i].bytes, sizeof activation->path[i].bytes);
    }
    qn_write_bytes_at(w, 5, activation->signature.bytes, activation->signature.len);
}

static void read_activation(struct qn_reader *in, struct qn_activation *activation,
                            enum qn_err *key_err)
{
    struct qn_map_reader map = qn_read_map(in);
    qn_read_fixed_at(in, &map, 1, activation->batch_root.bytes,
                     sizeof activation->batch_root.bytes);
    activation->index = (uint32_t)qn_read_uint_at(in, &map, 2, UINT32_MAX);
    qn_read_public_key_at(in, &map, 3, &activation->code_key, key_err);
    qn_read_key(in, &map, 4);
    activation->path_count = (uint8_t)qn_read_array(in, 0, QN_ACTIVATION_PATH_MAX);
    for (size_t i = 0; i < activation->path_count; i++) {
        qn_read_fixed(in, activation->path[i].bytes, sizeof activation->path[i].bytes);
    }
    qn_read_signature_at(in, &map, 5, &activation->signature);
    qn_read_map_end(in, &map);
}

/* What REGISTER and UPDATE both state, keys 6 to 10. */
static void write_description(struct qn_writer *w, const struct qn_tx *tx)
{
    qn_write_uint_at(w, 6, tx->region);
    qn_write_uint_at(w, 7, tx->roles);
    if (tx->has_endpoint) {
        qn_write_key(w, 8);
        qn_write_endpoint(w, &tx->endpoint);
    }
    qn_write_bytes_at(w, 9, tx->announce_tip.bytes, sizeof tx->announce_tip.bytes);
    qn_write_uint_at(w, 10, tx->valid_until_ms);
}

static void read_description(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    tx->region = (enum qn_region)qn_read_uint_at(in, map, 6, QN_REGION_COUNT - 1);
    tx->roles = (uint32_t)qn_read_uint_at(in, map, 7, QN_ROLES_ALL);
    tx->has_endpoint = qn_read_key_if(in, map, 8);
    if (tx->has_endpoint) {
        qn_read_endpoint(in, &tx->endpoint);
    }
    qn_read_fixed_at(in, map, 9, tx->announce_tip.bytes, sizeof tx->announce_tip.bytes);
    tx->valid_until_ms = qn_read_uint_at(in, map, 10, UINT64_MAX);
}

static void write_register(struct qn_writer *w, const struct qn_tx *tx)
{
    qn_write_uint_at(w, 4, tx->key.suite);
    qn_write_bytes_at(w, 5, tx->key.spki, tx->key.spki_len);
    write_description(w, tx);
    if (tx->has_activation) {
        qn_write_key(w, 11);
        write_activation(w, &tx->activation);
    }
}

static void read_register(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx,
                          enum qn_err *key_err)
{
    uint64_t suite = qn_read_uint_at(in, map, 4, UINT8_MAX);
    qn_read_public_key_at(in, map, 5, &tx->key, key_err);
    qn_read_require(in, *key_err != QN_OK || tx->key.suite == suite);
    read_description(in, map, tx);
    tx->has_activation = qn_read_key_if(in, map, 11);
    if (tx->has_activation) {
        read_activation(in, &tx->activation, key_err);
    }
}

/* The entry that UPDATE and REVOKE change, keys 4 and 5. */
static void write_target(struct qn_writer *w, const struct qn_tx *tx)
{
    qn_write_bytes_at(w, 4, tx->id.bytes, sizeof tx->id.bytes);
    qn_write_uint_at(w, 5, tx->sequence);
}

static void read_target(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    qn_read_fixed_at(in, map, 4, tx->id.bytes, sizeof tx->id.bytes);
    tx->sequence = qn_read_uint_at(in, map, 5, UINT64_MAX);
}

static size_t pair_count(const struct qn_tx *tx)
{
    if (tx->kind == QN_TX_REVOKE) {
        return 6;
    }
    return 9U + tx->has_endpoint + (tx->kind == QN_TX_REGISTER && tx->has_activation);
}

static void write_payload(struct qn_writer *w, const void *record)
{
    const struct qn_tx *tx = record;
    QN_ASSERT(tx->kind >= QN_TX_REGISTER && tx->kind <= QN_TX_REVOKE);
    qn_write_map(w, pair_count(tx));
    qn_write_uint_at(w, 1, tx->kind);
    qn_write_bytes_at(w, 2, tx->network.bytes, sizeof tx->network.bytes);
    qn_write_uint_at(w, 3, tx->expires_ms);
    switch (tx->kind) {
    case QN_TX_REGISTER:
        write_register(w, tx);
        return;
    case QN_TX_UPDATE:
        write_target(w, tx);
        write_description(w, tx);
        return;
    case QN_TX_REVOKE:
        write_target(w, tx);
        qn_write_uint_at(w, 6, tx->reason);
        return;
    }
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
    uint64_t kind = qn_read_uint_at(&in, &map, 1, QN_TX_REVOKE);
    qn_read_require(&in, kind != 0);
    qn_read_fixed_at(&in, &map, 2, tx->network.bytes, sizeof tx->network.bytes);
    tx->expires_ms = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    if (in.failed) {
        return QN_ERR_MALFORMED;
    }
    tx->kind = (enum qn_tx_kind)kind;
    switch (tx->kind) {
    case QN_TX_REGISTER:
        read_register(&in, &map, tx, &key_err);
        break;
    case QN_TX_UPDATE:
        read_target(&in, &map, tx);
        read_description(&in, &map, tx);
        break;
    case QN_TX_REVOKE:
        read_target(&in, &map, tx);
        tx->reason =
            (enum qn_revoke_reason)qn_read_uint_at(&in, &map, 6, QN_REVOKE_REASON_COUNT - 1);
        break;
    }
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
