/* The executed blocks that a ledger holds side by side. */
#include "ledger/ledger_state.h"

struct qn_block_state *qn_ledger_find_state(const struct qn_ledger *ledger,
                                            const struct qn_hash *block_id)
{
    if (qn_hash_equal(&ledger->tip->block->id, block_id)) {
        return ledger->tip;
    }
    for (size_t i = 0; i < ledger->state_count; i++) {
        if (qn_hash_equal(&ledger->states[i]->block->id, block_id)) {
            return ledger->states[i];
        }
    }
    return NULL;
}

static bool has_children(const struct qn_ledger *ledger, const struct qn_block_state *parent)
{
    for (size_t i = 0; i < ledger->state_count; i++) {
        if (ledger->states[i]->parent == parent) {
            return true;
        }
    }
    return false;
}

static void remove_at(struct qn_ledger *ledger, size_t index)
{
    qn_block_state_free(ledger->states[index]);
    ledger->state_count -= 1;
    for (size_t i = index; i < ledger->state_count; i++) {
        ledger->states[i] = ledger->states[i + 1];
    }
}

/* Drops the lowest block without children, the oldest of several: what consensus left behind first. */
static bool make_room(struct qn_ledger *ledger, const struct qn_block_state *keep)
{
    size_t lowest = ledger->state_count;

    for (size_t i = 0; i < ledger->state_count; i++) {
        const struct qn_block_state *state = ledger->states[i];
        bool lower = lowest == ledger->state_count ||
                     state->history.count < ledger->states[lowest]->history.count;
        if (lower && state != keep && !has_children(ledger, state)) {
            lowest = i;
        }
    }
    if (lowest == ledger->state_count) {
        return false;
    }
    remove_at(ledger, lowest);
    return true;
}

enum qn_err qn_ledger_keep_state(struct qn_ledger *ledger, struct qn_block_state *child)
{
    if (ledger->state_count == QN_LEDGER_STATES_MAX && !make_room(ledger, child->parent)) {
        qn_block_state_free(child);
        return QN_ERR_FULL;
    }
    ledger->states[ledger->state_count] = child;
    ledger->state_count += 1;
    return QN_OK;
}

static bool descends(const struct qn_block_state *state, const struct qn_block_state *ancestor)
{
    while (state != NULL && state != ancestor) {
        state = state->parent;
    }
    return state != NULL;
}

/* Leaves those that stand on the new tip; it is not among them itself. Two passes, because descent is read
 * off the parents. */
static void keep_descendants(struct qn_ledger *ledger, const struct qn_block_state *tip)
{
    bool keeps[QN_LEDGER_STATES_MAX];
    size_t kept = 0;

    for (size_t i = 0; i < ledger->state_count; i++) {
        keeps[i] = descends(ledger->states[i], tip);
    }
    for (size_t i = 0; i < ledger->state_count; i++) {
        if (ledger->states[i] == tip) {
            continue;
        }
        if (keeps[i]) {
            ledger->states[kept] = ledger->states[i];
            kept += 1;
        } else {
            qn_block_state_free(ledger->states[i]);
        }
    }
    ledger->state_count = kept;
}

void qn_ledger_set_tip(struct qn_ledger *ledger, struct qn_block_state *child)
{
    struct qn_block_state **slot =
        &ledger->recent[child->block->header.height % QN_LEDGER_RECENT_MAX];

    keep_descendants(ledger, child);
    if (ledger->tip != NULL) {
        qn_state_fini(&ledger->tip->state);
    }
    qn_block_state_free(*slot);
    *slot = child;
    child->parent = NULL;
    ledger->tip = child;
}
