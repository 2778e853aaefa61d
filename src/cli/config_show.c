#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_LEN_MAX = 60 }; /* characters of a value in the text form */

static void add_json(json_t *list, const char *name, const char *value, enum qn_source source,
                     bool is_secret)
{
    const char *shown = value != NULL && is_secret ? "redacted" : value;
    (void)json_array_append_new(list,
                                json_pack("{s:s, s:s?, s:s, s:b}", "name", name, "value", shown,
                                          "source", qn_source_name(source), "secret", is_secret));
}

static void add_row(struct qn_table *table, const char *name, const char *value,
                    enum qn_source source, bool is_secret)
{
    qn_table_add(table, "%s", name);
    if (value == NULL) {
        qn_table_add(table, "-");
    } else if (is_secret) {
        qn_table_add(table, "(secret)");
    } else {
        size_t len = strlen(value);
        qn_table_add(table, "%.*s%s", SHOWN_LEN_MAX, value, len > SHOWN_LEN_MAX ? "..." : "");
    }
    qn_table_add(table, "%s", qn_source_name(source));
}

/* Each setting of the command once: as a row, or as an object. */
static void walk(const struct qn_cli *cli, const struct qn_settings *settings,
                 struct qn_table *table, json_t *list)
{
    for (size_t id = 0; id < QN_OPTION_COUNT; id++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)id);
        bool is_secret = (option->traits & QN_OPTION_SECRET) != 0;
        if (option->environment == NULL || !qn_command_has(cli->arguments.command, option->id)) {
            continue;
        }
        if ((option->traits & QN_OPTION_NUMBERED) == 0) {
            const struct qn_setting *item = &settings->items[id];
            if (list != NULL) {
                add_json(list, option->environment, item->value, item->source, is_secret);
            } else {
                add_row(table, option->environment, item->value, item->source, is_secret);
            }
            continue;
        }
        for (size_t i = 0; i < settings->numbered_count; i++) {
            const struct qn_numbered_setting *item = &settings->numbered[i];
            if (item->id != option->id) {
                continue;
            }
            if (list != NULL) {
                add_json(list, item->name, item->value, item->source, false);
            } else {
                add_row(table, item->name, item->value, item->source, false);
            }
        }
    }
}

static void show_text(const struct qn_cli *cli, const struct qn_config *config)
{
    struct qn_table table;
    qn_table_init(&table, "lll");
    qn_table_add(&table, "setting");
    qn_table_add(&table, "value");
    qn_table_add(&table, "from");
    walk(cli, &config->settings, &table, NULL);
    qn_table_finish(&table);
}

static void show_json(const struct qn_cli *cli, const struct qn_config *config,
                      const struct qn_problems *problems)
{
    json_t *list = json_array();
    walk(cli, &config->settings, NULL, list);
    qn_output_json(json_pack("{s:b, s:o, s:o}", "ok", problems->count == 0, "settings", list,
                             "problems", qn_problems_json(problems)));
}

enum qn_exit qn_cli_config(const struct qn_cli *cli)
{
    struct qn_config config;
    struct qn_problems *problems = calloc(1, sizeof *problems);
    QN_ASSERT(problems != NULL);
    qn_config_load(&config, problems, cli, QN_CONFIG_NEEDS_NODE);
    if (cli->arguments.json) {
        show_json(cli, &config, problems);
    } else {
        show_text(cli, &config);
    }
    enum qn_exit status = QN_EXIT_OK;
    if (problems->count > 0) {
        qn_problems_print(problems);
        status = QN_EXIT_CONFIG;
    }
    qn_config_fini(&config);
    free(problems);
    return status;
}
