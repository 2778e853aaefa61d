#include "cli/certificate.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

/* Fills what flags say of the certificate; what they lack or get wrong is added to problems. */
static void read_cert_flags(struct qn_genesis_cert *cert, struct qn_problems *problems,
                            const struct qn_arguments *arguments)
{
    const char *network = qn_arguments_value(arguments, QN_OPTION_NETWORK);
    const char *id = qn_arguments_value(arguments, QN_OPTION_CERT_ID);
    if (network == NULL || network[0] == '\0' || strlen(network) > QN_NETWORK_NAME_LEN_MAX) {
        qn_problems_add(problems, "--network", "is needed: a name of 1 to %d characters",
                        QN_NETWORK_NAME_LEN_MAX);
    } else {
        (void)snprintf(cert->network, sizeof cert->network, "%s", network);
    }
    cert->bootstrap_id = id != NULL ? (uint16_t)qn_bootstrap_id_parse(id) : 0;
    if (cert->bootstrap_id == 0) {
        qn_problems_add(problems, "--id", "is needed: three digits, 001 to 999");
    }
    for (size_t i = 0; i < arguments->given_count; i++) {
        const struct qn_given *given = &arguments->given[i];
        if (given->id != QN_OPTION_ENDPOINT) {
            continue;
        }
        if (cert->endpoint_count == QN_ENDPOINTS_MAX) {
            qn_problems_add(problems, "--endpoint", "may be given %d times at most",
                            QN_ENDPOINTS_MAX);
            return;
        }
        struct qn_endpoint *endpoint = &cert->endpoints[cert->endpoint_count];
        if (qn_endpoint_parse(endpoint, given->value) != QN_OK || qn_host_is_any(endpoint->host)) {
            qn_problems_add(problems, "--endpoint",
                            "\"%.80s\" is no address that others could dial: host:port",
                            given->value);
        }
        cert->endpoint_count += 1;
    }
    if (cert->endpoint_count == 0) {
        qn_problems_add(problems, "--endpoint",
                        "is needed: host:port, where the other nodes reach this one");
    }
}

static enum qn_exit print_cert(const struct qn_cli *cli, struct qn_genesis_cert *cert,
                               const struct qn_key *key)
{
    char text[QN_CERTIFICATE_TEXT_SIZE];
    char name[32];
    char id_text[QN_ID_TEXT_SIZE];
    if (qn_certificate_sign(text, cert, key) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "invalid",
                              "these values make no valid certificate: is the name UTF-8?");
    }
    struct qn_node_id id = qn_public_key_id(&cert->key);
    qn_hex_encode(id_text, id.bytes, sizeof id.bytes);
    (void)snprintf(name, sizeof name, "QNET_GENESIS_CERT_%03u", (unsigned)cert->bootstrap_id);
    if (cli->arguments.json) {
        qn_output_json(json_pack("{s:s, s:s, s:i, s:s}", "name", name, "certificate", text,
                                 "bootstrap_id", (int)cert->bootstrap_id, "id", id_text));
    } else {
        (void)printf("%s=%s\n", name, text);
    }
    return QN_EXIT_OK;
}

enum qn_exit qn_cli_genesis_cert(const struct qn_cli *cli)
{
    struct qn_config config;
    struct qn_problems problems = {0};
    struct qn_genesis_cert cert = {.not_before_ms = qn_cli_unix_ms()};
    enum qn_exit status = QN_EXIT_CONFIG;

    read_cert_flags(&cert, &problems, &cli->arguments);
    qn_config_load(&config, &problems, cli, QN_CONFIG_NEEDS_KEY | QN_CONFIG_NEEDS_REGION);
    if (problems.count > 0) {
        (void)qn_problems_report(cli, &problems);
    } else {
        cert.region = config.region;
        status = print_cert(cli, &cert, config.key);
    }
    qn_config_fini(&config);
    return status;
}

static json_t *member_json(const struct qn_genesis_cert *cert)
{
    char id_text[QN_ID_TEXT_SIZE];
    char endpoint[QN_ENDPOINT_TEXT_SIZE];
    struct qn_node_id id = qn_public_key_id(&cert->key);
    json_t *endpoints = json_array();
    qn_hex_encode(id_text, id.bytes, sizeof id.bytes);
    for (size_t i = 0; i < cert->endpoint_count; i++) {
        (void)json_array_append_new(endpoints,
                                    json_string(qn_endpoint_format(endpoint, &cert->endpoints[i])));
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:I}", "bootstrap_id", (int)cert->bootstrap_id,
                     "id", id_text, "algorithm", qn_suite_find(cert->key.suite)->name, "region",
                     qn_region_name(cert->region), "endpoints", endpoints, "not_before_ms",
                     (json_int_t)cert->not_before_ms);
}

