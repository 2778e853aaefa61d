#include "ledger/store_keys.h"
#include "store/admin.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

static void tell_keys(void *context, uint64_t done, uint64_t all)
{
    const struct qn_store_progress *progress = context;

    progress->tell(progress->context, "keys", done, all);
}

static enum qn_err read_head(struct qn_store_stat *stat, const struct qn_storage *storage)
{
    struct qn_store_key key = qn_store_key_kind(QN_STORE_HEAD);
    struct qn_store_head head;
    struct qn_buf *value = NULL;
    enum qn_err err = storage->get(storage->context, &value, qn_store_key_span(&key));

    if (err == QN_ERR_NOT_FOUND) {
        return QN_OK;
    }
    if (err == QN_OK) {
        err = qn_store_head_decode(&head, qn_buf_span(value));
        qn_buf_drop(value);
    }
    if (err == QN_OK) {
        stat->has_head = true;
        stat->height = head.height;
        stat->head_id = head.block_id;
    }
    return err;
}

static void take_survey(struct qn_store_stat *stat, const struct qn_store_survey *survey,
                        uint64_t page_size)
{
    stat->keys = survey->keys;
    stat->used = survey->pages_used * page_size;
    memcpy(stat->keys_by_kind, survey->keys_by_kind, sizeof stat->keys_by_kind);
    memcpy(stat->bytes_by_kind, survey->bytes_by_kind, sizeof stat->bytes_by_kind);
}

enum qn_err qn_store_stat(struct qn_store_stat *stat, struct qn_store *reader,
                          const struct qn_storage *storage,
                          const struct qn_store_progress *progress, char *why)
{
    struct qn_store_survey survey;
    struct qn_store_about about;
    MDB_stat pages;
    struct qn_store_env *env = qn_store_env_of(reader);
    bool tells = progress->tell != NULL;

    *stat = (struct qn_store_stat){.size = atomic_load(&env->size_seen)};
    enum qn_err err = qn_store_about_read(&about, env, why);
    if (err != QN_OK) {
        return err;
    }
    stat->schema = about.schema;
    stat->network = about.network;
    stat->node = about.node;
    stat->pid = qn_store_folder_holder(qn_store_path(reader));
    (void)mdb_env_stat(env->env, &pages);
    err = qn_store_survey(&survey, env, tells ? tell_keys : NULL, (void *)(uintptr_t)progress);
    take_survey(stat, &survey, pages.ms_psize);
    if (err == QN_OK) {
        err = read_head(stat, storage);
    }
    if (err != QN_OK) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the data file in %s is damaged: %s",
                       qn_store_path(reader),
                       survey.problem[0] != '\0' ? survey.problem : qn_err_text(err));
    }
    return err;
}
