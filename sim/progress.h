/* What a campaign shows while it runs and when it is over. */
#ifndef QN_SIM_PROGRESS_H
#define QN_SIM_PROGRESS_H

#include "sim/campaign.h"

struct qn_sim_progress {
    bool terminal;
    bool drawn;
    uint64_t next_ms;
};

void qn_sim_progress_init(struct qn_sim_progress *progress);
/* A line that is drawn over on a terminal; else one now and then. */
void qn_sim_progress_show(struct qn_sim_progress *progress, const struct qn_sim_campaign *campaign);
void qn_sim_progress_end(struct qn_sim_progress *progress);

/* Runs, seeds, speed, and how often each fault occurred. */
void qn_sim_print_summary(const struct qn_sim_campaign *campaign,
                          const struct qn_sim_options *options);
/* Seed, commit, broken invariant, and how to see it again. */
void qn_sim_print_failure(const struct qn_sim_campaign *campaign,
                          const struct qn_sim_options *options);

#endif
