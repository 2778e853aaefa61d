/* qnet db: a node's data directory, looked at and copied. */
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "ledger/store_keys.h"
#include "store/admin.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct db {
    const struct qn_cli *cli;
    struct qn_config config;
    struct qn_progress bar;
    struct qn_store_progress progress;
    char path[QN_STORE_PATH_SIZE];
    char why[QN_STORE_WHY_SIZE];
};

static void tell(void *context, const char *phase, uint64_t done, uint64_t all)
{
    qn_progress_tell(context, phase, done, all);
}

/* QN_EXIT_OK, or the error has been reported and there is nothing to end. */
static enum qn_exit begin(struct db *db, const struct qn_cli *cli)
{
    *db = (struct db){.cli = cli};
    if (!qn_config_load_or_report(&db->config, cli, 0)) {
        return QN_EXIT_CONFIG;
    }
    qn_progress_init(&db->bar, cli);
    db->progress = (struct qn_store_progress){.tell = tell, .context = &db->bar};
    if (db->config.data_dir == NULL) {
        qn_config_fini(&db->config);
        return qn_output_fail(cli, QN_EXIT_CONFIG, "configuration",
                              "which data directory? Give --data-dir DIR or set QNET_DATA_DIR");
    }
    return QN_EXIT_OK;
}

static enum qn_exit fail(struct db *db, enum qn_err err)
{
    qn_progress_end(&db->bar);
    return qn_output_fail(db->cli, QN_EXIT_RUNTIME, qn_err_name(err), "%s", db->why);
}

static enum qn_err find(struct db *db)
{
    const struct qn_network_id *network =
        db->config.has_genesis ? &db->config.genesis.network : NULL;
    return qn_store_find(db->path, db->config.data_dir, network, db->why);
}

/* ---- what a data file holds ---- */

static uint64_t keys_of(const struct qn_store_stat *stat, char kind)
{
    return stat->keys_by_kind[(unsigned char)kind];
}

static uint64_t bytes_of(const struct qn_store_stat *stat, char kind)
{
    return stat->bytes_by_kind[(unsigned char)kind];
}

static const struct {
    char kind;
    const char *name;
    const char *text;
} kinds[] = {
    {'b', "blocks", "blocks"},
    {'c', "certificates", "certificates"},
    {'t', "transactions", "transaction index"},
    {'e', "leaves", "registry leaves"},
    {'n', "epochs", "epochs"},
    {'v', "votes", "own votes"},
    {'x', "bans", "bans by the operator"},
    {'k', "addresses", "pages of the address book"},
    {'m', "history", "history nodes"},
    {'l', "leaf_history", "history of leaves"},
    {'s', "snapshot", "snapshot parts"},
};

static json_t *stat_json(const struct qn_store_stat *stat, const char *path)
{
    char network[2 * QN_HASH_LEN + 1];
    char node[2 * QN_HASH_LEN + 1];
    char head[2 * QN_HASH_LEN + 1];
    json_t *counts = json_object();
    qn_hex_encode(network, stat->network.bytes, QN_HASH_LEN);
    qn_hex_encode(node, stat->node.bytes, QN_HASH_LEN);
    qn_hex_encode(head, stat->head_id.bytes, QN_HASH_LEN);
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        json_t *count = json_pack("{s:I, s:I}", "count", (json_int_t)keys_of(stat, kinds[i].kind),
                                  "bytes", (json_int_t)bytes_of(stat, kinds[i].kind));
        (void)json_object_set_new(counts, kinds[i].name, count);
    }
    return json_pack("{s:s, s:i, s:s, s:s, s:o, s:I, s:I, s:I, s:s?, s:o}", "path", path, "schema",
                     (int)stat->schema, "network", network, "node", node, "pid",
                     stat->pid != 0 ? json_integer(stat->pid) : json_null(), "size_bytes",
                     (json_int_t)stat->size, "used_bytes", (json_int_t)stat->used, "height",
                     (json_int_t)stat->height, "head_id", stat->has_head ? head : NULL, "holds",
                     counts);
}

static void stat_rows(struct qn_table *table, const struct qn_store_stat *stat, const char *path)
{
    char text[2 * QN_HASH_LEN + 1];
    char size[QN_SIZE_TEXT_SIZE];
    char used[QN_SIZE_TEXT_SIZE];
    qn_table_pair(table, "path", "%s", path);
    qn_hex_encode(text, stat->network.bytes, QN_HASH_LEN);
    qn_table_pair(table, "network", "%s", text);
    qn_hex_encode(text, stat->node.bytes, QN_HASH_LEN);
    qn_table_pair(table, "node", "%s", text);
    if (stat->pid != 0) {
        qn_table_pair(table, "in use by", "process %ld", stat->pid);
    } else {
        qn_table_pair(table, "in use by", "nobody");
    }
    qn_table_pair(table, "schema", "%u", (unsigned)stat->schema);
    qn_table_pair(table, "size", "%s, %s of it in use", qn_text_size(size, stat->size),
                  qn_text_size(used, stat->used));
    qn_table_pair(table, "height", "%llu", (unsigned long long)stat->height);
    if (stat->has_head) {
        qn_hex_encode(text, stat->head_id.bytes, QN_HASH_LEN);
        qn_table_pair(table, "head", "%s", text);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        if (keys_of(stat, kinds[i].kind) > 0) {
            qn_table_pair(table, kinds[i].text, "%llu, %s",
                          (unsigned long long)keys_of(stat, kinds[i].kind),
                          qn_text_size(size, bytes_of(stat, kinds[i].kind)));
        }
    }
}

