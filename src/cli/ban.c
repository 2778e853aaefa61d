/* qnet ban: whom a running node has no links with. */
#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"

#include "base/log.h"
#include "peer/bans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 9, SECONDS_MAX = 315360000, PATH_SIZE = 128 };

/* "90s", "30m", "12h", "7d". False: something else. */
static bool parse_duration(uint64_t *seconds, const char *text)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > NUMBER_DIGITS_MAX || strlen(text) != digits + 1) {
        return false;
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(units); i++) {
        if (text[digits] == units[i].unit) {
            *seconds = strtoull(text, NULL, 10) * units[i].seconds;
            return *seconds > 0 && *seconds <= SECONDS_MAX;
        }
    }
    return false;
}

static enum qn_exit parse_target(char text[QN_BAN_TARGET_TEXT_SIZE], const struct qn_cli *cli)
{
    struct qn_ban_target target;
    char shown[QN_TEXT_LEN_MAX + 1];
    const char *given = cli->arguments.positionals[0];
    if (qn_ban_target_parse(&target, given) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "\"%.80s\" is no node id of 64 hex digits, no address and no address "
                              "prefix such as 192.0.2.0/24 or 2001:db8::/32",
                              qn_log_escape(shown, sizeof shown, given, strlen(given)));
    }
    qn_ban_target_format(text, &target);
    return QN_EXIT_OK;
}

/* What the API made of it. */
static enum qn_exit finish(const struct qn_cli *cli, enum qn_err err, struct qn_api_result *result,
                           void (*show)(const json_t *object))
{
    enum qn_exit status = QN_EXIT_OK;
    if (err != QN_OK) {
        status = qn_output_fail(cli, QN_EXIT_RUNTIME, result->code, "%s", result->why);
    } else if (cli->arguments.json) {
        qn_output_json(json_incref(result->json));
    } else {
        show(result->json);
    }
    qn_api_result_fini(result);
    return status;
}

/* ---- add ---- */

static void print_until(const json_t *ban)
{
    char date[QN_DATE_TEXT_SIZE];
    uint64_t until = qn_json_number(ban, "until_ms");
    if (until > 0) {
        (void)printf("until %s", qn_text_date(date, until));
    } else {
        (void)printf("for good");
    }
}

static void show_added(const json_t *ban)
{
    (void)printf("%s is banned ", qn_json_text(ban, "target"));
    print_until(ban);
    (void)printf("%s\n", qn_json_flag(ban, "durable")
                             ? ""
                             : ", or until the node ends: it keeps nothing without --data-dir");
}

static enum qn_exit make_ban(json_t **ban, const struct qn_cli *cli)
{
    char target[QN_BAN_TARGET_TEXT_SIZE];
    uint64_t seconds = 0;
    const char *duration = qn_arguments_value(&cli->arguments, QN_OPTION_BAN_FOR);
    const char *reason = qn_arguments_value(&cli->arguments, QN_OPTION_BAN_REASON);
    enum qn_exit status = parse_target(target, cli);
    if (status != QN_EXIT_OK) {
        return status;
    }
    if (duration != NULL && !parse_duration(&seconds, duration)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "--for is a time such as 90s, 30m, 12h or 7d, up to 3650d");
    }
    *ban = json_pack("{s:s}", "target", target);
    if (duration != NULL) {
        json_object_set_new(*ban, "seconds", json_integer((json_int_t)seconds));
    }
    if (reason != NULL && json_object_set_new(*ban, "reason", json_string(reason)) != 0) {
        json_decref(*ban);
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--reason is not text");
    }
    return QN_EXIT_OK;
}

enum qn_exit qn_cli_ban_add(const struct qn_cli *cli)
{
    struct qn_config config;
    struct qn_api_result result;
    json_t *ban = NULL;
    enum qn_exit status = make_ban(&ban, cli);
    if (status != QN_EXIT_OK) {
        return status;
    }
    if (!qn_config_load_or_report(&config, cli, 0)) {
        json_decref(ban);
        return QN_EXIT_CONFIG;
    }
    enum qn_err err = qn_api_access_post(&result, &config.api_url, "/v1/bans", ban);
    status = finish(cli, err, &result, show_added);
    qn_config_fini(&config);
    return status;
}

/* ---- remove ---- */

static void show_removed(const json_t *ban)
{
    (void)printf("%s is no longer banned\n", qn_json_text(ban, "target"));
}

enum qn_exit qn_cli_ban_remove(const struct qn_cli *cli)
{
    struct qn_config config;
    struct qn_api_result result;
    char target[QN_BAN_TARGET_TEXT_SIZE];
    char path[PATH_SIZE];
    enum qn_exit status = parse_target(target, cli);
    if (status != QN_EXIT_OK) {
        return status;
    }
    if (!qn_config_load_or_report(&config, cli, 0)) {
        return QN_EXIT_CONFIG;
    }
    (void)snprintf(path, sizeof path, "/v1/bans?target=%s", target);
    enum qn_err err = qn_api_access_delete(&result, &config.api_url, path);
    status = finish(cli, err, &result, show_removed);
    qn_config_fini(&config);
    return status;
}

/* ---- list ---- */

static void show_bans(const json_t *object)
{
    struct qn_table table;
    size_t i;
    const json_t *ban;
    const json_t *bans = json_object_get(object, "bans");
    if (json_array_size(bans) == 0) {
        (void)printf("nobody is banned\n");
        return;
    }
    qn_table_init(&table, "lllll");
    qn_table_add(&table, "target");
    qn_table_add(&table, "by");
    qn_table_add(&table, "for");
    qn_table_add(&table, "until");
    qn_table_add(&table, "reason");
    json_array_foreach(bans, i, ban)
    {
        char date[QN_DATE_TEXT_SIZE];
        char reason[QN_BAN_REASON_LEN_MAX + 1];
        uint64_t until = qn_json_number(ban, "until_ms");
        qn_table_add(&table, "%s", qn_json_text(ban, "target"));
        qn_table_add(&table, "%s", qn_json_text(ban, "by"));
        qn_table_add(&table, "%s", qn_json_text(ban, "applies_to"));
        qn_table_add(&table, "%s", until > 0 ? qn_text_date(date, until) : "for good");
        qn_table_add(&table, "%s", qn_json_printable(reason, sizeof reason, ban, "reason"));
    }
    qn_table_finish(&table);
    if (!qn_json_flag(object, "durable")) {
        (void)printf("\nkept until the node ends: it runs without --data-dir\n");
    }
}

enum qn_exit qn_cli_ban_list(const struct qn_cli *cli)
{
    return qn_api_show(cli, "/v1/bans", show_bans);
}
