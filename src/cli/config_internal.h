/* Parts of config.c, by subject. */
#ifndef QN_CONFIG_INTERNAL_H
#define QN_CONFIG_INTERNAL_H

#include "cli/config.h"

struct qn_config_load {
    struct qn_config *config;
    struct qn_problems *problems;
    const struct qn_command *command;
    unsigned needs;
};

/* The value if this command has the option and it is set, else NULL. */
const char *qn_config_value(const struct qn_config_load *load, enum qn_option_id id);
/* A problem with this option's value, under the name that the user gave it by. */
void qn_config_complain(const struct qn_config_load *load, enum qn_option_id id, const char *format,
                        ...) QN_PRINTF(3, 4);

/* This node's own genesis certificate, or NULL. */
const struct qn_genesis_cert *qn_config_own_cert(const struct qn_config *config);

/* Certificates, policy and batches: the network. Before the key. */
void qn_config_genesis(const struct qn_config_load *load);
/* The private key, the suite and the activation code. After the genesis. */
void qn_config_secrets(const struct qn_config_load *load);
/* The database of addresses, if there is one. */
void qn_config_location(const struct qn_config_load *load);
/* Addresses of others and of ourselves. After the genesis. */
void qn_config_addresses(const struct qn_config_load *load);
/* Whether the gateway is asked to forward the port; after the addresses that are listened on. */
void qn_config_port_mapping(const struct qn_config_load *load);
/* The data directory. After the secrets. */
void qn_config_storage(const struct qn_config_load *load);

#endif
