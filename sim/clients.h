/* Clients: identities that register, change and revoke themselves through whatever node they reach, and ask
 * again until they are told how it ended. */
#ifndef QN_SIM_CLIENTS_H
#define QN_SIM_CLIENTS_H

#include "sim/sim.h"

struct qn_sim_clients *qn_sim_clients_new(void);
void qn_sim_clients_free(struct qn_sim_clients *clients);
/* Some client asks some node that is up for something. */
void qn_sim_clients_act(struct qn_sim *sim);
/* Signs with this key and hands in at some node, whose answer nobody waits for. */
void qn_sim_clients_hand_in(struct qn_sim *sim, const struct qn_sim_identity *identity,
                            const struct qn_tx *tx);
void qn_sim_clients_on_reply(struct qn_sim *sim, struct qn_sim_host *host, qn_request_token token,
                             const struct qn_submit_result *result);
/* Its requests will not be answered any more. */
void qn_sim_clients_on_crash(struct qn_sim *sim, const struct qn_sim_host *host);
/* A client that nobody knows yet registers at this host; false: none is left. */
bool qn_sim_clients_newcomer(struct qn_sim *sim, struct qn_sim_host *host);
/* Asks again for what is undecided; true if nothing is. */
bool qn_sim_clients_settle(struct qn_sim *sim);

#endif
