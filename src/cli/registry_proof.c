/* `qnet registry proof` fetches a proof from a node; `qnet registry verify` holds one to the genesis certificates,
 * without any node. */
#include "api/client.h"
#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"
#include "net/runtime.h"
#include "qnet/verify_openssl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 192, TIMEOUT_S_MAX = 3600, READ_STEP = 65536, BUSY_PAUSE_US = 2000 };

/* ---- fetching ---- */

static enum qn_exit read_request(const struct qn_cli *cli, char path[PATH_SIZE],
                                 uint64_t *timeout_s)
{
    const struct qn_arguments *arguments = &cli->arguments;
    const char *id_text = arguments->positionals[0];
    const char *height_text = qn_arguments_value(arguments, QN_OPTION_HEIGHT);
    const char *timeout_text = qn_arguments_or_default(arguments, QN_OPTION_TIMEOUT);
    uint8_t id[QN_HASH_LEN];
    char id_hex[QN_ID_TEXT_SIZE];
    uint64_t height = 0;

    if (qn_hex_decode(id, sizeof id, id_text) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "\"%.70s\" is no node id: 64 hex digits",
                              id_text);
    }
    if (height_text != NULL && !qn_number_parse(&height, height_text, 0, INT64_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "--height is the number of a block, not \"%.20s\"", height_text);
    }
    if (!qn_number_parse(timeout_s, timeout_text, 1, TIMEOUT_S_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "--timeout is 1 to %d seconds, not \"%.20s\"", TIMEOUT_S_MAX,
                              timeout_text);
    }
    qn_hex_encode(id_hex, id, sizeof id);
    if (height_text == NULL) {
        (void)snprintf(path, PATH_SIZE, "/v1/registry/%s/proof.cbor", id_hex);
    } else {
        (void)snprintf(path, PATH_SIZE, "/v1/registry/%s/proof.cbor?height=%llu", id_hex,
                       (unsigned long long)height);
    }
    return QN_EXIT_OK;
}

static void pause_briefly(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = BUSY_PAUSE_US * 1000L}, NULL);
}

/* Asks until it has the proof: a past state is rebuilt by and by. */
static enum qn_exit fetch(const struct qn_cli *cli, struct qn_api_client_answer *answer,
                          const struct qn_endpoint *server, const char *path, uint64_t timeout_s)
{
    qn_time_us deadline = qn_runtime_now() + QN_SECONDS(timeout_s);
    struct qn_api_result result;
    bool is_busy = true;

    while (is_busy) {
        enum qn_err err = qn_api_fetch(&result, answer, server, path, QN_API_TIMEOUT_MS);
        if (err == QN_OK) {
            qn_api_result_fini(&result);
            return QN_EXIT_OK;
        }
        is_busy = result.status == 503 && strcmp(result.code, qn_err_name(QN_ERR_BUSY)) == 0 &&
                  qn_runtime_now() < deadline;
        if (is_busy) {
            qn_api_result_fini(&result);
            pause_briefly();
        }
    }
    enum qn_exit status = qn_output_fail(cli, QN_EXIT_RUNTIME, result.code, "%s", result.why);
    qn_api_result_fini(&result);
    return status;
}

static enum qn_exit write_proof(const struct qn_cli *cli, const struct qn_api_client_answer *answer)
{
    if (cli->arguments.json) {
        char *text = malloc(QN_BASE64URL_SIZE(answer->body_len));
        QN_ASSERT(text != NULL);
        qn_base64url_encode(text, (const uint8_t *)answer->body, answer->body_len);
        qn_output_json(
            json_pack("{s:I, s:s}", "bytes", (json_int_t)answer->body_len, "proof", text));
        free(text);
        return QN_EXIT_OK;
    }
    if (fwrite(answer->body, 1, answer->body_len, stdout) != answer->body_len ||
        fflush(stdout) != 0) {
        return qn_output_fail(cli, QN_EXIT_RUNTIME, "io", "the proof cannot be written: %s",
                              strerror(errno));
    }
    return QN_EXIT_OK;
}

enum qn_exit qn_cli_registry_proof(const struct qn_cli *cli)
{
    char path[PATH_SIZE];
    uint64_t timeout_s = 0;
    struct qn_config config;
    struct qn_api_client_answer answer = {0};
    enum qn_exit status = read_request(cli, path, &timeout_s);

    if (status != QN_EXIT_OK) {
        return status;
    }
    if (!cli->arguments.json && isatty(STDOUT_FILENO) == 1) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "a proof is bytes for a file, not for a terminal: add > proof.cbor");
    }
    if (!qn_config_load_or_report(&config, cli, 0)) {
        return QN_EXIT_CONFIG;
    }
    status = fetch(cli, &answer, &config.api_url, path, timeout_s);
    if (status == QN_EXIT_OK) {
        status = write_proof(cli, &answer);
    }
    qn_api_client_answer_fini(&answer);
    qn_config_fini(&config);
    return status;
}

/* ---- verifying ---- */

struct proof_file {
    uint8_t *bytes; /* heap */
    size_t len;
};

