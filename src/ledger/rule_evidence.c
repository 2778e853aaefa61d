/* EVIDENCE: two votes of one validator that no honest one casts both. It is recorded in its entry for good, and
 * it leaves the committee if that leaves enough of them. */
#include "ledger/rules.h"

#include <inttypes.h>

static struct qn_hash proposal_of(const struct qn_tx *tx, const struct qn_vote *vote)
{
    return qn_proposal_digest(&tx->network, vote->epoch, vote->view, vote->parent_view,
                              &vote->block_id);
}

/* Two different votes of a kind, or FINALIZE and NULLIFY, in one view. */
static bool contradict(const struct qn_tx *tx, const struct qn_vote *a, const struct qn_vote *b)
{
    if (a->epoch != b->epoch || a->view != b->view) {
        return false;
    }
    if (a->kind == b->kind && a->kind != QN_VOTE_NULLIFY) {
        struct qn_hash one = proposal_of(tx, a);
        struct qn_hash other = proposal_of(tx, b);
        return !qn_hash_equal(&one, &other);
    }
    return (a->kind == QN_VOTE_FINALIZE && b->kind == QN_VOTE_NULLIFY) ||
           (a->kind == QN_VOTE_NULLIFY && b->kind == QN_VOTE_FINALIZE);
}

static enum qn_err check_votes(const struct qn_rule_view *view, struct qn_effect *effect,
                               const struct qn_tx *tx)
{
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        /* Whoever decoded the transaction did so. */
        QN_ASSERT(qn_tx_vote_decode(&effect->votes[i], &tx->votes[i]) == QN_OK);
    }
    if (!contradict(tx, &effect->votes[0], &effect->votes[1])) {
        return qn_refuse(view, QN_ERR_INVALID,
                         "the two votes do not contradict each other: they prove nothing");
    }
    return QN_OK;
}

/* The committee that the votes belong to: this one or the one before. */
static enum qn_err check_voter(const struct qn_rule_view *view, struct qn_effect *effect,
                               const struct qn_tx *tx)
{
    const struct qn_committee *committee = view->committee;
    uint64_t epoch = effect->votes[0].epoch;
    char name[QN_SHORT_ID_TEXT_SIZE];

    if (epoch > committee->epoch || committee->epoch - epoch > 1) {
        return qn_refuse(view, QN_ERR_WRONG_EPOCH,
                         "the votes are of epoch %" PRIu64 ": in epoch %" PRIu64
                         " only those of this one and the one before count",
                         epoch, committee->epoch);
    }
    const struct qn_validator_set *set =
        epoch == committee->epoch ? &committee->set : &committee->previous;
    int validator = qn_validator_index(set, &tx->id);
    if (validator < 0) {
        return qn_refuse(view, QN_ERR_INVALID, "node %s was no validator in epoch %" PRIu64,
                         qn_node_id_short(name, &tx->id), epoch);
    }
    effect->vote_key = set->members[validator].key;
    return QN_OK;
}

/* The entry of the voter under its present key. */
static enum qn_err find_culprit(const struct qn_rule_view *view, struct qn_effect *effect,
                                const struct qn_tx *tx)
{
    struct qn_registry_entry *entry = &effect->entry;
    struct qn_node_id id = tx->id;
    char name[QN_SHORT_ID_TEXT_SIZE];

    for (size_t i = 0; i < QN_SUCCESSORS_MAX; i++) {
        QN_ASSERT(qn_state_entry(view->state, entry, &id) == QN_OK); /* of members they are there */
        if (entry->status != QN_ENTRY_ROTATED) {
            break;
        }
        id = entry->successor;
    }
    qn_node_id_short(name, &id);
    if (entry->equivocated_height != 0) {
        return qn_refuse(view, QN_ERR_DUPLICATE,
                         "that node %s cast contradicting votes is known since height %" PRIu64,
                         name, entry->equivocated_height);
    }
    if (entry->changed_height == view->height) {
        return qn_refuse(view, QN_ERR_BUSY,
                         "node %s has another transaction in block %" PRIu64
                         "; one a block is possible",
                         name, view->height);
    }
    return QN_OK;
}

enum qn_err qn_rule_evidence(const struct qn_rule_view *view, struct qn_effect *effect,
                             const struct qn_tx *tx)
{
    struct qn_registry_entry signer;
    enum qn_err err = qn_rule_committee_stays(view);

    if (err == QN_OK) {
        err = qn_rule_entry(view, &signer, &tx->signer);
    }
    if (err == QN_OK) {
        effect->signer_key = signer.key;
        err = qn_rule_not_expired(view, &signer);
    }
    if (err == QN_OK) {
        err = check_votes(view, effect, tx);
    }
    if (err == QN_OK) {
        err = check_voter(view, effect, tx);
    }
    if (err == QN_OK) {
        err = find_culprit(view, effect, tx);
    }
    if (err != QN_OK) {
        return err;
    }
    effect->entry.equivocated_height = view->height;
    effect->entry.changed_height = view->height;
    effect->puts_entry = true;
    if (qn_rule_in_committee(view, &effect->entry.id) &&
        view->committee->set.count > QN_GENESIS_MIN) {
        effect->changes_committee = true;
        effect->change =
            (struct qn_committee_change){.remove_count = 1, .remove = {effect->entry.id}};
    }
    return QN_OK;
}
