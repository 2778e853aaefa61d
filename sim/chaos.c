#include "sim/chaos.h"

#include "node/state.h"
#include "sim/checker.h"
#include "sim/clients.h"

enum {
    DOWN_MAX_US = 4000000,
    PAUSE_MAX_US = 6000000,
    CLOG_MAX_US = 5000000,
    CRASH_WITHIN_ACTIONS = 30,
    WALL_JUMP_MAX_MS = 20000,  /* below QN_CLOCK_SKEW_MS_MAX: honest */
    WALL_LEAP_MAX_MS = 900000, /* a clock that is simply wrong */
};

unsigned qn_sim_losable(const struct qn_sim *sim)
{
    unsigned lost = sim->newcomer_until > sim->now;

    for (size_t i = 0; i < sim->host_count; i++) {
        const struct qn_sim_host *host = &sim->hosts[i];
        if (host->member && host->byzantine == QN_SIM_HONEST) {
            lost += host->lied || host->forgot || host->doomed;
        }
    }
    return lost < sim->plan.fault_budget ? sim->plan.fault_budget - lost : 0;
}

/* What the next epoch may make of its memory, and whether it votes already. */
static bool is_trusted(const struct qn_sim_host *host, bool *votes)
{
    struct qn_consensus_info info;

    *votes = host->node->consensus != NULL;
    if (host->node->consensus == NULL) {
        return true;
    }
    qn_consensus_info(host->node->consensus, &info);
    *votes = info.started && !info.joining;
    return info.next_memory == QN_MEMORY_TRUSTED;
}

/* A member that forgot, or that came late and had to ask as if it had, counts until it votes again and would be
 * trusted in the next epoch as well: else those of several epochs that follow each other fast would add up. */
static void update_forgetful(struct qn_sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        struct qn_sim_host *host = &sim->hosts[i];
        bool votes = false;
        if (host->node == NULL) {
            continue;
        }
        if (!is_trusted(host, &votes)) {
            host->forgot |= host->member && votes;
        } else if ((host->voted || !host->member) && !qn_sim_host_is_recovering(host)) {
            host->forgot = false;
        }
    }
}

static struct qn_sim_host *some_host(struct qn_sim *sim)
{
    return &sim->hosts[qn_rng_below(&sim->rng, sim->host_count)];
}

void qn_sim_clog(struct qn_sim *sim, size_t from, size_t to, qn_time_us duration)
{
    qn_time_us until = sim->now + duration;

    if (sim->network.clogged_until[from][to] < until) {
        sim->network.clogged_until[from][to] = until;
    }
}

static void partition(struct qn_sim *sim)
{
    uint64_t group = qn_rng_next(&sim->rng);
    bool one_way = qn_sim_chance(sim, 400);
    qn_time_us duration = qn_rng_below(&sim->rng, CLOG_MAX_US);

    for (size_t i = 0; i < sim->host_count; i++) {
        for (size_t j = 0; j < sim->host_count; j++) {
            bool out = (group >> i & 1U) != 0;
            bool in = (group >> j & 1U) != 0;
            if (out != in && (out || !one_way)) {
                qn_sim_clog(sim, i, j, duration);
            }
        }
    }
    sim->coverage->counts[one_way ? QN_SIM_COVER_ASYMMETRIC_PARTITION : QN_SIM_COVER_PARTITION] +=
        1;
    qn_sim_say(sim, &sim->hosts[0], "partition %llx%s for %llu us",
               (unsigned long long)(group & ((1ULL << sim->host_count) - 1)),
               one_way ? " one way" : "", (unsigned long long)duration);
}

static void clog_one(struct qn_sim *sim)
{
    const struct qn_sim_host *from = some_host(sim);
    const struct qn_sim_host *to = some_host(sim);

    qn_sim_clog(sim, from->index, to->index, qn_rng_below(&sim->rng, CLOG_MAX_US));
    sim->coverage->counts[QN_SIM_COVER_CLOG] += 1;
    qn_sim_say(sim, from, "is clogged towards %zu", to->index);
}

