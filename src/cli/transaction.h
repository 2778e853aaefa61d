/* A transaction that a command makes: from the configuration through the questions to a node's API to its
 * final answer. Each step reports its own failure and returns the exit status. */
#ifndef QN_CLI_TRANSACTION_H
#define QN_CLI_TRANSACTION_H

#include "cli/api_access.h"
#include "cli/config.h"

struct qn_cli_tx {
    const struct qn_cli *cli;
    struct qn_config config;
    struct qn_tx tx;
    char activation_policy[QN_ACTIVATION_POLICY_TEXT_SIZE]; /* as the node says */
    struct qn_api_result result;
    struct qn_hash tx_id; /* once submitted */
    uint64_t elapsed_us;
};

/* Of this kind, about the configured key, to be in a block within ten minutes. False: the problems have been
 * reported, close is not needed. */
bool qn_cli_tx_open(struct qn_cli_tx *s, const struct qn_cli *cli, enum qn_tx_kind kind,
                    unsigned needs);
/* Returns status. */
enum qn_exit qn_cli_tx_close(struct qn_cli_tx *s, enum qn_exit status);
/* Which network the node belongs to; it must be ours, where we were told ours. */
enum qn_exit qn_cli_tx_network(struct qn_cli_tx *s);
/* Moves the expiry to ten minutes from now once half of them are over. */
void qn_cli_tx_postpone(struct qn_cli_tx *s);
/* The entry of tx.id as it stands, which the new transaction builds on. */
enum qn_exit qn_cli_tx_entry(struct qn_cli_tx *s);
/* Signs with the configured key and waits until it is final: s->result has the answer. */
enum qn_exit qn_cli_tx_send(struct qn_cli_tx *s);
/* The same, then says what was done ("registered"). */
enum qn_exit qn_cli_tx_submit(struct qn_cli_tx *s, const char *done);
/* --reason; else the usage error has been reported. */
bool qn_cli_reason_parse(enum qn_revoke_reason *reason, const struct qn_cli *cli);

#endif
