#include "sim/scenario.h"

#include "sim/chaos.h"
#include "sim/checker.h"
#include "sim/clients.h"
#include "sim/run.h"
#include "sim/world.h"

#include <string.h>

enum { LOAD_EVERY_US = 100000 };

static const struct qn_sim_scenario scenarios[] = {
    {"calm", "nothing goes wrong", NULL, qn_sim_heal},
    {"restart_one", "one validator restarts over an intact disk, under load", NULL,
     qn_sim_play_restart_one},
    {"restart_all", "the power fails everywhere at once and comes back", NULL,
     qn_sim_play_restart_all},
    {"one_amnesiac", "one validator comes back with an empty disk", NULL, qn_sim_play_one_amnesiac},
    {"f_plus_one_amnesiacs_stop",
     "more than f lose their memory: the network stops, nothing breaks", NULL,
     qn_sim_play_amnesiacs},
    {"rollback_is_noticed",
     "a validator comes back with last minute's disk and votes no vote twice", NULL,
     qn_sim_play_rollback},
    {"damaged_disk", "a validator's disk is damaged again and again: it says so, or lives with it",
     NULL, qn_sim_play_damaged_disk},
    {"full_disk_halts", "a validator whose disk is full stops, the others go on", NULL,
     qn_sim_play_full_disk},
    {"late_validator", "a validator is away for a long time and catches up by blocks", NULL,
     qn_sim_play_late_validator},
    {"minority", "fewer than a quorum can talk: no block; then they all can", NULL,
     qn_sim_play_minority},
    {"deaf_leader", "one validator is heard but hears nothing", NULL, qn_sim_play_deaf_leader},
    {"clock_leap", "one validator's wall clock is a quarter of an hour off", NULL,
     qn_sim_play_clock_leap},
    {"clocks_ahead", "a quorum's wall clocks are a quarter of an hour ahead, then right again",
     NULL, qn_sim_play_clocks_ahead},
    {"everyone_pauses", "all processes stand still for ten seconds", NULL,
     qn_sim_play_everyone_pauses},
    {"twin", "one validator runs twice", qn_sim_prepare_twin, qn_sim_play_byzantine},
    {"silent_validator", "one validator says nothing of consensus", qn_sim_prepare_silent,
     qn_sim_play_byzantine},
    {"false_state_root", "one validator proposes blocks with a false state root",
     qn_sim_prepare_false_root, qn_sim_play_byzantine},
    {"false_body", "one validator sends some a header over other transactions",
     qn_sim_prepare_false_body, qn_sim_play_byzantine},
    {"fork_names_culprits", "f + 1 twins fork the chain, and at least f + 1 are named",
     qn_sim_prepare_two_twins, qn_sim_play_fork},
};

size_t qn_sim_scenario_count(void)
{
    return QN_ARRAY_COUNT(scenarios);
}

const struct qn_sim_scenario *qn_sim_scenario_at(size_t index)
{
    return &scenarios[index];
}

const struct qn_sim_scenario *qn_sim_scenario_find(const char *name)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(scenarios); i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}

void qn_sim_play_load(struct qn_sim *sim, qn_time_us duration)
{
    qn_time_us end = sim->now + duration;

    while (sim->now < end && !qn_sim_has_failed(sim)) {
        qn_sim_clients_act(sim);
        qn_sim_run_for(sim, LOAD_EVERY_US);
    }
}

void qn_sim_run_scenario(struct qn_sim_result *result, struct qn_sim_coverage *coverage,
                         const struct qn_sim_scenario *scenario, uint64_t seed, FILE *trace)
{
    struct qn_sim_plan plan = {.seed = seed,
                               .n = 4,
                               .followers = 2,
                               .calm_start = true,
                               .durable = QN_SIM_VOTES_ARE_DURABLE != 0,
                               .fault_budget = 1,
                               .delta = QN_MS(100),
                               .heartbeat = QN_SECONDS(2),
                               .step_max = QN_MS(200),
                               .weather = {.delay_min = QN_MS(1), .delay_max = QN_MS(5)},
                               .work_max = 1000};

    if (scenario->prepare != NULL) {
        scenario->prepare(&plan);
    }
    struct qn_sim *sim = qn_sim_new(&plan, coverage, trace);
    qn_sim_boot(sim);
    scenario->play(sim);
    qn_sim_finish(result, sim);
}
