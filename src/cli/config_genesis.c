#include "cli/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Certificates as bytes, each with the variable it came from. */
struct given_certs {
    size_t count;
    struct qn_span *spans;
    const struct qn_numbered_setting **sources;
    uint8_t *bytes;
    bool is_complete; /* every variable could be decoded */
};

static void complain_base64url(const struct qn_config_load *load,
                               const struct qn_numbered_setting *item, enum qn_err err,
                               size_t len_max)
{
    if (err == QN_ERR_TOO_BIG) {
        qn_problems_add(load->problems, item->name, "is larger than %zu bytes", len_max);
    } else {
        qn_problems_add(load->problems, item->name,
                        "is not base64url (A-Z a-z 0-9 - _, no padding, no spaces)");
    }
}

static void decode_certs(const struct qn_config_load *load, struct given_certs *certs)
{
    const struct qn_settings *settings = &load->config->settings;
    *certs = (struct given_certs){.is_complete = true};
    certs->spans = calloc(settings->numbered_count + 1, sizeof *certs->spans);
    certs->sources = calloc(settings->numbered_count + 1, sizeof *certs->sources);
    certs->bytes = calloc(settings->numbered_count + 1, QN_GENESIS_CERT_LEN_MAX);
    QN_ASSERT(certs->spans != NULL && certs->sources != NULL && certs->bytes != NULL);
    for (size_t i = 0; i < settings->numbered_count; i++) {
        const struct qn_numbered_setting *item = &settings->numbered[i];
        uint8_t *bytes = certs->bytes + certs->count * QN_GENESIS_CERT_LEN_MAX;
        size_t len = 0;
        if (item->id != QN_OPTION_GENESIS_CERT) {
            continue;
        }
        enum qn_err err = qn_base64url_decode(bytes, QN_GENESIS_CERT_LEN_MAX, &len, item->value);
        if (err != QN_OK) {
            complain_base64url(load, item, err, QN_GENESIS_CERT_LEN_MAX);
            certs->is_complete = false;
            continue;
        }
        certs->spans[certs->count] = (struct qn_span){bytes, len};
        certs->sources[certs->count] = item;
        certs->count += 1;
    }
}

/* The number in the variable's name is the certificate's own: a misplaced copy shows at once. */
static void check_names(const struct qn_config_load *load, const struct given_certs *certs)
{
    for (size_t i = 0; i < certs->count; i++) {
        struct qn_genesis_cert cert;
        struct qn_signed envelope;
        unsigned number = certs->sources[i]->number;
        if (number != 0 && qn_genesis_cert_decode(&cert, &envelope, certs->spans[i]) == QN_OK &&
            cert.bootstrap_id != number) {
            qn_problems_add(load->problems, certs->sources[i]->name,
                            "holds the certificate of bootstrap id %03u, which belongs in "
                            "QNET_GENESIS_CERT_%03u",
                            (unsigned)cert.bootstrap_id, (unsigned)cert.bootstrap_id);
        }
    }
}

static void load_policy(const struct qn_config_load *load, struct qn_genesis_parameters *parameters)
{
    const char *text = qn_config_value(load, QN_OPTION_ACTIVATION_POLICY);
    parameters->policy = QN_POLICY_CODES;
    if (text != NULL && !qn_activation_policy_parse(parameters, text)) {
        qn_config_complain(load, QN_OPTION_ACTIVATION_POLICY,
                           "\"%.20s\" is no policy: codes (each registration needs an activation "
                           "code), open (anybody may register) or work[:BITS[:KIB]] (each needs a "
                           "ticket of work: 1 to %d bits over %d to %d KiB)",
                           text, QN_TICKET_BITS_MAX, QN_TICKET_MEMORY_KIB_MIN,
                           QN_TICKET_MEMORY_KIB_MAX);
    }
}

static const char *batch_mistake(const struct qn_genesis_parameters *parameters,
                                 const struct qn_activation_batch *batch)
{
    if (batch->count == 0 || batch->count > 1U << QN_ACTIVATION_PATH_MAX) {
        return "says an impossible number of codes";
    }
    for (size_t i = 0; i < parameters->batch_count; i++) {
        if (qn_hash_equal(&parameters->batches[i].root, &batch->root)) {
            return "is the same batch as an earlier one";
        }
    }
    return parameters->batch_count == QN_ACTIVATION_BATCHES_MAX ? "is one more than the 8 possible"
                                                                : NULL;
}

