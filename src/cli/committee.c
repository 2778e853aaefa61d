/* qnet committee: who votes, and what the members are asked to approve. */
#include "cli/commands.h"
#include "cli/motion.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHAT_SIZE = 256 };

static void describe(char *text, const json_t *motion)
{
    const char *kind = qn_json_text(motion, "kind");
    const json_t *batch = json_object_get(motion, "batch");
    size_t len = (size_t)snprintf(text, WHAT_SIZE, "%s", kind);
    size_t i;
    const json_t *id;
    json_array_foreach(json_object_get(motion, "add"), i, id)
    {
        len += (size_t)snprintf(text + len, WHAT_SIZE - len, " +%.8s", json_string_value(id));
        len = len < WHAT_SIZE ? len : WHAT_SIZE - 1;
    }
    json_array_foreach(json_object_get(motion, "remove"), i, id)
    {
        len += (size_t)snprintf(text + len, WHAT_SIZE - len, " -%.8s", json_string_value(id));
        len = len < WHAT_SIZE ? len : WHAT_SIZE - 1;
    }
    if (json_is_object(batch)) {
        (void)snprintf(text + len, WHAT_SIZE - len, " %llu codes of class %llu",
                       (unsigned long long)qn_json_number(batch, "count"),
                       (unsigned long long)qn_json_number(batch, "class"));
    } else if (strcmp(kind, "revoke") == 0) {
        (void)snprintf(text + len, WHAT_SIZE - len, " %.8s", qn_json_text(motion, "node"));
    }
}

static void show_members(const json_t *committee)
{
    struct qn_table table;
    size_t i;
    const json_t *member;
    qn_table_init(&table, "rll");
    qn_table_add(&table, "index");
    qn_table_add(&table, "node");
    qn_table_add(&table, "algorithm");
    json_array_foreach(json_object_get(committee, "members"), i, member)
    {
        qn_table_add(&table, "%llu", (unsigned long long)qn_json_number(member, "index"));
        qn_table_add(&table, "%s", qn_json_text(member, "id"));
        qn_table_add(&table, "%s", qn_json_text(member, "algorithm"));
    }
    qn_table_finish(&table);
}

static void show_motions(const json_t *committee)
{
    struct qn_table table;
    size_t i;
    const json_t *motion;
    qn_table_init(&table, "llrl");
    qn_table_add(&table, "motion");
    qn_table_add(&table, "what");
    qn_table_add(&table, "approvals");
    qn_table_add(&table, "until");
    json_array_foreach(json_object_get(committee, "motions"), i, motion)
    {
        char what[WHAT_SIZE];
        char date[QN_DATE_TEXT_SIZE];
        describe(what, motion);
        qn_table_add(&table, "%s", qn_json_text(motion, "id"));
        qn_table_add(&table, "%s", what);
        qn_table_add(&table, "%zu", json_array_size(json_object_get(motion, "approvals")));
        qn_table_add(&table, "%s", qn_text_date(date, qn_json_number(motion, "expires_ms")));
    }
    (void)printf("\n");
    qn_table_finish(&table);
}

static void show_committee(const json_t *committee)
{
    show_members(committee);
    (void)printf(
        "\nepoch %llu at height %llu: %zu members, quorum %llu; one change adds up to %llu "
        "and removes up to %llu\n",
        (unsigned long long)qn_json_number(committee, "epoch"),
        (unsigned long long)qn_json_number(committee, "height"),
        json_array_size(json_object_get(committee, "members")),
        (unsigned long long)qn_json_number(committee, "quorum"),
        (unsigned long long)qn_json_number(committee, "add_max"),
        (unsigned long long)qn_json_number(committee, "remove_max"));
    if (json_array_size(json_object_get(committee, "motions")) > 0) {
        show_motions(committee);
    }
}

enum qn_exit qn_cli_committee_list(const struct qn_cli *cli)
{
    return qn_api_show(cli, "/v1/committee", show_committee);
}

/* Moves a change; add and remove may be NULL. */
static enum qn_exit move_change(const struct qn_cli *cli, const char *add, const char *remove)
{
    struct qn_cli_tx s;
    struct qn_node_id add_id = {0};
    struct qn_node_id remove_id = {0};
    if ((add != NULL && !qn_cli_id_parse(&add_id, cli, add)) ||
        (remove != NULL && !qn_cli_id_parse(&remove_id, cli, remove))) {
        return QN_EXIT_USAGE;
    }
    if (!qn_cli_motion_open(&s, cli, QN_TX_VALIDATORS)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = qn_cli_motion_prepare(&s);
    s.tx.add_count = add != NULL;
    s.tx.add[0] = add_id;
    s.tx.remove_count = remove != NULL;
    s.tx.remove[0] = remove_id;
    return qn_cli_motion_finish(&s, status);
}

enum qn_exit qn_cli_committee_add(const struct qn_cli *cli)
{
    return move_change(cli, cli->arguments.positionals[0], NULL);
}

enum qn_exit qn_cli_committee_remove(const struct qn_cli *cli)
{
    return move_change(cli, NULL, cli->arguments.positionals[0]);
}

enum qn_exit qn_cli_committee_replace(const struct qn_cli *cli)
{
    return move_change(cli, cli->arguments.positionals[1], cli->arguments.positionals[0]);
}

/* The content of an open motion, as the node shows it. */
static enum qn_exit take_content(struct qn_cli_tx *s, const struct qn_node_id *wanted)
{
    struct qn_node_id signer = s->tx.signer;
    uint64_t epoch = s->tx.epoch;
    size_t i;
    const json_t *motion;
    json_array_foreach(json_object_get(s->result.json, "motions"), i, motion)
    {
        uint8_t bytes[QN_TX_LEN_MAX];
        size_t len = 0;
        struct qn_signed envelope;
        struct qn_node_id id;
        if (!qn_json_hash(id.bytes, motion, "id") || !qn_node_id_equal(&id, wanted)) {
            continue;
        }
        const char *text = qn_json_text(motion, "transaction");
        struct qn_hash hash;
        bool is_whole = qn_base64url_decode(bytes, sizeof bytes, &len, text) == QN_OK &&
                        qn_tx_decode(&s->tx, &envelope, (struct qn_span){bytes, len}) == QN_OK &&
                        qn_tx_is_motion(&s->tx);
        if (is_whole) {
            hash = qn_tx_motion_hash(&s->tx, epoch);
            is_whole = memcmp(hash.bytes, wanted->bytes, QN_HASH_LEN) == 0;
        }
        s->tx.signer = signer;
        s->tx.epoch = epoch;
        return is_whole ? QN_EXIT_OK
                        : qn_output_fail(s->cli, QN_EXIT_RUNTIME, "malformed",
                                         "the node shows another motion under this id");
    }
    return qn_output_fail(s->cli, QN_EXIT_RUNTIME, "not_found",
                          "no open motion has this id: it is in effect, expired, of another epoch, "
                          "or not of this network; see qnet committee list");
}

enum qn_exit qn_cli_committee_approve(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    struct qn_node_id wanted;
    const char *text = cli->arguments.positionals[0];
    if (qn_hex_decode(wanted.bytes, sizeof wanted.bytes, text) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "\"%.70s\" is no motion: 64 hex digits, as qnet committee list shows",
                              text);
    }
    if (!qn_cli_motion_open(&s, cli, QN_TX_VALIDATORS)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = qn_cli_motion_prepare(&s);
    if (status == QN_EXIT_OK) {
        status = take_content(&s, &wanted);
    }
    return qn_cli_motion_finish(&s, status);
}
