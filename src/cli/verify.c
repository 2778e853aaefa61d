#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"
#include "net/probe.h"
#include "net/runtime.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_S_MAX = 300, PATH_SIZE = 128, STANDING_SIZE = 32, TEXT_SIZE = 4 * QN_TEXT_LEN_MAX };

/* One verification: what was asked for and what came out. */
struct verification {
    const struct qn_cli *cli;
    struct qn_config config;
    struct qn_key *key; /* ours, or a fresh one */
    struct qn_endpoint endpoint;
    bool has_expected_id;
    struct qn_node_id expected_id;
    unsigned timeout_ms;
    struct qn_probe_result probe;
    char standing
        [STANDING_SIZE]; /* "genesis", "active", "revoked", "expired", "unregistered", "unknown" */
    char source[STANDING_SIZE]; /* who says so: "genesis certificates", "registry" or "" */
    uint64_t index;
    bool has_index;
    uint64_t lookup_us;
};

static enum qn_exit read_flags(struct verification *v)
{
    uint64_t seconds;
    const struct qn_arguments *arguments = &v->cli->arguments;
    const char *id = qn_arguments_value(arguments, QN_OPTION_PEER_ID);
    const char *timeout = qn_arguments_or_default(arguments, QN_OPTION_TIMEOUT);
    if (qn_endpoint_parse_local(&v->endpoint, arguments->positionals[0]) != QN_OK) {
        return qn_output_fail(v->cli, QN_EXIT_USAGE, "usage",
                              "\"%.80s\" is no address: host:port or [v6]:port",
                              arguments->positionals[0]);
    }
    v->has_expected_id = id != NULL;
    if (id != NULL && qn_hex_decode(v->expected_id.bytes, QN_HASH_LEN, id) != QN_OK) {
        return qn_output_fail(v->cli, QN_EXIT_USAGE, "usage",
                              "--id is 64 hex digits, not \"%.70s\"", id);
    }
    if (!qn_number_parse(&seconds, timeout, 1, TIMEOUT_S_MAX)) {
        return qn_output_fail(v->cli, QN_EXIT_USAGE, "usage",
                              "--timeout is 1 to %d seconds, not \"%.20s\"", TIMEOUT_S_MAX,
                              timeout);
    }
    v->timeout_ms = (unsigned)seconds * 1000U;
    return QN_EXIT_OK;
}

/* Genesis nodes are pinned; of all others the registry knows, which a node's API can be asked about. */
static void look_up(struct verification *v)
{
    char id_text[QN_ID_TEXT_SIZE];
    char path[PATH_SIZE];
    struct qn_api_result result;
    qn_time_us start = qn_runtime_now();
    if (v->config.has_genesis && qn_genesis_by_id(&v->config.genesis, &v->probe.id) != NULL) {
        (void)snprintf(v->standing, sizeof v->standing, "genesis");
        (void)snprintf(v->source, sizeof v->source, "genesis certificates");
        v->lookup_us = qn_runtime_now() - start;
        return;
    }
    qn_hex_encode(id_text, v->probe.id.bytes, sizeof v->probe.id.bytes);
    (void)snprintf(path, sizeof path, "/v1/registry/%s", id_text);
    enum qn_err err = qn_api_ask(&result, &v->config.api_url, path, QN_API_TIMEOUT_MS);
    v->lookup_us = qn_runtime_now() - start;
    (void)snprintf(v->standing, sizeof v->standing, "unknown");
    if (err == QN_OK) {
        (void)snprintf(v->standing, sizeof v->standing, "%s", qn_json_text(result.json, "status"));
        v->has_index = true;
        v->index = qn_json_number(result.json, "index");
    } else if (result.status == 404 &&
               strcmp(result.code, qn_err_name(QN_ERR_NOT_REGISTERED)) == 0) {
        (void)snprintf(v->standing, sizeof v->standing, "unregistered");
    }
    if (strcmp(v->standing, "unknown") != 0) {
        (void)snprintf(v->source, sizeof v->source, "registry");
    }
    qn_api_result_fini(&result);
}

static json_t *hello_json(const struct qn_probe_result *probe)
{
    char network[QN_ID_TEXT_SIZE];
    if (!probe->has_hello) {
        return json_null();
    }
    qn_hex_encode(network, probe->hello.network.bytes, sizeof probe->hello.network.bytes);
    return json_pack("{s:s, s:i, s:s, s:I, s:s}", "network", network, "protocol",
                     (int)probe->hello.version, "region", qn_region_name(probe->hello.region),
                     "height", (json_int_t)probe->hello.height, "software", probe->hello.software);
}

static void show_json(const struct verification *v)
{
    char id_text[QN_ID_TEXT_SIZE];
    const struct qn_probe_result *probe = &v->probe;
    qn_hex_encode(id_text, probe->id.bytes, sizeof probe->id.bytes);
    json_t *object = json_pack(
        "{s:b, s:s, s:s, s:s?, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "ok", true, "id",
        id_text, "status", v->standing, "status_from", v->source[0] != '\0' ? v->source : NULL,
        "algorithm", probe->algorithm, "group", probe->group, "tls", probe->tls_version,
        "connect_us", (json_int_t)probe->connect_us, "handshake_us",
        (json_int_t)probe->handshake_us, "handshake_cpu_us", (json_int_t)probe->handshake_cpu_us,
        "lookup_us", (json_int_t)v->lookup_us, "bytes_sent", (json_int_t)probe->bytes_sent,
        "bytes_received", (json_int_t)probe->bytes_received, "hello", hello_json(probe));
    (void)json_object_set_new(object, "index",
                              v->has_index ? json_integer((json_int_t)v->index) : json_null());
    qn_output_json(object);
}

