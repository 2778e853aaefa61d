/* What the files of this folder call of each other, by the file that has it. */
#ifndef QN_NODE_PARTS_H
#define QN_NODE_PARTS_H

#include "node/links.h"
#include "node/state.h"

/* ---- node.c ---- */
/* A cleared job of this owner; the caller fills it and hands it to qn_node_verify. */
struct qn_verify_job *qn_node_job(struct qn_node *node, enum qn_owner owner, uint64_t cookie);
void qn_node_verify(struct qn_node *node, struct qn_verify_job *job);
void qn_node_sign(struct qn_node *node, enum qn_owner owner, uint64_t number, enum qn_signer signer,
                  enum qn_sign_kind kind, const struct qn_hash *digest);
void qn_node_persist(struct qn_node *node, enum qn_owner owner, uint64_t number,
                     struct qn_batch *batch);
/* Whether the peer's version has this kind: to be asked before a request that waits for an answer. */
bool qn_node_speaks(const struct qn_link *link, enum qn_message_kind kind);
/* Sends to one link, unless its peer's version lacks the kind or a stranger has not sent as much; takes over bytes. */
void qn_node_send(struct qn_node *node, struct qn_link *link, enum qn_message_kind kind,
                  uint32_t request_id, struct qn_buf *bytes);

/* ---- halt.c ---- */
/* Makes node->storage: the given one, but an error of a read halts the node. */
void qn_node_watch_storage(struct qn_node *node, const struct qn_storage *storage);
void qn_node_on_persist_failed(struct qn_node *node, enum qn_err err);
void qn_node_on_corrupt_storage(struct qn_node *node); /* what was read is not what was written */
/* The step ends: if the node halts now, HALT takes the place of its actions from first on. */
void qn_node_end_step(struct qn_node *node, size_t first);
/* ---- verify_job.c ---- */
/* Sends out all that remains to be checked of a transaction. Returns how many jobs will come back. */
size_t qn_node_verify_tx(struct qn_node *node, enum qn_owner owner, uint64_t cookie,
                         const struct qn_tx_checks *checks);

/* ---- dialing.c ---- */
void qn_node_dialing_init(struct qn_node *node);
/* Keeps dialling the members of the committee, and stops for those of the one before. */
void qn_node_dial_committee(struct qn_node *node);
void qn_node_on_dial_failed(struct qn_node *node, const struct qn_event *event);
void qn_node_poll_peering(struct qn_node *node);
/* A verified record: a place to dial. */
void qn_node_learn_endpoints(struct qn_node *node, const struct qn_record *record, qn_link_id from);

/* ---- messages.c ---- */
void qn_node_on_frame(struct qn_node *node, const struct qn_event *event);

/* ---- records.c ---- */
/* Makes and signs a new record of ours, and announces it when signed. */
void qn_node_make_record(struct qn_node *node);
void qn_node_on_record_signed(struct qn_node *node, const struct qn_event *event);
void qn_node_on_announce(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
void qn_node_on_record_verified(struct qn_node *node, struct qn_verify_job *job);
/* A link became live: tell it our record and those we hold. */
void qn_node_tell_records(struct qn_node *node, struct qn_link *link);
/* The registry changed this identity. */
void qn_node_records_on_change(struct qn_node *node, const struct qn_ledger_change *change);

/* ---- epoch.c ---- */
/* Loads the committee of the ledger's tip and makes what follows it; before the links are. */
void qn_node_epoch_init(struct qn_node *node);
void qn_node_epoch_fini(struct qn_node *node);
/* At the end of each step: if a block ended the epoch, another committee takes over. */
void qn_node_follow_epoch(struct qn_node *node);

/* ---- motions.c ---- */
/* Reads those of the last blocks of the epoch. */
void qn_node_motions_init(struct qn_node *node);
void qn_node_motions_fini(struct qn_node *node);
void qn_node_motions_on_commit(struct qn_node *node, const struct qn_block *block,
                               const struct qn_ledger_commit *commit);
/* Another epoch: they are void. */
void qn_node_motions_clear(struct qn_node *node);
void qn_node_poll_motions(struct qn_node *node);

/* ---- committee.c ---- */
/* A member of the committee votes, from the ledger's tip on. */
void qn_node_committee_init(struct qn_node *node);
/* Frees the consensus object, and keeps what it says of the memory of the next one. */
void qn_node_committee_fini(struct qn_node *node);
void qn_node_drain_consensus(struct qn_node *node);
void qn_node_committee_link(struct qn_node *node, const struct qn_link *link, bool up);
/* Opens the start gate when enough genesis nodes hold links. */
void qn_node_poll_gate(struct qn_node *node);
/* Validators with a live link, self included if one. */
unsigned qn_node_validators_live(const struct qn_node *node);
unsigned qn_node_gate_needed(const struct qn_node *node);
/* Tells consensus whether transactions wait: after each that was added, and after each commit. */
void qn_node_tell_pending(struct qn_node *node);

/* ---- sync.c ---- */
void qn_node_drain_follower(struct qn_node *node);
/* ---- serve_blocks.c ---- */
void qn_node_on_get_blocks(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                           struct qn_span bytes);
/* A linked peer claims this head. */
void qn_node_on_peer_height(struct qn_node *node, struct qn_link *link, uint64_t height);
/* The own registration is decided: the heads that peers claimed meanwhile count from now on. */
void qn_node_sync_with_all(struct qn_node *node);

/* ---- snapshot*.c ---- */
void qn_node_snapshot_init(struct qn_node *node);
void qn_node_snapshot_fini(struct qn_node *node);
void qn_node_poll_snapshot(struct qn_node *node);
void qn_node_on_get_snapshot(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                             struct qn_span bytes);
void qn_node_on_snapshot(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                         struct qn_span bytes);
/* BUSY, which may answer something else. */
void qn_node_snapshot_on_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id);
void qn_node_snapshot_on_gone(struct qn_node *node, qn_link_id link);
void qn_node_on_snapshot_verified(struct qn_node *node, const struct qn_verify_job *job);
void qn_node_on_snapshot_persisted(struct qn_node *node, uint64_t number);
/* The ledger is being replaced: nothing is committed to the old one any more. */
bool qn_node_snapshot_holds_ledger(const struct qn_node *node);

