#include "ledger/store_keys.h"
#include "sim/chaos.h"
#include "sim/checker.h"
#include "sim/scenario.h"

enum { VICTIM = 1, DAMAGES = 8, STILLNESS_US = 60000000 };

void qn_sim_play_restart_one(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(5));
    qn_sim_crash_for(sim, &sim->hosts[VICTIM], QN_SIM_DAMAGE_NONE, QN_SECONDS(3));
    qn_sim_play_load(sim, QN_SECONDS(10));
    qn_sim_heal(sim);
}

void qn_sim_play_restart_all(struct qn_sim *sim)
{
    if (!sim->plan.durable) {
        return; /* a network that lost everything begins anew */
    }
    qn_sim_play_load(sim, QN_SECONDS(5));
    uint64_t height = qn_sim_chain_height(sim);
    for (size_t i = 0; i < sim->host_count; i++) {
        qn_sim_crash_for(sim, &sim->hosts[i], QN_SIM_DAMAGE_NONE, QN_MS(100) * (1 + i));
    }
    qn_sim_run_for(sim, QN_SECONDS(20));
    if (qn_sim_chain_height(sim) <= height) {
        qn_sim_fail(sim, "a_cluster_restarts", "no block within 20 s of %s",
                    "everybody's coming back");
    }
    qn_sim_heal(sim);
}

void qn_sim_play_one_amnesiac(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(5));
    qn_sim_crash_for(sim, &sim->hosts[VICTIM], QN_SIM_DAMAGE_WIPED, QN_SECONDS(1));
    qn_sim_play_load(sim, QN_SECONDS(20));
    if (qn_sim_host_is_recovering(&sim->hosts[VICTIM])) {
        qn_sim_fail(sim, "an_amnesiac_comes_back", "host %d does not vote within 20 s", VICTIM);
    }
    qn_sim_heal(sim);
}

/* Safety demands that it stops; that it stays safe is what the invariants see. */
void qn_sim_play_amnesiacs(struct qn_sim *sim)
{
    qn_sim_play_load(sim, QN_SECONDS(5));
    qn_sim_crash_for(sim, &sim->hosts[0], QN_SIM_DAMAGE_WIPED, QN_MS(500));
    qn_sim_crash_for(sim, &sim->hosts[1], QN_SIM_DAMAGE_WIPED, QN_MS(500));
    qn_sim_run_for(sim, QN_SECONDS(5));
    uint64_t height = qn_sim_chain_height(sim);
    qn_sim_play_load(sim, STILLNESS_US);
    if (!qn_sim_has_failed(sim) && qn_sim_chain_height(sim) != height) {
        qn_sim_fail(sim, "more_than_f_amnesiacs_stop",
                    "block %llu was made without a quorum that remembers",
                    (unsigned long long)qn_sim_chain_height(sim));
    }
}

/* Its votes are checked as an honest one's: the others show it what it has voted. */
void qn_sim_play_rollback(struct qn_sim *sim)
{
    struct qn_sim_host *victim = &sim->hosts[VICTIM];

    if (!sim->plan.durable) {
        return;
    }
    qn_sim_play_load(sim, QN_SECONDS(8));
    qn_sim_crash_for(sim, victim, QN_SIM_DAMAGE_ROLLBACK, QN_MS(200));
    victim->lied = false;
    qn_sim_play_load(sim, QN_SECONDS(20));
    qn_sim_heal(sim);
}

/* Zeros lie where an older block was. */
static void spoil_block(struct qn_sim_host *host, uint64_t height)
{
    static const uint8_t zeros[8];
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, height);
    struct qn_buf *value = qn_buf_copy((struct qn_span){zeros, sizeof zeros});
    struct qn_batch *batch = qn_batch_new();
    const struct qn_batch *written = NULL;
    uint64_t cookie = 0;

    qn_batch_put(batch, qn_store_key_span(&key), value);
    qn_buf_drop(value);
    qn_sim_disk_write(&host->disk, batch, cookie);
    bool ok = qn_sim_disk_complete(&host->disk, &cookie, &written);
    QN_ASSERT(ok && written == batch);
    host->disk.damaged = true;
    host->lied = true;
}

/* A node that starts says that it cannot use what it found; then its operator gives it an empty disk. */
void qn_sim_play_damaged_disk(struct qn_sim *sim)
{
    struct qn_sim_host *victim = &sim->hosts[VICTIM];

    qn_sim_play_load(sim, QN_SECONDS(8));
    uint64_t height = victim->height_seen;
    qn_sim_crash_for(sim, victim, QN_SIM_DAMAGE_NONE, QN_MS(200));
    if (height < 3) {
        qn_sim_fail(sim, "there_are_blocks", "only %llu", (unsigned long long)height);
        return;
    }
    spoil_block(victim, height - 2);
    qn_sim_play_load(sim, QN_SECONDS(5));
    if (victim->disk.damaged) {
        qn_sim_fail(sim, "a_spoilt_block_is_noticed", "host %d uses its disk", VICTIM);
    }
    for (unsigned i = 0; i < DAMAGES && !qn_sim_has_failed(sim); i++) {
        enum qn_sim_damage damage = (enum qn_sim_damage)(QN_SIM_DAMAGE_LOST + i % 4);
        qn_sim_crash_for(sim, victim, damage, QN_MS(200));
        qn_sim_play_load(sim, QN_SECONDS(4));
    }
    qn_sim_heal(sim);
}

void qn_sim_play_full_disk(struct qn_sim *sim)
{
    uint64_t height = 0;

    qn_sim_play_load(sim, QN_SECONDS(3));
    sim->hosts[VICTIM].disk.full = true;
    sim->hosts[VICTIM].restart_us = UINT64_MAX; /* nobody makes room for now */
    qn_sim_play_load(sim, QN_SECONDS(5));
    if (sim->hosts[VICTIM].node != NULL) {
        qn_sim_fail(sim, "storage_failure_halts", "host %d still runs", VICTIM);
    }
    height = qn_sim_chain_height(sim);
    qn_sim_play_load(sim, QN_SECONDS(10));
    if (qn_sim_chain_height(sim) <= height) {
        qn_sim_fail(sim, "the_others_go_on", "no block in 10 s");
    }
    qn_sim_heal(sim);
}

void qn_sim_play_late_validator(struct qn_sim *sim)
{
    struct qn_sim_host *victim = &sim->hosts[VICTIM];

    qn_sim_crash_for(sim, victim, QN_SIM_DAMAGE_WIPED, QN_SECONDS(300));
    qn_sim_play_load(sim, QN_SECONDS(310));
    qn_sim_heal(sim);
}
