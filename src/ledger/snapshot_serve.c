/* Answers to GET_SNAPSHOT, from the checkpoints that the ledger keeps. */
#include "ledger/ledger_state.h"
#include "ledger/snapshot_store.h"

#include <stdlib.h>

bool qn_ledger_header_at(const struct qn_ledger *ledger, struct qn_buf **header_bytes,
                         struct qn_buf **cert, uint64_t height)
{
    struct qn_buf *bytes = NULL;
    struct qn_block *block = NULL;
    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span header;

    *cert = NULL;
    if (qn_ledger_block(ledger, &bytes, cert, height) != QN_OK) {
        return false;
    }
    enum qn_err err = qn_block_decode(&block, qn_buf_span(bytes));
    qn_buf_drop(bytes);
    if (err != QN_OK) {
        qn_buf_drop(*cert);
        *cert = NULL;
        return false;
    }
    QN_ASSERT(qn_header_encode(&block->header, out, sizeof out, &header) == QN_OK);
    qn_block_drop(block);
    *header_bytes = qn_buf_copy(header);
    return true;
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
    reply->manifest.header_count = 0;
    for (uint64_t i = 0; i < wanted && err == QN_OK; i++) {
        struct qn_buf *header = NULL;
        struct qn_buf *cert = NULL;
        err = qn_ledger_header_at(ledger, &header, &cert, reply->height + 1 + i) ? QN_OK
                                                                                 : QN_ERR_BUSY;
        qn_buf_drop(cert);
        if (err == QN_OK) {
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

/* The end of an epoch as bytes of a SNAPSHOT with one step: from the block itself, or, below a snapshot that
 * this ledger came from, as it was proved then. */
static enum qn_err step_bytes(const struct qn_ledger *ledger, struct qn_buf **bytes,
                              struct qn_snapshot *scratch, uint64_t epoch)
{
    struct qn_validator_set next;
    struct qn_buf *header = NULL;
    struct qn_buf *cert = NULL;
    uint64_t first_height = 0;

    if (qn_staging_step(ledger->storage, bytes, epoch) == QN_OK) {
        return QN_OK;
    }
    if (qn_ledger_validators_at(ledger, epoch + 1, &next, &first_height) != QN_OK) {
        return QN_ERR_BUSY;
    }
    enum qn_err err = QN_ERR_BUSY;
    if (qn_ledger_header_at(ledger, &header, &cert, first_height - 1) && cert != NULL) {
        struct qn_epoch_step *step = &scratch->epochs.steps[0];
        scratch->part = QN_SNAPSHOT_EPOCHS;
        scratch->height = 0;
        scratch->epochs.count = 1;
        *step = (struct qn_epoch_step){
            .header = qn_buf_span(header), .cert = qn_buf_span(cert), .key_count = next.count};
        for (size_t i = 0; i < next.count; i++) {
            step->keys[i] = qn_public_key_span(&next.members[i].key);
        }
        err = qn_snapshot_encode(bytes, scratch);
    }
    qn_validator_set_fini(&next);
    qn_buf_drop(header);
    qn_buf_drop(cert);
    return err;
}

static enum qn_err make_epochs(const struct qn_ledger *ledger, struct qn_buf **out,
                               struct qn_snapshot *reply, const struct qn_checkpoint *checkpoint,
                               const struct qn_get_snapshot *request)
{
    struct qn_buf *bufs[QN_EPOCH_STEPS_PER_REPLY_MAX];
    struct qn_snapshot *scratch = calloc(1, sizeof *scratch);
    size_t bytes = 64;
    uint64_t end = checkpoint->block->header.epoch;

    QN_ASSERT(scratch != NULL);
    while (reply->epochs.count < QN_EPOCH_STEPS_PER_REPLY_MAX &&
           request->number + reply->epochs.count < end) {
        struct qn_buf **buf = &bufs[reply->epochs.count];
        if (step_bytes(ledger, buf, scratch, request->number + reply->epochs.count) != QN_OK) {
            break;
        }
        if (bytes + (*buf)->len > request->bytes_max) {
            qn_buf_drop(*buf);
            break; /* what fits is given, if there is any */
        }
        QN_ASSERT(qn_snapshot_decode(scratch, qn_buf_span(*buf)) == QN_OK); /* ours */
        bytes += (*buf)->len;
        reply->epochs.steps[reply->epochs.count] = scratch->epochs.steps[0];
        reply->epochs.count += 1;
    }
    enum qn_err err = reply->epochs.count == 0 ? QN_ERR_BUSY : qn_snapshot_encode(out, reply);
    for (size_t i = 0; i < reply->epochs.count; i++) {
        qn_buf_drop(bufs[i]);
    }
    free(scratch);
    return err == QN_OK ? QN_OK : QN_ERR_BUSY;
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
    const struct qn_checkpoint *checkpoint = qn_ledger_find_checkpoint(ledger, request->height);

    reply->part = checkpoint == NULL ? QN_SNAPSHOT_NONE : request->part;
    reply->height =
        checkpoint == NULL ? qn_snapshot_newest(ledger) : checkpoint->block->header.height;
    switch (reply->part) {
    case QN_SNAPSHOT_NONE:
        break;
    case QN_SNAPSHOT_MANIFEST:
        return make_manifest(ledger, out, reply, checkpoint);
    case QN_SNAPSHOT_EPOCHS:
        return make_epochs(ledger, out, reply, checkpoint, request);
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
