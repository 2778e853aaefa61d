/* Copies that are whole or not there: made beside their place under another name, looked through, made
 * durable, then renamed. */
#include "store/admin.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Kinds of keys that say what this node voted: a copy must not have them, since it soon is older than the
 * last vote, and a node that believes an old record may vote against itself. */
static const uint8_t vote_kinds[] = {'v', 'w'};

static enum qn_err system_error(char *why, const char *what, const char *path)
{
    int error = errno;

    (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot %s %s: %s", what, path, strerror(error));
    return qn_store_err(error);
}

/* The folder that a file is in. */
static void folder_of(char *folder, const char *file)
{
    const char *slash = strrchr(file, '/');

    if (slash == NULL) {
        (void)snprintf(folder, QN_STORE_PATH_SIZE, ".");
    } else if (slash == file) {
        (void)snprintf(folder, QN_STORE_PATH_SIZE, "/");
    } else {
        (void)snprintf(folder, QN_STORE_PATH_SIZE, "%.*s", (int)(slash - file), file);
    }
}

static int delete_kind(MDB_txn *txn, MDB_dbi dbi, uint8_t kind)
{
    MDB_cursor *cursor = NULL;
    MDB_val value;
    int rc = mdb_cursor_open(txn, dbi, &cursor);

    while (rc == MDB_SUCCESS) {
        MDB_val key = {.mv_size = 1, .mv_data = &kind};
        rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (rc == MDB_SUCCESS && ((const uint8_t *)key.mv_data)[0] != kind) {
            rc = MDB_NOTFOUND;
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_cursor_del(cursor, 0);
        }
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static enum qn_err forget_votes(struct qn_store_env *env, char *why)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env->env, NULL, 0, &txn);

    if (rc == MDB_SUCCESS) {
        for (size_t i = 0; i < sizeof vote_kinds && rc == MDB_SUCCESS; i++) {
            rc = delete_kind(txn, env->dbi, vote_kinds[i]);
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (rc != MDB_SUCCESS) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot write the copy: %s", mdb_strerror(rc));
    }
    return qn_store_err(rc);
}

/* from: an open environment. to: a new file of mode 0600. */
static enum qn_err copy_file(const struct qn_store_env *from, const char *to, char *why)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (fd < 0) {
        return system_error(why, "make", to);
    }
    int rc = mdb_env_copyfd2(from->env, fd, MDB_CP_COMPACT);
    enum qn_err err = QN_OK;
    if (rc != MDB_SUCCESS) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot write %s: %s", to, mdb_strerror(rc));
        err = qn_store_err(rc);
    } else if (fsync(fd) != 0) {
        err = system_error(why, "write", to);
    }
    (void)close(fd);
    return err;
}

/* Reads all of a copy and takes the votes out of it. */
static enum qn_err finish_copy(struct qn_store_stat *stat, const char *copy,
                               const struct qn_store_progress *progress, char *why)
{
    struct qn_store *reader = NULL;
    struct qn_storage storage;
    struct qn_store_env env;
    enum qn_err err = qn_store_env_open(&env, copy, MDB_NOSUBDIR | MDB_NOLOCK, 0, why);

    if (err != QN_OK) {
        return err;
    }
    err = forget_votes(&env, why);
    qn_store_env_close(&env);
    if (err == QN_OK) {
        err = qn_store_open_reader(&reader, &storage, copy, why);
    }
    if (err == QN_OK) {
        err = qn_store_stat(stat, reader, &storage, progress, why);
        storage.close(storage.context);
    }
    return err;
}

static enum qn_err copy_to_new(struct qn_store_stat *stat, const struct qn_store_env *from,
                               const char *copy, const struct qn_store_progress *progress,
                               char *why)
{
    enum qn_err err = copy_file(from, copy, why);

    if (err == QN_OK) {
        err = finish_copy(stat, copy, progress, why);
    }
    if (err != QN_OK) {
        (void)unlink(copy);
    }
    return err;
}

static enum qn_err give_name(const char *copy, const char *file, char *why)
{
    char folder[QN_STORE_PATH_SIZE];

    /* Unlike rename, link refuses to replace what came there meanwhile. */
    if (link(copy, file) != 0) {
        enum qn_err err = system_error(why, "make", file);
        (void)unlink(copy);
        return errno == EEXIST ? QN_ERR_DUPLICATE : err;
    }
    (void)unlink(copy);
    folder_of(folder, file);
    return qn_store_sync_folder(folder, why);
}

