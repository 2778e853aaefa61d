/* Motions: ISSUE, VALIDATORS, and REVOKE of somebody else. Each member of the committee submits the same content;
 * the state counts, and with a quorum it takes effect. The content is judged at each approval, so that the verdict
 * does not depend on how many there are. */
#include "ledger/rules.h"

#include <inttypes.h>

/* The content of a REVOKE by the committee; effect->entry becomes the revoked one. */
static enum qn_err check_revoke(const struct qn_rule_view *view, struct qn_effect *effect,
                                const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    char name[QN_SHORT_ID_TEXT_SIZE];
    enum qn_err err = qn_rule_entry(view, entry, &tx->id);

    if (err != QN_OK) {
        return err;
    }
    if (tx->sequence != 0) {
        return qn_refuse(view, QN_ERR_WRONG_SEQUENCE,
                         "a revocation by the committee has sequence number 0, %" PRIu64 " given",
                         tx->sequence);
    }
    if (qn_rule_in_committee(view, &tx->id)) {
        if (view->committee->set.count <= QN_GENESIS_MIN) {
            return qn_refuse(view, QN_ERR_REFUSED,
                             "node %s is one of the last %d of the committee: another one must be "
                             "added first",
                             qn_node_id_short(name, &tx->id), QN_GENESIS_MIN);
        }
        effect->change = (struct qn_committee_change){.remove_count = 1, .remove = {tx->id}};
    }
    entry->status = QN_ENTRY_REVOKED;
    entry->revoke_reason = (uint32_t)tx->reason;
    entry->sequence += 1;
    entry->changed_height = view->height;
    return QN_OK;
}

static enum qn_err check_issue(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    struct qn_activation_batch batch;
    uint64_t height = 0;
    bool is_known = qn_state_batch(view->state, &batch, &height, &tx->batch.root) == QN_OK;

    for (size_t i = 0; i < view->genesis->parameters.batch_count; i++) {
        is_known =
            is_known || qn_hash_equal(&view->genesis->parameters.batches[i].root, &tx->batch.root);
    }
    if (is_known) {
        return qn_refuse(view, QN_ERR_DUPLICATE,
                         "this batch of activation codes was issued already, at height %" PRIu64,
                         height);
    }
    if (tx->batch.expires_ms <= view->time_ms) {
        return qn_refuse(view, QN_ERR_CODE_EXPIRED,
                         "the batch of activation codes expired at %" PRIu64 " ms",
                         tx->batch.expires_ms);
    }
    return QN_OK;
}

static enum qn_err check_removed(const struct qn_rule_view *view, const struct qn_node_id *id)
{
    struct qn_registry_entry entry;
    char name[QN_SHORT_ID_TEXT_SIZE];

    if (!qn_rule_in_committee(view, id)) {
        return qn_refuse(view, QN_ERR_INVALID,
                         "node %s is to be removed and is not in the committee",
                         qn_node_id_short(name, id));
    }
    return qn_rule_entry(view, &entry, id);
}

static enum qn_err check_added(const struct qn_rule_view *view, const struct qn_node_id *id)
{
    struct qn_registry_entry entry;
    char name[QN_SHORT_ID_TEXT_SIZE];
    enum qn_err err = qn_rule_entry(view, &entry, id);

    qn_node_id_short(name, id);
    if (err == QN_OK) {
        err = qn_rule_not_expired(view, &entry);
    }
    if (err != QN_OK) {
        return err;
    }
    if (qn_rule_in_committee(view, id)) {
        return qn_refuse(view, QN_ERR_INVALID, "node %s is in the committee already", name);
    }
    if ((entry.roles & QN_ROLE_VALIDATOR) == 0) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s does not have the role validator: it must update its entry first",
                         name);
    }
    if (entry.equivocated_height != 0) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s cast contradicting votes, as proved at height %" PRIu64
                         ", and cannot be in the committee again",
                         name, entry.equivocated_height);
    }
    return QN_OK;
}

/* How many may come and go at once, and how many there may be in the end. */
static enum qn_err check_counts(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    unsigned count = view->committee->set.count;
    unsigned limit = qn_fault_limit(count);

    if (tx->add_count == 0 && tx->remove_count == 0) {
        return qn_refuse(view, QN_ERR_INVALID, "a committee change that changes nothing");
    }
    if (tx->add_count > limit || tx->remove_count > limit) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "%u added and %u removed: of a committee of %u at most %u each at once",
                         (unsigned)tx->add_count, (unsigned)tx->remove_count, count, limit);
    }
    count = count + tx->add_count - tx->remove_count;
    if (count < QN_GENESIS_MIN || count > QN_VALIDATORS_MAX) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "the committee would have %u members: from %d to %d are possible", count,
                         QN_GENESIS_MIN, QN_VALIDATORS_MAX);
    }
    return QN_OK;
}

