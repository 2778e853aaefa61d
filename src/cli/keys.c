#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"
#include "cli/secret_file.h"

#include <stdio.h>
#include <stdlib.h>

/* The public half as the JSON of `keys new` and `keys show`. */
static json_t *public_json(const struct qn_public_key *key)
{
    char id_text[QN_ID_TEXT_SIZE];
    char spki[QN_BASE64URL_SIZE(QN_SPKI_LEN_MAX)];
    struct qn_node_id id = qn_public_key_id(key);
    const struct qn_suite *suite = qn_suite_find(key->suite);
    qn_hex_encode(id_text, id.bytes, sizeof id.bytes);
    qn_base64url_encode(spki, key->spki, key->spki_len);
    return json_pack("{s:s, s:i, s:s, s:s, s:i}", "id", id_text, "suite", (int)key->suite,
                     "algorithm", suite->name, "key", spki, "nist_level", (int)suite->nist_level);
}

static void print_public(struct qn_table *table, const struct qn_public_key *key)
{
    char id_text[QN_ID_TEXT_SIZE];
    struct qn_node_id id = qn_public_key_id(key);
    const struct qn_suite *suite = qn_suite_find(key->suite);
    qn_hex_encode(id_text, id.bytes, sizeof id.bytes);
    qn_table_pair(table, "node id", "%s", id_text);
    qn_table_pair(table, "algorithm", "%s, key exchange %s, NIST level %u", suite->name,
                  suite->tls_group, suite->nist_level);
    qn_table_pair(table, "public key", "%zu bytes, signatures %zu bytes", suite->public_key_len,
                  suite->signature_len);
}

static void show_new(const struct qn_cli *cli, const struct qn_public_key *key, const char *seed,
                     const char *path)
{
    struct qn_table table;
    if (cli->arguments.json) {
        json_t *object = public_json(key);
        (void)json_object_set_new(object, path != NULL ? "file" : "private_key",
                                  json_string(path != NULL ? path : seed));
        qn_output_json(object);
        return;
    }
    qn_table_init(&table, "ll");
    print_public(&table, key);
    qn_table_pair(&table, path != NULL ? "file" : "private key", "%s", path != NULL ? path : seed);
    qn_table_finish(&table);
    (void)printf("\nThe private key is this node's identity: whoever has it is this node.\n"
                 "Give it to the node as %s%s\n",
                 path != NULL ? "QNET_KEY_FILE=" : "QNET_KEY, or in a file of mode 0600 as ",
                 path != NULL ? path : "QNET_KEY_FILE");
}

enum qn_exit qn_cli_keys_new(const struct qn_cli *cli)
{
    struct qn_config config;
    uint8_t seed[QN_SEED_LEN];
    char text[2 * QN_SEED_LEN + 1];
    char why[QN_SECRET_WHY_SIZE];
    enum qn_exit status = QN_EXIT_OK;
    const char *path = qn_arguments_value(&cli->arguments, QN_OPTION_OUT);

    if (!qn_config_load_or_report(&config, cli, 0)) {
        return QN_EXIT_CONFIG;
    }
    struct qn_key *key = qn_key_generate(config.suite, seed);
    QN_ASSERT(key != NULL);
    qn_hex_encode(text, seed, sizeof seed);
    qn_wipe(seed, sizeof seed);
    if (path != NULL && qn_secret_file_write(path, why, text) != QN_OK) {
        status = qn_output_fail(cli, QN_EXIT_RUNTIME, "io", "%s %s", path, why);
    } else {
        show_new(cli, qn_key_public(key), text, path);
    }
    qn_wipe(text, sizeof text);
    qn_key_free(key);
    qn_config_fini(&config);
    return status;
}

enum qn_exit qn_cli_keys_show(const struct qn_cli *cli)
{
    struct qn_config config;
    if (!qn_config_load_or_report(&config, cli, QN_CONFIG_NEEDS_KEY)) {
        return QN_EXIT_CONFIG;
    }
    const struct qn_public_key *key = qn_key_public(config.key);
    if (cli->arguments.json) {
        qn_output_json(public_json(key));
    } else {
        struct qn_table table;
        qn_table_init(&table, "ll");
        print_public(&table, key);
        qn_table_finish(&table);
    }
    qn_config_fini(&config);
    return QN_EXIT_OK;
}