static enum qn_err read_stat(struct db *db, struct qn_store_stat *stat)
{
    struct qn_store *reader = NULL;
    struct qn_storage storage;
    enum qn_err err = qn_store_open_reader(&reader, &storage, db->path, db->why);
    if (err == QN_OK) {
        err = qn_store_stat(stat, reader, &storage, &db->progress, db->why);
        storage.close(storage.context);
    }
    return err;
}

static enum qn_exit show_stat(struct db *db)
{
    struct qn_store_stat stat;
    struct qn_table table;
    enum qn_err err = find(db);
    if (err == QN_OK) {
        err = read_stat(db, &stat);
    }
    if (err != QN_OK) {
        return fail(db, err);
    }
    qn_progress_end(&db->bar);
    if (db->cli->arguments.json) {
        qn_output_json(stat_json(&stat, db->path));
        return QN_EXIT_OK;
    }
    qn_table_init(&table, "ll");
    stat_rows(&table, &stat, db->path);
    qn_table_finish(&table);
    return QN_EXIT_OK;
}

/* ---- db check ---- */

static const char *votes_name(enum qn_store_votes votes)
{
    switch (votes) {
    case QN_STORE_VOTES_NONE:
        return "none";
    case QN_STORE_VOTES_LOST:
        return "lost";
    case QN_STORE_VOTES_INTACT:
        return "intact";
    }
    return "unknown";
}

static json_t *problems_json(const struct qn_store_problems *problems)
{
    json_t *json = json_array();
    for (size_t i = 0; i < problems->count && i < QN_STORE_PROBLEMS_MAX; i++) {
        (void)json_array_append_new(json, json_string(problems->texts[i]));
    }
    return json;
}

static json_t *audit_json(const struct qn_store_audit *audit)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:o}", "blocks", (json_int_t)audit->blocks,
        "first_block", (json_int_t)audit->first_block, "executed", (json_int_t)audit->executed,
        "certificates", (json_int_t)audit->certificates, "certificates_unknown",
        (json_int_t)audit->certificates_unknown, "signatures", (json_int_t)audit->signatures,
        "votes", votes_name(audit->votes), "problem_count", (json_int_t)audit->problems.count,
        "problems", problems_json(&audit->problems));
}

static json_t *peers_json(const struct qn_store_peer_audit *audit)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "bans", (json_int_t)audit->bans, "pages",
                     (json_int_t)audit->pages, "left_out", (json_int_t)audit->left_out,
                     "problem_count", (json_int_t)audit->problems.count, "problems",
                     problems_json(&audit->problems));
}

static void tell_problems(const struct qn_store_problems *problems)
{
    for (size_t i = 0; i < problems->count && i < QN_STORE_PROBLEMS_MAX; i++) {
        (void)fprintf(stderr, "qnet: %s\n", problems->texts[i]);
    }
}

static void ledger_rows(struct qn_table *table, const struct qn_store_audit *audit)
{
    if (audit == NULL) {
        qn_table_pair(table, "not checked",
                      "blocks and certificates: QNET_GENESIS_CERT_* are not set");
        return;
    }
    qn_table_pair(table, "checked",
                  "%llu blocks (%llu executed), %llu certificates, %llu "
                  "signatures",
                  (unsigned long long)audit->blocks, (unsigned long long)audit->executed,
                  (unsigned long long)audit->certificates, (unsigned long long)audit->signatures);
    qn_table_pair(table, "record of votes", "%s", votes_name(audit->votes));
}

/* audit NULL: no genesis certificates were there to check against. */
static enum qn_exit report(const struct db *db, const struct qn_store_stat *stat,
                           const struct qn_store_audit *audit,
                           const struct qn_store_peer_audit *peers)
{
    bool is_well = (audit == NULL || audit->problems.count == 0) && peers->problems.count == 0;
    if (db->cli->arguments.json) {
        json_t *json = stat_json(stat, db->path);
        (void)json_object_set_new(json, "ok", json_boolean(is_well));
        (void)json_object_set_new(json, "ledger", audit != NULL ? audit_json(audit) : json_null());
        (void)json_object_set_new(json, "peers", peers_json(peers));
        qn_output_json(json);
    } else {
        struct qn_table table;
        qn_table_init(&table, "ll");
        stat_rows(&table, stat, db->path);
        ledger_rows(&table, audit);
        if (peers->left_out > 0) {
            qn_table_pair(&table, "left out", "%llu bans and pages of another version of qnet",
                          (unsigned long long)peers->left_out);
        }
        qn_table_pair(&table, "result", is_well ? "whole" : "damaged");
        qn_table_finish(&table);
    }
    if (audit != NULL) {
        tell_problems(&audit->problems);
    }
    tell_problems(&peers->problems);
    return is_well ? QN_EXIT_OK : QN_EXIT_RUNTIME;
}

