/* Many runs on several cores: a process each, their results over pipes. */
#ifndef QN_SIM_CAMPAIGN_H
#define QN_SIM_CAMPAIGN_H

#include "sim/options.h"
#include "sim/run.h"

struct qn_sim_campaign {
    uint64_t runs;
    uint64_t blocks;
    uint64_t steps;
    uint64_t last_seed; /* highest that was run */
    uint64_t elapsed_ms;
    struct qn_sim_coverage coverage;
    bool failed;
    uint64_t failed_seed;
    struct qn_sim_result failure;
};

/* Runs until the end of the seeds, the time, or the first failure. False: no process could be made. */
bool qn_sim_campaign_run(struct qn_sim_campaign *campaign, const struct qn_sim_options *options);

#endif
