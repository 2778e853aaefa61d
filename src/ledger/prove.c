/* Puts a proof together from what the ledger holds. Reads only; the trees of past heights that it rebuilds are
 * kept for the next one. */
#include "ledger/history_store.h"
#include "ledger/ledger_state.h"
#include "ledger/merkle.h"
#include "ledger/proof_bundle.h"
#include "ledger/snapshot_store.h"
#include "ledger/store_keys.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)QN_PAST_UNSTORED_MAX == (int)QN_LEDGER_RECENT_MAX,
               "what storage may lack of the past is held");

/* A block's header as bytes and its certificate, owned. */
struct sealed {
    struct qn_header header;
    struct qn_buf *bytes;
    struct qn_buf *cert; /* NULL: it has none of its own */
};

struct end {
    struct sealed block;
    struct qn_buf *step; /* where it came with a snapshot: header and certificate point into it */
    struct qn_validator_set next;
};

struct proving {
    const struct qn_ledger *ledger;
    char *text;
    struct sealed block;
    struct sealed certified; /* empty: it is block */
    struct qn_tree_node *tree;
    struct end *ends; /* heap */
    struct qn_bundle_step *steps;
    size_t step_count;
    struct qn_history_path path;
};

static void sealed_fini(struct sealed *sealed)
{
    qn_buf_drop(sealed->bytes);
    qn_buf_drop(sealed->cert);
}

static void proving_fini(struct proving *proving)
{
    sealed_fini(&proving->block);
    sealed_fini(&proving->certified);
    qn_tree_drop(proving->tree);
    for (size_t i = 0; i < proving->step_count; i++) {
        sealed_fini(&proving->ends[i].block);
        qn_buf_drop(proving->ends[i].step);
        qn_validator_set_fini(&proving->ends[i].next);
    }
    free(proving->ends);
    free(proving->steps);
}

QN_PRINTF(3, 4)
static enum qn_err refuse(const struct proving *proving, enum qn_err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(proving->text, QN_TEXT_LEN_MAX + 1, format, arguments);
    va_end(arguments);
    return err;
}

static enum qn_err load_block(const struct qn_ledger *ledger, struct sealed *sealed,
                              uint64_t height)
{
    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span header;
    struct qn_buf *bytes = NULL;
    struct qn_block *block = NULL;
    enum qn_err err = qn_ledger_block(ledger, &bytes, &sealed->cert, height);

    if (err != QN_OK) {
        return err;
    }
    err = qn_block_decode(&block, qn_buf_span(bytes));
    qn_buf_drop(bytes);
    if (err != QN_OK) {
        return err;
    }
    sealed->header = block->header;
    QN_ASSERT(qn_header_encode(&block->header, out, sizeof out, &header) == QN_OK);
    sealed->bytes = qn_buf_copy(header);
    qn_block_drop(block);
    return QN_OK;
}

/* ---- which block is certified ---- */

static bool visit_cert(void *context, struct qn_span key, struct qn_buf *value)
{
    uint64_t *height = context;

    (void)value;
    if (!qn_store_key_is_height(height, QN_STORE_CERT, key)) {
        *height = UINT64_MAX;
    }
    return false;
}

/* The lowest block from this height on that has a certificate of its own; UINT64_MAX: none. */
static enum qn_err find_certified(const struct qn_ledger *ledger, uint64_t *found, uint64_t height)
{
    struct qn_store_key from = qn_store_key_height(QN_STORE_CERT, height);
    uint64_t tip = qn_ledger_height(ledger);
    uint64_t first = tip < QN_LEDGER_RECENT_MAX ? 0 : tip - QN_LEDGER_RECENT_MAX + 1;

    *found = UINT64_MAX;
    enum qn_err err = ledger->storage->walk(ledger->storage->context, qn_store_key_span(&from),
                                            visit_cert, found);
    if (err != QN_OK && err != QN_ERR_NOT_FOUND) {
        return err;
    }
    for (uint64_t at = height > first ? height : first; at <= tip && at < *found; at++) {
        const struct qn_block_state *recent = qn_ledger_find_recent(ledger, at);
        if (recent != NULL && recent->cert != NULL) {
            *found = at;
        }
    }
    if (*found > tip) {
        *found = UINT64_MAX;
    }
    return QN_OK;
}

/* The newest that has one, at most as far back as blocks are held. */
static uint64_t newest_certified(const struct qn_ledger *ledger)
{
    uint64_t height = qn_ledger_height(ledger);

    for (size_t i = 0; i < QN_LEDGER_RECENT_MAX && height > 0; i++, height--) {
        const struct qn_block_state *recent = qn_ledger_find_recent(ledger, height);
        if (recent != NULL && recent->cert != NULL) {
            return height;
        }
    }
    return 0;
}

