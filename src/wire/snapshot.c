#include "wire/snapshot.h"

#include "wire/field.h"

#include <stdlib.h>

static void write_request(struct qn_writer *w, const void *record)
{
    const struct qn_get_snapshot *request = record;
    qn_write_map(w, 5U + request->has_held);
    qn_write_uint_at(w, 1, request->part);
    qn_write_uint_at(w, 2, request->height);
    qn_write_uint_at(w, 3, request->number);
    qn_write_uint_at(w, 4, request->depth);
    qn_write_uint_at(w, 5, request->bytes_max);
    if (request->has_held) {
        qn_write_bytes_at(w, 6, request->held.bytes, QN_HASH_LEN);
    }
}

struct qn_buf *qn_get_snapshot_encode(const struct qn_get_snapshot *request)
{
    QN_ASSERT(request->part != QN_SNAPSHOT_NONE && request->depth <= QN_SNAPSHOT_DEPTH_MAX);
    return qn_encode(write_request, request);
}

enum qn_err qn_get_snapshot_decode(struct qn_get_snapshot *out, struct qn_span bytes)
{
    struct qn_get_snapshot request = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    request.part = (enum qn_snapshot_part)qn_read_uint_at(&in, &map, 1, QN_SNAPSHOT_CHUNK);
    qn_read_require(&in, request.part != QN_SNAPSHOT_NONE);
    request.height = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    request.number = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    request.depth = (uint8_t)qn_read_uint_at(&in, &map, 4, QN_SNAPSHOT_DEPTH_MAX);
    request.bytes_max = (uint32_t)qn_read_uint_at(&in, &map, 5, UINT32_MAX);
    request.has_held = qn_read_key_if(&in, &map, 6);
    if (request.has_held) {
        qn_read_fixed(&in, request.held.bytes, QN_HASH_LEN);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = request;
    }
    return err;
}

static void write_hashes_at(struct qn_writer *w, uint64_t key, const struct qn_hash *hashes,
                            size_t count)
{
    qn_write_key(w, key);
    qn_write_array(w, count);
    for (size_t i = 0; i < count; i++) {
        qn_write_bytes(w, hashes[i].bytes, QN_HASH_LEN);
    }
}

static size_t read_hashes_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                             struct qn_hash *hashes, size_t min, size_t max)
{
    qn_read_key(in, map, key);
    size_t count = qn_read_array(in, min, max);
    for (size_t i = 0; i < count; i++) {
        qn_read_fixed(in, hashes[i].bytes, QN_HASH_LEN);
    }
    return count;
}

static void write_manifest(struct qn_writer *w, const struct qn_snapshot *snapshot)
{
    qn_write_bytes_at(w, 3, snapshot->manifest.block.at, snapshot->manifest.block.len);
    qn_write_key(w, 4);
    qn_write_array(w, snapshot->manifest.header_count);
    for (size_t i = 0; i < snapshot->manifest.header_count; i++) {
        qn_write_bytes(w, snapshot->manifest.headers[i].at, snapshot->manifest.headers[i].len);
    }
    qn_write_bytes_at(w, 5, snapshot->manifest.cert.at, snapshot->manifest.cert.len);
    write_hashes_at(w, 6, snapshot->manifest.peaks, snapshot->manifest.peak_count);
    qn_write_bytes_at(w, 7, snapshot->manifest.counters.at, snapshot->manifest.counters.len);
    qn_write_bytes_at(w, 8, snapshot->manifest.counters_proof.at,
                      snapshot->manifest.counters_proof.len);
}

static void read_manifest(struct qn_reader *in, struct qn_map_reader *map,
                          struct qn_snapshot *snapshot)
{
    snapshot->manifest.block = qn_read_bytes_at(in, map, 3, 1, QN_BLOCK_LEN_MAX);
    qn_read_key(in, map, 4);
    snapshot->manifest.header_count = qn_read_array(in, 0, QN_PATH_HEADERS_MAX);
    for (size_t i = 0; i < snapshot->manifest.header_count; i++) {
        snapshot->manifest.headers[i] = qn_read_bytes(in, 1, QN_HEADER_LEN_MAX);
    }
    snapshot->manifest.cert = qn_read_bytes_at(in, map, 5, 1, QN_CERT_LEN_MAX);
    snapshot->manifest.peak_count = read_hashes_at(in, map, 6, snapshot->manifest.peaks, 0,
                                                   QN_ARRAY_COUNT(snapshot->manifest.peaks));
    snapshot->manifest.counters = qn_read_bytes_at(in, map, 7, 1, QN_LEAF_VALUE_LEN_MAX);
    snapshot->manifest.counters_proof = qn_read_bytes_at(in, map, 8, 1, QN_STATE_PROOF_LEN_MAX);
}