static enum qn_exit check(struct db *db)
{
    struct qn_store *reader = NULL;
    struct qn_storage storage;
    struct qn_store_stat stat;
    struct qn_store_audit audit = {0};
    struct qn_store_peer_audit peers = {0};
    enum qn_err err = find(db);
    if (err == QN_OK) {
        err = qn_store_open_reader(&reader, &storage, db->path, db->why);
    }
    if (err != QN_OK) {
        return fail(db, err);
    }
    err = qn_store_stat(&stat, reader, &storage, &db->progress, db->why);
    if (err == QN_OK && db->config.has_genesis) {
        qn_store_audit(&audit, &storage, &db->config.genesis, &db->progress);
    }
    if (err == QN_OK) {
        qn_store_audit_peers(&peers, &storage);
    }
    storage.close(storage.context);
    if (err != QN_OK) {
        return fail(db, err);
    }
    qn_progress_end(&db->bar);
    return report(db, &stat, db->config.has_genesis ? &audit : NULL, &peers);
}

/* ---- db backup, db restore ---- */

static enum qn_exit told_copy(struct db *db, enum qn_err err, const struct qn_store_stat *stat,
                              const char *from, const char *to, const char *sentence)
{
    if (err != QN_OK) {
        return fail(db, err);
    }
    qn_progress_end(&db->bar);
    if (db->cli->arguments.json) {
        json_t *json = stat_json(stat, to);
        (void)json_object_set_new(json, "from", json_string(from));
        qn_output_json(json);
    } else {
        char size[QN_SIZE_TEXT_SIZE];
        (void)printf("%s: height %llu, %s\n%s\n", to, (unsigned long long)stat->height,
                     qn_text_size(size, stat->size), sentence);
    }
    return QN_EXIT_OK;
}

static enum qn_exit back_up(struct db *db)
{
    struct qn_store_stat stat;
    const char *file = db->cli->arguments.positionals[0];
    enum qn_err err = find(db);
    if (err == QN_OK) {
        err = qn_store_backup(&stat, db->path, file, &db->progress, db->why);
    }
    return told_copy(db, err, &stat, db->path, file,
                     "It holds no key and no record of votes. qnet db restore puts it in place.");
}

static enum qn_exit restore(struct db *db)
{
    struct qn_store_stat stat;
    const char *file = db->cli->arguments.positionals[0];
    enum qn_err err =
        qn_store_restore(&stat, db->path, db->config.data_dir, file, &db->progress, db->why);
    return told_copy(
        db, err, &stat, file, db->path,
        "The node fetches what came after it, and as a validator votes again only when "
        "enough\nothers have said where they are.");
}

/* ---- commands ---- */

/* In a process of its own: a page of a damaged file that cannot be had ends it, and is told as what it is. */
static enum qn_exit run_apart(struct db *db, enum qn_exit (*command)(struct db *db))
{
    static const int deaths[] = {SIGBUS, SIGSEGV, SIGABRT};
    int status = 0;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < QN_ARRAY_COUNT(deaths); i++) {
            (void)signal(deaths[i], SIG_DFL);
        }
        enum qn_exit result = command(db);
        (void)fflush(stdout);
        _exit((int)result);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        (void)snprintf(db->why, sizeof db->why, "no process can be started for it");
        return fail(db, QN_ERR_IO);
    }
    if (WIFEXITED(status)) {
        return (enum qn_exit)WEXITSTATUS(status);
    }
    (void)snprintf(
        db->why, sizeof db->why,
        "the data file is damaged: reading it ended with signal %d (%s), as when its end is "
        "cut off or the disk cannot be read",
        WTERMSIG(status), strsignal(WTERMSIG(status)));
    return fail(db, QN_ERR_IO);
}

static enum qn_exit run(const struct qn_cli *cli, enum qn_exit (*command)(struct db *db))
{
    struct db db;
    enum qn_exit status = begin(&db, cli);
    if (status == QN_EXIT_OK) {
        status = run_apart(&db, command);
        qn_config_fini(&db.config);
    }
    return status;
}

enum qn_exit qn_cli_db_check(const struct qn_cli *cli)
{
    return run(cli, check);
}

enum qn_exit qn_cli_db_stat(const struct qn_cli *cli)
{
    return run(cli, show_stat);
}

enum qn_exit qn_cli_db_backup(const struct qn_cli *cli)
{
    return run(cli, back_up);
}

enum qn_exit qn_cli_db_restore(const struct qn_cli *cli)
{
    return run(cli, restore);
}
