#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_MAX = 1000, PATH_SIZE = 128 };

static const char *valid_until(char *text, const json_t *entry)
{
    uint64_t until = qn_json_number(entry, "valid_until_ms");
    return qn_text_date(text, until == 0 ? UINT64_MAX : until);
}

static void show_row(struct qn_table *table, const json_t *entry)
{
    char date[QN_DATE_TEXT_SIZE];
    const char *endpoint = qn_json_text(entry, "endpoint");
    qn_table_add(table, "%llu", (unsigned long long)qn_json_number(entry, "index"));
    qn_table_add(table, "%s", qn_json_text(entry, "id"));
    qn_table_add(table, "%s", qn_json_text(entry, "status"));
    qn_table_add(table, "%s", qn_json_text(entry, "region"));
    qn_table_add(table, "%s", qn_json_text(entry, "algorithm"));
    qn_table_add(table, "%llu", (unsigned long long)qn_json_number(entry, "registered_height"));
    qn_table_add(table, "%s", valid_until(date, entry));
    qn_table_add(table, "%s", endpoint[0] != '\0' ? endpoint : "-");
}

static void show_list(const json_t *page)
{
    static const char *const headings[] = {"index",     "node",   "status",      "region",
                                           "algorithm", "height", "valid until", "address"};
    struct qn_table table;
    size_t i;
    const json_t *entry;
    qn_table_init(&table, "rllllrll");
    for (i = 0; i < QN_ARRAY_COUNT(headings); i++) {
        qn_table_add(&table, "%s", headings[i]);
    }
    json_array_foreach(json_object_get(page, "items"), i, entry)
    {
        show_row(&table, entry);
    }
    qn_table_finish(&table);
    (void)printf("\n%llu entries, %llu active, at height %llu\n",
                 (unsigned long long)qn_json_number(page, "entries"),
                 (unsigned long long)qn_json_number(page, "active"),
                 (unsigned long long)qn_json_number(page, "height"));
    if (json_is_integer(json_object_get(page, "next"))) {
        (void)printf("more: --from %llu\n", (unsigned long long)qn_json_number(page, "next"));
    }
}

static void show_entry(const json_t *entry)
{
    struct qn_table table;
    char date[QN_DATE_TEXT_SIZE];
    const char *endpoint = qn_json_text(entry, "endpoint");
    qn_table_init(&table, "ll");
    qn_table_pair(&table, "node", "%s", qn_json_text(entry, "id"));
    qn_table_pair(&table, "index", "%llu", (unsigned long long)qn_json_number(entry, "index"));
    qn_table_pair(&table, "status", "%s", qn_json_text(entry, "status"));
    if (json_is_string(json_object_get(entry, "successor"))) {
        qn_table_pair(&table, "successor", "%s", qn_json_text(entry, "successor"));
    }
    if (json_is_integer(json_object_get(entry, "equivocated_height"))) {
        qn_table_pair(&table, "equivocated", "as proved at height %llu",
                      (unsigned long long)qn_json_number(entry, "equivocated_height"));
    }
    qn_table_pair(&table, "algorithm", "%s", qn_json_text(entry, "algorithm"));
    qn_table_pair(&table, "region", "%s", qn_json_text(entry, "region"));
    qn_table_pair(&table, "address", "%s", endpoint[0] != '\0' ? endpoint : "-");
    qn_table_pair(&table, "valid until", "%s", valid_until(date, entry));
    qn_table_pair(&table, "registered", "at height %llu",
                  (unsigned long long)qn_json_number(entry, "registered_height"));
    qn_table_pair(&table, "changed", "at height %llu, sequence %llu",
                  (unsigned long long)qn_json_number(entry, "changed_height"),
                  (unsigned long long)qn_json_number(entry, "sequence"));
    qn_table_pair(&table, "code class", "%llu",
                  (unsigned long long)qn_json_number(entry, "code_class"));
    qn_table_pair(&table, "read", "at height %llu, state root %s",
                  (unsigned long long)qn_json_number(entry, "height"),
                  qn_json_text(entry, "state_root"));
    qn_table_finish(&table);
}

enum qn_exit qn_cli_registry_list(const struct qn_cli *cli)
{
    char path[PATH_SIZE];
    uint64_t from;
    uint64_t limit;
    const char *from_text = qn_arguments_or_default(&cli->arguments, QN_OPTION_FROM);
    const char *limit_text = qn_arguments_or_default(&cli->arguments, QN_OPTION_LIMIT);
    if (!qn_number_parse(&from, from_text, 0, UINT32_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--from is an index, not \"%.20s\"",
                              from_text);
    }
    if (!qn_number_parse(&limit, limit_text, 1, LIMIT_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--limit is 1 to %d, not \"%.20s\"",
                              LIMIT_MAX, limit_text);
    }
    (void)snprintf(path, sizeof path, "/v1/registry?from=%llu&limit=%llu", (unsigned long long)from,
                   (unsigned long long)limit);
    return qn_api_show(cli, path, show_list);
}

enum qn_exit qn_cli_registry_get(const struct qn_cli *cli)
{
    char path[PATH_SIZE];
    uint8_t id[QN_HASH_LEN];
    const char *text = cli->arguments.positionals[0];
    if (qn_hex_decode(id, sizeof id, text) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "\"%.70s\" is no node id: 64 hex digits",
                              text);
    }
    char id_text[2 * QN_HASH_LEN + 1];
    qn_hex_encode(id_text, id, sizeof id);
    (void)snprintf(path, sizeof path, "/v1/registry/%s", id_text);
    return qn_api_show(cli, path, show_entry);
}
