/* From staged chunks to a ledger in storage, batch by batch. Every step may be repeated, so an interrupted
 * install simply begins again. */
#include "ledger/history_store.h"
#include "ledger/past_state.h"
#include "ledger/snapshot_keys.h"
#include "ledger/snapshot_store.h"

#include <stdlib.h>
#include <string.h>

enum { DELETES_PER_BATCH = 1024 };

enum phase {
    PHASE_MARK,
    PHASE_CLEAR,  /* the old ledger's leaves and transactions */
    PHASE_COPY,   /* the leaves of the chunks */
    PHASE_EPOCHS, /* the committees on the way from genesis */
    PHASE_HEAD,
    PHASE_CLEAN, /* the staged chunks */
    PHASE_DONE,
};

struct qn_install {
    const struct qn_storage *storage;
    struct qn_buf *manifest;
    struct qn_snapshot *decoded; /* into manifest */
    enum phase phase;
    size_t kind;              /* CLEAR, CLEAN: of the list below */
    struct qn_store_key next; /* COPY: where the walk goes on */
};

/* What of the old ledger does not describe the new one. Its blocks and certificates stay: they are final. */
static const char *const cleared[] = {"e", "t", "m", "l"};
static const char *const cleaned[] = {"sk", "sc", "sh"};

struct qn_install *qn_install_new(const struct qn_storage *storage, struct qn_buf *manifest)
{
    struct qn_install *install = calloc(1, sizeof *install);

    QN_ASSERT(install != NULL);
    install->storage = storage;
    install->manifest = qn_buf_hold(manifest);
    install->decoded = calloc(1, sizeof *install->decoded);
    QN_ASSERT(install->decoded != NULL);
    return install;
}

void qn_install_free(struct qn_install *install)
{
    if (install != NULL) {
        qn_buf_drop(install->manifest);
        free(install->decoded);
        free(install);
    }
}

static void put(struct qn_batch *batch, const struct qn_store_key *key, struct qn_buf *value)
{
    qn_batch_put(batch, qn_store_key_span(key), value);
    qn_buf_drop(value);
}

static enum qn_err mark(struct qn_install *install, struct qn_batch *batch)
{
    struct qn_store_key key = qn_staging_key(QN_STAGING_INSTALL);
    enum qn_err err = qn_snapshot_decode(install->decoded, qn_buf_span(install->manifest));

    if (err != QN_OK || install->decoded->part != QN_SNAPSHOT_MANIFEST) {
        return QN_ERR_MALFORMED;
    }
    qn_batch_put(batch, qn_store_key_span(&key), install->manifest);
    install->phase = PHASE_CLEAR;
    return QN_OK;
}

struct deletion {
    struct qn_batch *batch;
    const char *first;
};

static bool delete_key(void *context, struct qn_span key, struct qn_buf *value)
{
    struct deletion *deletion = context;
    size_t len = strlen(deletion->first);

    (void)value;
    if (key.len < len || memcmp(key.at, deletion->first, len) != 0 ||
        qn_batch_count(deletion->batch) == DELETES_PER_BATCH) {
        return false;
    }
    qn_batch_delete(deletion->batch, key);
    return true;
}

/* The next keys of these kinds, in as many batches as it takes. */
static enum qn_err delete_some(struct qn_install *install, struct qn_batch *batch,
                               const char *const *kinds, size_t kind_count, enum phase then)
{
    enum qn_err err = QN_OK;

    while (err == QN_OK && install->kind < kind_count && qn_batch_count(batch) == 0) {
        struct deletion deletion = {batch, kinds[install->kind]};
        struct qn_span first = {(const uint8_t *)deletion.first, strlen(deletion.first)};
        err = install->storage->walk(install->storage->context, first, delete_key, &deletion);
        err = err == QN_ERR_NOT_FOUND ? QN_OK : err;
        install->kind += qn_batch_count(batch) == 0;
    }
    if (install->kind == kind_count) {
        install->kind = 0;
        install->phase = then;
        install->next = qn_staging_key(QN_STAGING_PROVED);
    }
    return err;
}

/* Finds the next chunk that belongs to the checkpoint: others are left over from earlier ones. */
struct search {
    uint64_t height;
    bool found;
    struct qn_store_key key; /* of the chunk's 'k' */
};

static bool visit_proved(void *context, struct qn_span key, struct qn_buf *value)
{
    struct search *search = context;
    struct qn_store_key kind = qn_staging_key(QN_STAGING_PROVED);

    if (key.len != kind.len + 5U || memcmp(key.at, kind.bytes, kind.len) != 0) {
        return false;
    }
    search->found = qn_staging_number(value) == search->height;
    if (search->found) {
        search->key.len = (uint8_t)key.len;
        memcpy(search->key.bytes, key.at, key.len);
    }
    return !search->found;
}

