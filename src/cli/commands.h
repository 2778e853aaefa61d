/* What the option table points at: one function for each command. Each prints its result and returns
 * the exit status. */
#ifndef QN_COMMANDS_H
#define QN_COMMANDS_H

#include "cli/cli.h"

enum qn_exit qn_cli_node(const struct qn_cli *cli);
enum qn_exit qn_cli_devnet(const struct qn_cli *cli);
enum qn_exit qn_cli_keys_new(const struct qn_cli *cli);
enum qn_exit qn_cli_keys_show(const struct qn_cli *cli);
enum qn_exit qn_cli_genesis_cert(const struct qn_cli *cli);
enum qn_exit qn_cli_genesis_show(const struct qn_cli *cli);
enum qn_exit qn_cli_activation_issue(const struct qn_cli *cli);
enum qn_exit qn_cli_activation_submit(const struct qn_cli *cli);
enum qn_exit qn_cli_committee_list(const struct qn_cli *cli);
enum qn_exit qn_cli_committee_add(const struct qn_cli *cli);
enum qn_exit qn_cli_committee_remove(const struct qn_cli *cli);
enum qn_exit qn_cli_committee_replace(const struct qn_cli *cli);
enum qn_exit qn_cli_committee_approve(const struct qn_cli *cli);
enum qn_exit qn_cli_registry_revoke(const struct qn_cli *cli);
enum qn_exit qn_cli_registry_rotate(const struct qn_cli *cli);
enum qn_exit qn_cli_register(const struct qn_cli *cli);
enum qn_exit qn_cli_update(const struct qn_cli *cli);
enum qn_exit qn_cli_revoke(const struct qn_cli *cli);
enum qn_exit qn_cli_status(const struct qn_cli *cli);
enum qn_exit qn_cli_peers(const struct qn_cli *cli);
enum qn_exit qn_cli_peer_limits(const struct qn_cli *cli);
enum qn_exit qn_cli_regions(const struct qn_cli *cli);
enum qn_exit qn_cli_ban_add(const struct qn_cli *cli);
enum qn_exit qn_cli_ban_list(const struct qn_cli *cli);
enum qn_exit qn_cli_ban_remove(const struct qn_cli *cli);
enum qn_exit qn_cli_registry_list(const struct qn_cli *cli);
enum qn_exit qn_cli_registry_get(const struct qn_cli *cli);
enum qn_exit qn_cli_registry_proof(const struct qn_cli *cli);
enum qn_exit qn_cli_registry_verify(const struct qn_cli *cli);
enum qn_exit qn_cli_verify(const struct qn_cli *cli);
enum qn_exit qn_cli_config(const struct qn_cli *cli);
enum qn_exit qn_cli_db_check(const struct qn_cli *cli);
enum qn_exit qn_cli_db_backup(const struct qn_cli *cli);
enum qn_exit qn_cli_db_restore(const struct qn_cli *cli);
enum qn_exit qn_cli_db_stat(const struct qn_cli *cli);
enum qn_exit qn_cli_version(const struct qn_cli *cli);

#endif
