#include "cli/api_access.h"
#include "cli/certificate.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/daemon_setup.h"
#include "cli/output.h"
#include "net/runtime.h"

#include <stdio.h>
#include <string.h>

enum { TX_LIFETIME_MS = 600000, PATH_SIZE = 128 };
_Static_assert(TX_LIFETIME_MS < QN_TX_LIFETIME_MS_MAX,
               "what we sign is not refused for its expiry");

/* A transaction on its way: from the configuration to the answer. */
struct submission {
    const struct qn_cli *cli;
    struct qn_config config;
    struct qn_tx tx;
    struct qn_api_result result;
    uint64_t elapsed_us;
};

static enum qn_exit fail_by_result(const struct submission *s)
{
    return qn_output_fail(s->cli, QN_EXIT_RUNTIME, s->result.code, "%s", s->result.why);
}

/* Which network the node belongs to; it must be ours, where we were told ours. */
static enum qn_exit ask_network(struct submission *s)
{
    struct qn_network_id network;
    if (qn_api_ask(&s->result, &s->config.api_url, "/v1/status", QN_API_TIMEOUT_MS) != QN_OK) {
        return fail_by_result(s);
    }
    bool is_known = qn_json_hash(network.bytes, json_object_get(s->result.json, "network"), "id");
    qn_api_result_fini(&s->result);
    if (!is_known) {
        return qn_output_fail(s->cli, QN_EXIT_RUNTIME, "malformed",
                              "the node does not say which network it belongs to");
    }
    if (s->config.has_genesis && !qn_network_id_equal(&network, &s->config.genesis.network)) {
        return qn_output_fail(s->cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_WRONG_NETWORK),
                              "the node belongs to another network than the configured genesis "
                              "certificates make");
    }
    s->tx.network = network;
    return QN_EXIT_OK;
}

/* Our entry as it stands, which the new transaction builds on. */
static enum qn_exit ask_entry(struct submission *s)
{
    char id_text[QN_ID_TEXT_SIZE];
    char path[PATH_SIZE];
    char text[QN_ENDPOINT_TEXT_SIZE];
    qn_hex_encode(id_text, s->tx.id.bytes, sizeof s->tx.id.bytes);
    (void)snprintf(path, sizeof path, "/v1/registry/%s", id_text);
    if (qn_api_ask(&s->result, &s->config.api_url, path, QN_API_TIMEOUT_MS) != QN_OK) {
        return s->result.status == 404
                   ? qn_output_fail(s->cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_NOT_REGISTERED),
                                    "%s is not registered", id_text)
                   : fail_by_result(s);
    }
    const json_t *entry = s->result.json;
    s->tx.sequence = qn_json_number(entry, "sequence") + 1;
    s->tx.roles = QN_ROLE_FULL;
    (void)snprintf(text, sizeof text, "%s", qn_json_text(entry, "endpoint"));
    s->tx.has_endpoint = qn_endpoint_parse(&s->tx.endpoint, text) == QN_OK;
    bool is_whole = qn_region_parse(&s->tx.region, qn_json_text(entry, "region")) &&
                    qn_json_hash(s->tx.announce_tip.bytes, entry, "announce_tip");
    size_t i;
    const json_t *role;
    json_array_foreach(json_object_get(entry, "roles"), i, role)
    {
        const char *name = json_string_value(role);
        if (name != NULL && strcmp(name, "validator") == 0) {
            s->tx.roles |= QN_ROLE_VALIDATOR;
        }
    }
    qn_api_result_fini(&s->result);
    return is_whole ? QN_EXIT_OK
                    : qn_output_fail(s->cli, QN_EXIT_RUNTIME, "malformed",
                                     "the node's answer about our entry lacks a field");
}

static enum qn_err sign_activation(struct submission *s)
{
    struct qn_tx *tx = &s->tx;
    if (!s->config.has_code) {
        return QN_OK;
    }
    tx->has_activation = true;
    qn_daemon_activation(&tx->activation, &s->config);
    struct qn_hash digest = qn_activation_digest(&tx->network, &tx->activation.batch_root,
                                                 tx->activation.index, &tx->id);
    return qn_sign(&tx->activation.signature, s->config.code_key, QN_SIGN_ACTIVATE, &digest);
}

/* The signed envelope, one reference, or NULL if the fields have no encoding. */
static struct qn_buf *sign_tx(const struct submission *s)
{
    uint8_t bytes[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;
    if (qn_tx_payload(&s->tx, bytes, sizeof bytes, &payload) != QN_OK) {
        return NULL;
    }
    struct qn_hash digest = qn_signing_digest(&s->tx.network, payload);
    if (qn_sign(&signature, s->config.key, QN_SIGN_TRANSACTION, &digest) != QN_OK) {
        return NULL;
    }
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

static void show_result(const struct submission *s, const char *done)
{
    char id_text[QN_ID_TEXT_SIZE];
    char duration[QN_DURATION_TEXT_SIZE];
    const json_t *answer = s->result.json;
    qn_hex_encode(id_text, s->tx.id.bytes, sizeof s->tx.id.bytes);
    if (s->cli->arguments.json) {
        qn_output_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "code", "ok", "id", id_text,
                                 "tx", qn_json_text(answer, "id"), "height",
                                 (json_int_t)qn_json_number(answer, "height"), "index",
                                 (json_int_t)qn_json_number(answer, "index"), "elapsed_us",
                                 (json_int_t)s->elapsed_us));
    } else {
        (void)printf("%s %s: index %llu, final at height %llu after %s\n", done, id_text,
                     (unsigned long long)qn_json_number(answer, "index"),
                     (unsigned long long)qn_json_number(answer, "height"),
                     qn_text_duration(duration, s->elapsed_us));
    }
}

