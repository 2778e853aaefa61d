#include "api/api.h"
#include "cli/announce_chain.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/daemon_setup.h"
#include "cli/daemon_store.h"
#include "cli/output.h"
#include "consensus/consensus.h"
#include "net/runtime.h"
#include "node/view.h"
#include "qn_version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char software[] = "qnet/" QN_VERSION;

/* All that a running node consists of, in the order in which it is made. */
struct daemon {
    const struct qn_cli *cli;
    struct qn_config config;
    struct qn_log_stderr sink;
    struct qn_log_filter filter;
    const struct qn_log *log; /* NULL: not open */
    struct qn_storage storage;
    struct qn_store *store; /* NULL: memory */
    struct qn_runtime *runtime;
    struct qn_node *node;
    struct qn_api *api;
};

/* For the signal handler, which gets no context. */
static struct qn_runtime *volatile runtime_to_stop;

static void on_stop_signal(int signal_number)
{
    (void)signal_number;
    if (runtime_to_stop != NULL) {
        qn_runtime_stop(runtime_to_stop);
    }
}

static void catch_signals(struct qn_runtime *runtime)
{
    struct sigaction action = {.sa_handler = on_stop_signal};
    runtime_to_stop = runtime;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static void release_signals(void)
{
    /* Whoever asks again while the rest is taken down has already been heard. */
    struct sigaction action = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    runtime_to_stop = NULL;
}

/* ---- what the API needs of us ---- */

static bool host_post(void *context, void (*fn)(void *argument), void *argument)
{
    return qn_runtime_post(((struct daemon *)context)->runtime, fn, argument);
}

static void host_request(void *context, enum qn_request_kind kind, struct qn_span request,
                         void (*done)(void *done_context, const struct qn_submit_result *result),
                         void *done_context)
{
    qn_runtime_request(((struct daemon *)context)->runtime, kind, request, done, done_context);
}

static const struct qn_node *host_node(void *context)
{
    return ((struct daemon *)context)->node;
}

static void host_collect(void *context, const struct qn_metric_sink *sink)
{
    const struct daemon *daemon = context;
    qn_runtime_collect(daemon->runtime, sink);
    qn_node_collect(daemon->node, sink);
    if (daemon->store != NULL) {
        qn_store_collect(daemon->store, sink);
    }
}

static const char *host_storage(void *context, uint64_t *bytes)
{
    const struct daemon *daemon = context;
    if (daemon->store == NULL) {
        return NULL;
    }
    *bytes = qn_store_size(daemon->store);
    return qn_store_path(daemon->store);
}

/* ---- opening ---- */

static void open_log(struct daemon *daemon)
{
    const struct qn_config *config = &daemon->config;
    qn_log_stderr_init(&daemon->sink, STDERR_FILENO, config->log_format,
                       qn_log_levels_max(&config->log_levels));
    qn_log_filter_init(&daemon->filter, &config->log_levels, &daemon->sink.log);
    daemon->log = &daemon->filter.log;
}

/* A key for a node that was given none: it is somebody else after the next start. */
static void make_fresh_key(struct daemon *daemon)
{
    uint8_t seed[QN_SEED_LEN];
    struct qn_config *config = &daemon->config;
    config->key = qn_key_generate(config->suite, seed);
    QN_ASSERT(config->key != NULL);
    config->announce_tip = qn_announce_chain_tip(seed);
    qn_wipe(seed, sizeof seed);
    qn_log(daemon->log, QN_LOG_WARN, "node", "fresh_key",
           "text=\"QNET_KEY is not set: this node's identity is new and is lost when it ends\"");
}

static enum qn_exit open_storage(struct daemon *daemon)
{
    char why[QN_STORE_WHY_SIZE] = "";
    enum qn_err err =
        qn_daemon_open_storage(&daemon->store, &daemon->storage, &daemon->config, why);
    return err == QN_OK ? QN_EXIT_OK
                        : qn_output_fail(daemon->cli, QN_EXIT_RUNTIME, qn_err_name(err), "%s", why);
}

static enum qn_exit open_runtime(struct daemon *daemon)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    const struct qn_config *config = &daemon->config;
    struct qn_runtime_config runtime = {
        .key = config->key,
        .activation_key = config->code_key,
        .listen = config->listen,
        .listens = config->listens,
        .links_max = config->links_max,
        .maps_port = config->maps_port,
        .has_gateway = config->has_gateway,
        .gateway = config->gateway,
        .has_lan = config->has_lan,
        .network = config->genesis.network,
        .lan = config->lan,
        .log = daemon->log,
        .storage = &daemon->storage,
    };
    enum qn_err err = qn_runtime_open(&daemon->runtime, &runtime, why);
    if (err != QN_OK) {
        return qn_output_fail(daemon->cli, QN_EXIT_RUNTIME, qn_err_name(err), "%s",
                              why[0] != '\0' ? why : qn_err_text(err));
    }
    return QN_EXIT_OK;
}

static enum qn_exit open_node(struct daemon *daemon)
{
    struct qn_node_config node;
    struct qn_endpoint bound = {0};
    if (daemon->config.listens) {
        bound = *qn_runtime_listen(daemon->runtime);
    }
    qn_daemon_node_config(&node, &daemon->config, &bound);
    node.storage = &daemon->storage;
    node.log = daemon->log;
    node.delta = QN_CONSENSUS_DELTA;
    node.software = software;
    enum qn_err err = qn_node_new(&daemon->node, &node, qn_runtime_now(), qn_runtime_unix_ms());
    if (err != QN_OK && daemon->store != NULL) {
        return qn_output_fail(
            daemon->cli, QN_EXIT_RUNTIME, qn_err_name(err),
            "the node cannot start: what is stored in %s does not fit together (%s): run "
            "qnet db check, then restore a backup or move the folder away",
            qn_store_path(daemon->store), qn_err_text(err));
    }
    if (err != QN_OK) {
        return qn_output_fail(daemon->cli, QN_EXIT_RUNTIME, qn_err_name(err),
                              "the node cannot start: %s", qn_err_text(err));
    }
    return QN_EXIT_OK;
}

