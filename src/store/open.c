/* Opening a folder: whose it is, whether it is whole; and what is told of it. */
#include "store/admin.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct qn_store *make(void)
{
    struct qn_store *store = calloc(1, sizeof *store);

    QN_ASSERT(store != NULL && pthread_mutex_init(&store->mutex, NULL) == 0);
    store->lock_fd = -1;
    store->env.fd = -1;
    return store;
}

void qn_store_close(void *context)
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
    struct qn_store *store = make();
    enum qn_err err = QN_ERR_TOO_BIG;
    if (qn_store_folder_path(store->path, config->data_dir, &config->network)) {
        err = open_parts(store, config, why);
    } else {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the path of the data directory is too long");
    }
    if (err != QN_OK) {
        qn_store_close(store);
        return err;
    }
    (void)mdb_reader_check(store->env.env, NULL);
    qn_store_watch_map(&store->env, store->path);
    qn_store_functions(storage, store);
    *out = store;
    return QN_OK;
}

struct qn_store_env *qn_store_env_of(struct qn_store *store)
{
    return &store->env;
}

static enum qn_err open_reader(struct qn_store *store, const char *path, char *why)
{
    struct stat about;
    unsigned flags = stat(path, &about) == 0 && S_ISREG(about.st_mode)
                         ? MDB_RDONLY | MDB_NOSUBDIR | MDB_NOLOCK /* a backup */
                         : MDB_RDONLY;
    enum qn_err err = qn_store_env_open(&store->env, path, flags, 0, why);

    if (err != QN_OK) {
        return err;
    }
    (void)snprintf(store->path, sizeof store->path, "%s", path);
    store->is_reader = true;
    int rc = mdb_txn_begin(store->env.env, NULL, MDB_RDONLY, &store->reader);
    if (rc != MDB_SUCCESS) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot read %s: %s", path, mdb_strerror(rc));
    }
    return qn_store_err(rc);
}

enum qn_err qn_store_open_reader(struct qn_store **out, struct qn_storage *storage,
                                 const char *path, char *why)
{
    struct qn_store *store = make();
    enum qn_err err = open_reader(store, path, why);

    if (err != QN_OK) {
        qn_store_close(store);
        return err;
    }
    qn_store_functions(storage, store);
    *out = store;
    return QN_OK;
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
