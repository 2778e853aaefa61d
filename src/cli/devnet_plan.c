#include "cli/certificate.h"
#include "cli/config.h"
#include "cli/devnet.h"
#include "cli/devnet_ports.h"
#include "cli/devnet_report.h"
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char network_name[] = "devnet";
enum { CODES_VALID_MS = 365 * 24 * 3600 };
#define CODES_LIFETIME_MS ((qn_unix_ms)CODES_VALID_MS * 1000U)

/* ---- the command line ---- */

static bool read_count(const struct qn_cli *cli, uint64_t *value, enum qn_option_id id,
                       uint64_t min, uint64_t max)
{
    const char *text = qn_arguments_or_default(&cli->arguments, id);
    if (text == NULL || qn_number_parse(value, text, min, max)) {
        return true;
    }
    (void)qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--%s is %llu to %llu, not \"%.20s\"",
                         qn_option_at(id)->flag, (unsigned long long)min, (unsigned long long)max,
                         text);
    return false;
}

static bool read_regions(struct qn_devnet_plan *plan, const struct qn_cli *cli)
{
    const char *at = qn_arguments_value(&cli->arguments, QN_OPTION_REGIONS);
    if (at == NULL) {
        for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
            plan->regions[i] = (enum qn_region)i;
        }
        plan->region_count = QN_REGION_COUNT;
        return true;
    }
    while (at != NULL) {
        enum { NAME_SIZE = 32 };
        char name[NAME_SIZE];
        size_t len = strcspn(at, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)(len < NAME_SIZE ? len : NAME_SIZE), at);
        if (plan->region_count == QN_REGION_COUNT ||
            !qn_region_parse(&plan->regions[plan->region_count], name)) {
            (void)qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                                 "--regions: \"%s\" is not one of at most %d: %s", name,
                                 QN_REGION_COUNT, qn_option_at(QN_OPTION_REGION)->help);
            return false;
        }
        plan->region_count += 1;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return true;
}

/* The range that the plan's ports take, two for each node. */
static bool check_ports(const struct qn_devnet_plan *plan, const struct qn_cli *cli)
{
    unsigned last = plan->base_port + 2 * (plan->genesis_count + plan->node_count) - 1;
    if (plan->base_port != 0 && last > UINT16_MAX) {
        (void)qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                             "--base-port %u: the last port would be %u", plan->base_port, last);
        return false;
    }
    return true;
}

/* By its flag or from the environment. */
static const char *data_dir(const struct qn_cli *cli)
{
    static const char name[] = "QNET_DATA_DIR=";
    const char *value = qn_arguments_value(&cli->arguments, QN_OPTION_DATA_DIR);
    for (size_t i = 0; value == NULL && cli->environment[i] != NULL; i++) {
        const char *item = cli->environment[i];
        if (strncmp(item, name, strlen(name)) == 0 && item[strlen(name)] != '\0') {
            value = item + strlen(name);
        }
    }
    return value;
}

enum qn_exit qn_devnet_plan_read(struct qn_devnet_plan *plan, const struct qn_cli *cli)
{
    uint64_t genesis_count = 0;
    uint64_t node_count = 0;
    uint64_t base_port = 0;
    uint64_t seconds = 0; /* --for has no default */
    struct qn_log_levels levels;
    const char *level = qn_arguments_or_default(&cli->arguments, QN_OPTION_LOG);
    *plan = (struct qn_devnet_plan){.json = cli->arguments.json, .log_level = level};
    if (!read_count(cli, &genesis_count, QN_OPTION_GENESIS, QN_GENESIS_MIN, QN_VALIDATORS_MAX) ||
        !read_count(cli, &node_count, QN_OPTION_NODES, 0, QN_DEVNET_NODES_MAX) ||
        !read_count(cli, &base_port, QN_OPTION_BASE_PORT, 0, UINT16_MAX) ||
        !read_count(cli, &seconds, QN_OPTION_FOR, 1, QN_DEVNET_FOR_S_MAX) ||
        !read_regions(plan, cli)) {
        return QN_EXIT_USAGE;
    }
    if (qn_log_levels_parse(&levels, level) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--log: \"%.60s\" is no log level",
                              level);
    }
    plan->genesis_count = (unsigned)genesis_count;
    plan->node_count = (unsigned)node_count;
    plan->base_port = (uint16_t)base_port;
    plan->for_seconds = (unsigned)seconds;
    plan->log_dir = qn_arguments_value(&cli->arguments, QN_OPTION_LOG_DIR);
    plan->data_dir = data_dir(cli);
    plan->has_view = !plan->json && !qn_arguments_has(&cli->arguments, QN_OPTION_NO_VIEW) &&
                     qn_devnet_view_is_possible();
    return check_ports(plan, cli) ? QN_EXIT_OK : QN_EXIT_USAGE;
}

