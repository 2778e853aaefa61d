/* One whole run of the simulator. */
#ifndef QN_SIM_RUN_H
#define QN_SIM_RUN_H

#include "sim/coverage.h"
#include "sim/plan.h"

#include <stdio.h>

enum { QN_SIM_TEXT_MAX = 600 };

struct qn_sim_scenario;

struct qn_sim_result {
    bool ok;
    char failure[QN_SIM_TEXT_MAX]; /* "<invariant>: at <time>: <what>" */
    uint64_t trace;                /* the same for the same seed, whatever built the program */
    uint64_t blocks;
    uint64_t steps;
    qn_time_us virtual_us;
};

/* The plan is drawn from the seed: boot, chaos, heal. trace: a transcript goes there; NULL: none.
 * Counts of what was injected are added to *coverage. */
void qn_sim_run(struct qn_sim_result *result, struct qn_sim_coverage *coverage, uint64_t seed,
                unsigned n, FILE *trace);
/* The same with a plan or a script of the scenario's. */
void qn_sim_run_scenario(struct qn_sim_result *result, struct qn_sim_coverage *coverage,
                         const struct qn_sim_scenario *scenario, uint64_t seed, FILE *trace);

#endif