static enum qn_err load_blocks(struct proving *proving, uint64_t height)
{
    const struct qn_ledger *ledger = proving->ledger;
    uint64_t certified = 0;
    uint64_t tip = qn_ledger_height(ledger);

    if (height == QN_PROVE_NEWEST) {
        height = newest_certified(ledger);
    }
    if (height > tip) {
        return refuse(proving, QN_ERR_NOT_FOUND,
                      "height %" PRIu64 " is not final yet: the last final block is %" PRIu64,
                      height, tip);
    }
    enum qn_err err = find_certified(ledger, &certified, height);
    if (err == QN_OK && certified == UINT64_MAX) {
        return refuse(proving, QN_ERR_NOT_READY,
                      "no block from height %" PRIu64 " on has a certificate yet: try again soon",
                      height);
    }
    if (err == QN_OK) {
        err = load_block(ledger, &proving->block, height);
    }
    if (err == QN_ERR_NOT_FOUND) {
        return refuse(proving, err,
                      "block %" PRIu64 " is not held here: this node's past begins with a snapshot",
                      height);
    }
    if (err == QN_OK && certified != height) {
        err = load_block(ledger, &proving->certified, certified);
    }
    return err;
}

static const struct sealed *certified_of(const struct proving *proving)
{
    return proving->certified.bytes != NULL ? &proving->certified : &proving->block;
}

/* ---- how its committee came about ---- */

static enum qn_err read_committee(struct qn_validator_set *set, const struct qn_epoch_step *step)
{
    struct qn_public_key *keys = calloc(step->key_count, sizeof *keys);
    enum qn_err err = QN_OK;

    QN_ASSERT(keys != NULL);
    for (size_t i = 0; i < step->key_count && err == QN_OK; i++) {
        err = qn_public_key_from_spki(&keys[i], step->keys[i]);
    }
    if (err == QN_OK) {
        err = qn_validator_set_init(set, keys, step->key_count);
    }
    free(keys);
    return err;
}

/* The end of an epoch before the snapshot that this ledger started from, which brought it along. */
static enum qn_err load_staged_end(const struct qn_ledger *ledger, struct end *end, uint64_t epoch)
{
    struct qn_snapshot *decoded = calloc(1, sizeof *decoded);
    enum qn_err err = qn_staging_step(ledger->storage, &end->step, epoch);

    QN_ASSERT(decoded != NULL);
    if (err == QN_OK) {
        err = qn_snapshot_decode(decoded, qn_buf_span(end->step));
    }
    if (err == QN_OK && (decoded->part != QN_SNAPSHOT_EPOCHS || decoded->epochs.count != 1)) {
        err = QN_ERR_MALFORMED;
    }
    if (err == QN_OK) {
        const struct qn_epoch_step *step = &decoded->epochs.steps[0];
        end->block.bytes = qn_buf_copy(step->header);
        end->block.cert = qn_buf_copy(step->cert);
        err = read_committee(&end->next, step);
    }
    free(decoded);
    return err;
}

static enum qn_err load_end(const struct qn_ledger *ledger, struct end *end, uint64_t epoch)
{
    uint64_t first_height = 0;
    enum qn_err err = qn_ledger_validators_at(ledger, epoch + 1, &end->next, &first_height);

    if (err == QN_OK) {
        err = load_block(ledger, &end->block, first_height - 1);
    }
    if (err == QN_ERR_NOT_FOUND) {
        qn_validator_set_fini(&end->next);
        sealed_fini(&end->block);
        *end = (struct end){0};
        return load_staged_end(ledger, end, epoch);
    }
    return err == QN_OK && end->block.cert == NULL ? QN_ERR_MALFORMED : err;
}

static enum qn_err load_ends(struct proving *proving)
{
    uint64_t epochs = certified_of(proving)->header.epoch;
    enum qn_err err = QN_OK;

    if (epochs > QN_BUNDLE_EPOCHS_MAX) {
        return refuse(proving, QN_ERR_TOO_BIG,
                      "a proof has room for %d epochs, and this one would need %" PRIu64,
                      (int)QN_BUNDLE_EPOCHS_MAX, epochs);
    }
    proving->ends = calloc((size_t)epochs + 1, sizeof *proving->ends);
    proving->steps = calloc((size_t)epochs + 1, sizeof *proving->steps);
    QN_ASSERT(proving->ends != NULL && proving->steps != NULL);
    for (uint64_t epoch = 0; epoch < epochs && err == QN_OK; epoch++) {
        struct end *end = &proving->ends[epoch];
        err = load_end(proving->ledger, end, epoch);
        proving->step_count += 1;
        if (err == QN_ERR_NOT_FOUND) {
            return refuse(proving, err, "the end of epoch %" PRIu64 " is not held here", epoch);
        }
        if (err == QN_OK) {
            proving->steps[epoch] = (struct qn_bundle_step){
                qn_buf_span(end->block.bytes), qn_buf_span(end->block.cert), &end->next};
        }
    }
    return err;
}