static unsigned suite_of(struct qn_span spki)
{
    struct qn_public_key key;
    QN_ASSERT(qn_public_key_from_spki(&key, spki) == QN_OK);
    return key.suite;
}

static void write_step(struct qn_writer *w, const struct qn_epoch_step *step)
{
    qn_write_map(w, 3);
    qn_write_bytes_at(w, 1, step->header.at, step->header.len);
    qn_write_bytes_at(w, 2, step->cert.at, step->cert.len);
    qn_write_key(w, 3);
    qn_write_array(w, step->key_count);
    for (size_t i = 0; i < step->key_count; i++) {
        qn_write_array(w, 2);
        qn_write_uint(w, suite_of(step->keys[i]));
        qn_write_bytes(w, step->keys[i].at, step->keys[i].len);
    }
}

static void read_step(struct qn_reader *in, struct qn_epoch_step *step)
{
    struct qn_map_reader map = qn_read_map(in);
    step->header = qn_read_bytes_at(in, &map, 1, 1, QN_HEADER_LEN_MAX);
    step->cert = qn_read_bytes_at(in, &map, 2, 1, QN_CERT_LEN_MAX);
    qn_read_key(in, &map, 3);
    step->key_count = qn_read_array(in, QN_GENESIS_MIN, QN_VALIDATORS_MAX);
    for (size_t i = 0; i < step->key_count; i++) {
        struct qn_public_key key = {0};
        (void)qn_read_array(in, 2, 2);
        uint64_t suite = qn_read_uint(in, UINT8_MAX);
        step->keys[i] = qn_read_bytes(in, 1, QN_SPKI_LEN_MAX);
        qn_read_require(in, qn_public_key_from_spki(&key, step->keys[i]) == QN_OK &&
                                key.suite == suite);
    }
    qn_read_map_end(in, &map);
}

static void write_epochs(struct qn_writer *w, const struct qn_snapshot *snapshot)
{
    qn_write_key(w, 3);
    qn_write_array(w, snapshot->epochs.count);
    for (size_t i = 0; i < snapshot->epochs.count; i++) {
        write_step(w, &snapshot->epochs.steps[i]);
    }
}

static void read_epochs(struct qn_reader *in, struct qn_map_reader *map,
                        struct qn_snapshot *snapshot)
{
    qn_read_key(in, map, 3);
    snapshot->epochs.count = qn_read_array(in, 0, QN_EPOCH_STEPS_PER_REPLY_MAX);
    for (size_t i = 0; i < snapshot->epochs.count; i++) {
        read_step(in, &snapshot->epochs.steps[i]);
    }
}

static void write_leaf(struct qn_writer *w, const struct qn_snapshot_leaf *leaf)
{
    qn_write_map(w, leaf->extra.len > 0 ? 3 : 2);
    qn_write_bytes_at(w, 1, leaf->key.bytes, QN_HASH_LEN);
    qn_write_bytes_at(w, 2, leaf->value.at, leaf->value.len);
    if (leaf->extra.len > 0) {
        qn_write_bytes_at(w, 3, leaf->extra.at, leaf->extra.len);
    }
}

static void read_leaf(struct qn_reader *in, struct qn_snapshot_leaf *leaf)
{
    struct qn_map_reader map = qn_read_map(in);
    qn_read_fixed_at(in, &map, 1, leaf->key.bytes, QN_HASH_LEN);
    leaf->value = qn_read_bytes_at(in, &map, 2, 1, QN_LEAF_VALUE_LEN_MAX);
    if (qn_read_key_if(in, &map, 3)) {
        leaf->extra = qn_read_bytes(in, 1, QN_SPKI_LEN_MAX);
    }
    qn_read_map_end(in, &map);
}

static void write_chunk(struct qn_writer *w, const struct qn_snapshot *snapshot)
{
    write_hashes_at(w, 3, snapshot->chunk.siblings, snapshot->chunk.sibling_count);
    if (snapshot->chunk.has_leaves) {
        qn_write_key(w, 4);
        qn_write_array(w, snapshot->chunk.leaf_count);
        for (size_t i = 0; i < snapshot->chunk.leaf_count; i++) {
            write_leaf(w, &snapshot->chunk.leaves[i]);
        }
    }
    if (snapshot->chunk.has_children) {
        write_hashes_at(w, 5, snapshot->chunk.children, 2);
    }
}

