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
    if (tx->roles & ~(uint32_t)QN_ROLES_ALL) {
        return qn_refuse(view, QN_ERR_REFUSED, "roles %#" PRIx32 " have bits that mean nothing",
                         tx->roles);
    }
    return QN_OK;
}

enum qn_err qn_rule_entry(const struct qn_rule_view *view, struct qn_registry_entry *entry,
                          const struct qn_node_id *id)
{
    char name[QN_SHORT_ID_TEXT_SIZE];
    char successor[QN_SHORT_ID_TEXT_SIZE];

    qn_node_id_short(name, id);
    if (qn_state_entry(view->state, entry, id) != QN_OK) {
        return qn_refuse(view, QN_ERR_NOT_REGISTERED, "node %s is not registered", name);
    }
    if (entry->status == QN_ENTRY_REVOKED) {
        return qn_refuse(view, QN_ERR_REVOKED, "node %s was revoked at height %" PRIu64, name,
                         entry->changed_height);
    }
    if (entry->status == QN_ENTRY_ROTATED) {
        return qn_refuse(view, QN_ERR_REVOKED,
                         "node %s has another key since height %" PRIu64 ": it is node %s now",
                         name, entry->changed_height,
                         qn_node_id_short(successor, &entry->successor));
    }
    if (entry->changed_height == view->height) {
        return qn_refuse(view, QN_ERR_BUSY,
                         "node %s has another transaction in block %" PRIu64
                         "; one a block is possible",
                         name, view->height);
    }
    return QN_OK;
}

enum qn_err qn_rule_own_entry(const struct qn_rule_view *view, struct qn_registry_entry *entry,
                              const struct qn_tx *tx)
{
    enum qn_err err = qn_rule_entry(view, entry, &tx->id);
    char name[QN_SHORT_ID_TEXT_SIZE];

    if (err == QN_OK && tx->sequence != entry->sequence + 1) {
        return qn_refuse(
            view, QN_ERR_WRONG_SEQUENCE,
            "sequence number %" PRIu64 " given, node %s is at %" PRIu64 ", so %" PRIu64 " is next",
            tx->sequence, qn_node_id_short(name, &tx->id), entry->sequence, entry->sequence + 1);
    }
    return err;
}

enum qn_err qn_rule_not_expired(const struct qn_rule_view *view,
                                const struct qn_registry_entry *entry)
{
    char name[QN_SHORT_ID_TEXT_SIZE];

    if (entry->valid_until_ms > view->time_ms || qn_rule_in_committee(view, &entry->id)) {
        return QN_OK;
    }
    return qn_refuse(view, QN_ERR_EXPIRED,
                     "the registration of node %s expired at %" PRIu64
                     " ms: it must be renewed by an update first",
                     qn_node_id_short(name, &entry->id), entry->valid_until_ms);
}

bool qn_rule_in_committee(const struct qn_rule_view *view, const struct qn_node_id *id)
{
    return qn_validator_index(&view->committee->set, id) >= 0;
}

enum qn_err qn_rule_committee_stays(const struct qn_rule_view *view)
{
    if (!view->committee_ends) {
        return QN_OK;
    }
    return qn_refuse(view, QN_ERR_BUSY,
                     "the committee changes in block %" PRIu64 ", the last one of epoch %" PRIu64
                     ": wait for the next block",
                     view->height, view->committee->epoch);
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
    *effect = (struct qn_effect){.in_effect = true};
    switch (tx->kind) {
    case QN_TX_REGISTER:
        return qn_rule_register(view, effect, tx);
    case QN_TX_UPDATE:
        return qn_rule_update(view, effect, tx);
    case QN_TX_REVOKE:
        return tx->has_signer ? qn_rule_motion(view, effect, tx) : qn_rule_revoke(view, effect, tx);
    case QN_TX_ROTATE:
        return qn_rule_rotate(view, effect, tx);
    case QN_TX_ISSUE:
    case QN_TX_VALIDATORS:
        return qn_rule_motion(view, effect, tx);
    case QN_TX_EVIDENCE:
        return qn_rule_evidence(view, effect, tx);
    }
    return qn_refuse(view, QN_ERR_INVALID, "a transaction of unknown kind %u", (unsigned)tx->kind);
}
