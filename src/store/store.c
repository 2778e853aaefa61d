#include "store/store.h"

#include "store/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

enum { READER_CHECK_EVERY = 1024 }; /* commits between looks for readers that died */

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

/* LMDB calls it an error of the device when only a part of a write found room. */
static int full_or(const struct qn_store *store, int rc)
{
    enum { ROOM_MIN = 1 << 20 };
    struct statvfs about;

    if (rc != EIO || fstatvfs(store->env.fd, &about) != 0) {
        return rc;
    }
    return (uint64_t)about.f_bavail * about.f_frsize < ROOM_MIN ? ENOSPC : rc;
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
    if (store->is_reader) {
        return MDB_SUCCESS;
    }
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
    if (!store->is_reader) {
        mdb_txn_reset(store->reader);
    }
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
    int rc = MDB_SUCCESS;
    if (store->is_reader) {
        txn = store->reader;
    } else {
        rc = mdb_txn_begin(store->env.env, NULL, MDB_RDONLY, &txn);
    }
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
    if (!store->is_reader) {
        mdb_txn_abort(txn);
    }
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
        store->failed = fail(store, "writing", full_or(store, rc));
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

void qn_store_functions(struct qn_storage *storage, struct qn_store *store)
{
    *storage = (struct qn_storage){
        .context = store,
        .durable = true,
        .get = store_get,
        .walk = store_walk,
        .close = qn_store_close,
    };
    if (!store->is_reader) {
        storage->apply = store_apply;
        storage->apply_many = store_apply_many;
    }
}
