#include "cli/settings.h"

#include "cli/nearest.h"
#include "crypto/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS = 3, ENVIRONMENT_NAME_SIZE = QN_PROBLEM_NAME_SIZE };
static const char prefix[] = "QNET_";

/* Of the build and its tests (./dev help): set around us, not meant for us. */
static const char *const foreign_names[] = {
    "QNET_BIN",  "QNET_SOURCE_DIR",    "QNET_BUILD_DIR",
    "QNET_JOBS", "QNET_DEBIAN_MIRROR", "QNET_TEST_SEED",
};

const char *qn_source_name(enum qn_source source)
{
    switch (source) {
    case QN_SOURCE_UNSET:
        return "unset";
    case QN_SOURCE_DEFAULT:
        return "default";
    case QN_SOURCE_CERTIFICATE:
        return "certificate";
    case QN_SOURCE_ENVIRONMENT:
        return "environment";
    case QN_SOURCE_FLAG:
        return "flag";
    }
    return "unknown";
}

static void add_numbered(struct qn_settings *settings, const struct qn_numbered_setting *item)
{
    enum { FIRST_CAPACITY = 16 };
    if (settings->numbered_count == settings->numbered_capacity) {
        settings->numbered_capacity =
            settings->numbered_capacity == 0 ? FIRST_CAPACITY : 2 * settings->numbered_capacity;
        settings->numbered =
            realloc(settings->numbered, settings->numbered_capacity * sizeof *settings->numbered);
        QN_ASSERT(settings->numbered != NULL);
    }
    settings->numbered[settings->numbered_count] = *item;
    settings->numbered_count += 1;
}

/* 1..999 from exactly three digits at the end of the text, else 0. */
static unsigned parse_number(const char *digits)
{
    unsigned number = 0;
    for (size_t i = 0; i < NUMBER_DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return 0;
        }
        number = 10 * number + (unsigned)(digits[i] - '0');
    }
    return digits[NUMBER_DIGITS] == '\0' ? number : 0;
}

/* The option whose variable this is; for a numbered one *digits points behind "NAME_". */
static const struct qn_option *find_variable(const char *name, const char **digits)
{
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        if (option->environment == NULL) {
            continue;
        }
        size_t len = strlen(option->environment);
        bool is_numbered = (option->traits & QN_OPTION_NUMBERED) != 0;
        if (strncmp(name, option->environment, len) == 0 &&
            name[len] == (is_numbered ? '_' : '\0')) {
            *digits = is_numbered ? name + len + 1 : NULL;
            return option;
        }
    }
    return NULL;
}

static void complain_unknown(struct qn_problems *problems, const char *name)
{
    const char *digits;
    struct qn_nearest nearest = qn_nearest_start(name);
    for (size_t i = 0; i < QN_ARRAY_COUNT(foreign_names); i++) {
        if (strcmp(name, foreign_names[i]) == 0) {
            return;
        }
    }
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        if (option->environment != NULL) {
            qn_nearest_offer(&nearest, option->environment);
        }
    }
    if (nearest.best == NULL) {
        qn_problems_add(problems, name, "is no setting of QNet; qnet node --help lists them");
        return;
    }
    const struct qn_option *best = find_variable(nearest.best, &digits);
    bool is_numbered = best == NULL; /* by its bare name, which is no variable */
    qn_problems_add(problems, name, "is no setting of QNet; did you mean %s%s?", nearest.best,
                    is_numbered ? "_001" : "");
}

static void take_variable(struct qn_settings *settings, struct qn_problems *problems,
                          const char *name, const char *value)
{
    const char *digits = NULL;
    const struct qn_option *option = find_variable(name, &digits);
    if (option == NULL) {
        complain_unknown(problems, name);
        return;
    }
    if (value[0] == '\0') {
        return;
    }
    if (digits == NULL) {
        settings->items[option->id] = (struct qn_setting){value, QN_SOURCE_ENVIRONMENT};
        return;
    }
    struct qn_numbered_setting item = {
        .id = option->id,
        .number = parse_number(digits),
        .value = value,
        .source = QN_SOURCE_ENVIRONMENT,
    };
    (void)snprintf(item.name, sizeof item.name, "%s", name);
    if (item.number == 0) {
        qn_problems_add(problems, name, "its number has three digits, 001 to 999: %s_001",
                        option->environment);
        return;
    }
    add_numbered(settings, &item);
}