/* ---- check.c ---- */
/* certified: a quorum vouches for it, so its time is not held against our clock. */
void qn_node_check_block(struct qn_node *node, struct qn_block *block, enum qn_owner owner,
                         uint64_t cookie, bool certified);
/* Storage came closer: begins with blocks that wait for it. */
void qn_node_go_on_checking(struct qn_node *node);
void qn_node_on_check_verified(struct qn_node *node, struct qn_verify_job *job);
/* ---- commit.c ---- */
/* Makes this block the tip; the next of the tip, final. Executes it if nobody did. */
void qn_node_commit(struct qn_node *node, struct qn_block *block, struct qn_buf *cert);
void qn_node_on_commit_persisted(struct qn_node *node, uint64_t cookie);
/* Of a committed height: has its batch been written? */
bool qn_node_is_durable(const struct qn_node *node, uint64_t height);
/* Not if this height lies too far above the last durable one. */
bool qn_node_may_execute(const struct qn_node *node, uint64_t height);

/* ---- submit.c ---- */
void qn_node_submit_request(struct qn_node *node, const struct qn_event *event);
void qn_node_on_submit(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                       struct qn_span bytes);
void qn_node_on_submit_result(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                              struct qn_span bytes);
/* The relay answered BUSY: try another one. */
void qn_node_on_relay_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id);
void qn_node_on_tx(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
/* A transaction of our own (node/own.h). */
void qn_node_submit_own(struct qn_node *node, size_t own, struct qn_buf *tx_bytes);
void qn_node_on_tx_verified(struct qn_node *node, struct qn_verify_job *job);
void qn_node_submissions_on_link_down(struct qn_node *node, qn_link_id link);
void qn_node_submissions_on_commit(struct qn_node *node, const struct qn_ledger_commit *commit);
/* Another committee took over: transactions that wait here go to its new members, and, if we are no
 * member any more, those that somebody here waits for to a validator. */
void qn_node_pass_on_txs(struct qn_node *node, const struct qn_validator_set *before,
                         bool was_member);
/* Drops from the mempool what no longer can be committed; time-outs. */
void qn_node_poll_submissions(struct qn_node *node);

/* ---- own.c ---- */
void qn_node_own_fini(struct qn_node *node);
/* Gives the place back; failures and the next try stay. */
void qn_node_own_free(struct qn_node *node, size_t place);
/* Adds network and expiry, signs, submits. */
void qn_node_own_begin(struct qn_node *node, size_t place, struct qn_tx *tx);
void qn_node_on_own_signed(struct qn_node *node, size_t place, const struct qn_event *event);
void qn_node_on_own_result(struct qn_node *node, size_t place,
                           const struct qn_submit_result *result);
void qn_node_poll_own(struct qn_node *node);

/* ---- renewal.c, evidence.c ---- */
void qn_node_poll_renewal(struct qn_node *node, struct qn_own_tx *own);
void qn_node_poll_evidence(struct qn_node *node, size_t place);
void qn_node_on_evidence(struct qn_node *node, const struct qn_consensus_action *action);

/* ---- registration.c ---- */
void qn_node_poll_registration(struct qn_node *node);
void qn_node_on_registration_signed(struct qn_node *node, enum qn_owner owner,
                                    const struct qn_event *event);
void qn_node_on_registration_result(struct qn_node *node, const struct qn_submit_result *result,
                                    qn_time_us started_us);
/* On the way into the registry: peers do not serve this node yet. */
bool qn_node_registration_pending(const struct qn_node *node);
/* The own entry is in the registry and usable. */
bool qn_node_is_registered(const struct qn_node *node, struct qn_registry_entry *entry);

#endif