/* ---- the state, and the way there ---- */

static enum qn_err load_tree(struct proving *proving)
{
    const struct qn_ledger *ledger = proving->ledger;
    const struct qn_header *header = &proving->block.header;
    uint64_t left = 0;
    enum qn_err err = qn_past_tree(ledger->past, &proving->tree, ledger->tip->state.tree,
                                   qn_ledger_height(ledger), header->height, &left);

    if (err == QN_ERR_NOT_FOUND) {
        return refuse(proving, err,
                      "the state of height %" PRIu64 " cannot be had here: this node knows those "
                      "from %" PRIu64 " on",
                      header->height, ledger->past->first_height);
    }
    if (err == QN_ERR_BUSY) {
        return refuse(proving, err,
                      "the state of height %" PRIu64 " is being rebuilt, %" PRIu64
                      " heights to go: ask again",
                      header->height, left);
    }
    if (err != QN_OK) {
        return err;
    }
    struct qn_hash root = qn_tree_root(proving->tree);
    return qn_hash_equal(&root, &header->state_root) ? QN_OK : QN_ERR_WRONG_ROOT;
}

/* From storage, or, as far as storage may lag behind, from the blocks in memory: the recursion goes down
 * only where a node's last block is one of those. */
static bool find_node(void *context, struct qn_hash *hash, unsigned level, uint64_t index)
{
    const struct proving *proving = context;
    const struct qn_ledger *ledger = proving->ledger;
    uint64_t last = ((index + 1) << level) - 1;
    struct qn_hash left;
    struct qn_hash right;

    if (qn_history_get(ledger->storage, hash, level, index) == QN_OK) {
        return true;
    }
    const struct qn_block_state *recent = qn_ledger_find_recent(ledger, last);
    if (recent == NULL) {
        return false;
    }
    if (level == 0) {
        *hash = qn_merkle_leaf((struct qn_span){recent->block->id.bytes, QN_HASH_LEN});
        return true;
    }
    if (!find_node(context, &left, level - 1, 2 * index) ||
        !find_node(context, &right, level - 1, 2 * index + 1)) {
        return false;
    }
    *hash = qn_merkle_inner(&left, &right);
    return true;
}

static enum qn_err load_path(struct proving *proving)
{
    uint64_t height = proving->block.header.height;

    if (proving->certified.bytes == NULL ||
        qn_history_prove(&proving->path, proving->certified.header.height, height, find_node,
                         proving)) {
        return QN_OK;
    }
    return refuse(proving, QN_ERR_NOT_FOUND,
                  "block %" PRIu64
                  " has no certificate of its own, and its place in the history is "
                  "not held here",
                  height);
}

static enum qn_err encode(const struct proving *proving, struct qn_buf **buf,
                          const struct qn_node_id *id)
{
    struct qn_hash key = qn_state_entry_key(id);
    const struct qn_buf *value = qn_tree_get(proving->tree, &key, NULL);
    struct qn_tree_proof proof;

    qn_tree_prove(proving->tree, &proof, &key);
    struct qn_bundle bundle = {
        .parameters = qn_buf_span(proving->ledger->genesis->parameter_bytes),
        .step_count = proving->step_count,
        .steps = proving->steps,
        .header = qn_buf_span(proving->block.bytes),
        .cert = qn_buf_span(certified_of(proving)->cert),
        .path = &proving->path,
        .proof = &proof,
        .id = *id,
    };
    if (proving->certified.bytes != NULL) {
        bundle.anchor = qn_buf_span(proving->certified.bytes);
    }
    if (value != NULL) {
        bundle.entry = qn_buf_span(value);
    }
    return qn_bundle_encode(buf, &bundle);
}

enum qn_err qn_ledger_prove_at(const struct qn_ledger *ledger, struct qn_buf **bundle, char *text,
                               const struct qn_node_id *id, uint64_t height)
{
    struct proving *proving = calloc(1, sizeof *proving);

    QN_ASSERT(proving != NULL);
    proving->ledger = ledger;
    proving->text = text;
    text[0] = '\0';
    enum qn_err err = load_blocks(proving, height);
    if (err == QN_OK) {
        err = load_tree(proving);
    }
    if (err == QN_OK) {
        err = load_path(proving);
    }
    if (err == QN_OK) {
        err = load_ends(proving);
    }
    if (err == QN_OK) {
        err = encode(proving, bundle, id);
    }
    if (err != QN_OK && text[0] == '\0') {
        (void)refuse(proving, err, "the proof cannot be made: %s", qn_err_text(err));
    }
    proving_fini(proving);
    free(proving);
    return err;
}
