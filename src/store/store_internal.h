/* What the files of this folder share. */
#ifndef QN_STORE_INTERNAL_H
#define QN_STORE_INTERNAL_H

#include "store/store.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- folder.c: the folder, its rights and its lock ---- */

/* Makes data_dir and path below it where they lack, and checks whose they are. */
QN_MUST_USE enum qn_err qn_store_folder_make(const char *data_dir, const char *path, char *why);
/* Holds the folder's lock until the file is closed. QN_ERR_BUSY: somebody else does. */
QN_MUST_USE enum qn_err qn_store_folder_lock(int *fd, const char *path, char *why);
/* Process id of whoever holds it; 0: nobody. */
long qn_store_folder_holder(const char *path);
/* Makes an empty file of mode 0600 durable, directory included; again: no-op. */
QN_MUST_USE enum qn_err qn_store_mark_made(const char *path, char *why);
bool qn_store_is_marked(const char *path);
QN_MUST_USE enum qn_err qn_store_sync_folder(const char *path, char *why);
/* path/name; false: too long. */
bool qn_store_join(char *joined, const char *path, const char *name);

/* ---- env.c: one LMDB environment ---- */

struct qn_store_env {
    MDB_env *env; /* NULL: closed */
    MDB_dbi dbi;
    int fd;                     /* of the data file, for its size */
    _Atomic uint64_t size_seen; /* the data file never becomes shorter than this */
};

/* What of LMDB's or the system's error numbers is ours. */
enum qn_err qn_store_err(int rc);
/* flags: of mdb_env_open; size_max 0: as large as the file is. */
QN_MUST_USE enum qn_err qn_store_env_open(struct qn_store_env *env, const char *path,
                                          unsigned flags, uint64_t size_max, char *why);
void qn_store_env_close(struct qn_store_env *env);
/* Is the file at least as long as it was? Else touching it would be a bus error. */
bool qn_store_env_is_whole(const struct qn_store_env *env);
/* After a write. */
void qn_store_env_note_size(struct qn_store_env *env);
/* Does the file have all pages that its head counts? If not, the last ones may be unused ones that LMDB never
 * wrote, or cut off: qn_store_survey_apart tells. */
bool qn_store_env_has_all_pages(const struct qn_store_env *env);
/* Makes the file as long as its head says. */
QN_MUST_USE enum qn_err qn_store_env_extend(struct qn_store_env *env);

/* ---- store.c: reading and writing ---- */

struct qn_store {
    char path[QN_STORE_PATH_SIZE];
    int lock_fd;
    struct qn_store_env env;
    bool is_reader;  /* one moment of a folder: the reader stays begun, and there is no writing */
    MDB_txn *reader; /* of get, kept reset between reads; NULL: none yet */
    enum qn_err failed;    /* of the first write that failed: none is tried after it */
    pthread_mutex_t mutex; /* guards failure */
    char failure[QN_STORE_WHY_SIZE];
    _Atomic uint64_t commits;
    _Atomic uint64_t batches;
    _Atomic uint64_t bytes;
    _Atomic uint64_t commit_us;
};
void qn_store_functions(struct qn_storage *storage, struct qn_store *store);

/* ---- open.c ---- */
struct qn_store_env *qn_store_env_of(struct qn_store *store);
void qn_store_close(void *context);

/* ---- value.c: what a value looks like in the file ---- */

enum { QN_STORE_CHECK_LEN = 8 };
void qn_store_check_value(uint8_t check[QN_STORE_CHECK_LEN], struct qn_span key,
                          struct qn_span value);
/* The value without its check; QN_ERR_IO: it does not match. */
QN_MUST_USE enum qn_err qn_store_open_value(struct qn_span *value, struct qn_span key,
                                            const MDB_val *stored);
int qn_store_put(MDB_txn *txn, MDB_dbi dbi, struct qn_span key, struct qn_span value);

/* ---- about.c: what a data file is ---- */

struct qn_store_about {
    uint32_t schema;
    struct qn_network_id network;
    struct qn_node_id node;
};
/* The key of that record; no other key begins with its first byte. */
extern const struct qn_span qn_store_about_key;
/* QN_ERR_NOT_FOUND: none, which is a file that was never finished. */
QN_MUST_USE enum qn_err qn_store_about_read(struct qn_store_about *about,
                                            const struct qn_store_env *env, char *why);
QN_MUST_USE enum qn_err qn_store_about_write(const struct qn_store_about *about,
                                             const struct qn_store_env *env, char *why);

/* ---- survey.c: all that a data file holds ---- */

struct qn_store_survey {
    uint64_t keys;
    uint64_t keys_by_kind[256]; /* first byte of the key */
    uint64_t bytes_by_kind[256];
    uint64_t pages_used;
    uint64_t pages_free;
    char problem[QN_TEXT_LEN_MAX + 1]; /* the first one; "": none */
};
/* Reads every value and counts every page. progress (may be NULL) hears of keys done and expected.
 * QN_ERR_IO: damaged, and survey->problem says how. A file that was cut off may end the process instead. */
QN_MUST_USE enum qn_err
qn_store_survey(struct qn_store_survey *survey, const struct qn_store_env *env,
                void (*progress)(void *context, uint64_t done, uint64_t all), void *context);
/* The same in a process of its own, which may die of it. No thread may run yet. */
QN_MUST_USE enum qn_err qn_store_survey_apart(const char *path);

/* ---- bus.c ---- */
/* The address range and path that a bus error is explained by; one at a time, NULL to end it. */
void qn_store_watch_map(const struct qn_store_env *env, const char *path);

#endif
