#include "store/store.h"

#include "store/store_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READER_CHECK_EVERY = 1024 }; /* commits between looks for readers that died */

struct qn_store {
    char path[QN_STORE_PATH_SIZE];
    int lock_fd;
    struct qn_store_env env;
    MDB_txn *reader;       /* of get, kept reset between reads; NULL: none yet */
    enum qn_err failed;    /* of the first write that failed: none is tried after it */
    pthread_mutex_t mutex; /* guards failure */
    char failure[QN_STORE_WHY_SIZE];
    _Atomic uint64_t commits;
    _Atomic uint64_t batches;
    _Atomic uint64_t bytes;
    _Atomic uint64_t commit_us;
};

static enum qn_err note_failure(struct qn_store *store, enum qn_err err, const char *doing,
                                const char *text)
{
    (void)pthread_mutex_lock(&store->mutex);
    if (store->failure[0] == '\0') {
        (void)snprintf(store->failure, sizeof store->failure, "%s %s/data.mdb: %s", doing,
                       store->path, text);
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return err;
}

static enum qn_err fail(struct qn_store *store, const char *doing, int rc)
{
    return note_failure(store, qn_store_err(rc), doing,
                        rc == MDB_MAP_FULL ? "the limit of its size is reached (--data-max)"
                                           : mdb_strerror(rc));
}

static enum qn_err check_whole(struct qn_store *store)
{
    if (qn_store_env_is_whole(&store->env)) {
        return QN_OK;
    }
    return note_failure(store, QN_ERR_IO, "using", "somebody cut the file off");
}

/* ---- reading: the node's thread ---- */

static int begin_read(struct qn_store *store)
{
    if (store->reader == NULL) {
        return mdb_txn_begin(store->env.env, NULL, MDB_RDONLY, &store->reader);
    }
    return mdb_txn_renew(store->reader);
}

static enum qn_err copy_value(struct qn_store *store, struct qn_buf **value, struct qn_span key,
                              const MDB_val *stored)
{
    struct qn_span inside;

    if (qn_store_open_value(&inside, key, stored) != QN_OK) {
        return note_failure(store, QN_ERR_IO, "reading",
                            "a value does not match its check: the disk returned something else "
                            "than was written");
    }
    *value = qn_buf_copy(inside);
    return QN_OK;
}

static enum qn_err store_get(void *context, struct qn_buf **value, struct qn_span key)
{
    struct qn_store *store = context;
    uint8_t name[QN_STORAGE_KEY_LEN_MAX];
    MDB_val at = {.mv_size = key.len, .mv_data = name};
    MDB_val stored;
    enum qn_err err = check_whole(store);

    if (err != QN_OK) {
        return err;
    }
    QN_ASSERT(key.len > 0 && key.len <= sizeof name);
    memcpy(name, key.at, key.len);
    int rc = begin_read(store);
    if (rc != MDB_SUCCESS) {
        return fail(store, "reading", rc);
    }
    rc = mdb_get(store->reader, store->env.dbi, &at, &stored);
    if (rc == MDB_SUCCESS) {
        err = copy_value(store, value, key, &stored);
    } else {
        err = rc == MDB_NOTFOUND ? QN_ERR_NOT_FOUND : fail(store, "reading", rc);
    }
    mdb_txn_reset(store->reader);
    return err;
}

static enum qn_err visit_from(struct qn_store *store, MDB_cursor *cursor, struct qn_span first,
                              bool (*visit)(void *visit_context, struct qn_span key,
                                            struct qn_buf *value),
                              void *visit_context)
{
    uint8_t name[QN_STORAGE_KEY_LEN_MAX];
    MDB_val at = {.mv_size = first.len, .mv_data = name};
    MDB_val stored;

    memcpy(name, first.at, first.len);
    int rc = mdb_cursor_get(cursor, &at, &stored, MDB_SET_RANGE);
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(cursor, &at, &stored, MDB_NEXT)) {
        struct qn_span key = {at.mv_data, at.mv_size};
        struct qn_buf *value = NULL;
        if (qn_span_equal(key, qn_store_about_key)) {
            continue; /* not the ledger's */
        }
        enum qn_err err = copy_value(store, &value, key, &stored);
        if (err != QN_OK) {
            return err;
        }
        bool goes_on = visit(visit_context, key, value);
        qn_buf_drop(value);
        if (!goes_on) {
            return QN_OK;
        }
    }
    return rc == MDB_NOTFOUND ? QN_OK : fail(store, "reading", rc);
}

/* A transaction of its own, since visit may call get. */
static enum qn_err store_walk(void *context, struct qn_span first,
                              bool (*visit)(void *visit_context, struct qn_span key,
                                            struct qn_buf *value),
                              void *visit_context)
{
    struct qn_store *store = context;
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    enum qn_err err = check_whole(store);

    if (err != QN_OK) {
        return err;
    }
    QN_ASSERT(first.len > 0 && first.len <= QN_STORAGE_KEY_LEN_MAX);
    int rc = mdb_txn_begin(store->env.env, NULL, MDB_RDONLY, &txn);
    if (rc != MDB_SUCCESS) {
        return fail(store, "reading", rc);
    }
    rc = mdb_cursor_open(txn, store->env.dbi, &cursor);
    if (rc == MDB_SUCCESS) {
        err = visit_from(store, cursor, first, visit, visit_context);
        mdb_cursor_close(cursor);
    } else {
        err = fail(store, "reading", rc);
    }
    mdb_txn_abort(txn);
    return err;
}

