/* Samples of state snapshots. What is carried is small, so that the largest number of it fits. */
#include "wire/snapshot.h"
#include "wire/testing/family_samples.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLE_BUFS_MAX = QN_PATH_HEADERS_MAX + 8 };

/* What the spans of a sample point into. */
struct parts {
    size_t count;
    struct qn_buf *bufs[SAMPLE_BUFS_MAX];
};

static struct qn_span keep(struct parts *parts, struct qn_buf *buf)
{
    QN_ASSERT(parts->count < SAMPLE_BUFS_MAX);
    parts->bufs[parts->count] = buf;
    parts->count += 1;
    return qn_buf_span(buf);
}

static struct qn_span keep_bytes(struct parts *parts, struct qn_sampler *s, size_t min, size_t max)
{
    struct qn_buf *buf = qn_buf_new((size_t)qn_sample_uint(s, min, max));
    qn_sample_bytes(s, buf->bytes, buf->len);
    return keep(parts, buf);
}

static struct qn_buf *finish(struct qn_snapshot *snapshot, struct parts *parts)
{
    struct qn_buf *buf = NULL;
    QN_ASSERT(qn_snapshot_encode(&buf, snapshot) == QN_OK);
    for (size_t i = 0; i < parts->count; i++) {
        qn_buf_drop(parts->bufs[i]);
    }
    free(parts);
    free(snapshot);
    return buf;
}

static struct qn_snapshot *start(struct qn_sampler *s, enum qn_snapshot_part part,
                                 struct parts **parts)
{
    struct qn_snapshot *snapshot = calloc(1, sizeof *snapshot);
    *parts = calloc(1, sizeof **parts);
    QN_ASSERT(snapshot != NULL && *parts != NULL);
    snapshot->part = part;
    snapshot->height = qn_sample_uint(s, 0, UINT64_MAX);
    return snapshot;
}

struct qn_buf *qn_sample_get_snapshot(struct qn_sampler *s)
{
    struct qn_get_snapshot request = {
        .part = (enum qn_snapshot_part)qn_sample_uint(s, QN_SNAPSHOT_MANIFEST, QN_SNAPSHOT_CHUNK),
        .height = qn_sample_uint(s, 0, UINT64_MAX),
        .number = qn_sample_uint(s, 0, UINT64_MAX),
        .depth = (uint8_t)qn_sample_uint(s, 0, QN_SNAPSHOT_DEPTH_MAX),
        .bytes_max = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .has_held = qn_sample_bool(s),
    };
    qn_sample_bytes(s, request.held.bytes, QN_HASH_LEN);
    return qn_get_snapshot_encode(&request);
}

/* {1: []}, the proof of a tree with one leaf at most. */
static struct qn_buf *empty_proof(void)
{
    static const uint8_t bytes[] = {0xA1, 0x01, 0x80};
    return qn_buf_copy((struct qn_span){bytes, sizeof bytes});
}

struct qn_buf *qn_sample_snapshot_manifest(struct qn_sampler *s)
{
    struct qn_sampler small = {s->rng, QN_SAMPLE_MIN};
    struct parts *parts = NULL;
    struct qn_snapshot *snapshot = start(s, QN_SNAPSHOT_MANIFEST, &parts);
    snapshot->manifest.block = keep(parts, qn_sample_block(&small));
    snapshot->manifest.header_count = (size_t)qn_sample_uint(s, 0, QN_PATH_HEADERS_MAX);
    for (size_t i = 0; i < snapshot->manifest.header_count; i++) {
        snapshot->manifest.headers[i] = keep(parts, qn_sample_header(s));
    }
    snapshot->manifest.cert = keep(parts, qn_sample_cert(&small));
    snapshot->manifest.peak_count = (size_t)qn_sample_uint(s, 0, QN_SNAPSHOT_PEAKS_MAX);
    qn_sample_bytes(s, (uint8_t *)snapshot->manifest.peaks, sizeof snapshot->manifest.peaks);
    snapshot->manifest.counters = keep_bytes(parts, s, 1, QN_LEAF_VALUE_LEN_MAX);
    snapshot->manifest.counters_proof = keep(parts, empty_proof());
    return finish(snapshot, parts);
}