static enum qn_err copy_leaves(struct qn_batch *batch, struct qn_span bytes)
{
    struct qn_snapshot *chunk = calloc(1, sizeof *chunk);

    QN_ASSERT(chunk != NULL);
    enum qn_err err = qn_snapshot_decode(chunk, bytes);
    err = err == QN_OK && chunk->part != QN_SNAPSHOT_CHUNK ? QN_ERR_MALFORMED : err;
    for (size_t i = 0; err == QN_OK && i < chunk->chunk.leaf_count; i++) {
        const struct qn_snapshot_leaf *leaf = &chunk->chunk.leaves[i];
        struct qn_store_key key = qn_store_key_hash(QN_STORE_LEAF, &leaf->key);
        struct qn_store_leaf stored = {.value = leaf->value};
        if (leaf->extra.len > 0) {
            stored.extra = leaf->extra;
        }
        put(batch, &key, qn_store_leaf_encode(&stored));
    }
    free(chunk);
    return err;
}

static enum qn_err copy(struct qn_install *install, struct qn_batch *batch)
{
    struct search search = {.height = install->decoded->height};
    struct qn_buf *bytes = NULL;
    enum qn_err err = install->storage->walk(
        install->storage->context, qn_store_key_span(&install->next), visit_proved, &search);

    if (err != QN_OK || !search.found) {
        install->phase = PHASE_EPOCHS;
        install->next = qn_staging_key(QN_STAGING_STEP);
        return err;
    }
    struct qn_store_key chunk_key = search.key;
    chunk_key.bytes[1] = QN_STAGING_CHUNK;
    err = install->storage->get(install->storage->context, &bytes, qn_store_key_span(&chunk_key));
    if (err != QN_OK) {
        return err == QN_ERR_NOT_FOUND ? QN_ERR_MALFORMED : err;
    }
    err = copy_leaves(batch, qn_buf_span(bytes));
    qn_buf_drop(bytes);
    install->next = search.key;
    install->next.bytes[install->next.len] = 0; /* the least key after it */
    install->next.len += 1;
    return err;
}

struct next_step {
    struct qn_store_key key;
    struct qn_buf *bytes; /* NULL: none left */
};

static bool visit_step(void *context, struct qn_span key, struct qn_buf *value)
{
    struct next_step *step = context;
    struct qn_store_key kind = qn_staging_key(QN_STAGING_STEP);

    if (key.len == kind.len + 8U && memcmp(key.at, kind.bytes, kind.len) == 0) {
        step->bytes = qn_buf_hold(value);
        step->key.len = (uint8_t)key.len;
        memcpy(step->key.bytes, key.at, key.len);
    }
    return false;
}

static enum qn_err copy_step(struct qn_batch *batch, struct qn_span bytes)
{
    struct qn_snapshot *decoded = calloc(1, sizeof *decoded);
    struct qn_header header;
    struct qn_store_epoch epoch;

    QN_ASSERT(decoded != NULL);
    enum qn_err err = qn_snapshot_decode(decoded, bytes);
    err = err == QN_OK && (decoded->part != QN_SNAPSHOT_EPOCHS || decoded->epochs.count != 1)
              ? QN_ERR_MALFORMED
              : err;
    err = err == QN_OK ? qn_header_decode(&header, decoded->epochs.steps[0].header) : err;
    err = err == QN_OK ? qn_epoch_step_validators(&decoded->epochs.steps[0], &epoch.set,
                                                  &header.next_validators_hash)
                       : err;
    if (err == QN_OK) {
        struct qn_store_key key = qn_store_key_height(QN_STORE_EPOCH, header.epoch + 1);
        epoch.first_height = header.height + 1;
        put(batch, &key, qn_store_epoch_encode(&epoch));
        qn_validator_set_fini(&epoch.set);
    }
    free(decoded);
    return err;
}

/* One of the epochs that were proved on the way to the checkpoint, a batch each. */
static enum qn_err copy_epoch(struct qn_install *install, struct qn_batch *batch)
{
    struct next_step step = {.bytes = NULL};
    enum qn_err err = install->storage->walk(install->storage->context,
                                             qn_store_key_span(&install->next), visit_step, &step);

    if (err != QN_OK || step.bytes == NULL) {
        install->phase = PHASE_HEAD;
        return err == QN_ERR_NOT_FOUND ? QN_OK : err;
    }
    err = copy_step(batch, qn_buf_span(step.bytes));
    qn_buf_drop(step.bytes);
    install->next = step.key;
    install->next.bytes[install->next.len] = 0; /* the least key after it */
    install->next.len += 1;
    return err;
}