static enum qn_err check_validators(const struct qn_rule_view *view, struct qn_effect *effect,
                                    const struct qn_tx *tx)
{
    if (tx->epoch != view->committee->epoch) {
        return qn_refuse(view, QN_ERR_WRONG_EPOCH,
                         "a committee change for epoch %" PRIu64 ", this is epoch %" PRIu64,
                         tx->epoch, view->committee->epoch);
    }
    enum qn_err err = check_counts(view, tx);
    for (size_t i = 0; err == QN_OK && i < tx->remove_count; i++) {
        effect->change.remove[i] = tx->remove[i];
        err = check_removed(view, &tx->remove[i]);
    }
    for (size_t i = 0; err == QN_OK && i < tx->add_count; i++) {
        effect->change.add[i] = tx->add[i];
        err = check_added(view, &tx->add[i]);
    }
    effect->change.remove_count = tx->remove_count;
    effect->change.add_count = tx->add_count;
    return err;
}

static enum qn_err check_content(const struct qn_rule_view *view, struct qn_effect *effect,
                                 const struct qn_tx *tx)
{
    if (tx->kind == QN_TX_ISSUE) {
        return check_issue(view, tx);
    }
    return tx->kind == QN_TX_VALIDATORS ? check_validators(view, effect, tx)
                                        : check_revoke(view, effect, tx);
}

/* What this member may do now; effect's proposer becomes what it will be. */
static enum qn_err check_proposer(const struct qn_rule_view *view, struct qn_effect *effect,
                                  const struct qn_tx *tx)
{
    struct qn_proposer *proposer = &effect->proposer;
    char name[QN_SHORT_ID_TEXT_SIZE];

    if (qn_proposer_get(view->state, proposer, &tx->signer) == QN_OK &&
        proposer->last_height == view->height) {
        return qn_refuse(view, QN_ERR_BUSY,
                         "node %s approves another motion in block %" PRIu64
                         "; one a block is possible",
                         qn_node_id_short(name, &tx->signer), view->height);
    }
    if (proposer->epoch != view->committee->epoch) {
        *proposer = (struct qn_proposer){.epoch = view->committee->epoch};
    }
    proposer->last_height = view->height;
    return QN_OK;
}

/* Adds this member's approval to the motion, which it may be the first to do. */
static enum qn_err approve(const struct qn_rule_view *view, struct qn_effect *effect,
                           const struct qn_tx *tx, unsigned validator)
{
    struct qn_motion *motion = &effect->motion;
    char name[QN_SHORT_ID_TEXT_SIZE];

    qn_node_id_short(name, &tx->signer);
    effect->motion_hash = qn_tx_motion_hash(tx, view->committee->epoch);
    if (qn_motion_get(view->state, motion, &effect->motion_hash) != QN_OK) {
        *motion = (struct qn_motion){
            .epoch = view->committee->epoch,
            .bitmap_len = (uint8_t)((view->committee->set.count + 7) / 8),
        };
        if (qn_proposer_open(&effect->proposer, &effect->motion_hash, tx->expires_ms,
                             view->time_ms) != QN_OK) {
            return qn_refuse(view, QN_ERR_FULL,
                             "node %s has opened %d motions that have not expired: no more until "
                             "one has",
                             name, QN_MOTIONS_OPEN_MAX);
        }
    } else if (motion->decided_height != 0) {
        return qn_refuse(view, QN_ERR_DUPLICATE,
                         "the motion took effect at height %" PRIu64 ": no approval is needed",
                         motion->decided_height);
    } else if (qn_motion_has(motion, validator)) {
        return qn_refuse(view, QN_ERR_DUPLICATE,
                         "node %s has approved this motion: %u of %u approvals are there", name,
                         qn_motion_approvals(motion), qn_quorum(view->committee->set.count));
    }
    qn_motion_approve(motion, validator);
    return QN_OK;
}

enum qn_err qn_rule_motion(const struct qn_rule_view *view, struct qn_effect *effect,
                           const struct qn_tx *tx)
{
    char name[QN_SHORT_ID_TEXT_SIZE];
    int validator = qn_validator_index(&view->committee->set, &tx->signer);
    enum qn_err err = qn_rule_committee_stays(view);

    if (err == QN_OK && validator < 0) {
        return qn_refuse(view, QN_ERR_REFUSED,
                         "node %s is not in the committee of epoch %" PRIu64
                         ": only its members decide this",
                         qn_node_id_short(name, &tx->signer), view->committee->epoch);
    }
    if (err == QN_OK) {
        err = qn_rule_entry(view, &effect->entry, &tx->signer);
    }
    if (err == QN_OK) {
        effect->signer_key = effect->entry.key;
        err = check_proposer(view, effect, tx);
    }
    if (err == QN_OK) {
        err = approve(view, effect, tx, (unsigned)validator);
    }
    if (err == QN_OK) {
        err = check_content(view, effect, tx);
    }
    if (err != QN_OK) {
        return err;
    }
    effect->in_effect =
        qn_motion_approvals(&effect->motion) >= qn_quorum(view->committee->set.count);
    if (effect->in_effect) {
        effect->motion.decided_height = view->height;
        effect->puts_entry = tx->kind == QN_TX_REVOKE;
        effect->changes_committee = effect->change.add_count > 0 || effect->change.remove_count > 0;
    }
    return QN_OK;
}
