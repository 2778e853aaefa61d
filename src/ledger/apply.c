/* What a transaction that was found valid does to the state. */
#include "ledger/rules.h"

#include <stdlib.h>

/* The entries of those who come or go are changed by this block too: no other transaction of theirs fits into
 * it. */
static void touch_entry(struct qn_state *state, const struct qn_node_id *id, uint64_t height)
{
    struct qn_registry_entry entry;

    QN_ASSERT(qn_state_entry(state, &entry, id) == QN_OK);
    if (entry.changed_height != height) {
        entry.changed_height = height;
        qn_state_put_entry(state, &entry);
    }
}

static bool is_among(const struct qn_node_id *ids, size_t count, const struct qn_node_id *id)
{
    for (size_t i = 0; i < count; i++) {
        if (qn_node_id_equal(&ids[i], id)) {
            return true;
        }
    }
    return false;
}

/* The next committee: without those removed, with those added, whose keys the state has. */
static void change_committee(struct qn_state *state, struct qn_committee **committee,
                             const struct qn_committee_change *change, uint64_t height)
{
    const struct qn_validator_set *old = &(*committee)->set;
    size_t count = 0;
    struct qn_public_key *keys = calloc(old->count + (size_t)change->add_count, sizeof *keys);
    struct qn_validator_set set;

    QN_ASSERT(keys != NULL);
    for (size_t i = 0; i < old->count; i++) {
        if (!is_among(change->remove, change->remove_count, &old->members[i].id)) {
            keys[count] = old->members[i].key;
            count += 1;
        }
    }
    for (size_t i = 0; i < change->add_count; i++) {
        struct qn_registry_entry entry;
        QN_ASSERT(qn_state_entry(state, &entry, &change->add[i]) == QN_OK);
        keys[count] = entry.key;
        count += 1;
        touch_entry(state, &change->add[i], height);
    }
    for (size_t i = 0; i < change->remove_count; i++) {
        touch_entry(state, &change->remove[i], height);
    }
    QN_ASSERT(qn_validator_set_init(&set, keys, count) == QN_OK);
    free(keys);
    struct qn_committee *next = qn_committee_new_next(*committee, &set, height + 1);
    qn_committee_put(next, state);
    qn_committee_drop(*committee);
    *committee = next;
}

static void count_entries(struct qn_state *state, enum qn_tx_kind kind)
{
    switch (kind) {
    case QN_TX_REGISTER:
        state->counters.next_index += 1;
        state->counters.active_count += 1;
        return;
    case QN_TX_REVOKE:
        state->counters.active_count -= 1;
        return;
    case QN_TX_UPDATE:
    case QN_TX_ROTATE:
    case QN_TX_ISSUE:
    case QN_TX_VALIDATORS:
    case QN_TX_EVIDENCE:
        return;
    }
}

void qn_rule_apply(struct qn_state *state, struct qn_committee **committee,
                   const struct qn_effect *effect, const struct qn_tx *tx, uint64_t height)
{
    if (effect->puts_entry) {
        qn_state_put_entry(state, &effect->entry);
        count_entries(state, tx->kind);
    }
    if (tx->kind == QN_TX_ROTATE) {
        qn_state_put_entry(state, &effect->successor);
    }
    if (effect->uses_code) {
        struct qn_code_use use = {effect->entry.id, height};
        qn_state_put_code_use(state, &effect->code_leaf, &use);
    }
    if (qn_tx_is_motion(tx)) {
        qn_motion_put(state, &effect->motion_hash, &effect->motion);
        qn_proposer_put(state, &tx->signer, &effect->proposer);
    }
    if (tx->kind == QN_TX_ISSUE && effect->in_effect) {
        qn_state_put_batch(state, &tx->batch, height);
    }
    if (effect->changes_committee) {
        change_committee(state, committee, &effect->change, height);
    }
}