static enum qn_err put_head(struct qn_install *install, struct qn_batch *batch)
{
    const struct qn_snapshot *manifest = install->decoded;
    struct qn_store_head head = {.height = manifest->height,
                                 .history = {.count = manifest->height},
                                 .tx_first_height = manifest->height + 1};
    struct qn_store_key block_key = qn_store_key_height(QN_STORE_BLOCK, manifest->height);
    struct qn_store_key cert_key = qn_store_key_height(QN_STORE_CERT, manifest->height);
    struct qn_store_key head_key = qn_store_key_kind(QN_STORE_HEAD);
    struct qn_store_key install_key = qn_staging_key(QN_STAGING_INSTALL);
    struct qn_block *block = NULL;
    enum qn_err err = qn_block_decode(&block, manifest->manifest.block);

    if (err != QN_OK) {
        return err;
    }
    head.block_id = block->id;
    qn_block_drop(block);
    for (size_t i = 0; i < manifest->manifest.peak_count; i++) {
        head.history.peaks[i] = manifest->manifest.peaks[i];
    }
    put(batch, &block_key, qn_buf_copy(manifest->manifest.block));
    if (manifest->manifest.header_count == 0) {
        put(batch, &cert_key, qn_buf_copy(manifest->manifest.cert));
    }
    put(batch, &head_key, qn_store_head_encode(&head));
    qn_history_put_peaks(batch, &head.history);
    qn_past_put_start(batch, head.height);
    qn_batch_delete(batch, qn_store_key_span(&install_key));
    install->phase = PHASE_CLEAN;
    return QN_OK;
}

static enum qn_err step(struct qn_install *install, struct qn_batch *batch)
{
    switch (install->phase) {
    case PHASE_MARK:
        return mark(install, batch);
    case PHASE_CLEAR:
        return delete_some(install, batch, cleared, QN_ARRAY_COUNT(cleared), PHASE_COPY);
    case PHASE_COPY:
        return copy(install, batch);
    case PHASE_EPOCHS:
        return copy_epoch(install, batch);
    case PHASE_HEAD:
        return put_head(install, batch);
    case PHASE_CLEAN:
        return delete_some(install, batch, cleaned, QN_ARRAY_COUNT(cleaned), PHASE_DONE);
    case PHASE_DONE:
        break;
    }
    return QN_OK;
}

enum qn_err qn_install_next(struct qn_install *install, enum qn_install_step *what,
                            struct qn_batch **out)
{
    struct qn_batch *batch = qn_batch_new();
    enum qn_err err = QN_OK;
    bool is_head = false;

    while (err == QN_OK && qn_batch_count(batch) == 0 && install->phase != PHASE_DONE) {
        is_head = install->phase == PHASE_HEAD;
        err = step(install, batch);
    }
    if (err != QN_OK || qn_batch_count(batch) == 0) {
        qn_batch_free(batch);
        *what = QN_INSTALL_DONE;
        return err;
    }
    *what = is_head ? QN_INSTALL_HEAD : QN_INSTALL_BATCH;
    *out = batch;
    return QN_OK;
}

static enum qn_err pending_manifest(const struct qn_storage *storage, struct qn_buf **manifest)
{
    struct qn_store_key key = qn_staging_key(QN_STAGING_INSTALL);

    return storage->get(storage->context, manifest, qn_store_key_span(&key));
}

enum qn_err qn_install_pending(const struct qn_storage *storage, bool *pending)
{
    struct qn_buf *manifest = NULL;
    enum qn_err err = pending_manifest(storage, &manifest);

    *pending = err == QN_OK;
    qn_buf_drop(manifest);
    return err == QN_ERR_NOT_FOUND ? QN_OK : err;
}

enum qn_err qn_install_recover(const struct qn_storage *storage)
{
    struct qn_buf *manifest = NULL;
    enum qn_err err = pending_manifest(storage, &manifest);

    if (err != QN_OK) {
        return err == QN_ERR_NOT_FOUND ? QN_OK : err;
    }
    struct qn_install *install = qn_install_new(storage, manifest);
    qn_buf_drop(manifest);
    enum qn_install_step what = QN_INSTALL_BATCH;
    while (err == QN_OK && what != QN_INSTALL_DONE) {
        struct qn_batch *batch = NULL;
        err = qn_install_next(install, &what, &batch);
        if (err == QN_OK && what != QN_INSTALL_DONE) {
            err = storage->apply(storage->context, batch);
        }
        qn_batch_free(batch);
    }
    qn_install_free(install);
    return err;
}