void qn_sim_restart(struct qn_sim *sim, struct qn_sim_host *host)
{
    if (host->node != NULL || host->restart_us == 0) {
        return;
    }
    if (qn_sim_host_start(sim, host) || qn_sim_has_failed(sim)) {
        return;
    }
    /* What it found on its disk is broken, it said so, and its operator starts over. */
    (void)qn_sim_disk_damage(&host->disk, QN_SIM_DAMAGE_WIPED, &sim->rng);
    host->forgot = true;
    host->height_seen = 0;
    qn_sim_say(sim, host, "gets an empty disk");
    if (!qn_sim_host_start(sim, host)) {
        qn_sim_fail(sim, "intact_storage_opens", "host %zu: an empty one does not", host->index);
    }
}

static void forget(struct qn_sim *sim, struct qn_sim_host *host, enum qn_sim_damage damage)
{
    static const enum qn_sim_cover covers[] = {
        [QN_SIM_DAMAGE_ROLLBACK] = QN_SIM_COVER_ROLLBACK,
        [QN_SIM_DAMAGE_LOST] = QN_SIM_COVER_LOST_WRITE,
        [QN_SIM_DAMAGE_TORN] = QN_SIM_COVER_TORN_WRITE,
        [QN_SIM_DAMAGE_MISDIRECTED] = QN_SIM_COVER_MISDIRECTED_WRITE,
        [QN_SIM_DAMAGE_CORRUPT] = QN_SIM_COVER_CORRUPT_READ,
        [QN_SIM_DAMAGE_WIPED] = QN_SIM_COVER_AMNESIA,
    };

    if (damage == QN_SIM_DAMAGE_WIPED) {
        host->forgot = true;
        host->height_seen = 0;
    }
    if (qn_sim_disk_damage(&host->disk, damage, &sim->rng)) {
        sim->coverage->counts[covers[damage]] += 1;
        host->lied |= damage != QN_SIM_DAMAGE_WIPED;
    }
}

void qn_sim_come_back(struct qn_sim *sim, struct qn_sim_host *host, qn_time_us after)
{
    host->restart_us = sim->now + 1 + after;
    qn_sim_queue_add(&sim->queue,
                     &(struct qn_sim_event){.at = host->restart_us,
                                            .kind = QN_SIM_RESTART,
                                            .host = (uint32_t)host->index},
                     false);
}

void qn_sim_crash_for(struct qn_sim *sim, struct qn_sim_host *host, enum qn_sim_damage damage,
                      qn_time_us down_us)
{
    qn_sim_host_crash(sim, host);
    forget(sim, host, damage);
    qn_sim_come_back(sim, host, down_us);
}

static bool may_crash(const struct qn_sim *sim, const struct qn_sim_host *host, bool forgets)
{
    if (host->node == NULL || host->byzantine != QN_SIM_HONEST || host->is_second || host->forgot ||
        host->doomed) {
        return false;
    }
    return !host->member || !forgets || (qn_sim_losable(sim) > 0 && qn_sim_has_begun(sim));
}

static void crash(struct qn_sim *sim, enum qn_sim_damage damage)
{
    struct qn_sim_host *host = some_host(sim);

    if (may_crash(sim, host, damage != QN_SIM_DAMAGE_NONE || qn_sim_crash_forgets(sim))) {
        qn_sim_crash_for(sim, host, damage, qn_rng_below(&sim->rng, DOWN_MAX_US));
    }
}

static void crash_soon(struct qn_sim *sim)
{
    struct qn_sim_host *host = some_host(sim);

    if (may_crash(sim, host, qn_sim_crash_forgets(sim)) && host->crash_countdown < 0) {
        host->crash_countdown = (int)qn_rng_below(&sim->rng, CRASH_WITHIN_ACTIONS);
        host->doomed = true;
        qn_sim_come_back(sim, host, QN_SECONDS(1) + qn_rng_below(&sim->rng, DOWN_MAX_US));
    }
}

static void pause_one(struct qn_sim *sim)
{
    struct qn_sim_host *host = some_host(sim);

    host->paused_until = sim->now + qn_rng_below(&sim->rng, PAUSE_MAX_US);
    sim->coverage->counts[QN_SIM_COVER_PAUSE] += 1;
    qn_sim_say(sim, host, "is paused");
}

