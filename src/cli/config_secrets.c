#include "cli/announce_chain.h"
#include "cli/config_internal.h"
#include "cli/secret_file.h"

#include <stdio.h>
#include <string.h>

/* A secret from the environment or a file, whichever is set, into text (of size). False: neither, or a
 * problem that has been told; *name_id is the option it came from. */
static bool read_secret(const struct qn_config_load *load, enum qn_option_id direct,
                        enum qn_option_id file, char *text, size_t size, enum qn_option_id *name_id)
{
    const struct qn_settings *settings = &load->config->settings;
    const char *value = qn_config_value(load, direct);
    const char *path = qn_config_value(load, file);
    if (value != NULL && path != NULL && settings->items[file].source != QN_SOURCE_FLAG) {
        qn_config_complain(load, file, "and %s are both set: unset one of them",
                           qn_option_at(direct)->environment);
        return false;
    }
    if (path != NULL) {
        char why[QN_SECRET_WHY_SIZE];
        *name_id = file;
        if (qn_secret_file_read(text, size, why, path) != QN_OK) {
            qn_config_complain(load, file, "%.100s %s", path, why);
            return false;
        }
        return true;
    }
    if (value == NULL) {
        return false;
    }
    *name_id = direct;
    if (strlen(value) >= size) {
        qn_config_complain(load, direct, "has %zu characters, at most %zu are possible",
                           strlen(value), size - 1);
        return false;
    }
    (void)snprintf(text, size, "%s", value);
    return true;
}

/* A suite that a node's key may have, by its name; else the problem has been told. */
static bool parse_suite(const struct qn_config_load *load, enum qn_suite_id *id,
                        enum qn_option_id option, const char *text)
{
    const struct qn_suite *suite = qn_suite_by_name(text);
    if (suite == NULL || suite->tls_sigalg == NULL) {
        qn_config_complain(load, option,
                           "\"%.40s\" is no suite for a node: ML-DSA-44, ML-DSA-65 or ML-DSA-87",
                           text);
        return false;
    }
    *id = suite->id;
    return true;
}

static void load_suite(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *text = qn_config_value(load, QN_OPTION_SUITE);
    const struct qn_genesis_cert *cert = qn_config_own_cert(config);
    config->suite = QN_SUITE_MLDSA65;
    if (text == NULL) {
        return;
    }
    if (cert != NULL && config->settings.items[QN_OPTION_SUITE].source == QN_SOURCE_DEFAULT) {
        config->suite = (enum qn_suite_id)cert->key.suite;
        config->settings.items[QN_OPTION_SUITE] =
            (struct qn_setting){qn_suite_find(cert->key.suite)->name, QN_SOURCE_CERTIFICATE};
        return;
    }
    (void)parse_suite(load, &config->suite, QN_OPTION_SUITE, text);
}

/* NULL: a problem has been told. Never shows a character of what was given. *announce_tip may be NULL. */
static struct qn_key *make_key(const struct qn_config_load *load, struct qn_hash *announce_tip,
                               enum qn_option_id source, enum qn_suite_id suite, const char *text)
{
    uint8_t seed[QN_SEED_LEN];
    if (qn_hex_decode(seed, sizeof seed, text) != QN_OK) {
        size_t len = strlen(text);
        qn_config_complain(
            load, source, "is not the 64 hex digits of a key's seed: it has %zu %s", len,
            len == 2 * sizeof seed ? "characters, not all of them hex digits" : "characters");
        return NULL;
    }
    struct qn_key *key = qn_key_from_seed(suite, seed);
    if (announce_tip != NULL) {
        *announce_tip = qn_announce_chain_tip(seed);
    }
    qn_wipe(seed, sizeof seed);
    if (key == NULL) {
        qn_config_complain(load, source, "no key could be made from it");
    }
    return key;
}

