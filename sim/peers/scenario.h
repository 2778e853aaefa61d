/* Named attacks and misfortunes of the peer layer, played against the real peer modules in a network of
 * light nodes. Each has a seed, claims that must hold, and figures that say by how much. */
#ifndef QN_PEERS_SCENARIO_H
#define QN_PEERS_SCENARIO_H

#include "sim/peers/report.h"

struct qn_peers_run {
    uint64_t seed;
    bool quick; /* the short form, for tests: same claims, fewer runs and nodes */
    struct qn_peers_report report;
};

struct qn_peers_scenario {
    const char *name; /* "peers/eclipse" */
    const char *claim;
    void (*play)(struct qn_peers_run *run);
};

size_t qn_peers_scenario_count(void);
const struct qn_peers_scenario *qn_peers_scenario_at(size_t index);
/* NULL if there is none of this name. */
const struct qn_peers_scenario *qn_peers_scenario_find(const char *name);

/* ---- balance.c ---- */
void qn_peers_play_load_step(struct qn_peers_run *run);
void qn_peers_play_noise(struct qn_peers_run *run);
/* ---- attack_*.c ---- */
void qn_peers_play_eclipse(struct qn_peers_run *run);
void qn_peers_play_restart(struct qn_peers_run *run);
void qn_peers_play_poisoning(struct qn_peers_run *run);
void qn_peers_play_sybil(struct qn_peers_run *run);
void qn_peers_play_exhaustion(struct qn_peers_run *run);
void qn_peers_play_storm(struct qn_peers_run *run);
void qn_peers_play_flapping(struct qn_peers_run *run);
void qn_peers_play_cut(struct qn_peers_run *run);
void qn_peers_play_churn(struct qn_peers_run *run);
void qn_peers_play_hijack(struct qn_peers_run *run);

#endif
