#include "sim/chaos.h"
#include "sim/checker.h"
#include "sim/scenario.h"

enum { VICTIM = 2, LEAP_MS = 900000 };

void qn_sim_play_minority(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(3));
    for (size_t i = 0; i < sim->host_count; i++) {
        for (size_t j = 0; j < sim->host_count; j++) {
            if ((i < 2) != (j < 2)) {
                qn_sim_clog(sim, i, j, QN_SECONDS(30));
            }
        }
    }
    qn_sim_run_for(sim, QN_SECONDS(1));
    uint64_t height = qn_sim_chain_height(sim);
    qn_sim_play_load(sim, QN_SECONDS(25));
    if (qn_sim_chain_height(sim) != height) {
        qn_sim_fail(sim, "no_block_without_a_quorum", "height %llu",
                    (unsigned long long)qn_sim_chain_height(sim));
    }
    qn_sim_heal(sim);
}

void qn_sim_play_deaf_leader(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(3));
    for (size_t i = 0; i < sim->host_count; i++) {
        qn_sim_clog(sim, i, VICTIM, QN_SECONDS(20));
    }
    uint64_t height = qn_sim_chain_height(sim);
    qn_sim_play_load(sim, QN_SECONDS(20));
    if (qn_sim_chain_height(sim) <= height) {
        qn_sim_fail(sim, "the_others_go_on", "no block in 20 s");
    }
    qn_sim_heal(sim);
}

void qn_sim_play_clock_leap(struct qn_sim *sim)
{
    uint64_t height = 0;

    sim->hosts[VICTIM].wall_offset_ms = LEAP_MS;
    qn_sim_play_load(sim, QN_SECONDS(10));
    sim->hosts[VICTIM].wall_offset_ms = -LEAP_MS;
    height = qn_sim_chain_height(sim);
    qn_sim_play_load(sim, QN_SECONDS(10));
    if (qn_sim_chain_height(sim) <= height) {
        qn_sim_fail(sim, "the_others_go_on", "no block in 10 s");
    }
    qn_sim_heal(sim);
}

/* The chain's time runs ahead with them, and must go on when they are set right. */
void qn_sim_play_clocks_ahead(struct qn_sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        sim->hosts[i].wall_offset_ms = i == VICTIM ? 0 : LEAP_MS;
    }
    qn_sim_play_load(sim, QN_SECONDS(10));
    uint64_t height = qn_sim_chain_height(sim);
    for (size_t i = 0; i < sim->host_count; i++) {
        sim->hosts[i].wall_offset_ms = 0;
    }
    qn_sim_play_load(sim, QN_SECONDS(10));
    if (qn_sim_chain_height(sim) <= height) {
        qn_sim_fail(sim, "wrong_time_does_not_halt", "no block in 10 s of right clocks");
    }
    qn_sim_heal(sim);
}

void qn_sim_play_everyone_pauses(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(3));
    for (size_t i = 0; i < sim->host_count; i++) {
        sim->hosts[i].paused_until = sim->now + QN_SECONDS(10);
    }
    qn_sim_play_load(sim, QN_SECONDS(15));
    qn_sim_heal(sim);
}
