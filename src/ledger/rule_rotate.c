/* ROTATE: a node gets another key, and with it another id; what the entry says goes on under it. */
#include "ledger/rules.h"

#include <inttypes.h>

static enum qn_err check_new_id(const struct qn_rule_view *view, const struct qn_node_id *id)
{
    struct qn_registry_entry entry;
    char name[QN_SHORT_ID_TEXT_SIZE];

    if (qn_state_entry(view->state, &entry, id) != QN_OK) {
        return QN_OK;
    }
    return qn_refuse(
        view, QN_ERR_ALREADY_REGISTERED,
        "the new key is that of node %s, which is already registered, as number %" PRIu64
        ": a rotation needs a fresh key",
        qn_node_id_short(name, id), entry.index);
}

static void make_successor(const struct qn_rule_view *view, struct qn_registry_entry *successor,
                           const struct qn_registry_entry *old, const struct qn_tx *tx)
{
    *successor = *old;
    successor->id = qn_public_key_id(&tx->key);
    successor->key = tx->key;
    successor->suite = tx->key.suite;
    successor->key_hash = qn_sha3(qn_public_key_span(&tx->key));
    successor->sequence = 0;
    successor->changed_height = view->height;
}

enum qn_err qn_rule_rotate(const struct qn_rule_view *view, struct qn_effect *effect,
                           const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    struct qn_node_id new_id = qn_public_key_id(&tx->key);
    enum qn_err err = qn_rule_own_entry(view, entry, tx);

    if (err == QN_OK) {
        err = qn_rule_not_expired(view, entry);
    }
    if (err == QN_OK) {
        err = check_new_id(view, &new_id);
    }
    if (err == QN_OK && qn_rule_in_committee(view, &tx->id)) {
        effect->changes_committee = true;
        effect->change = (struct qn_committee_change){
            .add_count = 1, .remove_count = 1, .add = {new_id}, .remove = {tx->id}};
        err = qn_rule_committee_stays(view);
    }
    if (err != QN_OK) {
        return err;
    }
    effect->signer_key = entry->key;
    make_successor(view, &effect->successor, entry, tx);
    entry->status = QN_ENTRY_ROTATED;
    entry->successor = new_id;
    entry->sequence = tx->sequence;
    entry->changed_height = view->height;
    effect->puts_entry = true;
    return QN_OK;
}
