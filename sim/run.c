#include "sim/run.h"

#include "sim/chaos.h"
#include "sim/checker.h"
#include "sim/world.h"

void qn_sim_finish(struct qn_sim_result *result, struct qn_sim *sim)
{
    *result = (struct qn_sim_result){.ok = !qn_sim_has_failed(sim),
                                     .trace = sim->trace,
                                     .blocks = qn_sim_chain_height(sim),
                                     .steps = sim->steps,
                                     .virtual_us = sim->now};
    (void)snprintf(result->failure, sizeof result->failure, "%s", sim->failure);
    qn_sim_free(sim);
}

void qn_sim_run(struct qn_sim_result *result, struct qn_sim_coverage *coverage, uint64_t seed,
                unsigned n, FILE *trace)
{
    struct qn_sim_plan plan;

    qn_sim_plan_draw(&plan, seed, n);
    struct qn_sim *sim = qn_sim_new(&plan, coverage, trace);
    qn_sim_boot(sim);
    qn_sim_chaos(sim);
    qn_sim_heal(sim);
    qn_sim_finish(result, sim);
}