enum qn_err qn_store_backup(struct qn_store_stat *stat, const char *path, const char *file,
                            const struct qn_store_progress *progress, char *why)
{
    char copy[QN_STORE_PATH_SIZE];
    struct qn_store_env env;

    if (access(file, F_OK) == 0) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "%s is there already: name a new file", file);
        return QN_ERR_DUPLICATE;
    }
    if (snprintf(copy, sizeof copy, "%s.part-%ld", file, (long)getpid()) >= (int)sizeof copy) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the file's name is too long");
        return QN_ERR_TOO_BIG;
    }
    enum qn_err err = qn_store_env_open(&env, path, MDB_RDONLY, 0, why);
    if (err != QN_OK) {
        return err;
    }
    err = copy_to_new(stat, &env, copy, progress, why);
    stat->pid = qn_store_folder_holder(path);
    qn_store_env_close(&env);
    return err == QN_OK ? give_name(copy, file, why) : err;
}

/* ---- restoring ---- */

static enum qn_err check_backup(struct qn_store_about *about, const struct qn_store_env *env,
                                const char *file, char *why)
{
    enum qn_err err = qn_store_about_read(about, env, why);

    if (err == QN_OK && about->schema > QN_STORE_SCHEMA) {
        (void)snprintf(
            why, QN_STORE_WHY_SIZE,
            "%s was made by a newer qnet (schema %u, this one knows %d): use that version", file,
            (unsigned)about->schema, QN_STORE_SCHEMA);
        return QN_ERR_WRONG_VERSION;
    }
    return err == QN_ERR_NOT_FOUND ? QN_ERR_IO : err;
}

static enum qn_err fill_folder(struct qn_store_stat *stat, const char *folder,
                               const struct qn_store_env *from,
                               const struct qn_store_progress *progress, char *why)
{
    char copy[QN_STORE_PATH_SIZE];

    if (!qn_store_join(copy, folder, "data.mdb")) {
        return QN_ERR_TOO_BIG;
    }
    enum qn_err err = copy_to_new(stat, from, copy, progress, why);
    return err == QN_OK ? qn_store_mark_made(folder, why) : err;
}

static void remove_folder(const char *folder)
{
    char name[QN_STORE_PATH_SIZE];

    if (qn_store_join(name, folder, "data.mdb")) {
        (void)unlink(name);
    }
    if (qn_store_join(name, folder, "made")) {
        (void)unlink(name);
    }
    (void)rmdir(folder);
}

static enum qn_err restore_into(struct qn_store_stat *stat, const char *path, const char *data_dir,
                                const struct qn_store_env *from,
                                const struct qn_store_progress *progress, char *why)
{
    char folder[QN_STORE_PATH_SIZE];

    if (snprintf(folder, sizeof folder, "%s.part-%ld", path, (long)getpid()) >=
        (int)sizeof folder) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the path of the data directory is too long");
        return QN_ERR_TOO_BIG;
    }
    enum qn_err err = qn_store_folder_make(data_dir, folder, why);
    if (err == QN_OK) {
        err = fill_folder(stat, folder, from, progress, why);
    }
    /* An empty folder of that name may be there, one with something in it makes this fail. */
    if (err == QN_OK && rename(folder, path) != 0) {
        err = system_error(why, "make", path);
        err = errno == ENOTEMPTY || errno == EEXIST ? QN_ERR_DUPLICATE : err;
    }
    if (err != QN_OK) {
        remove_folder(folder);
        return err;
    }
    return qn_store_sync_folder(data_dir, why);
}

/* Does the folder hold anything? */
static bool is_in_use(const char *path)
{
    char name[QN_STORE_PATH_SIZE];
    static const char *const files[] = {"data.mdb", "made", "lock"};

    for (size_t i = 0; i < QN_ARRAY_COUNT(files); i++) {
        if (qn_store_join(name, path, files[i]) && access(name, F_OK) == 0) {
            return true;
        }
    }
    return false;
}

enum qn_err qn_store_restore(struct qn_store_stat *stat, char *path, const char *data_dir,
                             const char *file, const struct qn_store_progress *progress, char *why)
{
    struct qn_store_about about;
    struct qn_store_env env;
    enum qn_err err = qn_store_env_open(&env, file, MDB_RDONLY | MDB_NOSUBDIR | MDB_NOLOCK, 0, why);

    if (err != QN_OK) {
        return err;
    }
    err = check_backup(&about, &env, file, why);
    if (err == QN_OK && !qn_store_folder_path(path, data_dir, &about.network)) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the path of the data directory is too long");
        err = QN_ERR_TOO_BIG;
    }
    if (err == QN_OK && is_in_use(path)) {
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "%s holds data already: move it away first, nothing was changed", path);
        err = QN_ERR_DUPLICATE;
    }
    if (err == QN_OK) {
        err = restore_into(stat, path, data_dir, &env, progress, why);
    }
    qn_store_env_close(&env);
    return err;
}