/* Up to one byte more than a proof may have. */
static enum qn_exit read_stream(const struct qn_cli *cli, struct proof_file *file, FILE *stream,
                                const char *name)
{
    size_t capacity = 0;
    size_t got = 1;

    while (got > 0 && file->len <= QNET_PROOF_LEN_MAX) {
        if (file->len + READ_STEP > capacity) {
            capacity = 2 * capacity + READ_STEP;
            uint8_t *bytes = realloc(file->bytes, capacity);
            QN_ASSERT(bytes != NULL);
            file->bytes = bytes;
        }
        got = fread(file->bytes + file->len, 1, READ_STEP, stream);
        file->len += got;
    }
    return ferror(stream) == 0 ? QN_EXIT_OK
                               : qn_output_fail(cli, QN_EXIT_RUNTIME, "io",
                                                "%.200s cannot be read: %s", name, strerror(errno));
}

static enum qn_exit read_proof(const struct qn_cli *cli, struct proof_file *file)
{
    const char *name = cli->arguments.positionals[0];

    if (strcmp(name, "-") == 0) {
        return read_stream(cli, file, stdin, "standard input");
    }
    FILE *stream = fopen(name, "rb");
    if (stream == NULL) {
        return qn_output_fail(cli, QN_EXIT_RUNTIME, "io", "%.200s cannot be opened: %s", name,
                              strerror(errno));
    }
    enum qn_exit status = read_stream(cli, file, stream, name);
    (void)fclose(stream);
    return status;
}

/* The certificates are enough; whoever configured the rest of the network's definition means that network. */
static bool knows_network(const struct qn_config *config)
{
    const struct qn_settings *settings = &config->settings;
    enum qn_source policy = settings->items[QN_OPTION_ACTIVATION_POLICY].source;

    for (size_t i = 0; i < settings->numbered_count; i++) {
        if (settings->numbered[i].id == QN_OPTION_ACTIVATION_BATCH) {
            return true;
        }
    }
    return policy == QN_SOURCE_ENVIRONMENT || policy == QN_SOURCE_FLAG;
}

static enum qnet_verify_status verify(struct qnet_verdict *verdict, const struct qn_config *config,
                                      const struct proof_file *file, const uint8_t *id)
{
    struct qnet_verify_crypto crypto;
    struct qnet_trust trust;
    struct qnet_span certificates[QNET_COMMITTEE_MAX];
    const struct qn_genesis *genesis = &config->genesis;

    if (!qnet_verify_openssl_open(&crypto)) {
        return QNET_VERIFY_CRYPTO;
    }
    QN_ASSERT(genesis->cert_count <= QNET_COMMITTEE_MAX);
    for (size_t i = 0; i < genesis->cert_count; i++) {
        const struct qn_buf *bytes = genesis->cert_bytes[i];
        certificates[i] = (struct qnet_span){bytes->bytes, bytes->len};
    }
    enum qnet_verify_status status =
        qnet_trust_init(&trust, NULL, &crypto, certificates, genesis->cert_count);
    if (status == QNET_VERIFY_OK && knows_network(config)) {
        qnet_trust_pin(&trust, genesis->network.bytes);
    }
    if (status == QNET_VERIFY_OK) {
        status = qnet_proof_verify(verdict, &trust, &crypto, file->bytes, file->len, id);
    }
    qnet_verify_openssl_close(&crypto);
    return status;
}

static void set_hash(json_t *object, const char *name, const uint8_t hash[QN_HASH_LEN])
{
    char text[QN_ID_TEXT_SIZE];
    qn_hex_encode(text, hash, QN_HASH_LEN);
    (void)json_object_set_new(object, name, json_string(text));
}

static json_t *entry_json(const struct qnet_entry *entry)
{
    const struct qn_suite *suite = qn_suite_find(entry->suite);
    json_t *object = json_pack(
        "{s:I, s:i, s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:i}", "index", (json_int_t)entry->index,
        "suite", (int)entry->suite, "algorithm", suite == NULL ? "unknown" : suite->name, "region",
        qn_region_name((enum qn_region)entry->region), "roles", (int)entry->roles, "sequence",
        (json_int_t)entry->sequence, "registered_height", (json_int_t)entry->registered_height,
        "changed_height", (json_int_t)entry->changed_height, "revoke_reason",
        (int)entry->revoke_reason, "code_class", (int)entry->code_class);

    (void)json_object_set_new(object, "host",
                              entry->host[0] == '\0' ? json_null() : json_string(entry->host));
    (void)json_object_set_new(object, "port", json_integer(entry->port));
    (void)json_object_set_new(object, "valid_until_ms",
                              entry->valid_until_ms == UINT64_MAX
                                  ? json_null()
                                  : json_integer((json_int_t)entry->valid_until_ms));
    set_hash(object, "key_hash", entry->key_hash);
    return object;
}

