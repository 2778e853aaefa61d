#include "cli/commands.h"
#include "cli/daemon_setup.h"
#include "cli/output.h"
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