static void take_environment(struct qn_settings *settings, struct qn_problems *problems,
                             char *const *environment)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        char name[ENVIRONMENT_NAME_SIZE];
        const char *equals = strchr(environment[i], '=');
        if (strncmp(environment[i], prefix, strlen(prefix)) != 0 || equals == NULL) {
            continue;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - environment[i]), environment[i]);
        take_variable(settings, problems, name, equals + 1);
    }
}

/* Flags replace the environment's list as a whole: half of each would be a third network. */
static void drop_numbered(struct qn_settings *settings, enum qn_option_id id)
{
    size_t kept = 0;
    for (size_t i = 0; i < settings->numbered_count; i++) {
        if (settings->numbered[i].id != id || settings->numbered[i].source == QN_SOURCE_FLAG) {
            settings->numbered[kept] = settings->numbered[i];
            kept += 1;
        }
    }
    settings->numbered_count = kept;
}

static void take_flags(struct qn_settings *settings, const struct qn_arguments *arguments)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        const struct qn_given *given = &arguments->given[i];
        const struct qn_option *option = qn_option_at(given->id);
        if ((option->traits & QN_OPTION_NUMBERED) == 0) {
            settings->items[given->id] = (struct qn_setting){given->value, QN_SOURCE_FLAG};
            continue;
        }
        struct qn_numbered_setting item = {
            .id = given->id, .value = given->value, .source = QN_SOURCE_FLAG};
        (void)snprintf(item.name, sizeof item.name, "--%s", option->flag);
        drop_numbered(settings, given->id);
        add_numbered(settings, &item);
    }
}

static int compare_numbered(const void *left, const void *right)
{
    const struct qn_numbered_setting *a = left;
    const struct qn_numbered_setting *b = right;
    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }
    return a->number == b->number ? 0 : a->number < b->number ? -1 : 1;
}

void qn_settings_read(struct qn_settings *settings, struct qn_problems *problems,
                      const struct qn_cli *cli)
{
    *settings = (struct qn_settings){0};
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const char *fallback = qn_option_at((enum qn_option_id)i)->fallback;
        if (fallback != NULL) {
            settings->items[i] = (struct qn_setting){fallback, QN_SOURCE_DEFAULT};
        }
    }
    take_environment(settings, problems, cli->environment);
    if (settings->numbered_count > 0) {
        qsort(settings->numbered, settings->numbered_count, sizeof *settings->numbered,
              compare_numbered);
    }
    take_flags(settings, &cli->arguments);
}

void qn_settings_fini(struct qn_settings *settings)
{
    free(settings->numbered);
    *settings = (struct qn_settings){0};
}

static void wipe_if_secret(char *variable)
{
    for (size_t id = 0; id < QN_OPTION_COUNT; id++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)id);
        if ((option->traits & QN_OPTION_SECRET) == 0 || option->environment == NULL) {
            continue;
        }
        size_t len = strlen(option->environment);
        if (strncmp(variable, option->environment, len) == 0 && variable[len] == '=') {
            char *value = variable + len + 1;
            qn_wipe(value, strlen(value));
        }
    }
}

void qn_settings_wipe_secrets(char *const *environment)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        wipe_if_secret(environment[i]);
    }
}

const char *qn_setting_name(char *name, const struct qn_settings *settings, enum qn_option_id id)
{
    const struct qn_option *option = qn_option_at(id);
    bool by_flag = settings->items[id].source == QN_SOURCE_FLAG || option->environment == NULL;
    (void)snprintf(name, QN_PROBLEM_NAME_SIZE, "%s%s", by_flag ? "--" : "",
                   by_flag ? option->flag : option->environment);
    return name;
}