static json_t *batch_json(const struct qn_activation_batch *batch)
{
    char root[QN_ID_TEXT_SIZE];
    qn_hex_encode(root, batch->root.bytes, sizeof batch->root.bytes);
    return json_pack("{s:s, s:I, s:I, s:I}", "root", root, "count", (json_int_t)batch->count,
                     "class", (json_int_t)batch->class, "expires_ms",
                     (json_int_t)batch->expires_ms);
}

static void show_json(const struct qn_genesis *genesis)
{
    char network[QN_ID_TEXT_SIZE];
    unsigned count = (unsigned)genesis->cert_count;
    json_t *members = json_array();
    json_t *batches = json_array();
    char policy[QN_ACTIVATION_POLICY_TEXT_SIZE];
    qn_hex_encode(network, genesis->network.bytes, sizeof genesis->network.bytes);
    for (size_t i = 0; i < genesis->cert_count; i++) {
        (void)json_array_append_new(members, member_json(&genesis->certs[i]));
    }
    for (size_t i = 0; i < genesis->parameters.batch_count; i++) {
        (void)json_array_append_new(batches, batch_json(&genesis->parameters.batches[i]));
    }
    qn_output_json(json_pack("{s:{s:s, s:s}, s:s, s:i, s:i, s:o, s:o}", "network", "id", network,
                             "name", genesis->name, "activation_policy",
                             qn_activation_policy_format(policy, &genesis->parameters), "quorum",
                             (int)qn_quorum(count), "faults_tolerated", (int)qn_fault_limit(count),
                             "members", members, "batches", batches));
}

static void show_members(const struct qn_genesis *genesis)
{
    struct qn_table table;
    qn_table_init(&table, "lllll");
    qn_table_add(&table, "id");
    qn_table_add(&table, "node");
    qn_table_add(&table, "algorithm");
    qn_table_add(&table, "region");
    qn_table_add(&table, "address");
    for (size_t i = 0; i < genesis->cert_count; i++) {
        const struct qn_genesis_cert *cert = &genesis->certs[i];
        char short_id[QN_SHORT_ID_TEXT_SIZE];
        char endpoint[QN_ENDPOINT_TEXT_SIZE];
        struct qn_node_id id = qn_public_key_id(&cert->key);
        qn_table_add(&table, "%03u", (unsigned)cert->bootstrap_id);
        qn_table_add(&table, "%s", qn_node_id_short(short_id, &id));
        qn_table_add(&table, "%s", qn_suite_find(cert->key.suite)->name);
        qn_table_add(&table, "%s", qn_region_name(cert->region));
        qn_table_add(&table, "%s%s", qn_endpoint_format(endpoint, &cert->endpoints[0]),
                     cert->endpoint_count > 1 ? ", ..." : "");
    }
    qn_table_finish(&table);
}

static void show_text(const struct qn_genesis *genesis)
{
    struct qn_table table;
    char network[QN_ID_TEXT_SIZE];
    char policy[QN_ACTIVATION_POLICY_TEXT_SIZE];
    char name[4 * QN_NETWORK_NAME_LEN_MAX + 1];
    unsigned count = (unsigned)genesis->cert_count;
    qn_hex_encode(network, genesis->network.bytes, sizeof genesis->network.bytes);
    qn_table_init(&table, "ll");
    qn_table_pair(&table, "network", "%s",
                  qn_log_escape(name, sizeof name, genesis->name, strlen(genesis->name)));
    qn_table_pair(&table, "network id", "%s", network);
    qn_table_pair(&table, "genesis nodes", "%u, quorum %u: %u may fail", count, qn_quorum(count),
                  qn_fault_limit(count));
    qn_table_pair(&table, "activation", "%s",
                  qn_activation_policy_format(policy, &genesis->parameters));
    for (size_t i = 0; i < genesis->parameters.batch_count; i++) {
        const struct qn_activation_batch *batch = &genesis->parameters.batches[i];
        char date[QN_DATE_TEXT_SIZE];
        qn_table_pair(&table, "batch", "%u codes of class %u until %s", batch->count, batch->class,
                      qn_text_date(date, batch->expires_ms));
    }
    qn_table_finish(&table);
    (void)puts("");
    show_members(genesis);
}

enum qn_exit qn_cli_genesis_show(const struct qn_cli *cli)
{
    struct qn_config config;
    if (!qn_config_load_or_report(&config, cli, QN_CONFIG_NEEDS_GENESIS)) {
        return QN_EXIT_CONFIG;
    }
    if (cli->arguments.json) {
        show_json(&config.genesis);
    } else {
        show_text(&config.genesis);
    }
    qn_config_fini(&config);
    return QN_EXIT_OK;
}