_Static_assert(QN_ACTIVATION_BATCHES_MAX == 8, "the message above says how many");

static void load_batches(const struct qn_config_load *load,
                         struct qn_genesis_parameters *parameters)
{
    const struct qn_settings *settings = &load->config->settings;
    for (size_t i = 0; i < settings->numbered_count; i++) {
        enum { BATCH_LEN_MAX = 128 };
        const struct qn_numbered_setting *item = &settings->numbered[i];
        struct qn_activation_batch batch;
        uint8_t bytes[BATCH_LEN_MAX];
        size_t len = 0;
        if (item->id != QN_OPTION_ACTIVATION_BATCH) {
            continue;
        }
        enum qn_err err = qn_base64url_decode(bytes, sizeof bytes, &len, item->value);
        if (err != QN_OK) {
            complain_base64url(load, item, err, sizeof bytes);
        } else if (qn_activation_batch_decode(&batch, (struct qn_span){bytes, len}) != QN_OK) {
            qn_problems_add(load->problems, item->name,
                            "is not a batch as qnet activation issue prints it");
        } else {
            const char *mistake = batch_mistake(parameters, &batch);
            if (mistake != NULL) {
                qn_problems_add(load->problems, item->name, "%s", mistake);
                continue;
            }
            parameters->batches[parameters->batch_count] = batch;
            parameters->batch_count += 1;
        }
    }
}

static void tell_genesis_problems(const struct qn_config_load *load,
                                  const struct given_certs *certs,
                                  const struct qn_genesis_problem *found, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (found[i].index < certs->count) {
            qn_problems_add(load->problems, certs->sources[found[i].index]->name, "%s",
                            found[i].text);
        } else if (certs->is_complete) {
            /* With an undecodable certificate the count is off, and that has been said. */
            qn_problems_add(load->problems, "QNET_GENESIS_CERT_001...", "%s", found[i].text);
        }
    }
}

static void build_genesis(const struct qn_config_load *load, const struct given_certs *certs,
                          const struct qn_genesis_parameters *parameters)
{
    struct qn_config *config = load->config;
    struct qn_genesis_problem *found = calloc(QN_PROBLEMS_MAX, sizeof *found);
    size_t count = 0;
    QN_ASSERT(found != NULL);
    enum qn_err err = qn_genesis_init(&config->genesis, found, QN_PROBLEMS_MAX, &count,
                                      certs->spans, certs->count, parameters);
    config->has_genesis = err == QN_OK;
    if (err != QN_OK) {
        tell_genesis_problems(load, certs, found,
                              count < QN_PROBLEMS_MAX ? count : QN_PROBLEMS_MAX);
    }
    free(found);
}

const struct qn_genesis_cert *qn_config_own_cert(const struct qn_config *config)
{
    return config->has_genesis && config->bootstrap_id != 0
               ? qn_genesis_by_number(&config->genesis, config->bootstrap_id)
               : NULL;
}

/* A node that is told to be 007 needs that certificate among those of the network. */
static void check_own_cert(const struct qn_config_load *load)
{
    const struct qn_config *config = load->config;
    if (config->has_genesis && config->bootstrap_id != 0 && qn_config_own_cert(config) == NULL) {
        qn_config_complain(load, QN_OPTION_BOOTSTRAP_ID,
                           "%03u, but QNET_GENESIS_CERT_%03u is not set: the network has no such "
                           "genesis node",
                           config->bootstrap_id, config->bootstrap_id);
    }
}

void qn_config_genesis(const struct qn_config_load *load)
{
    struct given_certs certs;
    struct qn_genesis_parameters parameters = {0};
    bool is_needed = (load->needs & (QN_CONFIG_NEEDS_GENESIS | QN_CONFIG_NEEDS_NODE)) != 0;
    if (!qn_command_has(load->command, QN_OPTION_GENESIS_CERT)) {
        return;
    }
    decode_certs(load, &certs);
    check_names(load, &certs);
    load_policy(load, &parameters);
    load_batches(load, &parameters);
    if (certs.count > 0 || (is_needed && certs.is_complete)) {
        build_genesis(load, &certs, &parameters);
    }
    check_own_cert(load);
    free(certs.bytes);
    free(certs.sources);
    free(certs.spans);
}
