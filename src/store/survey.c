#include "store/store_internal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRESS_EVERY = 1024, META_PAGES = 2, FREE_LIST = 0 };

static enum qn_err complain(struct qn_store_survey *survey, const char *text)
{
    if (survey->problem[0] == '\0') {
        (void)snprintf(survey->problem, sizeof survey->problem, "%s", text);
    }
    return QN_ERR_IO;
}

static enum qn_err look_at(struct qn_store_survey *survey, const MDB_val *key,
                           const MDB_val *stored)
{
    char name[2 * QN_STORAGE_KEY_LEN_MAX + 1];
    char text[QN_TEXT_LEN_MAX + 1];
    struct qn_span value;
    struct qn_span at = {key->mv_data, key->mv_size};

    if (at.len == 0 || at.len > QN_STORAGE_KEY_LEN_MAX) {
        return complain(survey, "a key has an impossible length");
    }
    survey->keys += 1;
    survey->keys_by_kind[at.at[0]] += 1;
    survey->bytes_by_kind[at.at[0]] += key->mv_size + stored->mv_size;
    if (qn_store_open_value(&value, at, stored) == QN_OK) {
        return QN_OK;
    }
    qn_hex_encode(name, at.at, at.len);
    (void)snprintf(text, sizeof text, "the value of key %s does not match its check", name);
    return complain(survey, text);
}

static enum qn_err look_at_all(struct qn_store_survey *survey, MDB_cursor *cursor, uint64_t all,
                               void (*progress)(void *context, uint64_t done, uint64_t all),
                               void *context)
{
    MDB_val key;
    MDB_val stored;
    enum qn_err err = QN_OK;
    int rc = mdb_cursor_get(cursor, &key, &stored, MDB_FIRST);

    for (; rc == MDB_SUCCESS && survey->keys <= all;
         rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT)) {
        if (look_at(survey, &key, &stored) != QN_OK) {
            err = QN_ERR_IO; /* the others are counted all the same */
        }
        if (progress != NULL && survey->keys % PROGRESS_EVERY == 0) {
            progress(context, survey->keys, all);
        }
    }
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
        return complain(survey, mdb_strerror(rc));
    }
    if (survey->keys != all) {
        return complain(survey, "there are more or fewer keys than the file's head says");
    }
    return err;
}

static uint64_t tree_pages(const MDB_stat *stat)
{
    return stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

/* Each value of the list of free pages is a count and that many page numbers. */
static enum qn_err count_free(struct qn_store_survey *survey, MDB_txn *txn)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val stored;
    int rc = mdb_cursor_open(txn, FREE_LIST, &cursor);

    if (rc != MDB_SUCCESS) {
        return complain(survey, mdb_strerror(rc));
    }
    while ((rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT)) == MDB_SUCCESS) {
        const size_t *count = stored.mv_data;
        survey->pages_free += stored.mv_size >= sizeof *count ? *count : 0;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? QN_OK : complain(survey, mdb_strerror(rc));
}

static enum qn_err count_pages(struct qn_store_survey *survey, const struct qn_store_env *env,
                               MDB_txn *txn, const MDB_stat *main_stat)
{
    MDB_stat free_stat;
    MDB_envinfo info;
    int rc = mdb_stat(txn, FREE_LIST, &free_stat);

    if (rc != MDB_SUCCESS || mdb_env_info(env->env, &info) != MDB_SUCCESS) {
        return complain(survey, mdb_strerror(rc));
    }
    survey->pages_used = META_PAGES + tree_pages(main_stat) + tree_pages(&free_stat);
    return count_free(survey, txn);
}

enum qn_err qn_store_survey(struct qn_store_survey *survey, const struct qn_store_env *env,
                            void (*progress)(void *context, uint64_t done, uint64_t all),
                            void *context)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_stat stat;

    *survey = (struct qn_store_survey){0};
    int rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &txn);
    if (rc == MDB_SUCCESS) {
        rc = mdb_stat(txn, env->dbi, &stat);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_cursor_open(txn, env->dbi, &cursor);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return complain(survey, mdb_strerror(rc));
    }
    enum qn_err err = count_pages(survey, env, txn, &stat);
    if (err == QN_OK) {
        err = look_at_all(survey, cursor, stat.ms_entries, progress, context);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return err;
}

static int survey_status(const char *path)
{
    char why[QN_STORE_WHY_SIZE];
    struct qn_store_survey survey;
    struct qn_store_env env;

    if (qn_store_env_open(&env, path, MDB_RDONLY | MDB_NOLOCK, 0, why) != QN_OK) {
        return 1;
    }
    return qn_store_survey(&survey, &env, NULL, NULL) == QN_OK ? 0 : 1;
}

enum qn_err qn_store_survey_apart(const char *path)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        static const int deaths[] = {SIGBUS, SIGSEGV, SIGABRT};
        for (size_t i = 0; i < QN_ARRAY_COUNT(deaths); i++) {
            (void)signal(deaths[i], SIG_DFL); /* whoever handles them explains them as his own */
        }
        _exit(survey_status(path));
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return QN_ERR_IO;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? QN_OK : QN_ERR_IO;
}