static enum qn_exit sign_and_submit(struct submission *s, const char *done)
{
    struct qn_buf *bytes = sign_tx(s);
    if (bytes == NULL) {
        return qn_output_fail(s->cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_CRYPTO),
                              "the transaction could not be signed");
    }
    qn_time_us start = qn_runtime_now();
    enum qn_err err = qn_api_access_submit(&s->result, &s->config.api_url, qn_buf_span(bytes));
    s->elapsed_us = qn_runtime_now() - start;
    qn_buf_drop(bytes);
    if (err != QN_OK) {
        return fail_by_result(s);
    }
    show_result(s, done);
    return QN_EXIT_OK;
}

/* False: the problems have been reported. */
static bool open_submission(struct submission *s, const struct qn_cli *cli, enum qn_tx_kind kind,
                            unsigned needs)
{
    *s = (struct submission){.cli = cli};
    if (!qn_config_load_or_report(&s->config, cli, QN_CONFIG_NEEDS_KEY | needs)) {
        return false;
    }
    qn_unix_ms now = qn_cli_unix_ms();
    s->tx.kind = kind;
    s->tx.expires_ms = now + TX_LIFETIME_MS;
    s->tx.key = *qn_key_public(s->config.key);
    s->tx.id = qn_public_key_id(&s->tx.key);
    s->tx.valid_until_ms = now + QN_REGISTRATION_LIFETIME_MS;
    return true;
}

static enum qn_exit close_submission(struct submission *s, enum qn_exit status)
{
    qn_api_result_fini(&s->result);
    qn_config_fini(&s->config);
    return status;
}

enum qn_exit qn_cli_register(const struct qn_cli *cli)
{
    struct submission s;
    if (!open_submission(&s, cli, QN_TX_REGISTER, QN_CONFIG_NEEDS_REGION)) {
        return QN_EXIT_CONFIG;
    }
    s.tx.region = s.config.region;
    s.tx.roles = QN_ROLE_FULL;
    s.tx.has_endpoint = s.config.has_advertise;
    s.tx.endpoint = s.config.advertise;
    s.tx.announce_tip = s.config.announce_tip;
    enum qn_exit status = ask_network(&s);
    if (status == QN_EXIT_OK && sign_activation(&s) != QN_OK) {
        status = qn_output_fail(cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_CRYPTO),
                                "the activation code could not sign");
    }
    if (status == QN_EXIT_OK) {
        status = sign_and_submit(&s, "registered");
    }
    return close_submission(&s, status);
}

enum qn_exit qn_cli_update(const struct qn_cli *cli)
{
    struct submission s;
    if (!open_submission(&s, cli, QN_TX_UPDATE, 0)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = ask_network(&s);
    if (status == QN_EXIT_OK) {
        status = ask_entry(&s);
    }
    if (status == QN_EXIT_OK) {
        s.tx.region = s.config.has_region ? s.config.region : s.tx.region;
        if (s.config.has_advertise) {
            s.tx.has_endpoint = true;
            s.tx.endpoint = s.config.advertise;
        }
        status = sign_and_submit(&s, "updated");
    }
    return close_submission(&s, status);
}

static bool parse_reason(enum qn_revoke_reason *reason, const char *text)
{
    static const char *const names[QN_REVOKE_REASON_COUNT] = {
        [QN_REVOKE_UNSPECIFIED] = "unspecified",
        [QN_REVOKE_KEY_COMPROMISED] = "key-compromised",
        [QN_REVOKE_RETIRED] = "retired",
    };
    for (size_t i = 0; i < QN_REVOKE_REASON_COUNT; i++) {
        if (strcmp(names[i], text) == 0) {
            *reason = (enum qn_revoke_reason)i;
            return true;
        }
    }
    return false;
}

enum qn_exit qn_cli_revoke(const struct qn_cli *cli)
{
    struct submission s;
    enum qn_revoke_reason reason;
    const char *text = qn_arguments_or_default(&cli->arguments, QN_OPTION_REASON);
    if (!parse_reason(&reason, text)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--reason is %s, not \"%.40s\"",
                              qn_option_at(QN_OPTION_REASON)->help, text);
    }
    if (!open_submission(&s, cli, QN_TX_REVOKE, 0)) {
        return QN_EXIT_CONFIG;
    }
    s.tx.reason = reason;
    enum qn_exit status = ask_network(&s);
    if (status == QN_EXIT_OK) {
        status = ask_entry(&s);
    }
    if (status == QN_EXIT_OK) {
        status = sign_and_submit(&s, "revoked");
    }
    return close_submission(&s, status);
}
