/* Two contradicting votes of one validator become an EVIDENCE transaction. Every validator that saw both
 * makes one; the first that is final counts, so they take turns and look whether another one was quicker. */
#include "node/parts.h"

#define QN_EVIDENCE_TURN QN_MS(500)

void qn_node_on_evidence(struct qn_node *node, const struct qn_consensus_action *action)
{
    const struct qn_node_id *voter = &node->committee.members[action->validator].id;
    char text[QN_SHORT_ID_TEXT_SIZE];
    struct qn_own_tx *own = NULL;
    QN_ASSERT(action->record_count == QN_TX_VOTES);
    for (size_t i = QN_OWN_EVIDENCE; i < QN_OWN_COUNT; i++) {
        if (node->own[i].state == QN_OWN_FREE) {
            own = &node->own[i];
        } else if (qn_node_id_equal(&node->own[i].voter, voter)) {
            return; /* one proof is enough */
        }
    }
    if (own == NULL) {
        return;
    }
    qn_log(node->log, QN_LOG_WARN, "evidence", "found", "validator=\"%s\"",
           qn_node_id_short(text, voter));
    *own = (struct qn_own_tx){.state = QN_OWN_WAITING, .voter = *voter};
    own->next_try_us = node->now + (qn_time_us)node->validator * QN_EVIDENCE_TURN;
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        own->vote_kinds[i] = (enum qn_vote_kind)action->records[i].kind;
        own->votes[i] = qn_buf_hold(action->records[i].bytes);
    }
}

void qn_node_poll_evidence(struct qn_node *node, size_t place)
{
    struct qn_own_tx *own = &node->own[place];
    struct qn_registry_entry entry;
    if (node->now < own->next_try_us) {
        return;
    }
    if (qn_ledger_entry(node->ledger, &entry, &own->voter) != QN_OK ||
        entry.equivocated_height != 0 || own->failures == QN_OWN_FAILURES_MAX) {
        own->failures = 0;
        qn_node_own_free(node, place);
        return;
    }
    struct qn_tx tx = {
        .kind = QN_TX_EVIDENCE, .id = own->voter, .has_signer = true, .signer = node->id};
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        tx.votes[i] =
            (struct qn_tx_vote){.kind = own->vote_kinds[i], .bytes = qn_buf_span(own->votes[i])};
    }
    qn_node_own_begin(node, place, &tx);
}
