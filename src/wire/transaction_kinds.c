#include "wire/transaction_kinds.h"

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
    if (tx->has_work) {
        qn_write_key(w, 12);
        qn_write_map(w, 1);
        qn_write_bytes_at(w, 1, tx->work_nonce, sizeof tx->work_nonce);
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
    tx->has_work = qn_read_key_if(in, map, 12);
    if (tx->has_work) {
        struct qn_map_reader work = qn_read_map(in);
        qn_read_fixed_at(in, &work, 1, tx->work_nonce, sizeof tx->work_nonce);
        qn_read_map_end(in, &work);
    }
}

/* The entry that UPDATE, REVOKE and ROTATE change, keys 4 and 5. */
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

static void write_revoke(struct qn_writer *w, const struct qn_tx *tx)
{
    write_target(w, tx);
    qn_write_uint_at(w, 6, tx->reason);
    if (tx->has_signer) {
        qn_write_bytes_at(w, 7, tx->signer.bytes, sizeof tx->signer.bytes);
    }
}

static void read_revoke(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    read_target(in, map, tx);
    tx->reason = (enum qn_revoke_reason)qn_read_uint_at(in, map, 6, QN_REVOKE_REASON_COUNT - 1);
    tx->has_signer = qn_read_key_if(in, map, 7);
    if (tx->has_signer) {
        qn_read_fixed(in, tx->signer.bytes, sizeof tx->signer.bytes);
    }
}

static void write_rotate(struct qn_writer *w, const struct qn_tx *tx)
{
    write_target(w, tx);
    qn_write_uint_at(w, 6, tx->key.suite);
    qn_write_bytes_at(w, 7, tx->key.spki, tx->key.spki_len);
    qn_write_bytes_at(w, 8, tx->key_signature.bytes, tx->key_signature.len);
}

static void read_rotate(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx,
                        enum qn_err *key_err)
{
    read_target(in, map, tx);
    uint64_t suite = qn_read_uint_at(in, map, 6, UINT8_MAX);
    qn_read_public_key_at(in, map, 7, &tx->key, key_err);
    qn_read_require(in, *key_err != QN_OK || tx->key.suite == suite);
    qn_read_signature_at(in, map, 8, &tx->key_signature);
}

/* Key 4 of those kinds that always name their signer. */
static void write_signer(struct qn_writer *w, const struct qn_tx *tx)
{
    qn_write_bytes_at(w, 4, tx->signer.bytes, sizeof tx->signer.bytes);
}

static void read_signer(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    tx->has_signer = true;
    qn_read_fixed_at(in, map, 4, tx->signer.bytes, sizeof tx->signer.bytes);
}

static void write_issue(struct qn_writer *w, const struct qn_tx *tx)
{
    write_signer(w, tx);
    qn_write_key(w, 5);
    qn_write_activation_batch(w, &tx->batch);
}

static void read_issue(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    read_signer(in, map, tx);
    qn_read_key(in, map, 5);
    qn_read_activation_batch(in, &tx->batch);
}

static void write_ids(struct qn_writer *w, uint64_t key, const struct qn_node_id *ids, size_t count)
{
    QN_ASSERT(count <= QN_COMMITTEE_CHANGE_MAX);
    qn_write_key(w, key);
    qn_write_array(w, count);
    for (size_t i = 0; i < count; i++) {
        qn_write_bytes(w, ids[i].bytes, sizeof ids[i].bytes);
    }
}

/* Strictly ascending: one encoding for one set, and nobody in it twice. */
static uint8_t read_ids(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                        struct qn_node_id *ids)
{
    qn_read_key(in, map, key);
    size_t count = qn_read_array(in, 0, QN_COMMITTEE_CHANGE_MAX);
    for (size_t i = 0; i < count; i++) {
        qn_read_fixed(in, ids[i].bytes, sizeof ids[i].bytes);
        qn_read_require(in, i == 0 || qn_node_id_compare(&ids[i - 1], &ids[i]) < 0);
    }
    return (uint8_t)count;
}

static void write_validators(struct qn_writer *w, const struct qn_tx *tx)
{
    write_signer(w, tx);
    qn_write_uint_at(w, 5, tx->epoch);
    write_ids(w, 6, tx->add, tx->add_count);
    write_ids(w, 7, tx->remove, tx->remove_count);
}

static void read_validators(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    read_signer(in, map, tx);
    tx->epoch = qn_read_uint_at(in, map, 5, UINT64_MAX);
    tx->add_count = read_ids(in, map, 6, tx->add);
    tx->remove_count = read_ids(in, map, 7, tx->remove);
}