static enum qn_exit open_api(struct daemon *daemon)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    if (!daemon->config.has_api) {
        return QN_EXIT_OK;
    }
    struct qn_api_config api = {
        .listen = daemon->config.api,
        .host = {.context = daemon,
                 .post = host_post,
                 .request = host_request,
                 .node = host_node,
                 .collect = host_collect,
                 .storage = host_storage,
                 .now = qn_runtime_now,
                 .unix_ms = qn_runtime_unix_ms},
        .log = daemon->log,
        .software = software,
    };
    enum qn_err err = qn_api_open(&daemon->api, &api, why);
    if (err != QN_OK) {
        return qn_output_fail(daemon->cli, QN_EXIT_RUNTIME, qn_err_name(err), "%s",
                              why[0] != '\0' ? why : qn_err_text(err));
    }
    return QN_EXIT_OK;
}

/* ---- running ---- */

static void tell_up(const struct daemon *daemon)
{
    char id_text[QN_ID_TEXT_SIZE];
    char network[QN_ID_TEXT_SIZE];
    char listen[QN_ENDPOINT_TEXT_SIZE] = "off";
    char api[QN_ENDPOINT_TEXT_SIZE] = "off";
    const struct qn_config *config = &daemon->config;
    struct qn_node_id id = qn_public_key_id(qn_key_public(config->key));
    qn_hex_encode(id_text, id.bytes, sizeof id.bytes);
    qn_hex_encode(network, config->genesis.network.bytes, sizeof config->genesis.network.bytes);
    if (config->listens) {
        qn_endpoint_format(listen, qn_runtime_listen(daemon->runtime));
    }
    if (daemon->api != NULL) {
        qn_endpoint_format(api, qn_api_listen(daemon->api));
    }
    const char *path = daemon->store != NULL ? qn_store_path(daemon->store) : NULL;
    if (daemon->cli->arguments.json) {
        qn_output_json(json_pack(
            "{s:s, s:s, s:s, s:{s:s, s:s}, s:i, s:s, s:s?, s:i}", "id", id_text, "listen", listen,
            "api", api, "network", "id", network, "name", config->genesis.name, "bootstrap_id",
            (int)config->bootstrap_id, "storage", path != NULL ? "durable" : "memory",
            "storage_path", path, "pid", (int)getpid()));
    } else {
        (void)printf("qnet node %s up: listen %s, api %s%s, network %.16s..., storage %s\n",
                     id_text, listen, daemon->api != NULL ? "http://" : "", api, network,
                     path != NULL ? path : "memory");
    }
    (void)fflush(stdout);
    qn_daemon_tell_storage(daemon->log, daemon->store, config->bootstrap_id != 0);
}

static enum qn_exit run(struct daemon *daemon)
{
    catch_signals(daemon->runtime);
    tell_up(daemon);
    enum qn_err err = qn_runtime_run(daemon->runtime, daemon->node);
    release_signals();
    if (err != QN_OK) {
        const char *halted = qn_node_halted(daemon->node);
        const char *detail = daemon->store != NULL ? qn_store_failure(daemon->store) : "";
        return qn_output_fail(
            daemon->cli, QN_EXIT_RUNTIME, qn_err_name(err), "the node stopped: %s%s%s",
            halted != NULL ? halted : qn_err_text(err), detail[0] != '\0' ? "; " : "", detail);
    }
    return QN_EXIT_OK;
}

static enum qn_exit open_and_run(struct daemon *daemon)
{
    open_log(daemon);
    qn_daemon_raise_file_limit(daemon->log, daemon->config.links_max);
    if (daemon->config.key == NULL) {
        make_fresh_key(daemon);
    }
    qn_daemon_warn(daemon->log, &daemon->config);
    enum qn_exit status = open_storage(daemon);
    if (status == QN_EXIT_OK) {
        status = open_runtime(daemon);
    }
    if (status == QN_EXIT_OK) {
        status = open_node(daemon);
    }
    if (status == QN_EXIT_OK) {
        status = open_api(daemon);
    }
    return status == QN_EXIT_OK ? run(daemon) : status;
}

static void close_all(struct daemon *daemon)
{
    qn_api_close(daemon->api);
    if (daemon->node != NULL) {
        qn_node_free(daemon->node);
    }
    qn_runtime_close(daemon->runtime);
    if (daemon->storage.close != NULL) {
        daemon->storage.close(daemon->storage.context);
    }
    if (daemon->log != NULL) {
        qn_log_stderr_fini(&daemon->sink);
    }
    qn_config_fini(&daemon->config);
}

enum qn_exit qn_cli_node(const struct qn_cli *cli)
{
    struct daemon daemon = {.cli = cli};
    const char *parent = qn_arguments_value(&cli->arguments, QN_OPTION_PARENT);
    if (parent != NULL && !qn_daemon_follow_parent(parent)) {
        return qn_output_fail(cli, QN_EXIT_RUNTIME, "closed", "the parent process is gone");
    }
    if (!qn_config_load_or_report(&daemon.config, cli, QN_CONFIG_NEEDS_NODE)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = open_and_run(&daemon);
    close_all(&daemon);
    return status;
}