/* ---- writing: one worker at a time ---- */

static int put_batch(struct qn_store *store, MDB_txn *txn, const struct qn_batch *batch)
{
    int rc = MDB_SUCCESS;

    for (size_t i = 0; i < qn_batch_count(batch) && rc == MDB_SUCCESS; i++) {
        struct qn_span key;
        struct qn_buf *value;
        qn_batch_at(batch, i, &key, &value);
        if (value != NULL) {
            rc = qn_store_put(txn, store->env.dbi, key, qn_buf_span(value));
            atomic_fetch_add(&store->bytes, key.len + value->len);
            continue;
        }
        MDB_val at = {.mv_size = key.len, .mv_data = (void *)(uintptr_t)key.at};
        rc = mdb_del(txn, store->env.dbi, &at, NULL);
        rc = rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
    }
    return rc;
}

static int commit_all(struct qn_store *store, const struct qn_batch *const *batches, size_t count)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env.env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    for (size_t i = 0; i < count && rc == MDB_SUCCESS; i++) {
        rc = put_batch(store, txn, batches[i]);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static uint64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static enum qn_err store_apply_many(void *context, const struct qn_batch *const *batches,
                                    size_t count)
{
    struct qn_store *store = context;

    if (store->failed == QN_OK) {
        store->failed = check_whole(store);
    }
    if (store->failed != QN_OK) {
        return store->failed;
    }
    uint64_t before_us = now_us();
    int rc = commit_all(store, batches, count);
    if (rc != MDB_SUCCESS) {
        store->failed = fail(store, "writing", rc);
        return store->failed;
    }
    qn_store_env_note_size(&store->env);
    uint64_t commits = atomic_fetch_add(&store->commits, 1) + 1;
    atomic_fetch_add(&store->batches, count);
    atomic_fetch_add(&store->commit_us, now_us() - before_us);
    if (commits % READER_CHECK_EVERY == 0) {
        (void)mdb_reader_check(store->env.env, NULL);
    }
    return QN_OK;
}

static enum qn_err store_apply(void *context, const struct qn_batch *batch)
{
    return store_apply_many(context, &batch, 1);
}

static void store_close(void *context)
{
    struct qn_store *store = context;

    qn_store_watch_map(NULL, NULL);
    mdb_txn_abort(store->reader);
    qn_store_env_close(&store->env);
    if (store->lock_fd >= 0) {
        (void)close(store->lock_fd);
    }
    (void)pthread_mutex_destroy(&store->mutex);
    free(store);
}

/* ---- opening ---- */

/* Nothing of an emptied file tells it from a new one, but that it was made before. */
static enum qn_err check_not_emptied(const char *path, char *why)
{
    char name[QN_STORE_PATH_SIZE];
    struct stat about;

    if (!qn_store_is_marked(path) ||
        (qn_store_join(name, path, "data.mdb") && stat(name, &about) == 0 && about.st_size > 0)) {
        return QN_OK;
    }
    (void)snprintf(
        why, QN_STORE_WHY_SIZE,
        "the data file in %s is gone or empty: restore a backup (qnet db restore), or move "
        "the folder away to start anew",
        path);
    return QN_ERR_IO;
}

static enum qn_err open_whole(struct qn_store *store, uint64_t size_max, char *why)
{
    enum qn_err err = qn_store_env_open(&store->env, store->path, 0, size_max, why);

    if (err != QN_OK || qn_store_env_has_all_pages(&store->env)) {
        return err;
    }
    /* LMDB does not write pages at the end that nobody uses, and then the file is whole all the same. */
    qn_store_env_close(&store->env);
    if (qn_store_survey_apart(store->path) != QN_OK) {
        (void)snprintf(
            why, QN_STORE_WHY_SIZE,
            "the data file in %s is damaged: its end is cut off. Restore a backup (qnet db "
            "restore), or move the folder away to start anew",
            store->path);
        return QN_ERR_IO;
    }
    err = qn_store_env_open(&store->env, store->path, 0, size_max, why);
    if (err == QN_OK && qn_store_env_extend(&store->env) != QN_OK) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot make the data file in %s longer",
                       store->path);
        err = QN_ERR_IO;
    }
    return err;
}

