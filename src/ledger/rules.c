#include "ledger/rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum qn_err qn_refuse(const struct qn_rule_view *view, enum qn_err err, const char *format, ...)
{
    if (view->text != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(view->text, QN_TEXT_LEN_MAX + 1, format, arguments);
        va_end(arguments);
    }
    return err;
}

static enum qn_err check_network(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    if (qn_network_id_equal(&tx->network, &view->genesis->network)) {
        return QN_OK;
    }
    char theirs[QN_ID_TEXT_SIZE];
    char ours[QN_ID_TEXT_SIZE];
    qn_hex_encode(theirs, tx->network.bytes, sizeof tx->network.bytes);
    qn_hex_encode(ours, view->genesis->network.bytes, sizeof view->genesis->network.bytes);
    return qn_refuse(view, QN_ERR_WRONG_NETWORK,
                     "the transaction is for network %.8s, this is network %.8s", theirs, ours);
}

static enum qn_err check_lifetime(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    if (tx->expires_ms <= view->time_ms) {
        return qn_refuse(view, QN_ERR_EXPIRED,
                         "the transaction expired at %" PRIu64 " ms, %" PRIu64
                         " ms before the time of the block",
                         tx->expires_ms, view->time_ms - tx->expires_ms);
    }
    if (tx->expires_ms > view->expires_ms_max) {
        return qn_refuse(view, QN_ERR_INVALID,
                         "the transaction expires %" PRIu64
                         " ms after the time of the block, at most %u ms are allowed",
                         tx->expires_ms - view->time_ms, QN_TX_LIFETIME_MS_MAX);
    }
    return QN_OK;
}

enum qn_err qn_rule_validity(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    if (tx->valid_until_ms > view->time_ms) {
        return QN_OK;
    }
    return qn_refuse(view, QN_ERR_INVALID,
                     "valid until %" PRIu64 " ms is %" PRIu64 " ms before the time of the block",
                     tx->valid_until_ms, view->time_ms - tx->valid_until_ms);
}

enum qn_err qn_rule_roles(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    if (tx->roles & QN_ROLE_VALIDATOR) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "the role validator cannot be claimed: a committee change is needed");
    }
    if (tx->roles & ~(uint32_t)QN_ROLES_ALL) {
        return qn_refuse(view, QN_ERR_REFUSED, "roles %#" PRIx32 " have bits that mean nothing",
                         tx->roles);
    }
    return QN_OK;
}

enum qn_err qn_rule_check(const struct qn_rule_view *view, struct qn_effect *effect,
                          const struct qn_tx *tx)
{
    enum qn_err err = check_network(view, tx);

    if (err == QN_OK) {
        err = check_lifetime(view, tx);
    }
    if (err != QN_OK) {
        return err;
    }
    switch (tx->kind) {
    case QN_TX_REGISTER:
        return qn_rule_register(view, effect, tx);
    case QN_TX_UPDATE:
        return qn_rule_update(view, effect, tx);
    case QN_TX_REVOKE:
        return qn_rule_revoke(view, effect, tx);
    case QN_TX_ROTATE:
    case QN_TX_ISSUE:
    case QN_TX_VALIDATORS:
    case QN_TX_EVIDENCE:
        break;
    }
    return qn_refuse(view, QN_ERR_INVALID, "a transaction of a kind that is not taken, %u",
                     (unsigned)tx->kind);
}

void qn_rule_apply(struct qn_state *state, const struct qn_effect *effect, enum qn_tx_kind kind)
{
    qn_state_put_entry(state, &effect->entry);
    switch (kind) {
    case QN_TX_REGISTER:
        state->counters.next_index += 1;
        state->counters.active_count += 1;
        break;
    case QN_TX_UPDATE:
        break;
    case QN_TX_REVOKE:
        state->counters.active_count -= 1;
        break;
    case QN_TX_ROTATE:
    case QN_TX_ISSUE:
    case QN_TX_VALIDATORS:
    case QN_TX_EVIDENCE:
        break;
    }
    if (effect->uses_code) {
        struct qn_code_use use = {effect->entry.id, effect->entry.changed_height};
        qn_state_put_code_use(state, &effect->code_leaf, &use);
    }
}
