#include "cli/config.h"

#include "cli/config_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool qn_number_parse(uint64_t *value, const char *text, uint64_t min, uint64_t max)
{
    enum { DIGITS_MAX = 18 }; /* so that nothing overflows */
    uint64_t number = 0;
    size_t len = strlen(text);
    if (len == 0 || len > DIGITS_MAX || (text[0] == '0' && len > 1)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    if (number < min || number > max) {
        return false;
    }
    *value = number;
    return true;
}

unsigned qn_bootstrap_id_parse(const char *text)
{
    enum { DIGITS = 3 };
    unsigned number = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    return text[DIGITS] == '\0' ? number : 0;
}

const char *qn_config_value(const struct qn_config_load *load, enum qn_option_id id)
{
    return qn_command_has(load->command, id) ? load->config->settings.items[id].value : NULL;
}

void qn_config_complain(const struct qn_config_load *load, enum qn_option_id id, const char *format,
                        ...)
{
    char name[QN_PROBLEM_NAME_SIZE];
    char text[QN_PROBLEM_TEXT_SIZE];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    qn_problems_add(load->problems, qn_setting_name(name, &load->config->settings, id), "%s", text);
}

static void load_bootstrap_id(const struct qn_config_load *load)
{
    const char *text = qn_config_value(load, QN_OPTION_BOOTSTRAP_ID);
    if (text == NULL) {
        return;
    }
    load->config->bootstrap_id = qn_bootstrap_id_parse(text);
    if (load->config->bootstrap_id == 0) {
        qn_config_complain(load, QN_OPTION_BOOTSTRAP_ID,
                           "\"%.20s\" is no bootstrap id: three digits, 001 to 999", text);
    }
}

/* What a database says is no setting: it is often wrong, and the operator knows. */
static void complain_no_region(const struct qn_config_load *load)
{
    const char *names = qn_option_at(QN_OPTION_REGION)->help;
    const char *host = NULL;
    enum qn_region located;
    if (qn_config_locate(load->config, &located, &host)) {
        qn_config_complain(load, QN_OPTION_REGION, "is not set: %s; %s seems to be in %s", names,
                           host, qn_region_name(located));
    } else {
        qn_config_complain(load, QN_OPTION_REGION, "is not set: %s", names);
    }
}

static void load_region(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *text = qn_config_value(load, QN_OPTION_REGION);
    const struct qn_genesis_cert *cert = qn_config_own_cert(config);
    if (text != NULL) {
        config->has_region = qn_region_parse(&config->region, text);
        if (!config->has_region) {
            qn_config_complain(load, QN_OPTION_REGION, "\"%.40s\" is no region: %s", text,
                               qn_option_at(QN_OPTION_REGION)->help);
        } else if (cert != NULL && cert->region != config->region) {
            qn_config_complain(load, QN_OPTION_REGION,
                               "%s, but genesis certificate %03u says %s: leave it unset", text,
                               config->bootstrap_id, qn_region_name(cert->region));
        }
        return;
    }
    if (cert != NULL) {
        config->has_region = true;
        config->region = cert->region;
        config->settings.items[QN_OPTION_REGION] =
            (struct qn_setting){qn_region_name(cert->region), QN_SOURCE_CERTIFICATE};
        return;
    }
    bool is_needed = (load->needs & QN_CONFIG_NEEDS_REGION) != 0 ||
                     ((load->needs & QN_CONFIG_NEEDS_NODE) != 0 && config->bootstrap_id == 0);
    if (is_needed) {
        complain_no_region(load);
    }
}

static void load_log(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *levels = qn_config_value(load, QN_OPTION_LOG);
    const char *format = qn_config_value(load, QN_OPTION_LOG_FORMAT);
    if (levels != NULL && qn_log_levels_parse(&config->log_levels, levels) != QN_OK) {
        qn_config_complain(load, QN_OPTION_LOG,
                           "\"%.60s\" is no log level: error, warn, info or debug; single modules "
                           "after it, as in info,net=debug",
                           levels);
    }
    if (format != NULL) {
        config->log_format = strcmp(format, "json") == 0   ? QN_LOG_JSON
                             : strcmp(format, "text") == 0 ? QN_LOG_TEXT
                                                           : QN_LOG_AUTO;
        if (config->log_format == QN_LOG_AUTO && strcmp(format, "auto") != 0) {
            qn_config_complain(load, QN_OPTION_LOG_FORMAT,
                               "\"%.20s\" is no log format: auto, text or json", format);
        }
    }
}

static void load_region_check(const struct qn_config_load *load)
{
    static const char *const names[] = {"auto", "always", "off"}; /* in the enum's order */
    const char *text = qn_config_value(load, QN_OPTION_REGION_CHECK);
    for (unsigned i = 0; text != NULL && i < QN_ARRAY_COUNT(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            load->config->region_check = (enum qn_region_check_policy)i;
            return;
        }
    }
    if (text != NULL) {
        qn_config_complain(load, QN_OPTION_REGION_CHECK,
                           "\"%.20s\" is not possible: auto, always or off", text);
    }
}

enum { MEMORY_MIN = 1 << 20, BANDWIDTH_MIN = 1 << 14 };
#define SIZE_LIMIT ((uint64_t)1 << 40)

static void load_links(const struct qn_config_load *load)
{
    uint64_t links = 0;
    const char *text = qn_config_value(load, QN_OPTION_MAX_LINKS);
    if (text == NULL) {
        return;
    }
    if (!qn_number_parse(&links, text, QN_CONFIG_LINKS_MIN, QN_CONFIG_LINKS_MAX)) {
        qn_config_complain(load, QN_OPTION_MAX_LINKS, "\"%.20s\" is not possible: %d to %d links",
                           text, QN_CONFIG_LINKS_MIN, QN_CONFIG_LINKS_MAX);
    }
    load->config->links_max = (size_t)links;
}

/* Room for the largest peer list and the fewest links: below that the setting would be broken at once. */
static void load_budgets(const struct qn_config_load *load)
{
    const char *memory = qn_config_value(load, QN_OPTION_MAX_MEMORY);
    const char *bandwidth = qn_config_value(load, QN_OPTION_MAX_BANDWIDTH);
    if (memory != NULL &&
        !qn_size_parse(&load->config->memory_max, memory, MEMORY_MIN, SIZE_LIMIT)) {
        qn_config_complain(load, QN_OPTION_MAX_MEMORY,
                           "\"%.20s\" is not possible: 1M to 1T, as in 64M", memory);
    }
    if (bandwidth != NULL &&
        !qn_size_parse(&load->config->bandwidth_max, bandwidth, BANDWIDTH_MIN, SIZE_LIMIT)) {
        qn_config_complain(load, QN_OPTION_MAX_BANDWIDTH,
                           "\"%.20s\" is not possible: 16K to 1T bytes a second, as in 2M",
                           bandwidth);
    }
}

void qn_config_load(struct qn_config *config, struct qn_problems *problems,
                    const struct qn_cli *cli, unsigned needs)
{
    *config = (struct qn_config){0};
    struct qn_config_load load = {config, problems, cli->arguments.command, needs};
    qn_settings_read(&config->settings, problems, cli);
    load_bootstrap_id(&load);
    qn_config_genesis(&load);
    qn_config_secrets(&load);
    qn_config_addresses(&load);
    qn_config_location(&load);
    load_region(&load);
    load_log(&load);
    load_links(&load);
    load_region_check(&load);
    load_budgets(&load);
    qn_config_storage(&load);
    qn_settings_wipe_secrets(cli->environment);
}

void qn_config_fini(struct qn_config *config)
{
    if (config->has_genesis) {
        qn_genesis_fini(&config->genesis);
    }
    qn_key_free(config->key);
    qn_key_free(config->new_key);
    qn_key_free(config->code_key);
    qn_location_close(config->location);
    qn_settings_fini(&config->settings);
    qn_wipe(config, sizeof *config);
}

bool qn_config_load_or_report(struct qn_config *config, const struct qn_cli *cli, unsigned needs)
{
    struct qn_problems *problems = calloc(1, sizeof *problems);
    QN_ASSERT(problems != NULL);
    qn_config_load(config, problems, cli, needs);
    bool is_valid = problems->count == 0;
    if (!is_valid) {
        (void)qn_problems_report(cli, problems);
        qn_config_fini(config);
    }
    free(problems);
    return is_valid;
}
