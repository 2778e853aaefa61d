#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAP_UNIT = 65536 }; /* a multiple of every page size */

enum qn_err qn_store_err(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return QN_OK;
    case MDB_NOTFOUND:
        return QN_ERR_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit of this process */
        return QN_ERR_FULL;
    case ENOMEM:
        return QN_ERR_NO_MEMORY;
    default:
        return QN_ERR_IO;
    }
}

static uint64_t file_size(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0 ? (uint64_t)about.st_size : 0;
}

static enum qn_err explain(char *why, const char *path, int rc)
{
    if (rc == MDB_INVALID || rc == MDB_CORRUPTED || rc == MDB_VERSION_MISMATCH) {
        (void)snprintf(
            why, QN_STORE_WHY_SIZE,
            "the data file in %s is damaged (%s): restore a backup (qnet db restore), or move "
            "the folder away to start anew",
            path, mdb_strerror(rc));
    } else {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot open the data file in %s: %s", path,
                       mdb_strerror(rc));
    }
    return qn_store_err(rc);
}

/* What LMDB cannot go on with. It is on a thread in the middle of something: nothing can be saved. */
static void on_assert(MDB_env *env, const char *text)
{
    static const char before[] = "qnet: the data file is damaged (";
    static const char after[] = "): the node stops; run qnet db check\n";
    (void)env;

    (void)!write(STDERR_FILENO, before, sizeof before - 1);
    (void)!write(STDERR_FILENO, text, strlen(text));
    (void)!write(STDERR_FILENO, after, sizeof after - 1);
    _exit(1);
}

static int open_database(struct qn_store_env *env, unsigned flags)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env->env, NULL, flags & MDB_RDONLY, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_dbi_open(txn, NULL, 0, &env->dbi);
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

enum qn_err qn_store_env_open(struct qn_store_env *env, const char *path, unsigned flags,
                              uint64_t size_max, char *why)
{
    *env = (struct qn_store_env){.fd = -1};
    int rc = mdb_env_create(&env->env);

    if (rc == MDB_SUCCESS && size_max > 0) {
        rc = mdb_env_set_mapsize(env->env, (size_t)size_max & ~(size_t)(MAP_UNIT - 1));
    }
    if (rc == MDB_SUCCESS) {
        (void)mdb_env_set_assert(env->env, on_assert);
        rc = mdb_env_open(env->env, path, flags | MDB_NOTLS | MDB_NORDAHEAD, S_IRUSR | S_IWUSR);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_get_fd(env->env, &env->fd);
    }
    if (rc == MDB_SUCCESS) {
        rc = open_database(env, flags);
    }
    if (rc != MDB_SUCCESS) {
        qn_store_env_close(env);
        return explain(why, path, rc);
    }
    qn_store_env_note_size(env);
    return QN_OK;
}

void qn_store_env_close(struct qn_store_env *env)
{
    if (env->env != NULL) {
        mdb_env_close(env->env);
    }
    *env = (struct qn_store_env){.fd = -1};
}

bool qn_store_env_is_whole(const struct qn_store_env *env)
{
    return file_size(env->fd) >= atomic_load(&env->size_seen);
}

void qn_store_env_note_size(struct qn_store_env *env)
{
    atomic_store(&env->size_seen, file_size(env->fd));
}

static uint64_t counted_size(const struct qn_store_env *env)
{
    MDB_stat stat;
    MDB_envinfo info;

    (void)mdb_env_stat(env->env, &stat);
    (void)mdb_env_info(env->env, &info);
    return (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
}

bool qn_store_env_has_all_pages(const struct qn_store_env *env)
{
    return env->size_seen >= counted_size(env);
}

enum qn_err qn_store_env_extend(struct qn_store_env *env)
{
    uint64_t size = counted_size(env);

    if (ftruncate(env->fd, (off_t)size) != 0) {
        return QN_ERR_IO;
    }
    atomic_store(&env->size_seen, size);
    return QN_OK;
}
