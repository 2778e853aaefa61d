#include "cli/testing/config_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_cert(char *text, char *seed_text, const char *name, unsigned number)
{
    uint8_t seed[QN_SEED_LEN];
    struct qn_genesis_cert cert = {
        .bootstrap_id = (uint16_t)number,
        .region = QN_REGION_EUROPE,
        .endpoint_count = 1,
        .not_before_ms = 1760000000000U,
    };
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    QN_ASSERT(key != NULL);
    (void)snprintf(cert.network, sizeof cert.network, "%s", name);
    (void)snprintf(cert.endpoints[0].host, sizeof cert.endpoints[0].host, "10.0.0.%u", number);
    cert.endpoints[0].port = (uint16_t)(4000 + number);
    enum qn_err err = qn_certificate_sign(text, &cert, key);
    QN_ASSERT(err == QN_OK);
    if (seed_text != NULL) {
        qn_hex_encode(seed_text, seed, sizeof seed);
    }
    qn_key_free(key);
}

void qn_fixture_network_init(struct qn_fixture_network *network)
{
    uint8_t seed[QN_SEED_LEN];
    for (unsigned i = 0; i < QN_FIXTURE_CERTS; i++) {
        make_cert(network->certs[i], network->seeds[i], "test", i + 1);
    }
    make_cert(network->other_cert, NULL, "other", 4);
    qn_random_bytes(seed, sizeof seed);
    qn_hex_encode(network->fresh_seed, seed, sizeof seed);
    qn_code_batch_init(&network->codes, 2, 7, 1960000000000U);
    qn_code_batch_init(&network->foreign_codes, 1, 0, 1960000000000U);
}

void qn_fixture_network_fini(struct qn_fixture_network *network)
{
    qn_code_batch_fini(&network->codes);
    qn_code_batch_fini(&network->foreign_codes);
}

void qn_fixture_init(struct qn_fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->cli.environment = fixture->environment;
}

static void unload(struct qn_fixture *fixture)
{
    if (fixture->is_loaded) {
        qn_config_fini(&fixture->config);
        qn_arguments_fini(&fixture->cli.arguments);
        fixture->problems = (struct qn_problems){0};
        fixture->is_loaded = false;
    }
}

void qn_fixture_fini(struct qn_fixture *fixture)
{
    unload(fixture);
    for (size_t i = 0; i < fixture->count; i++) {
        free(fixture->environment[i]);
    }
}

void qn_fixture_set(struct qn_fixture *fixture, const char *name, const char *value)
{
    size_t index = 0;
    size_t len = strlen(name);
    while (index < fixture->count && (strncmp(fixture->environment[index], name, len) != 0 ||
                                      fixture->environment[index][len] != '=')) {
        index++;
    }
    if (index < fixture->count) {
        free(fixture->environment[index]);
        fixture->count -= 1;
        fixture->environment[index] = fixture->environment[fixture->count];
        fixture->environment[fixture->count] = NULL;
    }
    if (value != NULL) {
        QN_ASSERT(fixture->count < QN_FIXTURE_ENVIRONMENT_MAX);
        QN_ASSERT(asprintf(&fixture->environment[fixture->count], "%s=%s", name, value) > 0);
        fixture->count += 1;
    }
}

void qn_fixture_set_network(struct qn_fixture *fixture, const struct qn_fixture_network *network,
                            size_t count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "QNET_GENESIS_CERT_%03u", i + 1);
        qn_fixture_set(fixture, name, network->certs[i]);
    }
    qn_fixture_set(fixture, "QNET_ACTIVATION_BATCH_001", network->codes.text);
}

void qn_fixture_set_genesis_node(struct qn_fixture *fixture,
                                 const struct qn_fixture_network *network)
{
    qn_fixture_set_network(fixture, network, QN_FIXTURE_CERTS);
    qn_fixture_set(fixture, "QNET_BOOTSTRAP_ID", "001");
    qn_fixture_set(fixture, "QNET_KEY", network->seeds[0]);
}

void qn_fixture_set_ordinary_node(struct qn_fixture *fixture,
                                  const struct qn_fixture_network *network)
{
    char code[QN_ACTIVATION_CODE_TEXT_SIZE];
    enum qn_err err = qn_activation_code_format(code, &network->codes.codes[1]);
    QN_ASSERT(err == QN_OK);
    qn_fixture_set_network(fixture, network, QN_FIXTURE_CERTS);
    qn_fixture_set(fixture, "QNET_KEY", network->fresh_seed);
    qn_fixture_set(fixture, "QNET_REGION", "asia");
    qn_fixture_set(fixture, "QNET_ACTIVATION_CODE", code);
}

void qn_fixture_load(struct qn_fixture *fixture, const char *words, unsigned needs)
{
    char text[QN_USAGE_TEXT_SIZE];
    char program[] = "qnet";
    char *argv[QN_FIXTURE_ARGUMENTS_MAX + 1] = {program};
    int argc = 1;
    char *rest = fixture->words;
    unload(fixture);
    (void)snprintf(fixture->words, sizeof fixture->words, "%s", words);
    for (char *word = strtok_r(fixture->words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        QN_ASSERT(argc < QN_FIXTURE_ARGUMENTS_MAX);
        argv[argc] = word;
        argc += 1;
    }
    enum qn_err err = qn_arguments_parse(&fixture->cli.arguments, text, argc, argv);
    QN_ASSERT(err == QN_OK);
    qn_config_load(&fixture->config, &fixture->problems, &fixture->cli, needs);
    fixture->is_loaded = true;
}

const struct qn_problem *qn_fixture_problem(const struct qn_fixture *fixture, const char *name)
{
    for (size_t i = 0; i < qn_problems_kept(&fixture->problems); i++) {
        if (strcmp(fixture->problems.items[i].name, name) == 0) {
            return &fixture->problems.items[i];
        }
    }
    return NULL;
}
