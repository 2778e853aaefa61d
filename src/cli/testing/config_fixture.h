/* A network of genesis certificates and an environment to change at will, for tests of the
 * configuration. */
#ifndef QN_CONFIG_FIXTURE_H
#define QN_CONFIG_FIXTURE_H

#include "cli/certificate.h"
#include "cli/config.h"

enum { QN_FIXTURE_CERTS = 5, QN_FIXTURE_ENVIRONMENT_MAX = 64, QN_FIXTURE_ARGUMENTS_MAX = 32 };

/* Made once for all tests of a program, since signing takes time. */
struct qn_fixture_network {
    char certs[QN_FIXTURE_CERTS][QN_CERTIFICATE_TEXT_SIZE]; /* of 001 to 005 */
    char seeds[QN_FIXTURE_CERTS][2 * QN_SEED_LEN + 1];
    char other_cert[QN_CERTIFICATE_TEXT_SIZE]; /* 004 of another network */
    char fresh_seed[2 * QN_SEED_LEN + 1];      /* of nobody's key */
    struct qn_code_batch codes;                /* two codes, batch in the environment */
    struct qn_code_batch foreign_codes;        /* a batch that the network does not have */
};
void qn_fixture_network_init(struct qn_fixture_network *network);
void qn_fixture_network_fini(struct qn_fixture_network *network);

/* A command line with its environment. */
struct qn_fixture {
    struct qn_cli cli;
    size_t count;
    char *environment[QN_FIXTURE_ENVIRONMENT_MAX + 1]; /* heap strings */
    struct qn_config config;
    struct qn_problems problems;
    bool is_loaded;
    char words[512]; /* the command line, which the arguments point into */
};
/* An empty environment. */
void qn_fixture_init(struct qn_fixture *fixture);
void qn_fixture_fini(struct qn_fixture *fixture);
/* Sets, or with value NULL unsets, a variable. */
void qn_fixture_set(struct qn_fixture *fixture, const char *name, const char *value);
/* Certificates 001 to count and the batch. */
void qn_fixture_set_network(struct qn_fixture *fixture, const struct qn_fixture_network *network,
                            size_t count);
/* The rest of what a valid genesis node 001, or a valid ordinary node with a code, needs. */
void qn_fixture_set_genesis_node(struct qn_fixture *fixture,
                                 const struct qn_fixture_network *network);
void qn_fixture_set_ordinary_node(struct qn_fixture *fixture,
                                  const struct qn_fixture_network *network);
/* Parses the words of a command line (such as "node --listen off") and loads its configuration. */
void qn_fixture_load(struct qn_fixture *fixture, const char *words, unsigned needs);
/* The first problem of this name, or NULL. */
const struct qn_problem *qn_fixture_problem(const struct qn_fixture *fixture, const char *name);

#endif