static void jump_clock(struct qn_sim *sim)
{
    struct qn_sim_host *host = some_host(sim);
    uint64_t most = qn_sim_chance(sim, 200) ? WALL_LEAP_MAX_MS : WALL_JUMP_MAX_MS;

    host->wall_offset_ms = (int64_t)qn_rng_below(&sim->rng, most) - (int64_t)(most / 2);
    sim->coverage->counts[QN_SIM_COVER_CLOCK_JUMP] += 1;
    qn_sim_say(sim, host, "has a wall clock that is %lld ms off", (long long)host->wall_offset_ms);
}

static void fail_disk(struct qn_sim *sim)
{
    struct qn_sim_host *host = some_host(sim);

    if (!may_crash(sim, host, qn_sim_crash_forgets(sim))) {
        return;
    }
    bool full = qn_sim_chance(sim, 500);
    host->disk.full = full;
    host->disk.fsync_fails = !full;
    host->doomed = true;
    sim->coverage->counts[full ? QN_SIM_COVER_DISK_FULL : QN_SIM_COVER_FSYNC_ERROR] += 1;
    qn_sim_say(sim, host, full ? "has a full disk" : "has a disk whose fsync fails");
}

static enum qn_sim_damage some_damage(struct qn_sim *sim)
{
    return (enum qn_sim_damage)(QN_SIM_DAMAGE_LOST + qn_rng_below(&sim->rng, 4));
}

static enum qn_sim_act draw_act(struct qn_sim *sim)
{
    unsigned sum = 0;

    for (unsigned act = 0; act < QN_SIM_ACT_COUNT; act++) {
        sum += sim->plan.weights[act];
    }
    unsigned drawn = (unsigned)qn_rng_below(&sim->rng, sum);
    for (unsigned act = 0; act < QN_SIM_ACT_COUNT; act++) {
        if (drawn < sim->plan.weights[act]) {
            return (enum qn_sim_act)act;
        }
        drawn -= sim->plan.weights[act];
    }
    return QN_SIM_ACT_NOTHING;
}

void qn_sim_chaos_act(struct qn_sim *sim)
{
    update_forgetful(sim);
    switch (draw_act(sim)) {
    case QN_SIM_ACT_NOTHING:
    case QN_SIM_ACT_COUNT:
        break;
    case QN_SIM_ACT_PARTITION:
        partition(sim);
        break;
    case QN_SIM_ACT_CLOG:
        clog_one(sim);
        break;
    case QN_SIM_ACT_CRASH:
        crash(sim, QN_SIM_DAMAGE_NONE);
        break;
    case QN_SIM_ACT_CRASH_SOON:
        crash_soon(sim);
        break;
    case QN_SIM_ACT_PAUSE:
        pause_one(sim);
        break;
    case QN_SIM_ACT_CLOCK:
        jump_clock(sim);
        break;
    case QN_SIM_ACT_AMNESIA:
        crash(sim, QN_SIM_DAMAGE_WIPED);
        break;
    case QN_SIM_ACT_ROLLBACK:
        crash(sim, QN_SIM_DAMAGE_ROLLBACK);
        break;
    case QN_SIM_ACT_DAMAGE:
        crash(sim, some_damage(sim));
        break;
    case QN_SIM_ACT_DISK_ERROR:
        fail_disk(sim);
        break;
    case QN_SIM_ACT_SUBMIT:
        qn_sim_clients_act(sim);
        break;
    case QN_SIM_ACT_MOTION:
        qn_sim_motion_act(sim);
        break;
    }
}

void qn_sim_chaos(struct qn_sim *sim)
{
    qn_time_us end = sim->now + sim->plan.chaos_us;

    sim->chaos = true;
    sim->network.weather = sim->plan.weather;
    while (sim->now < end && !qn_sim_has_failed(sim)) {
        qn_sim_chaos_act(sim);
        qn_sim_run_for(sim, qn_rng_below(&sim->rng, sim->plan.step_max));
    }
    sim->chaos = false;
}