/* ---- the children's environment ---- */

enum { ENVIRONMENT_MAX = 2048 };

/* A growing list of "NAME=value"; what would not fit is a mistake of ours, not of the user's. */
struct environment {
    size_t count;
    char *items[ENVIRONMENT_MAX + 1];
};

static void set(struct environment *environment, const char *format, ...) QN_PRINTF(2, 3);

static void set(struct environment *environment, const char *format, ...)
{
    va_list values;
    char *text = NULL;
    va_start(values, format);
    int len = vasprintf(&text, format, values);
    va_end(values);
    QN_ASSERT(len >= 0 && environment->count < ENVIRONMENT_MAX);
    environment->items[environment->count] = text;
    environment->count += 1;
    environment->items[environment->count] = NULL;
}

/* PATH, HOME and so on, but no setting of QNet's: those are ours to make. */
static void inherit(struct environment *environment, char *const *from)
{
    enum { INHERITED_MAX = ENVIRONMENT_MAX / 2 };
    for (size_t i = 0; from[i] != NULL && environment->count < INHERITED_MAX; i++) {
        if (strncmp(from[i], "QNET_", 5) != 0) {
            set(environment, "%s", from[i]);
        }
    }
}

static void free_environment(char **items)
{
    if (items == NULL) {
        return;
    }
    for (size_t i = 0; items[i] != NULL; i++) {
        qn_wipe(items[i], strlen(items[i]));
        free(items[i]);
    }
    free(items);
}

/* What all of them share: certificates, batch, log level. */
struct shared {
    struct environment *environment;
    struct qn_code_batch codes; /* of the ordinary nodes */
};

static char **environment_of(const struct shared *shared, const struct qn_devnet_child *child,
                             const char *seed_text)
{
    char text[QN_ENDPOINT_TEXT_SIZE];
    struct environment *own = calloc(1, sizeof *own);
    QN_ASSERT(own != NULL);
    for (size_t i = 0; i < shared->environment->count; i++) {
        set(own, "%s", shared->environment->items[i]);
    }
    set(own, "QNET_KEY=%s", seed_text);
    set(own, "QNET_LISTEN=%s", qn_endpoint_format(text, &child->listen));
    set(own, "QNET_API=%s", qn_endpoint_format(text, &child->api));
    if (child->devnet->plan.data_dir != NULL) {
        set(own, "QNET_DATA_DIR=%s/%s-%03u", child->devnet->plan.data_dir,
            child->is_genesis ? "genesis" : "node", child->number);
    }
    if (child->is_genesis) {
        set(own, "QNET_BOOTSTRAP_ID=%03u", child->number);
    } else {
        char code[QN_ACTIVATION_CODE_TEXT_SIZE];
        enum qn_err err = qn_activation_code_format(code, &shared->codes.codes[child->number - 1]);
        QN_ASSERT(err == QN_OK);
        set(own, "QNET_REGION=%s", qn_region_name(child->region));
        set(own, "QNET_ACTIVATION_CODE=%s", code);
        qn_wipe(code, sizeof code);
    }
    char **items = calloc(own->count + 1, sizeof *items);
    QN_ASSERT(items != NULL);
    memcpy(items, own->items, own->count * sizeof *items);
    free(own);
    return items;
}

/* ---- children ---- */

static void add_cert(struct shared *shared, const struct qn_devnet_child *child,
                     const struct qn_key *key)
{
    char text[QN_CERTIFICATE_TEXT_SIZE];
    struct qn_genesis_cert cert = {
        .bootstrap_id = (uint16_t)child->number,
        .region = child->region,
        .endpoint_count = 1,
        .endpoints = {child->listen},
        .not_before_ms = qn_cli_unix_ms(),
    };
    (void)snprintf(cert.network, sizeof cert.network, "%s", network_name);
    enum qn_err err = qn_certificate_sign(text, &cert, key);
    QN_ASSERT(err == QN_OK);
    set(shared->environment, "QNET_GENESIS_CERT_%03u=%s", child->number, text);
}

/* Who it is; seed_text (2 * QN_SEED_LEN + 1) gets its secret. */
static void make_identity(struct shared *shared, struct qn_devnet_child *child, char *seed_text)
{
    uint8_t seed[QN_SEED_LEN];
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    QN_ASSERT(key != NULL);
    child->id = qn_public_key_id(qn_key_public(key));
    qn_hex_encode(seed_text, seed, sizeof seed);
    if (child->is_genesis) {
        add_cert(shared, child, key);
    }
    qn_wipe(seed, sizeof seed);
    qn_key_free(key);
}

