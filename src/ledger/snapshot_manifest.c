/* What a checkpoint states, and the proof that it is final. */
#include "ledger/block_state.h"
#include "ledger/snapshot.h"

#include <string.h>

/* The header must be the child of the one before it, in the same epoch; *id becomes its own. */
static enum qn_err check_next(const struct qn_header *before, struct qn_header *header,
                              struct qn_hash *id, struct qn_span bytes)
{
    if (qn_header_decode(header, bytes) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    if (header->height != before->height + 1 || header->epoch != before->epoch ||
        !qn_network_id_equal(&header->network, &before->network) ||
        !qn_hash_equal(&header->parent, id)) {
        return QN_ERR_WRONG_PARENT;
    }
    *id = qn_header_id(header);
    return QN_OK;
}

static enum qn_err check_cert(uint64_t *view, struct qn_span bytes, const struct qn_header *header,
                              const struct qn_hash *id, const struct qn_validator_set *validators)
{
    struct qn_cert cert;

    if (qn_cert_decode(&cert, bytes) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    if (cert.kind != QN_VOTE_FINALIZE || cert.epoch != header->epoch ||
        !qn_hash_equal(&cert.block_id, id)) {
        return QN_ERR_NO_QUORUM;
    }
    *view = cert.view;
    return qn_cert_check_members(&cert, validators);
}

static enum qn_err check_path(struct qn_manifest *manifest, const struct qn_snapshot *reply,
                              const struct qn_validator_set *validators)
{
    struct qn_header header = manifest->block->header;
    struct qn_hash id = manifest->block->id;
    struct qn_hash committee = qn_validator_set_hash(validators);
    enum qn_err err = QN_OK;

    if (!qn_hash_equal(&committee, &header.validators_hash)) {
        return QN_ERR_WRONG_ROOT;
    }
    for (size_t i = 0; err == QN_OK && i < reply->manifest.header_count; i++) {
        struct qn_header next;
        err = check_next(&header, &next, &id, reply->manifest.headers[i]);
        if (err == QN_OK) {
            header = next;
        }
    }
    return err == QN_OK
               ? check_cert(&manifest->view, reply->manifest.cert, &header, &id, validators)
               : err;
}

static enum qn_err check_history(struct qn_manifest *manifest, const struct qn_snapshot *reply)
{
    manifest->history.count = manifest->block->header.height;
    size_t peak_count = qn_history_peak_count(manifest->history.count);

    if (reply->manifest.peak_count != peak_count) {
        return QN_ERR_WRONG_ROOT;
    }
    memcpy(manifest->history.peaks, reply->manifest.peaks,
           peak_count * sizeof manifest->history.peaks[0]);
    struct qn_hash root = qn_history_root(&manifest->history);
    return qn_hash_equal(&root, &manifest->block->header.history_root) ? QN_OK : QN_ERR_WRONG_ROOT;
}

static enum qn_err load_counters(struct qn_counters *counters, const struct qn_hash *key,
                                 struct qn_span value)
{
    struct qn_buf *copy = qn_buf_copy(value);
    struct qn_state state = {.tree = qn_tree_put(NULL, key, copy, NULL)};
    enum qn_err err = qn_state_load_counters(&state);

    *counters = state.counters;
    qn_state_fini(&state);
    qn_buf_drop(copy);
    return err;
}

/* How many entries there are says how deep the chunks lie: nobody's word is needed for it. */
static enum qn_err check_counters(struct qn_manifest *manifest, const struct qn_snapshot *reply)
{
    struct qn_hash key = qn_state_counters_key();
    struct qn_hash value_hash = qn_sha3(reply->manifest.counters);
    struct qn_tree_proof proof;
    struct qn_counters counters;

    if (qn_tree_proof_decode(&proof, reply->manifest.counters_proof) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    if (!qn_tree_proof_holds(&proof, &manifest->block->header.state_root, &key, &value_hash)) {
        return QN_ERR_WRONG_ROOT;
    }
    enum qn_err err = load_counters(&counters, &key, reply->manifest.counters);
    while (err == QN_OK && counters.next_index >> manifest->depth > QN_CHUNK_ENTRIES_MAX) {
        manifest->depth += 1;
    }
    return err;
}

enum qn_err qn_manifest_check(struct qn_manifest *out, const struct qn_snapshot *reply,
                              const struct qn_network_id *network,
                              const struct qn_validator_set *validators)
{
    struct qn_manifest manifest = {0};

    if (reply->part != QN_SNAPSHOT_MANIFEST ||
        qn_block_decode(&manifest.block, reply->manifest.block) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    const struct qn_header *header = &manifest.block->header;
    struct qn_hash tx_root =
        qn_block_tx_root(qn_block_tx_ids(manifest.block), manifest.block->tx_count);
    enum qn_err err = header->height == 0 || header->height != reply->height ? QN_ERR_MALFORMED
                      : qn_network_id_equal(&header->network, network)       ? QN_OK
                                                                             : QN_ERR_WRONG_NETWORK;
    err = err == QN_OK && !qn_hash_equal(&tx_root, &header->tx_root) ? QN_ERR_WRONG_ROOT : err;
    err = err == QN_OK ? check_path(&manifest, reply, validators) : err;
    err = err == QN_OK ? check_history(&manifest, reply) : err;
    err = err == QN_OK ? check_counters(&manifest, reply) : err;
    if (err != QN_OK) {
        qn_block_drop(manifest.block);
        return err;
    }
    *out = manifest;
    return QN_OK;
}
