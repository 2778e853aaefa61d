#include "cli/commands.h"
#include "cli/daemon_setup.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/transaction.h"

#include <string.h>

static enum qn_err sign_activation(struct qn_cli_tx *s)
{
    struct qn_tx *tx = &s->tx;
    if (!s->config.has_code) {
        return QN_OK;
    }
    tx->has_activation = true;
    qn_daemon_activation(&tx->activation, &s->config);
    struct qn_hash digest = qn_activation_digest(&tx->network, &tx->activation.batch_root,
                                                 tx->activation.index, &tx->id);
    return qn_sign(&tx->activation.signature, s->config.code_key, QN_SIGN_ACTIVATE, &digest);
}

/* What the network asks for: by its genesis, which was compared with the node's, or as the node says. */
static enum qn_exit read_policy(struct qn_genesis_parameters *parameters, const struct qn_cli_tx *s)
{
    if (s->config.has_genesis) {
        *parameters = s->config.genesis.parameters;
        return QN_EXIT_OK;
    }
    return qn_activation_policy_parse(parameters, s->activation_policy)
               ? QN_EXIT_OK
               : qn_output_fail(s->cli, QN_EXIT_RUNTIME, "malformed",
                                "the node does not say what a registration needs");
}

/* Searches for the ticket until one holds; on the way the transaction's expiry may move ahead. */
static enum qn_err search_ticket(struct qn_cli_tx *s, const struct qn_work_cost *cost)
{
    struct qn_tx *tx = &s->tx;
    struct qn_progress progress;
    uint64_t tries = 0;
    enum qn_err err = QN_ERR_BAD_WORK;
    qn_random_bytes(tx->work_nonce, sizeof tx->work_nonce);
    qn_progress_init(&progress, s->cli);
    while (err == QN_ERR_BAD_WORK) {
        qn_cli_tx_postpone(s);
        struct qn_ticket ticket = qn_tx_ticket(tx, cost->bits, cost->memory_kib);
        qn_progress_count(&progress, "ticket of work", tries, (uint64_t)1 << cost->bits);
        unsigned count = qn_ticket_tries(cost->memory_kib);
        err = qn_ticket_search(&ticket, count);
        tries += count;
        memcpy(tx->work_nonce, ticket.nonce, sizeof tx->work_nonce);
    }
    qn_progress_end(&progress);
    tx->has_work = err == QN_OK;
    return err;
}

static enum qn_exit find_ticket(struct qn_cli_tx *s)
{
    struct qn_genesis_parameters parameters;
    enum qn_exit status = read_policy(&parameters, s);
    if (status != QN_EXIT_OK || parameters.policy != QN_POLICY_WORK) {
        return status;
    }
    return search_ticket(s, &parameters.work) == QN_OK
               ? QN_EXIT_OK
               : qn_output_fail(s->cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_CRYPTO),
                                "Argon2id failed: %u KiB of memory are needed for a ticket of work",
                                (unsigned)parameters.work.memory_kib);
}

static uint32_t wanted_role(const struct qn_cli *cli)
{
    return qn_arguments_has(&cli->arguments, QN_OPTION_VALIDATOR) ? QN_ROLE_VALIDATOR : 0;
}

enum qn_exit qn_cli_register(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    if (!qn_cli_tx_open(&s, cli, QN_TX_REGISTER, QN_CONFIG_NEEDS_REGION)) {
        return QN_EXIT_CONFIG;
    }
    s.tx.region = s.config.region;
    s.tx.roles = QN_ROLE_FULL | wanted_role(cli);
    s.tx.has_endpoint = s.config.has_advertise;
    s.tx.endpoint = s.config.advertise;
    s.tx.announce_tip = s.config.announce_tip;
    enum qn_exit status = qn_cli_tx_network(&s);
    if (status == QN_EXIT_OK) {
        status = find_ticket(&s);
    }
    if (status == QN_EXIT_OK && sign_activation(&s) != QN_OK) {
        status = qn_output_fail(cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_CRYPTO),
                                "the activation code could not sign");
    }
    if (status == QN_EXIT_OK) {
        status = qn_cli_tx_submit(&s, "registered");
    }
    return qn_cli_tx_close(&s, status);
}

enum qn_exit qn_cli_update(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    if (!qn_cli_tx_open(&s, cli, QN_TX_UPDATE, 0)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = qn_cli_tx_network(&s);
    if (status == QN_EXIT_OK) {
        status = qn_cli_tx_entry(&s);
    }
    if (status == QN_EXIT_OK) {
        s.tx.roles |= wanted_role(cli);
        s.tx.region = s.config.has_region ? s.config.region : s.tx.region;
        if (s.config.has_advertise) {
            s.tx.has_endpoint = true;
            s.tx.endpoint = s.config.advertise;
        }
        status = qn_cli_tx_submit(&s, "updated");
    }
    return qn_cli_tx_close(&s, status);
}

bool qn_cli_reason_parse(enum qn_revoke_reason *reason, const struct qn_cli *cli)
{
    static const char *const names[QN_REVOKE_REASON_COUNT] = {
        [QN_REVOKE_UNSPECIFIED] = "unspecified",
        [QN_REVOKE_KEY_COMPROMISED] = "key-compromised",
        [QN_REVOKE_RETIRED] = "retired",
    };
    const char *text = qn_arguments_or_default(&cli->arguments, QN_OPTION_REASON);
    for (size_t i = 0; i < QN_REVOKE_REASON_COUNT; i++) {
        if (strcmp(names[i], text) == 0) {
            *reason = (enum qn_revoke_reason)i;
            return true;
        }
    }
    (void)qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--reason is %s, not \"%.40s\"",
                         qn_option_at(QN_OPTION_REASON)->help, text);
    return false;
}

enum qn_exit qn_cli_revoke(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    enum qn_revoke_reason reason;
    if (!qn_cli_reason_parse(&reason, cli)) {
        return QN_EXIT_USAGE;
    }
    if (!qn_cli_tx_open(&s, cli, QN_TX_REVOKE, 0)) {
        return QN_EXIT_CONFIG;
    }
    s.tx.reason = reason;
    enum qn_exit status = qn_cli_tx_network(&s);
    if (status == QN_EXIT_OK) {
        status = qn_cli_tx_entry(&s);
    }
    if (status == QN_EXIT_OK) {
        status = qn_cli_tx_submit(&s, "revoked");
    }
    return qn_cli_tx_close(&s, status);
}