static void show_hello(struct qn_table *table, const struct verification *v)
{
    char network[QN_ID_TEXT_SIZE];
    char text[TEXT_SIZE];
    const struct qn_probe_result *probe = &v->probe;
    if (probe->has_hello) {
        bool is_ours = v->config.has_genesis &&
                       qn_network_id_equal(&probe->hello.network, &v->config.genesis.network);
        qn_hex_encode(network, probe->hello.network.bytes, sizeof probe->hello.network.bytes);
        qn_table_pair(table, "network", "%.16s...%s", network,
                      !v->config.has_genesis ? ""
                      : is_ours              ? " (ours)"
                                             : " (another than ours)");
        qn_table_pair(
            table, "says", "%s, %s, height %llu",
            qn_log_escape(text, sizeof text, probe->hello.software, strlen(probe->hello.software)),
            qn_region_name(probe->hello.region), (unsigned long long)probe->hello.height);
    }
    if (probe->has_goodbye) {
        qn_table_pair(
            table, "ended with", "%s: %s", qn_close_reason_name(probe->goodbye.reason),
            qn_log_escape(text, sizeof text, probe->goodbye.text, strlen(probe->goodbye.text)));
    }
}

static void show_text(const struct verification *v)
{
    struct qn_table table;
    char id_text[QN_ID_TEXT_SIZE];
    char wall[QN_DURATION_TEXT_SIZE];
    char cpu[QN_DURATION_TEXT_SIZE];
    const struct qn_probe_result *probe = &v->probe;
    qn_hex_encode(id_text, probe->id.bytes, sizeof probe->id.bytes);
    qn_table_init(&table, "ll");
    qn_table_pair(&table, "node", "%s", id_text);
    if (v->source[0] == '\0') {
        qn_table_pair(&table, "registry", "not asked: neither a genesis certificate nor an API");
    } else if (v->has_index) {
        qn_table_pair(&table, "registry", "%s, index %llu", v->standing,
                      (unsigned long long)v->index);
    } else {
        qn_table_pair(&table, "registry", "%s (by the %s)", v->standing, v->source);
    }
    qn_table_pair(&table, "proof", "%s over %s, key exchange %s", probe->algorithm,
                  probe->tls_version, probe->group);
    qn_table_pair(&table, "connect", "%s", qn_text_duration(wall, probe->connect_us));
    qn_table_pair(&table, "handshake", "%s, %s of it our CPU",
                  qn_text_duration(wall, probe->handshake_us),
                  qn_text_duration(cpu, probe->handshake_cpu_us));
    qn_table_pair(&table, "look-up", "%s", qn_text_duration(wall, v->lookup_us));
    qn_table_pair(&table, "bytes", "%llu sent, %llu received",
                  (unsigned long long)probe->bytes_sent, (unsigned long long)probe->bytes_received);
    show_hello(&table, v);
    qn_table_finish(&table);
}

static enum qn_exit probe_and_show(struct verification *v)
{
    static const struct qn_network_id no_network;
    char endpoint[QN_ENDPOINT_TEXT_SIZE];
    enum qn_err err = qn_probe(&v->probe, &v->endpoint, v->key,
                               v->config.has_genesis ? &v->config.genesis.network : &no_network,
                               v->has_expected_id ? &v->expected_id : NULL, v->timeout_ms);
    if (err != QN_OK) {
        return qn_output_fail(v->cli, QN_EXIT_RUNTIME, qn_close_reason_name(v->probe.failure),
                              "%s could not be verified: %s (%s)",
                              qn_endpoint_format(endpoint, &v->endpoint), qn_err_text(err),
                              qn_close_reason_name(v->probe.failure));
    }
    look_up(v);
    if (v->cli->arguments.json) {
        show_json(v);
    } else {
        show_text(v);
    }
    return QN_EXIT_OK;
}

enum qn_exit qn_cli_verify(const struct qn_cli *cli)
{
    uint8_t seed[QN_SEED_LEN];
    struct verification v = {.cli = cli};
    enum qn_exit status = read_flags(&v);
    if (status != QN_EXIT_OK) {
        return status;
    }
    if (!qn_config_load_or_report(&v.config, cli, 0)) {
        return QN_EXIT_CONFIG;
    }
    v.key = v.config.key;
    if (v.key == NULL) {
        v.key = qn_key_generate(v.config.suite, seed);
        QN_ASSERT(v.key != NULL);
        qn_wipe(seed, sizeof seed);
    }
    status = probe_and_show(&v);
    if (v.key != v.config.key) {
        qn_key_free(v.key);
    }
    qn_config_fini(&v.config);
    return status;
}