static enum qn_err compare_about(const struct qn_store_about *found,
                                 const struct qn_store_config *config, const char *path, char *why)
{
    char id[2 * QN_HASH_LEN + 1];

    if (found->schema > QN_STORE_SCHEMA) {
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "%s was written by a newer qnet (schema %u, this one knows %d): start that "
                       "version, or restore a backup that this one made",
                       path, (unsigned)found->schema, QN_STORE_SCHEMA);
        return QN_ERR_WRONG_VERSION;
    }
    if (!qn_network_id_equal(&found->network, &config->network)) {
        qn_hex_encode(id, found->network.bytes, sizeof found->network.bytes);
        (void)snprintf(
            why, QN_STORE_WHY_SIZE,
            "%s holds network %.16s..., not the one of the configured genesis certificates: "
            "check QNET_GENESIS_CERT_*, or use another --data-dir",
            path, id);
        return QN_ERR_WRONG_NETWORK;
    }
    if (!qn_node_id_equal(&found->node, &config->node)) {
        qn_hex_encode(id, found->node.bytes, sizeof found->node.bytes);
        (void)snprintf(
            why, QN_STORE_WHY_SIZE,
            "%s belongs to node %.8s, not to the configured key: check QNET_KEY, or give "
            "each node a --data-dir of its own",
            path, id);
        return QN_ERR_KEY_MISMATCH;
    }
    return QN_OK;
}

static enum qn_err check_about(struct qn_store *store, const struct qn_store_config *config,
                               char *why)
{
    struct qn_store_about about;
    enum qn_err err = qn_store_about_read(&about, &store->env, why);

    if (err == QN_OK) {
        return compare_about(&about, config, store->path, why);
    }
    if (err != QN_ERR_NOT_FOUND || qn_store_is_marked(store->path)) {
        return err == QN_ERR_NOT_FOUND ? QN_ERR_IO : err;
    }
    about = (struct qn_store_about){QN_STORE_SCHEMA, config->network, config->node};
    return qn_store_about_write(&about, &store->env, why);
}

static enum qn_err open_parts(struct qn_store *store, const struct qn_store_config *config,
                              char *why)
{
    enum qn_err err = qn_store_folder_make(config->data_dir, store->path, why);

    if (err == QN_OK) {
        err = qn_store_folder_lock(&store->lock_fd, store->path, why);
    }
    if (err == QN_OK) {
        err = check_not_emptied(store->path, why);
    }
    if (err == QN_OK) {
        err = open_whole(store, config->size_max, why);
    }
    if (err == QN_OK) {
        err = check_about(store, config, why);
    }
    if (err == QN_OK && !qn_store_is_marked(store->path)) {
        err = qn_store_mark_made(store->path, why);
    }
    return err;
}

enum qn_err qn_store_open(struct qn_store **out, struct qn_storage *storage,
                          const struct qn_store_config *config, char *why)
{
    struct qn_store *store = calloc(1, sizeof *store);

    QN_ASSERT(store != NULL && pthread_mutex_init(&store->mutex, NULL) == 0);
    store->lock_fd = -1;
    store->env.fd = -1;
    enum qn_err err = QN_ERR_TOO_BIG;
    if (qn_store_folder_path(store->path, config->data_dir, &config->network)) {
        err = open_parts(store, config, why);
    } else {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the path of the data directory is too long");
    }
    if (err != QN_OK) {
        store_close(store);
        return err;
    }
    (void)mdb_reader_check(store->env.env, NULL);
    qn_store_watch_map(&store->env, store->path);
    *storage = (struct qn_storage){
        .context = store,
        .durable = true,
        .get = store_get,
        .walk = store_walk,
        .apply = store_apply,
        .apply_many = store_apply_many,
        .close = store_close,
    };
    *out = store;
    return QN_OK;
}

struct qn_store_env *qn_store_env_of(struct qn_store *store)
{
    return &store->env;
}

const char *qn_store_path(const struct qn_store *store)
{
    return store->path;
}

uint64_t qn_store_size(const struct qn_store *store)
{
    return atomic_load(&store->env.size_seen);
}

const char *qn_store_failure(const struct qn_store *store)
{
    return store->failure;
}

void qn_store_collect(const struct qn_store *store, const struct qn_metric_sink *sink)
{
    const struct qn_metric metrics[] = {
        {.name = "qnet_store_size_bytes",
         .help = "Size of the data file.",
         .type = QN_METRIC_GAUGE,
         .value = (double)qn_store_size(store)},
        {.name = "qnet_store_commits_total",
         .help = "Durable writes of the data file since the start.",
         .type = QN_METRIC_COUNTER,
         .value = (double)atomic_load(&store->commits)},
        {.name = "qnet_store_batches_total",
         .help = "Batches that these writes held.",
         .type = QN_METRIC_COUNTER,
         .value = (double)atomic_load(&store->batches)},
        {.name = "qnet_store_written_bytes_total",
         .help = "Bytes of keys and values in these batches.",
         .type = QN_METRIC_COUNTER,
         .value = (double)atomic_load(&store->bytes)},
        {.name = "qnet_store_commit_seconds_total",
         .help = "Time that these writes took.",
         .type = QN_METRIC_COUNTER,
         .value = (double)atomic_load(&store->commit_us) / 1e6},
    };

    for (size_t i = 0; i < QN_ARRAY_COUNT(metrics); i++) {
        sink->metric(sink->context, &metrics[i]);
    }
}
