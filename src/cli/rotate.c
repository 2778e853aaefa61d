/* qnet registry rotate and revoke: another key in the place of one, and the end of somebody else's. */
#include "cli/commands.h"
#include "cli/motion.h"
#include "cli/output.h"

#include <stdio.h>

/* The new key signs that it takes this place, in this transaction. */
static enum qn_exit sign_by_new_key(struct qn_cli_tx *s)
{
    struct qn_hash digest = qn_rotate_digest(&s->tx);
    if (qn_sign(&s->tx.key_signature, s->config.new_key, QN_SIGN_ROTATE, &digest) != QN_OK) {
        return qn_output_fail(s->cli, QN_EXIT_RUNTIME, qn_err_name(QN_ERR_CRYPTO),
                              "the new key could not sign");
    }
    return QN_EXIT_OK;
}

static void show_rotated(const struct qn_cli_tx *s)
{
    char old_text[QN_ID_TEXT_SIZE];
    char new_text[QN_ID_TEXT_SIZE];
    struct qn_node_id successor = qn_public_key_id(&s->tx.key);
    const json_t *answer = s->result.json;
    qn_hex_encode(old_text, s->tx.id.bytes, sizeof s->tx.id.bytes);
    qn_hex_encode(new_text, successor.bytes, sizeof successor.bytes);
    if (s->cli->arguments.json) {
        qn_output_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "code", "ok", "id", old_text,
                                 "successor", new_text, "tx", qn_json_text(answer, "id"), "height",
                                 (json_int_t)qn_json_number(answer, "height"), "index",
                                 (json_int_t)qn_json_number(answer, "index")));
    } else {
        (void)printf("rotated %s\n     to %s: index %llu, final at height %llu\n", old_text,
                     new_text, (unsigned long long)qn_json_number(answer, "index"),
                     (unsigned long long)qn_json_number(answer, "height"));
    }
}

enum qn_exit qn_cli_registry_rotate(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    if (!qn_cli_tx_open(&s, cli, QN_TX_ROTATE, 0)) {
        return QN_EXIT_CONFIG;
    }
    enum qn_exit status = qn_cli_tx_network(&s);
    if (status == QN_EXIT_OK) {
        status = qn_cli_tx_entry(&s);
    }
    s.tx.key = *qn_key_public(s.config.new_key);
    if (status == QN_EXIT_OK) {
        status = sign_by_new_key(&s);
    }
    if (status == QN_EXIT_OK) {
        status = qn_cli_tx_send(&s);
    }
    if (status == QN_EXIT_OK) {
        show_rotated(&s);
    }
    return qn_cli_tx_close(&s, status);
}

enum qn_exit qn_cli_registry_revoke(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    struct qn_node_id id;
    enum qn_revoke_reason reason;
    if (!qn_cli_reason_parse(&reason, cli) ||
        !qn_cli_id_parse(&id, cli, cli->arguments.positionals[0])) {
        return QN_EXIT_USAGE;
    }
    if (!qn_cli_motion_open(&s, cli, QN_TX_REVOKE)) {
        return QN_EXIT_CONFIG;
    }
    s.tx.id = id;
    s.tx.reason = reason;
    return qn_cli_motion_finish(&s, qn_cli_motion_prepare(&s));
}