static void sample_step(struct qn_sampler *s, struct qn_sampler *small, struct parts *parts,
                        struct qn_epoch_step *step, size_t key_count)
{
    step->header = keep(parts, qn_sample_header(s));
    step->cert = keep(parts, qn_sample_cert(small));
    step->key_count = key_count;
    for (size_t i = 0; i < key_count; i++) {
        struct qn_public_key key = qn_sample_public_key(small);
        step->keys[i] = keep(parts, qn_buf_copy(qn_public_key_span(&key)));
    }
}

/* Committees that differ in size; all of the largest do not fit. */
struct qn_buf *qn_sample_snapshot_epochs(struct qn_sampler *s)
{
    struct qn_sampler small = {s->rng, QN_SAMPLE_MIN};
    struct parts *parts = NULL;
    struct qn_snapshot *snapshot = start(s, QN_SNAPSHOT_EPOCHS, &parts);
    snapshot->epochs.count = (size_t)qn_sample_uint(s, 0, QN_EPOCH_STEPS_PER_REPLY_MAX);
    for (size_t i = 0; i < snapshot->epochs.count; i++) {
        uint64_t most = i == 0 ? QN_VALIDATORS_MAX : QN_GENESIS_MIN + 4;
        sample_step(s, &small, parts, &snapshot->epochs.steps[i],
                    (size_t)qn_sample_uint(s, QN_GENESIS_MIN, most));
    }
    return finish(snapshot, parts);
}

static void sample_leaves(struct qn_sampler *s, struct parts *parts, struct qn_snapshot *snapshot)
{
    snapshot->chunk.has_leaves = true;
    snapshot->chunk.leaf_count = (size_t)qn_sample_uint(s, 0, QN_SNAPSHOT_LEAVES_MAX);
    for (size_t i = 0; i < snapshot->chunk.leaf_count; i++) {
        struct qn_snapshot_leaf *leaf = &snapshot->chunk.leaves[i];
        size_t value_len_max = i == 0 ? QN_LEAF_VALUE_LEN_MAX : 64;
        qn_sample_bytes(s, leaf->key.bytes, QN_HASH_LEN);
        leaf->value = keep_bytes(parts, s, 1, value_len_max);
        if (i < 100 && qn_sample_bool(s)) {
            leaf->extra = keep_bytes(parts, s, 1, QN_SPKI_LEN_MAX);
        }
    }
}

struct qn_buf *qn_sample_snapshot_chunk(struct qn_sampler *s)
{
    struct parts *parts = NULL;
    struct qn_snapshot *snapshot = start(s, QN_SNAPSHOT_CHUNK, &parts);
    snapshot->chunk.sibling_count = (size_t)qn_sample_uint(s, 0, QN_SNAPSHOT_DEPTH_MAX);
    qn_sample_bytes(s, (uint8_t *)snapshot->chunk.siblings, sizeof snapshot->chunk.siblings);
    switch (s->size == QN_SAMPLE_RANDOM ? qn_sample_uint(s, 0, 2) : s->size) {
    case 0: /* as held */
        break;
    case 1:
        sample_leaves(s, parts, snapshot);
        break;
    default:
        snapshot->chunk.has_children = true;
        qn_sample_bytes(s, (uint8_t *)snapshot->chunk.children, sizeof snapshot->chunk.children);
        break;
    }
    return finish(snapshot, parts);
}

struct qn_buf *qn_sample_snapshot(struct qn_sampler *s)
{
    struct parts *parts = NULL;
    switch (qn_sample_uint(s, QN_SNAPSHOT_NONE, QN_SNAPSHOT_CHUNK)) {
    case QN_SNAPSHOT_MANIFEST:
        return qn_sample_snapshot_manifest(s);
    case QN_SNAPSHOT_EPOCHS:
        return qn_sample_snapshot_epochs(s);
    case QN_SNAPSHOT_CHUNK:
        return qn_sample_snapshot_chunk(s);
    default:
        break;
    }
    struct qn_snapshot *none = start(s, QN_SNAPSHOT_NONE, &parts);
    return finish(none, parts);
}
