/* Committees in tests: nodes that exist as keys only, motions that members approve, votes as evidence. Signatures
 * are fakes, for what is judged before they are. */
#ifndef QN_COMMITTEE_KIT_H
#define QN_COMMITTEE_KIT_H

#include "ledger/testing/chain.h"

/* A REGISTER of this key. */
struct qn_tx qn_committee_register(const struct qn_chain *chain, const struct qn_public_key *key,
                                   uint32_t roles);
/* Registers nodes with random keys and these roles, all in as few blocks as possible. */
void qn_committee_nodes(struct qn_chain *chain, struct qn_rng *rng, struct qn_node_id *ids,
                        size_t count, uint32_t roles);
/* Motions without a signer, for the next block. Ids need not be sorted. */
struct qn_tx qn_committee_change(const struct qn_chain *chain, const struct qn_node_id *add,
                                 size_t add_count, const struct qn_node_id *remove,
                                 size_t remove_count);
struct qn_tx qn_committee_revoke(const struct qn_chain *chain, const struct qn_node_id *id);
struct qn_tx qn_committee_issue(const struct qn_chain *chain,
                                const struct qn_activation_batch *batch);
/* The verdict on the approval of member number validator of the current committee. */
enum qn_err qn_committee_judge(const struct qn_chain *chain, const struct qn_tx *motion,
                               size_t validator, char text[QN_TEXT_LEN_MAX + 1]);
/* Approvals of members first .. first + count - 1, in blocks; asserts that all go in. commit, which may be
 * NULL, is that of the last block. */
void qn_committee_approve(struct qn_chain *chain, struct qn_ledger_commit *commit,
                          const struct qn_tx *motion, size_t first, size_t count);
/* As many approvals as it takes. */
void qn_committee_decide(struct qn_chain *chain, struct qn_ledger_commit *commit,
                         const struct qn_tx *motion);
/* EVIDENCE by signer of two votes, which must outlive the transaction's encoding: *bufs are theirs, the
 * caller's to drop. */
struct qn_tx qn_committee_evidence(const struct qn_chain *chain, struct qn_buf *bufs[QN_TX_VOTES],
                                   const struct qn_node_id *signer, const struct qn_node_id *voter,
                                   const struct qn_vote votes[QN_TX_VOTES]);

#endif