/* A key and a genesis certificate that belong together, or nothing that looks like it. */
static void check_key(const struct qn_config_load *load, enum qn_option_id source)
{
    const struct qn_config *config = load->config;
    const struct qn_genesis_cert *cert = qn_config_own_cert(config);
    if (config->key == NULL || !config->has_genesis ||
        !qn_command_has(load->command, QN_OPTION_BOOTSTRAP_ID)) {
        return;
    }
    struct qn_node_id id = qn_public_key_id(qn_key_public(config->key));
    char id_text[QN_SHORT_ID_TEXT_SIZE];
    const struct qn_genesis_cert *owner = qn_genesis_by_id(&config->genesis, &id);
    if (cert != NULL && owner != cert) {
        struct qn_node_id cert_id = qn_public_key_id(&cert->key);
        char cert_id_text[QN_SHORT_ID_TEXT_SIZE];
        qn_config_complain(load, source,
                           "is not the key of genesis certificate %03u: its node id is %s..., the "
                           "certificate's is %s...%s",
                           config->bootstrap_id, qn_node_id_short(id_text, &id),
                           qn_node_id_short(cert_id_text, &cert_id),
                           owner != NULL ? " (it is another genesis node's)" : "");
    } else if (config->bootstrap_id == 0 && owner != NULL &&
               config->settings.items[QN_OPTION_BOOTSTRAP_ID].value == NULL) {
        qn_config_complain(load, QN_OPTION_BOOTSTRAP_ID,
                           "is not set, yet the key is that of genesis node %03u",
                           (unsigned)owner->bootstrap_id);
    }
}

static void load_key(const struct qn_config_load *load)
{
    /* One more than fits, so that a line that is too long is told by its length. */
    char text[4 * QN_SEED_LEN];
    enum qn_option_id source = QN_OPTION_KEY;
    struct qn_config *config = load->config;
    size_t problems_before = load->problems->count;
    if (read_secret(load, QN_OPTION_KEY, QN_OPTION_KEY_FILE, text, sizeof text, &source)) {
        config->key = make_key(load, &config->announce_tip, source, config->suite, text);
        check_key(load, source);
    } else if (load->problems->count == problems_before) {
        bool is_genesis_node = (load->needs & QN_CONFIG_NEEDS_NODE) != 0 &&
                               config->settings.items[QN_OPTION_BOOTSTRAP_ID].value != NULL;
        if ((load->needs & QN_CONFIG_NEEDS_KEY) != 0 || is_genesis_node) {
            qn_config_complain(load, QN_OPTION_KEY,
                               "is not set%s: the 64 hex digits that qnet keys new prints, or "
                               "QNET_KEY_FILE",
                               is_genesis_node ? ", and a genesis node has a key of its own" : "");
        }
    }
    qn_wipe(text, sizeof text);
}

static void load_new_key(const struct qn_config_load *load)
{
    char text[4 * QN_SEED_LEN];
    enum qn_option_id source = QN_OPTION_NEW_KEY;
    struct qn_config *config = load->config;
    const char *suite_text = qn_config_value(load, QN_OPTION_NEW_SUITE);
    enum qn_suite_id suite = config->suite;
    size_t problems_before = load->problems->count;
    if (suite_text != NULL && !parse_suite(load, &suite, QN_OPTION_NEW_SUITE, suite_text)) {
        return;
    }
    if (read_secret(load, QN_OPTION_NEW_KEY, QN_OPTION_NEW_KEY_FILE, text, sizeof text, &source)) {
        config->new_key = make_key(load, NULL, source, suite, text);
    } else if (load->problems->count == problems_before) {
        qn_config_complain(load, QN_OPTION_NEW_KEY,
                           "is not set: the 64 hex digits that qnet keys new prints, or "
                           "QNET_NEW_KEY_FILE");
    }
    qn_wipe(text, sizeof text);
}

static void load_code(const struct qn_config_load *load)
{
    char text[QN_ACTIVATION_CODE_TEXT_SIZE + 1];
    enum qn_option_id source = QN_OPTION_ACTIVATION_CODE;
    struct qn_config *config = load->config;
    if (read_secret(load, QN_OPTION_ACTIVATION_CODE, QN_OPTION_ACTIVATION_CODE_FILE, text,
                    sizeof text, &source)) {
        if (qn_activation_code_parse(&config->code, text) != QN_OK) {
            qn_config_complain(load, source,
                               "is no activation code: qna1 and what follows, as qnet activation "
                               "issue prints it");
        } else {
            config->has_code = true;
            config->code_key = qn_key_from_seed(QN_SUITE_MLDSA65, config->code.seed);
            QN_ASSERT(config->code_key != NULL);
            qn_wipe(config->code.seed, sizeof config->code.seed);
        }
    }
    qn_wipe(text, sizeof text);
}

void qn_config_secrets(const struct qn_config_load *load)
{
    if (qn_command_has(load->command, QN_OPTION_SUITE)) {
        load_suite(load);
    }
    if (qn_command_has(load->command, QN_OPTION_KEY)) {
        load_key(load);
    }
    if (qn_command_has(load->command, QN_OPTION_NEW_KEY)) {
        load_new_key(load);
    }
    if (qn_command_has(load->command, QN_OPTION_ACTIVATION_CODE)) {
        load_code(load);
    }
}
