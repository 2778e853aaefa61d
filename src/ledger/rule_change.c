/* UPDATE and REVOKE: changes that a node makes to its own entry. */
#include "ledger/rules.h"

#include <inttypes.h>

/* The entry of the transaction's node as it is, in effect, if the node may change it now. */
static enum qn_err find_entry(const struct qn_rule_view *view, struct qn_effect *effect,
                              const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    char id[QN_SHORT_ID_TEXT_SIZE];

    effect->uses_code = false;
    qn_node_id_short(id, &tx->id);
    if (qn_state_entry(view->state, entry, &tx->id) != QN_OK) {
        return qn_refuse(view, QN_ERR_NOT_REGISTERED, "node %s is not registered", id);
    }
    if (entry->status == QN_ENTRY_REVOKED) {
        return qn_refuse(view, QN_ERR_REVOKED, "node %s was revoked at height %" PRIu64, id,
                         entry->changed_height);
    }
    if (entry->changed_height == view->height) {
        return qn_refuse(view, QN_ERR_BUSY,
                         "node %s has another transaction in block %" PRIu64
                         "; one a block is possible",
                         id, view->height);
    }
    if (tx->sequence != entry->sequence + 1) {
        return qn_refuse(view, QN_ERR_WRONG_SEQUENCE,
                         "sequence number %" PRIu64 " given, node %s is at %" PRIu64 ", so %" PRIu64
                         " is next",
                         tx->sequence, id, entry->sequence, entry->sequence + 1);
    }
    return QN_OK;
}

/* What the entry of a committee member may not become by its own will. */
static enum qn_err check_committee(const struct qn_rule_view *view,
                                   const struct qn_registry_entry *entry, const struct qn_tx *tx)
{
    char id[QN_SHORT_ID_TEXT_SIZE];

    qn_node_id_short(id, &tx->id);
    if (tx->roles != entry->roles) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s is in the committee: its roles stay %#" PRIx32
                         " until a committee change, %#" PRIx32 " given",
                         id, entry->roles, tx->roles);
    }
    if (tx->valid_until_ms != entry->valid_until_ms) {
        return qn_refuse(
            view, QN_ERR_REFUSED,
            "node %s is in the committee: its validity ends only by a committee change", id);
    }
    return QN_OK;
}

enum qn_err qn_rule_update(const struct qn_rule_view *view, struct qn_effect *effect,
                           const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    enum qn_err err = find_entry(view, effect, tx);

    if (err == QN_OK) {
        err = entry->roles & QN_ROLE_VALIDATOR ? check_committee(view, entry, tx)
                                               : qn_rule_roles(view, tx);
    }
    if (err == QN_OK) {
        err = qn_rule_validity(view, tx);
    }
    if (err != QN_OK) {
        return err;
    }
    entry->region = tx->region;
    entry->roles = tx->roles;
    entry->has_endpoint = tx->has_endpoint;
    entry->endpoint = tx->endpoint;
    entry->announce_tip = tx->announce_tip;
    entry->valid_until_ms = tx->valid_until_ms;
    entry->sequence = tx->sequence;
    entry->changed_height = view->height;
    return QN_OK;
}

enum qn_err qn_rule_revoke(const struct qn_rule_view *view, struct qn_effect *effect,
                           const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    enum qn_err err = find_entry(view, effect, tx);

    if (err != QN_OK) {
        return err;
    }
    if (entry->roles & QN_ROLE_VALIDATOR) {
        char id[QN_SHORT_ID_TEXT_SIZE];
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s is in the committee and cannot be revoked: a committee change is "
                         "needed first",
                         qn_node_id_short(id, &tx->id));
    }
    entry->status = QN_ENTRY_REVOKED;
    entry->revoke_reason = (uint32_t)tx->reason;
    entry->sequence = tx->sequence;
    entry->changed_height = view->height;
    return QN_OK;
}
