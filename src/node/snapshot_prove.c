/* Snapshot sync: is this checkpoint final? Epoch by epoch from the committee that this node knows up to
 * the checkpoint's, each step by the signatures of the one before; then the checkpoint's own certificate. */
#include "node/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

void qn_snapshot_drop_proof(struct qn_snapshot_sync *sync)
{
    qn_buf_drop(sync->manifest_bytes);
    qn_buf_drop(sync->steps);
    qn_block_drop(sync->manifest.block);
    qn_validator_set_fini(&sync->validators);
    qn_validator_set_fini(&sync->next);
    sync->manifest_bytes = NULL;
    sync->steps = NULL;
    sync->manifest = (struct qn_manifest){0};
    sync->validators = (struct qn_validator_set){0};
    sync->next = (struct qn_validator_set){0};
    sync->pending = 0;
    sync->proof += 1;
}

/* The prover lied: another one is asked. */
static void refuse(struct qn_node *node, enum qn_err err)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    qn_link_id prover = sync->prover;
    qn_snapshot_drop_proof(sync);
    sync->phase = QN_SNAPSHOT_ASKING; /* the same round: whoever was asked is not asked again */
    qn_snapshot_accuse(node, prover, &sync->prover_id, err);
}

/* It went, or does not answer. */
void qn_snapshot_ask_again(struct qn_node *node)
{
    qn_snapshot_drop_proof(node->snapshot);
    node->snapshot->phase = QN_SNAPSHOT_ASKING;
}

static void verify(struct qn_node *node, const struct qn_cert *cert)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_hash digest = qn_cert_digest(cert, &node->genesis->network);
    sync->proof += 1;
    sync->pending = cert->signature_count;
    for (size_t i = 0; i < cert->signature_count; i++) {
        struct qn_verify_job *job = qn_node_job(node, QN_OWNER_SNAPSHOT, sync->proof);
        job->key = sync->validators.members[qn_cert_signer(cert, i)].key;
        job->kind = qn_vote_sign_kind(cert->kind);
        job->digest = digest;
        job->signature.len = (uint16_t)cert->signatures[i].len;
        memcpy(job->signature.bytes, cert->signatures[i].at, cert->signatures[i].len);
        qn_node_verify(node, job);
    }
}

static void prove_manifest(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_cert cert;
    enum qn_err err = qn_snapshot_decode(sync->reply, qn_buf_span(sync->manifest_bytes));
    QN_ASSERT(err == QN_OK); /* it did before */
    err =
        qn_manifest_check(&sync->manifest, sync->reply, &node->genesis->network, &sync->validators);
    if (err != QN_OK) {
        refuse(node, err);
        return;
    }
    QN_ASSERT(qn_cert_decode(&cert, sync->reply->manifest.cert) == QN_OK);
    verify(node, &cert);
}

static uint64_t checkpoint_epoch(const struct qn_snapshot_sync *sync, enum qn_err *err)
{
    struct qn_block *block = NULL;
    *err = qn_snapshot_decode(sync->reply, qn_buf_span(sync->manifest_bytes));
    *err = *err == QN_OK ? qn_block_decode(&block, sync->reply->manifest.block) : *err;
    uint64_t epoch = *err == QN_OK ? block->header.epoch : 0;
    qn_block_drop(block);
    return epoch;
}

static void ask_for_steps(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_link *link = qn_node_link(node, sync->prover);
    if (link == NULL) {
        qn_snapshot_ask_again(node);
        return;
    }
    QN_ASSERT(qn_snapshot_decode(sync->reply, qn_buf_span(sync->manifest_bytes)) == QN_OK);
    qn_snapshot_ask(node, link, &sync->requests[0],
                    &(struct qn_get_snapshot){.part = QN_SNAPSHOT_EPOCHS,
                                              .height = sync->reply->height,
                                              .number = sync->epoch,
                                              .bytes_max = QN_MESSAGE_LEN_MAX});
}

/* One step further on the way from the known committee to the checkpoint's. */
static void go_on(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    enum qn_err err = QN_OK;
    uint64_t epoch = checkpoint_epoch(sync, &err);
    if (err != QN_OK || epoch < sync->epoch) {
        refuse(node, err == QN_OK ? QN_ERR_WRONG_PARENT : err);
    } else if (epoch == sync->epoch) {
        prove_manifest(node);
    } else {
        ask_for_steps(node);
    }
}

