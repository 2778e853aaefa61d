/* What must hold (CONSENSUS.md, invariants), looked at from outside: messages, writes, replies and what a
 * node says of itself. One file for each group. */
#ifndef QN_SIM_CHECKER_H
#define QN_SIM_CHECKER_H

#include "sim/sim.h"

/* ---- check.c ---- */
struct qn_sim_checker *qn_sim_checker_new(struct qn_sim *sim);
void qn_sim_checker_free(struct qn_sim_checker *checker);
void qn_sim_check_started(struct qn_sim *sim, struct qn_sim_host *host);
/* After a step that asked for so many actions, before they are performed. */
void qn_sim_check_stepped(struct qn_sim *sim, struct qn_sim_host *host, size_t action_count);
/* An honest core sends this. */
void qn_sim_check_send(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                       enum qn_message_kind kind, const struct qn_buf *bytes);
/* A Byzantine host sends this: its votes count as well. */
void qn_sim_check_heard(struct qn_sim *sim, enum qn_message_kind kind, struct qn_span bytes,
                        const struct qn_sim_host *host);
/* This batch is on the host's disk now. */
void qn_sim_check_durable(struct qn_sim *sim, struct qn_sim_host *host,
                          const struct qn_batch *batch);
/* What the host's disk called durable is gone. */
void qn_sim_check_forgot(struct qn_sim *sim, const struct qn_sim_host *host);
/* An honest node told a client that its transaction is final. */
void qn_sim_check_acknowledged(struct qn_sim *sim, const struct qn_sim_host *host,
                               const struct qn_submit_result *result);
/* After healing: everybody has everything that was acknowledged, and proofs verify. */
void qn_sim_check_end(struct qn_sim *sim);

/* Height of the chain that honest nodes committed. */
uint64_t qn_sim_chain_height(const struct qn_sim *sim);

#endif
