/* Named runs: each past failure and each case worth a name. A script plays a few acts on a calm network and
 * asserts what is special about them; the invariants hold in all of them. */
#ifndef QN_SIM_SCENARIO_H
#define QN_SIM_SCENARIO_H

#include "sim/sim.h"

struct qn_sim_scenario {
    const char *name;
    const char *what;
    /* Changes a plan of four validators, two followers and a calm start without any fault. May be NULL. */
    void (*prepare)(struct qn_sim_plan *plan);
    /* After the boot; heals at the end where the network is to live on. */
    void (*play)(struct qn_sim *sim);
};

size_t qn_sim_scenario_count(void);
const struct qn_sim_scenario *qn_sim_scenario_at(size_t index);
/* NULL if there is none of this name. */
const struct qn_sim_scenario *qn_sim_scenario_find(const char *name);

/* ---- scenario_crashes.c ---- */
void qn_sim_play_amnesiacs(struct qn_sim *sim);
void qn_sim_play_one_amnesiac(struct qn_sim *sim);
void qn_sim_play_damaged_disk(struct qn_sim *sim);
void qn_sim_play_full_disk(struct qn_sim *sim);
void qn_sim_play_late_validator(struct qn_sim *sim);
void qn_sim_play_restart_all(struct qn_sim *sim);
void qn_sim_play_restart_one(struct qn_sim *sim);
void qn_sim_play_rollback(struct qn_sim *sim);

/* ---- scenario_network.c ---- */
void qn_sim_play_minority(struct qn_sim *sim);
void qn_sim_play_deaf_leader(struct qn_sim *sim);
void qn_sim_play_clock_leap(struct qn_sim *sim);
void qn_sim_play_clocks_ahead(struct qn_sim *sim);
void qn_sim_play_everyone_pauses(struct qn_sim *sim);

/* ---- scenario_byzantine.c ---- */
void qn_sim_play_byzantine(struct qn_sim *sim);
void qn_sim_play_fork(struct qn_sim *sim);
void qn_sim_prepare_twin(struct qn_sim_plan *plan);
void qn_sim_prepare_silent(struct qn_sim_plan *plan);
void qn_sim_prepare_false_root(struct qn_sim_plan *plan);
void qn_sim_prepare_false_body(struct qn_sim_plan *plan);
void qn_sim_prepare_two_twins(struct qn_sim_plan *plan);

/* Submits every now and then for so long. */
void qn_sim_play_load(struct qn_sim *sim, qn_time_us duration);

#endif
