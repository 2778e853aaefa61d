#include "sim/chaos.h"
#include "sim/checker_state.h"
#include "sim/scenario.h"

enum { JOIN_WITHIN_S = 60, FORK_WITHIN_US = 120000000 };

static void prepare(struct qn_sim_plan *plan, enum qn_sim_byzantine byzantine)
{
    plan->byzantine[1] = byzantine;
    plan->fault_budget = 0;
}

void qn_sim_prepare_twin(struct qn_sim_plan *plan)
{
    prepare(plan, QN_SIM_TWINS);
}

void qn_sim_prepare_silent(struct qn_sim_plan *plan)
{
    prepare(plan, QN_SIM_SILENT);
}

void qn_sim_prepare_false_root(struct qn_sim_plan *plan)
{
    prepare(plan, QN_SIM_FALSE_ROOT);
}

void qn_sim_prepare_false_body(struct qn_sim_plan *plan)
{
    prepare(plan, QN_SIM_FALSE_BODY);
}

void qn_sim_play_byzantine(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(20));
    qn_sim_heal(sim);
}

/* First copies live with validator 2, second ones with validator 3: two quorums of three. */
void qn_sim_prepare_two_twins(struct qn_sim_plan *plan)
{
    plan->byzantine[0] = QN_SIM_TWINS;
    plan->byzantine[1] = QN_SIM_TWINS;
    plan->followers = 0;
    plan->fault_budget = 0;
    plan->twin_recipients[0] = UINT32_MAX;
    plan->twin_recipients[1] = UINT32_MAX;
}

static bool copies_vote(const struct qn_sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        if (qn_sim_host_is_recovering(&sim->hosts[i])) {
            return false;
        }
    }
    return true;
}

void qn_sim_play_fork(struct qn_sim *sim)
{
    char text[128];
    unsigned culprits = 0;

    for (unsigned i = 0; i < JOIN_WITHIN_S && !copies_vote(sim); i++) {
        qn_sim_run_for(sim, QN_SECONDS(1));
    }
    sim->plan.split_world = true;
    qn_sim_play_load(sim, FORK_WITHIN_US);
    if (!qn_sim_has_failed(sim)) {
        qn_sim_fail(sim, "f_plus_one_twins_fork", "they did not, so this scenario shows nothing");
        return;
    }
    qn_sim_culprits(sim, text, sizeof text, &culprits);
    qn_sim_say(sim, &sim->hosts[0], "%s; culprits:%s", sim->failure, text);
    sim->failure[0] = '\0';
    if (culprits < qn_fault_limit(sim->plan.n) + 1) {
        qn_sim_fail(sim, "a_fork_names_f_plus_one", "only %u are named:%s", culprits, text);
    }
}
