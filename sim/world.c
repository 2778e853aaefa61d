#include "sim/world.h"

#include "node/vote_log.h"
#include "sim/checker.h"
#include "sim/clients.h"

#include <stdlib.h>

enum { BEGIN_BOUND_US = 60000000 };

static void write_log(void *context, enum qn_log_level level, const char *module, const char *event,
                      const char *pairs)
{
    struct qn_sim *sim = context;

    (void)fprintf(sim->trace_file, "%5llu.%06llu      %s%s.%s %s\n",
                  (unsigned long long)(sim->now / 1000000),
                  (unsigned long long)(sim->now % 1000000), level == QN_LOG_ERROR ? "ERROR " : "",
                  module, event, pairs);
}

/* Both copies are told everything; each talks to about half of the others, one at least to both. */
static void add_twin(struct qn_sim *sim, struct qn_sim_host *first)
{
    uint32_t all = (1U << sim->host_count) - 1;
    struct qn_sim_host *second = qn_sim_host_add(sim, first->identity, first->bootstrap_id);

    second->is_second = true;
    second->twin = first;
    first->twin = second;
    second->byzantine = QN_SIM_TWINS;
    first->recipients = sim->plan.twin_recipients[0];
    second->recipients = sim->plan.twin_recipients[1];
    if (first->recipients == 0) {
        first->recipients = (uint32_t)qn_rng_next(&sim->rng) & all;
        second->recipients = ~first->recipients & all;
        second->recipients |= 1U << qn_rng_below(&sim->rng, sim->plan.n);
    }
    sim->coverage->counts[QN_SIM_COVER_TWINS] += 1;
}

struct qn_sim *qn_sim_new(const struct qn_sim_plan *plan, struct qn_sim_coverage *coverage,
                          FILE *trace)
{
    struct qn_sim *sim = calloc(1, sizeof *sim);

    QN_ASSERT(sim != NULL);
    sim->plan = *plan;
    sim->coverage = coverage;
    sim->trace_file = trace;
    sim->log = (struct qn_log){.write = write_log, .context = sim, .level_max = QN_LOG_DEBUG};
    sim->now = QN_SECONDS(1);
    sim->keys = qn_sim_keys();
    sim->network.weather.delay_min = plan->weather.delay_min;
    sim->network.weather.delay_max = plan->weather.delay_max;
    qn_rng_init(&sim->rng, plan->seed);
    qn_sim_queue_init(&sim->queue);
    qn_actions_init(&sim->actions);
    sim->checker = qn_sim_checker_new(sim);
    sim->clients = qn_sim_clients_new();
    for (unsigned i = 0; i < plan->n + plan->followers; i++) {
        struct qn_sim_host *host =
            qn_sim_host_add(sim, &sim->keys->nodes[i], i < plan->n ? i + 1 : 0);
        host->byzantine = i < plan->n ? plan->byzantine[i] : QN_SIM_HONEST;
    }
    for (unsigned i = 0; i < plan->n; i++) {
        if (plan->byzantine[i] == QN_SIM_TWINS) {
            add_twin(sim, &sim->hosts[i]);
        }
    }
    coverage->counts[QN_SIM_COVER_REAL_SIGNATURES] += plan->real_signatures;
    return sim;
}

void qn_sim_free(struct qn_sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        qn_node_free(sim->hosts[i].node);
    }
    qn_sim_queue_fini(&sim->queue);
    qn_actions_fini(&sim->actions);
    for (size_t i = 0; i < sim->host_count; i++) {
        qn_sim_disk_fini(&sim->hosts[i].disk);
    }
    for (size_t i = 0; i < QN_SIM_REPLAYS; i++) {
        qn_buf_drop(sim->replays[i].bytes);
    }
    qn_sim_checker_free(sim->checker);
    qn_sim_clients_free(sim->clients);
    free(sim);
}

/* Whoever was late has to hear of the others first, as one who forgot has. */
static bool all_vote(const struct qn_sim *sim)
{
    for (size_t i = 0; i < sim->plan.n; i++) {
        if (qn_sim_host_is_recovering(&sim->hosts[i])) {
            return false;
        }
    }
    return true;
}

bool qn_sim_has_begun(const struct qn_sim *sim)
{
    for (size_t i = 0; i < sim->plan.n; i++) {
        const struct qn_sim_host *host = &sim->hosts[i];
        if (qn_sim_host_is_honest(host) && host->node != NULL && host->height_seen == 0) {
            return false;
        }
    }
    return true;
}

/* As if it had a memory of all its votes. */
static void give_empty_log(struct qn_sim_host *host)
{
    struct qn_vote_log log;
    struct qn_batch *batch = qn_batch_new();
    const struct qn_batch *written = NULL;
    uint64_t cookie = 0;

    (void)qn_vote_log_open(&log, &host->disk.storage, 0, NULL);
    qn_vote_log_append(&log, batch, 0, &(struct qn_consensus_action){.cookie = 0});
    qn_vote_log_close(&log);
    qn_sim_disk_write(&host->disk, batch, cookie);
    bool ok = qn_sim_disk_complete(&host->disk, &cookie, &written);
    QN_ASSERT(ok && written == batch);
}

/* From here on the Byzantine ones are Byzantine: the first copies' links break so that the second ones
 * hear of the next. */
static void turn_byzantine(struct qn_sim *sim)
{
    sim->treason = true;
    for (size_t i = 0; i < sim->host_count; i++) {
        struct qn_sim_host *host = &sim->hosts[i];
        if (host->is_second) {
            qn_sim_links_reset(sim, host->twin);
            give_empty_log(host);
            (void)qn_sim_host_start(sim, host);
        }
    }
}

void qn_sim_boot(struct qn_sim *sim)
{
    qn_time_us end = sim->now + BEGIN_BOUND_US;

    for (size_t i = 0; i < sim->host_count; i++) {
        if (!sim->hosts[i].is_second) {
            (void)qn_sim_host_start(sim, &sim->hosts[i]);
            qn_sim_run_for(sim, qn_rng_below(&sim->rng, QN_MS(200)));
        }
    }
    while (sim->plan.calm_start && !(qn_sim_has_begun(sim) && all_vote(sim)) &&
           !qn_sim_has_failed(sim)) {
        qn_sim_run_for(sim, QN_MS(100));
        if (sim->now > end) {
            qn_sim_fail(sim, "a_network_begins", "not within %d s", BEGIN_BOUND_US / 1000000);
        }
    }
    turn_byzantine(sim);
}
