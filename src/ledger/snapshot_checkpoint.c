/* The checkpoints that a ledger keeps to serve: trees are persistent, so a past state costs what has
 * changed since. */
#include "ledger/ledger_state.h"
#include "ledger/snapshot.h"

#include <stdlib.h>

static void drop(struct qn_checkpoint *checkpoint)
{
    qn_block_drop(checkpoint->block);
    qn_tree_drop(checkpoint->tree);
    qn_buf_drop(checkpoint->cert);
    *checkpoint = (struct qn_checkpoint){0};
}

void qn_ledger_drop_checkpoints(struct qn_ledger *ledger)
{
    for (size_t i = 0; i < QN_LEDGER_CHECKPOINTS_MAX; i++) {
        drop(&ledger->checkpoints[i]);
    }
}

static void add(struct qn_ledger *ledger, const struct qn_block_state *tip)
{
    struct qn_checkpoint *newest = &ledger->checkpoints[0];

    drop(&ledger->checkpoints[QN_LEDGER_CHECKPOINTS_MAX - 1]);
    for (size_t i = QN_LEDGER_CHECKPOINTS_MAX - 1; i > 0; i--) {
        ledger->checkpoints[i] = ledger->checkpoints[i - 1];
    }
    *newest = (struct qn_checkpoint){
        .block = qn_block_hold(tip->block),
        .tree = qn_tree_hold(tip->state.tree),
        .history = tip->history,
    };
}

void qn_ledger_note_checkpoint(struct qn_ledger *ledger)
{
    const struct qn_block_state *tip = ledger->tip;
    struct qn_checkpoint *newest = &ledger->checkpoints[0];
    uint64_t height = tip->block->header.height;

    if (height > 0 && height % QN_LEDGER_CERT_STRIDE == 0) {
        add(ledger, tip);
    }
    if (newest->block != NULL && newest->anchor == 0 && tip->cert != NULL) {
        newest->anchor = height;
        newest->cert = qn_buf_hold(tip->cert);
        drop(&ledger->checkpoints[QN_LEDGER_CHECKPOINTS_MAX - 1]);
    }
}

static const struct qn_checkpoint *newest(const struct qn_ledger *ledger)
{
    size_t first = ledger->checkpoints[0].anchor == 0;

    return ledger->checkpoints[first].block != NULL ? &ledger->checkpoints[first] : NULL;
}

uint64_t qn_snapshot_newest(const struct qn_ledger *ledger)
{
    const struct qn_checkpoint *checkpoint = newest(ledger);

    return checkpoint == NULL ? 0 : checkpoint->block->header.height;
}

/* height 0: the newest. NULL: not held, or not proved. */
static const struct qn_checkpoint *find(const struct qn_ledger *ledger, uint64_t height)
{
    if (height == 0) {
        return newest(ledger);
    }
    for (size_t i = 0; i < QN_LEDGER_CHECKPOINTS_MAX; i++) {
        const struct qn_checkpoint *checkpoint = &ledger->checkpoints[i];
        if (checkpoint->anchor > 0 && checkpoint->block->header.height == height) {
            return checkpoint;
        }
    }
    return NULL;
}

/* The header of a committed block as a buffer of its own; NULL if it is not held. */
static struct qn_buf *header_at(const struct qn_ledger *ledger, uint64_t height)
{
    struct qn_buf *bytes = NULL;
    struct qn_buf *cert = NULL;
    struct qn_block *block = NULL;
    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span header;

    if (qn_ledger_block(ledger, &bytes, &cert, height) != QN_OK) {
        return NULL;
    }
    qn_buf_drop(cert);
    enum qn_err err = qn_block_decode(&block, qn_buf_span(bytes));
    qn_buf_drop(bytes);
    if (err != QN_OK) {
        return NULL;
    }
    QN_ASSERT(qn_header_encode(&block->header, out, sizeof out, &header) == QN_OK);
    qn_block_drop(block);
    return qn_buf_copy(header);
}