static enum qn_vote_kind form_of(enum qn_vote_kind kind)
{
    return kind == QN_VOTE_FINALIZE ? QN_VOTE_NOTARIZE : kind;
}

struct qn_buf *qn_tx_vote_encode(const struct qn_vote *vote)
{
    struct qn_vote form = *vote;

    form.kind = form_of(vote->kind);
    return qn_vote_encode(&form);
}

enum qn_err qn_tx_vote_decode(struct qn_vote *vote, const struct qn_tx_vote *encoded)
{
    enum qn_err err = qn_vote_decode(vote, form_of(encoded->kind), encoded->bytes);

    if (err == QN_OK) {
        vote->kind = encoded->kind;
    }
    return err;
}

static void write_vote(struct qn_writer *w, uint64_t key, const struct qn_tx_vote *vote)
{
    qn_write_key(w, key);
    qn_write_array(w, 2);
    qn_write_uint(w, (uint64_t)vote->kind);
    qn_write_bytes(w, vote->bytes.at, vote->bytes.len);
}

static void read_vote(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                      struct qn_tx_vote *vote)
{
    struct qn_vote decoded;

    qn_read_key(in, map, key);
    (void)qn_read_array(in, 2, 2);
    uint64_t kind = qn_read_uint(in, QN_VOTE_NULLIFY);
    qn_read_require(in, kind >= QN_VOTE_NOTARIZE);
    vote->kind = (enum qn_vote_kind)kind;
    vote->bytes = qn_read_bytes(in, 1, QN_TX_LEN_MAX);
    qn_read_require(in, !in->failed && qn_tx_vote_decode(&decoded, vote) == QN_OK);
}

static void write_evidence(struct qn_writer *w, const struct qn_tx *tx)
{
    write_signer(w, tx);
    write_vote(w, 5, &tx->votes[0]);
    write_vote(w, 6, &tx->votes[1]);
    qn_write_bytes_at(w, 7, tx->id.bytes, sizeof tx->id.bytes);
}

static void read_evidence(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx)
{
    read_signer(in, map, tx);
    read_vote(in, map, 5, &tx->votes[0]);
    read_vote(in, map, 6, &tx->votes[1]);
    qn_read_fixed_at(in, map, 7, tx->id.bytes, sizeof tx->id.bytes);
}

size_t qn_tx_pair_count(const struct qn_tx *tx)
{
    switch (tx->kind) {
    case QN_TX_REGISTER:
        return 9U + tx->has_endpoint + tx->has_activation + tx->has_work;
    case QN_TX_UPDATE:
        return 9U + tx->has_endpoint;
    case QN_TX_REVOKE:
        return 6U + tx->has_signer;
    case QN_TX_ROTATE:
        return 8;
    case QN_TX_ISSUE:
        return 5;
    case QN_TX_VALIDATORS:
    case QN_TX_EVIDENCE:
        return 7;
    }
    qn_assert_fail("a known kind of transaction", __FILE__, __LINE__);
}

void qn_tx_write_kind(struct qn_writer *w, const struct qn_tx *tx)
{
    switch (tx->kind) {
    case QN_TX_REGISTER:
        write_register(w, tx);
        return;
    case QN_TX_UPDATE:
        write_target(w, tx);
        write_description(w, tx);
        return;
    case QN_TX_REVOKE:
        write_revoke(w, tx);
        return;
    case QN_TX_ROTATE:
        write_rotate(w, tx);
        return;
    case QN_TX_ISSUE:
        write_issue(w, tx);
        return;
    case QN_TX_VALIDATORS:
        write_validators(w, tx);
        return;
    case QN_TX_EVIDENCE:
        write_evidence(w, tx);
        return;
    }
}

void qn_tx_read_kind(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx,
                     enum qn_err *key_err)
{
    switch (tx->kind) {
    case QN_TX_REGISTER:
        read_register(in, map, tx, key_err);
        return;
    case QN_TX_UPDATE:
        read_target(in, map, tx);
        read_description(in, map, tx);
        return;
    case QN_TX_REVOKE:
        read_revoke(in, map, tx);
        return;
    case QN_TX_ROTATE:
        read_rotate(in, map, tx, key_err);
        return;
    case QN_TX_ISSUE:
        read_issue(in, map, tx);
        return;
    case QN_TX_VALIDATORS:
        read_validators(in, map, tx);
        return;
    case QN_TX_EVIDENCE:
        read_evidence(in, map, tx);
        return;
    }
}
