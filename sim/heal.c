#include "sim/chaos.h"

#include "sim/checker_state.h"
#include "sim/clients.h"

#include <string.h>

enum { PROGRESS_BOUND_US = 180000000, LOOK_EVERY_US = 200000, SETTLE_EVERY = 5 };

static bool is_well(const struct qn_sim_host *host)
{
    return host->byzantine == QN_SIM_HONEST && !host->is_second;
}

static void end_trouble(struct qn_sim *sim)
{
    sim->chaos = false;
    memset(&sim->network.weather, 0, sizeof sim->network.weather);
    sim->network.weather.delay_min = QN_MS(1);
    sim->network.weather.delay_max = QN_MS(5);
    memset(sim->network.clogged_until, 0, sizeof sim->network.clogged_until);
    for (size_t i = 0; i < sim->host_count; i++) {
        struct qn_sim_host *host = &sim->hosts[i];
        host->paused_until = 0;
        host->crash_countdown = -1;
        host->doomed = false;
        host->wall_offset_ms = 0;
        host->disk.full = false;
        host->disk.fsync_fails = false;
        if (host->node == NULL && is_well(host)) {
            host->restart_us = sim->now + 1;
            qn_sim_restart(sim, host);
        }
    }
    qn_sim_say(sim, &sim->hosts[0], "all trouble is over");
}

/* Everybody at the same block, ready to vote, and the blocks of at least this height there. */
static bool agree(struct qn_sim *sim, uint64_t height)
{
    const struct qn_ledger *first = NULL;

    for (size_t i = 0; i < sim->host_count; i++) {
        const struct qn_sim_host *host = &sim->hosts[i];
        if (!is_well(host)) {
            continue;
        }
        if (host->node == NULL || (host->member && qn_sim_host_is_recovering(host))) {
            return false;
        }
        const struct qn_ledger *ledger = qn_node_ledger(host->node);
        first = first == NULL ? ledger : first;
        struct qn_hash id = qn_ledger_head_id(ledger);
        struct qn_hash expected = qn_ledger_head_id(first);
        if (qn_ledger_height(ledger) < height || !qn_hash_equal(&id, &expected)) {
            return false;
        }
    }
    return true;
}

static void describe(struct qn_sim *sim, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sim->host_count && len + 40 < size; i++) {
        const struct qn_sim_host *host = &sim->hosts[i];
        if (host->node == NULL) {
            len += (size_t)snprintf(text + len, size - len, " %zu:down", i);
            continue;
        }
        len += (size_t)snprintf(text + len, size - len, " %zu:%llu/v%llu%s%s", i,
                                (unsigned long long)qn_ledger_height(qn_node_ledger(host->node)),
                                (unsigned long long)host->view_seen,
                                host->member && qn_sim_host_is_recovering(host) ? "r" : "",
                                is_well(host) ? "" : "b");
    }
}

/* Until they agree and, where asked for, every request is decided. */
static void wait_for(struct qn_sim *sim, bool requests, const char *what)
{
    qn_time_us end = sim->now + PROGRESS_BOUND_US;
    uint64_t height = qn_sim_chain_height(sim) + 1;
    bool settled = !requests;

    for (unsigned look = 0; !qn_sim_has_failed(sim); look++) {
        if (!settled && look % SETTLE_EVERY == 0) {
            settled = qn_sim_clients_settle(sim);
            height = settled ? qn_sim_chain_height(sim) : height;
        }
        if (settled && agree(sim, height)) {
            return;
        }
        if (sim->now >= end) {
            char text[400];
            describe(sim, text, sizeof text);
            qn_sim_fail(sim, "progress_after_healing", "%s not within %d s:%s", what,
                        PROGRESS_BOUND_US / 1000000, text);
            return;
        }
        qn_sim_run_for(sim, LOOK_EVERY_US);
    }
}

void qn_sim_heal(struct qn_sim *sim)
{
    end_trouble(sim);
    wait_for(sim, true, "agreement");
    for (size_t i = 0; i < sim->host_count && !qn_sim_has_failed(sim); i++) {
        if (is_well(&sim->hosts[i])) {
            (void)qn_sim_clients_newcomer(sim, &sim->hosts[i]);
        }
    }
    wait_for(sim, true, "new registrations");
    qn_sim_check_end(sim);
}
