/* A world for one run. */
#ifndef QN_SIM_WORLD_H
#define QN_SIM_WORLD_H

#include "sim/sim.h"

/* Heap. Hosts exist, none runs. coverage outlives it; trace may be NULL. */
struct qn_sim *qn_sim_new(const struct qn_sim_plan *plan, struct qn_sim_coverage *coverage,
                          FILE *trace);
void qn_sim_free(struct qn_sim *sim);
struct qn_sim_result;
/* Takes down how the run went, then frees it. */
void qn_sim_finish(struct qn_sim_result *result, struct qn_sim *sim);
/* Starts all members and followers one after the other; after a calm start waits for the first block. */
void qn_sim_boot(struct qn_sim *sim);

#endif