static void name_child(struct qn_devnet *devnet, size_t index)
{
    struct qn_devnet_child *child = &devnet->children[index];
    const struct qn_devnet_plan *plan = &devnet->plan;
    child->devnet = devnet;
    child->is_genesis = index < plan->genesis_count;
    child->number = (unsigned)(child->is_genesis ? index : index - plan->genesis_count) + 1;
    child->region = plan->regions[index % plan->region_count];
    child->log.fd = -1;
    child->log.file_fd = -1;
    child->held_fds[0] = -1;
    child->held_fds[1] = -1;
    (void)snprintf(child->name, sizeof child->name, child->is_genesis ? "genesis %03u" : "node %u",
                   child->number);
}

static enum qn_exit reserve_ports(struct qn_devnet *devnet, const struct qn_cli *cli)
{
    uint16_t base = devnet->plan.base_port;
    for (size_t i = 0; i < devnet->child_count; i++) {
        char why[QN_TEXT_LEN_MAX + 1];
        struct qn_devnet_child *child = &devnet->children[i];
        uint16_t listen = base == 0 ? 0 : (uint16_t)(base + i);
        uint16_t api = base == 0 ? 0 : (uint16_t)(base + devnet->child_count + i);
        if (qn_devnet_port_hold(&child->held_fds[0], &child->listen, listen, why) != QN_OK ||
            qn_devnet_port_hold(&child->held_fds[1], &child->api, api, why) != QN_OK) {
            return qn_output_fail(cli, QN_EXIT_RUNTIME, "io", "%s", why);
        }
    }
    return QN_EXIT_OK;
}

static void make_children(struct qn_devnet *devnet, struct shared *shared)
{
    enum { SEED_TEXT_SIZE = 2 * QN_SEED_LEN + 1 };
    char(*seeds)[SEED_TEXT_SIZE] = calloc(devnet->child_count, sizeof *seeds);
    QN_ASSERT(seeds != NULL);
    for (size_t i = 0; i < devnet->child_count; i++) {
        make_identity(shared, &devnet->children[i], seeds[i]);
    }
    /* Only now are all certificates there. */
    for (size_t i = 0; i < devnet->child_count; i++) {
        devnet->children[i].environment = environment_of(shared, &devnet->children[i], seeds[i]);
    }
    qn_wipe(seeds, devnet->child_count * sizeof *seeds);
    free(seeds);
}

/* path NULL: not wanted. */
static enum qn_exit make_folder(const char *path, enum qn_option_id id, const struct qn_cli *cli)
{
    struct stat about;
    if (path == NULL || mkdir(path, S_IRWXU) == 0 ||
        (stat(path, &about) == 0 && S_ISDIR(about.st_mode))) {
        return QN_EXIT_OK;
    }
    return qn_output_fail(cli, QN_EXIT_RUNTIME, "io", "--%s %s: no folder can be made there",
                          qn_option_at(id)->flag, path);
}

enum qn_exit qn_devnet_prepare(struct qn_devnet *devnet, const struct qn_cli *cli)
{
    struct shared shared = {.environment = calloc(1, sizeof *shared.environment)};
    devnet->child_count = devnet->plan.genesis_count + devnet->plan.node_count;
    devnet->children = calloc(devnet->child_count, sizeof *devnet->children);
    QN_ASSERT(shared.environment != NULL && devnet->children != NULL);
    for (size_t i = 0; i < devnet->child_count; i++) {
        name_child(devnet, i);
    }
    enum qn_exit status = make_folder(devnet->plan.log_dir, QN_OPTION_LOG_DIR, cli);
    if (status == QN_EXIT_OK) {
        status = make_folder(devnet->plan.data_dir, QN_OPTION_DATA_DIR, cli);
    }
    if (status == QN_EXIT_OK) {
        status = reserve_ports(devnet, cli);
    }
    if (status == QN_EXIT_OK) {
        inherit(shared.environment, cli->environment);
        set(shared.environment, "QNET_LOG=%s", devnet->plan.log_level);
        set(shared.environment, "QNET_LOG_FORMAT=text");
        if (devnet->plan.node_count > 0) {
            qn_code_batch_init(&shared.codes, devnet->plan.node_count, 0,
                               qn_cli_unix_ms() + CODES_LIFETIME_MS);
            set(shared.environment, "QNET_ACTIVATION_BATCH_001=%s", shared.codes.text);
        }
        make_children(devnet, &shared);
        qn_code_batch_fini(&shared.codes);
    }
    for (size_t i = 0; i < shared.environment->count; i++) {
        free(shared.environment->items[i]);
    }
    free(shared.environment);
    return status;
}

void qn_devnet_prepare_fini(struct qn_devnet *devnet)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        free_environment(devnet->children[i].environment);
        qn_devnet_port_release(&devnet->children[i].held_fds[0]);
        qn_devnet_port_release(&devnet->children[i].held_fds[1]);
    }
    free(devnet->children);
    devnet->children = NULL;
    devnet->child_count = 0;
}