static enum qn_err encode_manifest(const struct qn_ledger *ledger, struct qn_buf **out,
                                   struct qn_snapshot *reply,
                                   const struct qn_checkpoint *checkpoint)
{
    struct qn_buf *headers[QN_PATH_HEADERS_MAX];
    enum qn_err err = QN_OK;
    uint64_t wanted = checkpoint->anchor - reply->height;

    if (wanted > QN_PATH_HEADERS_MAX) {
        return QN_ERR_BUSY;
    }
    for (uint64_t i = 0; i < wanted && err == QN_OK; i++) {
        struct qn_buf *header = header_at(ledger, reply->height + 1 + i);
        err = header == NULL ? QN_ERR_BUSY : QN_OK;
        if (header != NULL) {
            headers[reply->manifest.header_count] = header;
            reply->manifest.headers[reply->manifest.header_count] = qn_buf_span(header);
            reply->manifest.header_count += 1;
        }
    }
    err = err == QN_OK ? qn_snapshot_encode(out, reply) : err;
    for (size_t i = 0; i < reply->manifest.header_count; i++) {
        qn_buf_drop(headers[i]);
    }
    return err == QN_OK ? QN_OK : QN_ERR_BUSY;
}

static enum qn_err make_manifest(const struct qn_ledger *ledger, struct qn_buf **out,
                                 struct qn_snapshot *reply, const struct qn_checkpoint *checkpoint)
{
    struct qn_hash key = qn_state_counters_key();
    uint8_t proof_bytes[QN_PROOF_LEN_MAX];
    struct qn_tree_proof proof;

    reply->manifest.block = qn_buf_span(checkpoint->block->encoded);
    reply->manifest.cert = qn_buf_span(checkpoint->cert);
    reply->manifest.peak_count = qn_history_peak_count(checkpoint->history.count);
    for (size_t i = 0; i < reply->manifest.peak_count; i++) {
        reply->manifest.peaks[i] = checkpoint->history.peaks[i];
    }
    const struct qn_buf *counters = qn_tree_get(checkpoint->tree, &key, NULL);
    QN_ASSERT(counters != NULL); /* since genesis */
    reply->manifest.counters = qn_buf_span(counters);
    qn_tree_prove(checkpoint->tree, &proof, &key);
    QN_ASSERT(qn_tree_proof_encode(&proof, proof_bytes, sizeof proof_bytes,
                                   &reply->manifest.counters_proof) == QN_OK);
    return encode_manifest(ledger, out, reply, checkpoint);
}

static enum qn_err make_chunk(struct qn_buf **out, struct qn_snapshot *reply,
                              const struct qn_checkpoint *checkpoint,
                              const struct qn_get_snapshot *request)
{
    struct qn_prefix prefix = {(uint32_t)request->number, request->depth};

    if (request->number >> request->depth != 0) {
        return QN_ERR_MALFORMED;
    }
    enum qn_err err =
        qn_snapshot_chunk_make(reply, checkpoint->tree, prefix,
                               request->has_held ? &request->held : NULL, request->bytes_max);
    err = err == QN_OK ? qn_snapshot_encode(out, reply) : err;
    return err == QN_OK ? QN_OK : QN_ERR_BUSY;
}

static enum qn_err make(const struct qn_ledger *ledger, struct qn_buf **out,
                        struct qn_snapshot *reply, const struct qn_get_snapshot *request)
{
    const struct qn_checkpoint *checkpoint = find(ledger, request->height);

    reply->part = checkpoint == NULL ? QN_SNAPSHOT_NONE : request->part;
    reply->height =
        checkpoint == NULL ? qn_snapshot_newest(ledger) : checkpoint->block->header.height;
    switch (reply->part) {
    case QN_SNAPSHOT_NONE:
        break;
    case QN_SNAPSHOT_MANIFEST:
        return make_manifest(ledger, out, reply, checkpoint);
    case QN_SNAPSHOT_EPOCHS:
        return QN_ERR_BUSY; /* there is one epoch */
    case QN_SNAPSHOT_CHUNK:
        return make_chunk(out, reply, checkpoint, request);
    }
    return qn_snapshot_encode(out, reply);
}

enum qn_err qn_snapshot_serve(const struct qn_ledger *ledger, struct qn_buf **out,
                              const struct qn_get_snapshot *request)
{
    struct qn_snapshot *reply = calloc(1, sizeof *reply);
    struct qn_buf *bytes = NULL;

    QN_ASSERT(reply != NULL);
    enum qn_err err = make(ledger, &bytes, reply, request);
    free(reply);
    if (err == QN_OK && bytes->len > request->bytes_max) {
        qn_buf_drop(bytes);
        return QN_ERR_BUSY;
    }
    if (err == QN_OK) {
        *out = bytes;
    }
    return err;
}
