#include "cli/transaction.h"

#include "cli/certificate.h"
#include "cli/daemon_setup.h"
#include "cli/output.h"
#include "net/runtime.h"

#include <stdio.h>
#include <string.h>

enum { TX_LIFETIME_MS = 600000, PATH_SIZE = 128 };
_Static_assert(TX_LIFETIME_MS < QN_TX_LIFETIME_MS_MAX,
               "what we sign is not refused for its expiry");

static enum qn_exit fail_by_result(const struct qn_cli_tx *s)
{
    return qn_output_fail(s->cli, QN_EXIT_RUNTIME, s->result.code, "%s", s->result.why);
}

enum qn_exit qn_cli_tx_network(struct qn_cli_tx *s)
{
    struct qn_network_id network;
    if (qn_api_ask(&s->result, &s->config.api_url, "/v1/status", QN_API_TIMEOUT_MS) != QN_OK) {
        return fail_by_result(s);
    }
    (void)snprintf(s->activation_policy, sizeof s->activation_policy, "%s",
                   qn_json_text(s->result.json, "activation_policy"));
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

enum qn_exit qn_cli_tx_entry(struct qn_cli_tx *s)
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
    if (json_is_null(json_object_get(entry, "valid_until_ms"))) {
        s->tx.valid_until_ms = UINT64_MAX; /* without end, and so it stays */
    }
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

/* The signed envelope, one reference, or NULL if the fields have no encoding. */
static struct qn_buf *sign_tx(const struct qn_cli_tx *s)
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

static void show_result(const struct qn_cli_tx *s, const char *done)
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

enum qn_exit qn_cli_tx_send(struct qn_cli_tx *s)
{
    struct qn_buf *bytes = sign_tx(s);
    if (bytes == NULL) {
        return qn_output_fail(s->cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_CRYPTO),
                              "the transaction could not be signed");
    }
    qn_time_us start = qn_runtime_now();
    enum qn_err err = qn_api_access_submit(&s->result, &s->config.api_url, qn_buf_span(bytes));
    s->elapsed_us = qn_runtime_now() - start;
    s->tx_id = qn_tx_id(qn_buf_span(bytes));
    qn_buf_drop(bytes);
    return err == QN_OK ? QN_EXIT_OK : fail_by_result(s);
}

enum qn_exit qn_cli_tx_submit(struct qn_cli_tx *s, const char *done)
{
    enum qn_exit status = qn_cli_tx_send(s);
    if (status == QN_EXIT_OK) {
        show_result(s, done);
    }
    return status;
}

bool qn_cli_tx_open(struct qn_cli_tx *s, const struct qn_cli *cli, enum qn_tx_kind kind,
                    unsigned needs)
{
    *s = (struct qn_cli_tx){.cli = cli};
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

void qn_cli_tx_postpone(struct qn_cli_tx *s)
{
    qn_unix_ms now = qn_cli_unix_ms();
    bool is_fresh =
        s->tx.expires_ms > now + TX_LIFETIME_MS / 2 && s->tx.expires_ms <= now + TX_LIFETIME_MS;
    if (!is_fresh) {
        s->tx.expires_ms = now + TX_LIFETIME_MS;
    }
}

enum qn_exit qn_cli_tx_close(struct qn_cli_tx *s, enum qn_exit status)
{
    qn_api_result_fini(&s->result);
    qn_config_fini(&s->config);
    return status;
}