static void show_json(const struct qnet_verdict *verdict, size_t len)
{
    json_t *object = json_pack(
        "{s:b, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "ok", true, "member",
        verdict->is_member, "state", qnet_entry_state_name(verdict->state), "height",
        (json_int_t)verdict->height, "time_ms", (json_int_t)verdict->time_ms, "epoch",
        (json_int_t)verdict->epoch, "certified_height", (json_int_t)verdict->certified_height,
        "certified_epoch", (json_int_t)verdict->certified_epoch, "signatures",
        (json_int_t)verdict->signature_count, "bytes", (json_int_t)len);

    set_hash(object, "id", verdict->node_id);
    set_hash(object, "network", verdict->network);
    set_hash(object, "block_id", verdict->block_id);
    set_hash(object, "state_root", verdict->state_root);
    (void)json_object_set_new(object, "entry",
                              verdict->is_member ? entry_json(&verdict->entry) : json_null());
    qn_output_json(object);
}

static void show_age(struct qn_table *table, uint64_t time_ms)
{
    char date[QN_DATE_TEXT_SIZE];
    char age[QN_DURATION_TEXT_SIZE];
    uint64_t now_ms = (uint64_t)time(NULL) * 1000U;
    uint64_t age_ms = now_ms > time_ms ? now_ms - time_ms : 0;

    qn_table_pair(table, "as of", "%s, %s ago", qn_text_date(date, time_ms),
                  qn_text_duration(age, age_ms * 1000U));
}

static void show_entry(struct qn_table *table, const struct qnet_verdict *verdict)
{
    const struct qnet_entry *entry = &verdict->entry;
    const struct qn_suite *suite = qn_suite_find(entry->suite);
    char date[QN_DATE_TEXT_SIZE];
    char id[QN_ID_TEXT_SIZE];

    qn_table_pair(table, "index", "%llu", (unsigned long long)entry->index);
    qn_table_pair(table, "algorithm", "%s", suite == NULL ? "unknown" : suite->name);
    qn_table_pair(table, "region", "%s", qn_region_name((enum qn_region)entry->region));
    if (entry->host[0] != '\0') {
        qn_table_pair(table, "address", "%s port %u", entry->host, (unsigned)entry->port);
    }
    qn_table_pair(table, "valid until", "%s", qn_text_date(date, entry->valid_until_ms));
    qn_table_pair(table, "registered", "at height %llu",
                  (unsigned long long)entry->registered_height);
    qn_table_pair(table, "changed", "at height %llu, sequence %llu",
                  (unsigned long long)entry->changed_height, (unsigned long long)entry->sequence);
    if (verdict->state == QNET_ENTRY_ROTATED) {
        qn_hex_encode(id, entry->successor, QN_HASH_LEN);
        qn_table_pair(table, "successor", "%s", id);
    }
}

static void show_text(const struct qnet_verdict *verdict)
{
    struct qn_table table;
    char id[QN_ID_TEXT_SIZE];

    qn_table_init(&table, "ll");
    qn_hex_encode(id, verdict->node_id, QN_HASH_LEN);
    qn_table_pair(&table, "node", "%s", id);
    qn_table_pair(&table, "registered", "%s",
                  verdict->is_member ? qnet_entry_state_name(verdict->state) : "no");
    qn_hex_encode(id, verdict->network, QN_HASH_LEN);
    qn_table_pair(&table, "network", "%s", id);
    qn_table_pair(&table, "height", "%llu, epoch %llu", (unsigned long long)verdict->height,
                  (unsigned long long)verdict->epoch);
    show_age(&table, verdict->time_ms);
    qn_table_pair(&table, "certified", "at height %llu, epoch %llu: %zu signatures verified",
                  (unsigned long long)verdict->certified_height,
                  (unsigned long long)verdict->certified_epoch, verdict->signature_count);
    if (verdict->is_member) {
        show_entry(&table, verdict);
    }
    qn_table_finish(&table);
}

static enum qn_exit verify_and_show(const struct qn_cli *cli, const struct qn_config *config,
                                    const uint8_t *id)
{
    struct proof_file file = {0};
    struct qnet_verdict verdict;
    enum qn_exit result = read_proof(cli, &file);

    if (result == QN_EXIT_OK) {
        enum qnet_verify_status status = verify(&verdict, config, &file, id);
        if (status != QNET_VERIFY_OK) {
            result = qn_output_fail(cli, QN_EXIT_RUNTIME, qnet_verify_name(status),
                                    "the proof does not hold: %s", qnet_verify_text(status));
        } else if (cli->arguments.json) {
            show_json(&verdict, file.len);
        } else {
            show_text(&verdict);
        }
    }
    free(file.bytes);
    return result;
}

enum qn_exit qn_cli_registry_verify(const struct qn_cli *cli)
{
    const char *id_text = qn_arguments_value(&cli->arguments, QN_OPTION_PEER_ID);
    uint8_t id[QN_HASH_LEN];
    struct qn_config config;

    if (id_text != NULL && qn_hex_decode(id, sizeof id, id_text) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--id is 64 hex digits, not \"%.70s\"",
                              id_text);
    }
    if (!qn_config_load_or_report(&config, cli, QN_CONFIG_NEEDS_GENESIS)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = verify_and_show(cli, &config, id_text == NULL ? NULL : id);
    qn_config_fini(&config);
    return status;
}
