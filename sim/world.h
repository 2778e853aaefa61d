/* A world for one run. */
#ifndef QN_SIM_WORLD_H
#define QN_SIM_WORLD_H

#include "sim/sim.h"

/* Heap. Hosts exist, none runs. coverage outlives it; trace may be NULL. */
struct qn_sim *qn_sim_new(const struct qn_sim_plan *plan, struct qn_sim_coverage *coverage,
                          FILE *trace);
void qn_sim_free(struct qn_sim *sim);
/* Starts all members and followers one after the other; after a calm start waits for the first block. */
void qn_sim_boot(struct qn_sim *sim);

#endif