static void read_chunk(struct qn_reader *in, struct qn_map_reader *map,
                       struct qn_snapshot *snapshot)
{
    snapshot->chunk.sibling_count =
        read_hashes_at(in, map, 3, snapshot->chunk.siblings, 0, QN_SNAPSHOT_DEPTH_MAX);
    snapshot->chunk.has_leaves = qn_read_key_if(in, map, 4);
    if (snapshot->chunk.has_leaves) {
        snapshot->chunk.leaf_count = qn_read_array(in, 0, QN_SNAPSHOT_LEAVES_MAX);
        for (size_t i = 0; i < snapshot->chunk.leaf_count; i++) {
            read_leaf(in, &snapshot->chunk.leaves[i]);
        }
        return;
    }
    snapshot->chunk.has_children = map->pairs_left > 0;
    if (snapshot->chunk.has_children) {
        (void)read_hashes_at(in, map, 5, snapshot->chunk.children, 2, 2);
    }
}

static void write_snapshot(struct qn_writer *w, const void *record)
{
    const struct qn_snapshot *snapshot = record;
    static const size_t pairs[] = {2, 8, 3, 3};
    bool more = snapshot->part == QN_SNAPSHOT_CHUNK &&
                (snapshot->chunk.has_leaves || snapshot->chunk.has_children);
    qn_write_map(w, pairs[snapshot->part] + more);
    qn_write_uint_at(w, 1, snapshot->part);
    qn_write_uint_at(w, 2, snapshot->height);
    switch (snapshot->part) {
    case QN_SNAPSHOT_NONE:
        break;
    case QN_SNAPSHOT_MANIFEST:
        write_manifest(w, snapshot);
        break;
    case QN_SNAPSHOT_EPOCHS:
        write_epochs(w, snapshot);
        break;
    case QN_SNAPSHOT_CHUNK:
        write_chunk(w, snapshot);
        break;
    }
}

enum qn_err qn_snapshot_encode(struct qn_buf **buf, const struct qn_snapshot *snapshot)
{
    bool both = snapshot->part == QN_SNAPSHOT_CHUNK && snapshot->chunk.has_leaves &&
                snapshot->chunk.has_children;
    QN_ASSERT(!both);
    return qn_encode_bounded(buf, QN_MESSAGE_LEN_MAX, write_snapshot, snapshot);
}

static void read_snapshot(struct qn_reader *in, struct qn_snapshot *snapshot)
{
    struct qn_map_reader map = qn_read_map(in);
    snapshot->part = (enum qn_snapshot_part)qn_read_uint_at(in, &map, 1, QN_SNAPSHOT_CHUNK);
    snapshot->height = qn_read_uint_at(in, &map, 2, UINT64_MAX);
    switch (snapshot->part) {
    case QN_SNAPSHOT_NONE:
        break;
    case QN_SNAPSHOT_MANIFEST:
        read_manifest(in, &map, snapshot);
        break;
    case QN_SNAPSHOT_EPOCHS:
        read_epochs(in, &map, snapshot);
        break;
    case QN_SNAPSHOT_CHUNK:
        read_chunk(in, &map, snapshot);
        break;
    }
    qn_read_map_end(in, &map);
}

enum qn_err qn_snapshot_decode(struct qn_snapshot *out, struct qn_span bytes)
{
    struct qn_snapshot snapshot = {0};
    struct qn_reader in;
    if (bytes.len > QN_MESSAGE_LEN_MAX) {
        return QN_ERR_TOO_BIG;
    }
    qn_reader_init(&in, bytes);
    read_snapshot(&in, &snapshot);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = snapshot;
    }
    return err;
}

static bool is_sorted(const struct qn_epoch_step *step, const struct qn_validator_set *set)
{
    for (size_t i = 0; i < step->key_count; i++) {
        if (!qn_span_equal(qn_public_key_span(&set->members[i].key), step->keys[i])) {
            return false;
        }
    }
    return true;
}

enum qn_err qn_epoch_step_validators(const struct qn_epoch_step *step, struct qn_validator_set *out,
                                     const struct qn_hash *next_validators_hash)
{
    struct qn_public_key *keys = calloc(step->key_count, sizeof keys[0]);
    struct qn_validator_set set;
    QN_ASSERT(keys != NULL);
    for (size_t i = 0; i < step->key_count; i++) {
        QN_ASSERT(qn_public_key_from_spki(&keys[i], step->keys[i]) == QN_OK); /* decoded */
    }
    enum qn_err err = qn_validator_set_init(&set, keys, step->key_count);
    free(keys);
    if (err != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    struct qn_hash hash = qn_validator_set_hash(&set);
    if (!is_sorted(step, &set) || !qn_hash_equal(&hash, next_validators_hash)) {
        qn_validator_set_fini(&set);
        return QN_ERR_MALFORMED;
    }
    *out = set;
    return QN_OK;
}
