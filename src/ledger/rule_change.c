/* UPDATE, and REVOKE without a signer: changes that a node makes to its own entry. */
#include "ledger/rules.h"

#include <inttypes.h>

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
    if (tx->valid_until_ms < entry->valid_until_ms) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s is in the committee: its validity may grow, not shrink", id);
    }
    return QN_OK;
}

enum qn_err qn_rule_update(const struct qn_rule_view *view, struct qn_effect *effect,
                           const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    enum qn_err err = qn_rule_own_entry(view, entry, tx);

    if (err == QN_OK) {
        err = qn_rule_in_committee(view, &tx->id) ? check_committee(view, entry, tx)
                                                  : qn_rule_roles(view, tx);
    }
    if (err == QN_OK) {
        err = qn_rule_validity(view, tx);
    }
    if (err != QN_OK) {
        return err;
    }
    effect->signer_key = entry->key;
    effect->puts_entry = true;
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
    enum qn_err err = qn_rule_own_entry(view, entry, tx);

    if (err != QN_OK) {
        return err;
    }
    if (qn_rule_in_committee(view, &tx->id)) {
        char id[QN_SHORT_ID_TEXT_SIZE];
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s is in the committee and cannot be revoked: a committee change is "
                         "needed first",
                         qn_node_id_short(id, &tx->id));
    }
    effect->signer_key = entry->key;
    effect->puts_entry = true;
    entry->status = QN_ENTRY_REVOKED;
    entry->revoke_reason = (uint32_t)tx->reason;
    entry->sequence = tx->sequence;
    entry->changed_height = view->height;
    return QN_OK;
}
