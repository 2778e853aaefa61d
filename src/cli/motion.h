/* Motions of the committee as commands make them: one transaction of the configured key, after which the
 * command says how many approvals there are. */
#ifndef QN_CLI_MOTION_H
#define QN_CLI_MOTION_H

#include "cli/transaction.h"

/* 64 hex digits, else the usage error has been reported. */
bool qn_cli_id_parse(struct qn_node_id *id, const struct qn_cli *cli, const char *text);
/* Opens a motion of this kind: signed by the configured key, with the longest life. As qn_cli_tx_open. */
bool qn_cli_motion_open(struct qn_cli_tx *s, const struct qn_cli *cli, enum qn_tx_kind kind);
/* Asks for network and epoch: s->tx is then complete but for its content. */
enum qn_exit qn_cli_motion_prepare(struct qn_cli_tx *s);
/* Submits, shows approvals, closes. status is what came before: only QN_EXIT_OK goes on. */
enum qn_exit qn_cli_motion_finish(struct qn_cli_tx *s, enum qn_exit status);

#endif