void qn_snapshot_take_manifest(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    const struct qn_snapshot *reply = sync->reply;
    if (reply->part == QN_SNAPSHOT_NONE) {
        return; /* the next one is asked */
    }
    if (reply->part != QN_SNAPSHOT_MANIFEST ||
        (sync->preferred != 0 && reply->height != sync->preferred)) {
        qn_snapshot_accuse(node, link->id, &link->peer, QN_ERR_MALFORMED);
        return;
    }
    if (reply->height < qn_ledger_height(node->ledger) + qn_snapshot_threshold(node) / 2) {
        return; /* block sync is as quick */
    }
    sync->phase = QN_SNAPSHOT_PROVING;
    sync->prover = link->id;
    sync->prover_id = link->peer;
    sync->manifest_bytes = qn_buf_copy(bytes);
    sync->epoch = node->epoch;
    qn_validator_set_copy(&sync->validators, &node->committee);
    go_on(node);
}

/* ---- epochs ---- */

static enum qn_err check_step(const struct qn_snapshot_sync *sync,
                              const struct qn_network_id *network, const struct qn_epoch_step *step,
                              struct qn_validator_set *next)
{
    struct qn_header header;
    struct qn_cert cert;
    struct qn_hash committee = qn_validator_set_hash(&sync->validators);
    if (qn_header_decode(&header, step->header) != QN_OK ||
        qn_cert_decode(&cert, step->cert) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    struct qn_hash id = qn_header_id(&header);
    if (!qn_network_id_equal(&header.network, network)) {
        return QN_ERR_WRONG_NETWORK;
    }
    if (header.epoch != sync->epoch || !qn_hash_equal(&header.validators_hash, &committee) ||
        qn_hash_equal(&header.validators_hash, &header.next_validators_hash)) {
        return QN_ERR_WRONG_PARENT;
    }
    if (cert.kind != QN_VOTE_FINALIZE || cert.epoch != header.epoch ||
        !qn_hash_equal(&cert.block_id, &id)) {
        return QN_ERR_NO_QUORUM;
    }
    enum qn_err err = qn_cert_check_members(&cert, &sync->validators);
    return err == QN_OK ? qn_epoch_step_validators(step, next, &header.next_validators_hash) : err;
}

static void prove_step(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_cert cert;
    QN_ASSERT(qn_snapshot_decode(sync->reply, qn_buf_span(sync->steps)) == QN_OK);
    if (sync->step == sync->reply->epochs.count) {
        qn_buf_drop(sync->steps);
        sync->steps = NULL;
        go_on(node);
        return;
    }
    const struct qn_epoch_step *step = &sync->reply->epochs.steps[sync->step];
    enum qn_err err = check_step(sync, &node->genesis->network, step, &sync->next);
    if (err != QN_OK) {
        refuse(node, err);
        return;
    }
    QN_ASSERT(qn_cert_decode(&cert, step->cert) == QN_OK);
    verify(node, &cert);
}

void qn_snapshot_take_steps(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    if (sync->reply->part == QN_SNAPSHOT_NONE) {
        qn_snapshot_ask_again(node); /* its checkpoint went meanwhile */
    } else if (sync->reply->part != QN_SNAPSHOT_EPOCHS || sync->reply->epochs.count == 0) {
        refuse(node, QN_ERR_MALFORMED);
    } else {
        QN_ASSERT(link->id == sync->prover && sync->steps == NULL);
        sync->steps = qn_buf_copy(bytes);
        sync->step = 0;
        prove_step(node);
    }
}

/* Kept, so that this node can show the way to others. */
static void persist_step(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_buf *bytes = NULL;
    struct qn_batch *batch = qn_batch_new();
    QN_ASSERT(qn_snapshot_decode(sync->reply, qn_buf_span(sync->steps)) == QN_OK);
    sync->reply->epochs.steps[0] = sync->reply->epochs.steps[sync->step];
    sync->reply->epochs.count = 1;
    QN_ASSERT(qn_snapshot_encode(&bytes, sync->reply) == QN_OK);
    qn_staging_put_step(batch, sync->epoch, bytes);
    qn_buf_drop(bytes);
    qn_node_persist(node, QN_OWNER_SNAPSHOT, 0, batch);
}

static void proved(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    if (sync->steps == NULL) {
        qn_snapshot_begin_chunks(node);
        qn_node_poll_snapshot(node);
        return;
    }
    persist_step(node);
    qn_validator_set_fini(&sync->validators);
    sync->validators = sync->next;
    sync->next = (struct qn_validator_set){0};
    sync->epoch += 1;
    sync->step += 1;
    prove_step(node);
}

void qn_node_on_snapshot_verified(struct qn_node *node, const struct qn_verify_job *job)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    if (job->cookie != sync->proof || sync->phase != QN_SNAPSHOT_PROVING || sync->pending == 0) {
        return;
    }
    if (!job->ok) {
        refuse(node, QN_ERR_BAD_SIGNATURE);
        qn_node_poll_snapshot(node);
        return;
    }
    sync->pending -= 1;
    if (sync->pending == 0) {
        proved(node);
    }
}
