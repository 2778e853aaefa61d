/* A process: the node, and what performs its actions. */
#include "sim/sim.h"

#include "node/state.h"
#include "sim/checker.h"
#include "sim/clients.h"

#include <stdarg.h>
#include <string.h>

enum { LINKS_MAX = 64, LIFETIME_MS = 3600000 };

void qn_sim_fail(struct qn_sim *sim, const char *invariant, const char *format, ...)
{
    va_list args;

    if (qn_sim_has_failed(sim)) {
        return;
    }
    int len = snprintf(sim->failure, sizeof sim->failure, "%s: at %llu.%06llu s: ", invariant,
                       (unsigned long long)(sim->now / 1000000),
                       (unsigned long long)(sim->now % 1000000));
    va_start(args, format);
    (void)vsnprintf(sim->failure + len, sizeof sim->failure - (size_t)len, format, args);
    va_end(args);
}

bool qn_sim_chance(struct qn_sim *sim, uint64_t permille)
{
    return permille > 0 && qn_rng_below(&sim->rng, 1000) < permille;
}

struct qn_sim_host *qn_sim_host_add(struct qn_sim *sim, const struct qn_sim_identity *identity,
                                    unsigned bootstrap_id)
{
    QN_ASSERT(sim->host_count < QN_SIM_HOSTS_MAX);
    struct qn_sim_host *host = &sim->hosts[sim->host_count];
    host->index = sim->host_count++;
    host->identity = identity;
    host->bootstrap_id = bootstrap_id;
    host->member = bootstrap_id != 0;
    host->forgot = true; /* a first start cannot be told from a lost disk */
    host->crash_countdown = -1;
    qn_sim_disk_init(&host->disk, sim->plan.durable);
    return host;
}

/* When the node wants to be called next. */
static void arm(struct qn_sim *sim, struct qn_sim_host *host)
{
    qn_time_us local = qn_node_deadline(host->node);

    if (local == UINT64_MAX) {
        return;
    }
    qn_time_us at = qn_sim_global_time(host, local);
    at = at <= sim->now ? sim->now + 1 : at;
    if (host->timer_us <= sim->now || at < host->timer_us) {
        host->timer_us = at;
        qn_sim_queue_add(&sim->queue,
                         &(struct qn_sim_event){.at = at,
                                                .kind = QN_SIM_TICK,
                                                .host = (uint32_t)host->index,
                                                .incarnation = host->incarnation},
                         false);
    }
}

static struct qn_node_config make_config(struct qn_sim *sim, struct qn_sim_host *host)
{
    struct qn_node_config config = {.genesis = qn_sim_genesis(sim->plan.n),
                                    .storage = &host->disk.storage,
                                    .log = sim->trace_file != NULL ? &sim->log : NULL,
                                    .key = *qn_key_public(host->identity->key),
                                    .bootstrap_id = host->bootstrap_id,
                                    .region = (enum qn_region)(host->index % QN_REGION_COUNT),
                                    .endpoint_count = 1,
                                    .endpoints = {host->identity->endpoint},
                                    .registration_lifetime_ms = LIFETIME_MS,
                                    .auto_register = true,
                                    .links_max = LINKS_MAX,
                                    .delta = sim->plan.delta,
                                    .heartbeat = sim->plan.heartbeat,
                                    .seed = qn_rng_next(&sim->rng),
                                    .software = "qnet/sim"};
    return config;
}

bool qn_sim_host_start(struct qn_sim *sim, struct qn_sim_host *host)
{
    QN_ASSERT(host->node == NULL);
    host->boot_global = sim->now;
    host->boot_local = QN_SECONDS(1) + qn_rng_below(&sim->rng, QN_SECONDS(1000));
    uint64_t drift = sim->plan.drift_ppm_max;
    host->drift_ppm = (int64_t)qn_rng_below(&sim->rng, 2 * drift + 1) - (int64_t)drift;
    sim->coverage->counts[QN_SIM_COVER_CLOCK_DRIFT] += host->drift_ppm != 0;
    host->timer_us = 0;
    host->load_us = 0;
    host->restart_us = 0;
    host->paused_until = 0;
    host->crash_countdown = -1;
    host->dying = false;
    host->must_halt = false;
    struct qn_node_config config = make_config(sim, host);
    enum qn_err err =
        qn_node_new(&host->node, &config, host->boot_local, qn_sim_wall_time(sim, host));
    if (err != QN_OK) {
        host->node = NULL;
        qn_sim_say(sim, host, "does not start: %s", qn_err_text(err));
        if (!host->disk.damaged) {
            qn_sim_fail(sim, "intact_storage_opens", "host %zu: %s", host->index, qn_err_text(err));
        }
        return false;
    }
    qn_sim_say(sim, host, "starts");
    qn_sim_check_started(sim, host);
    arm(sim, host);
    return true;
}

void qn_sim_host_crash(struct qn_sim *sim, struct qn_sim_host *host)
{
    if (host->node == NULL) {
        return;
    }
    qn_sim_links_break(sim, host);
    host->incarnation += 1;
    qn_node_free(host->node);
    host->node = NULL;
    host->dying = false;
    host->crash_countdown = -1;
    host->doomed = false;
    host->voted = false;
    host->forgot |= qn_sim_crash_forgets(sim);
    size_t written = host->disk.batch_count;
    size_t lost = qn_sim_disk_crash(&host->disk, &sim->rng);
    for (; written < host->disk.batch_count; written++) { /* there, though nobody was told */
        qn_sim_check_durable(sim, host, host->disk.batches[written]);
    }
    host->voted = false;
    sim->coverage->counts[QN_SIM_COVER_UNSYNCED_LOST] += lost;
    sim->coverage->counts[QN_SIM_COVER_CRASH] += 1;
    qn_sim_say(sim, host, "dies; %zu unsynced writes lost", lost);
    if (!sim->plan.durable) {
        (void)qn_sim_disk_damage(&host->disk, QN_SIM_DAMAGE_WIPED, &sim->rng);
    }
    qn_sim_clients_on_crash(sim, host);
}

bool qn_sim_crash_forgets(const struct qn_sim *sim)
{
    return QN_SIM_VOTES_ARE_DURABLE == 0 || !sim->plan.durable;
}

bool qn_sim_host_is_recovering(const struct qn_sim_host *host)
{
    struct qn_consensus_info info;

    if (host->node == NULL || host->node->consensus == NULL) {
        return host->node == NULL && host->member;
    }
    qn_consensus_info(host->node->consensus, &info);
    return !info.started || info.joining || info.view <= info.ceiling;
}

/* ---- actions ---- */

static void add_work(struct qn_sim *sim, struct qn_sim_host *host, struct qn_sim_event event)
{
    event.at = sim->now + 1 + qn_rng_below(&sim->rng, sim->plan.work_max);
    event.host = (uint32_t)host->index;
    event.incarnation = host->incarnation;
    qn_sim_queue_add(&sim->queue, &event, false);
}

static void persist(struct qn_sim *sim, struct qn_sim_host *host, struct qn_action *action)
{
    qn_sim_disk_write(&host->disk, action->persist.batch, action->persist.cookie);
    action->persist.batch = NULL;
    add_work(sim, host, (struct qn_sim_event){.kind = QN_SIM_DISK});
}

static void send(struct qn_sim *sim, struct qn_sim_host *host, struct qn_action *action)
{
    struct qn_buf *bytes = action->send.bytes;
    const struct qn_kind_info *info = qn_kind_find(action->send.kind);

    action->send.bytes = NULL;
    QN_ASSERT(info != NULL && bytes->len <= info->len_max);
    if (host->byzantine == QN_SIM_HONEST || !sim->treason) {
        qn_sim_check_send(sim, host, action->send.link, action->send.kind, bytes);
        qn_sim_transmit(sim, host, action->send.link, action->send.kind, action->send.request_id,
                        bytes);
        return;
    }
    qn_sim_adversary_send(sim, host, action->send.link, action->send.kind, action->send.request_id,
                          bytes);
}

static void perform(struct qn_sim *sim, struct qn_sim_host *host, struct qn_action *action)
{
    qn_sim_trace_action(sim, host, action);
    switch (action->kind) {
    case QN_ACTION_DIAL:
        qn_sim_dial(sim, host, action);
        break;
    case QN_ACTION_CLOSE:
        qn_sim_close(sim, host, action->close.link);
        break;
    case QN_ACTION_SEND:
        send(sim, host, action);
        break;
    case QN_ACTION_SIGN:
        add_work(sim, host,
                 (struct qn_sim_event){
                     .kind = QN_SIM_SIGNED,
                     .cookie = action->sign.cookie,
                     .sign = {action->sign.signer, action->sign.kind, action->sign.digest}});
        break;
    case QN_ACTION_VERIFY:
        add_work(sim, host,
                 (struct qn_sim_event){.kind = QN_SIM_VERIFIED, .job = action->verify.job});
        break;
    case QN_ACTION_PERSIST:
        persist(sim, host, action);
        break;
    case QN_ACTION_HALT:
        host->must_halt = false;
        host->dying = true; /* its program ends */
        break;
    case QN_ACTION_LOOKUP: /* no name servers here */
    case QN_ACTION_ASK_NEIGHBOURS:
    case QN_ACTION_REMEMBER: /* every handshake is a full one */
        break;
    case QN_ACTION_REPLY:
        qn_sim_clients_on_reply(sim, host, action->reply.token, &action->reply.result);
        break;
    }
}

void qn_sim_host_step(struct qn_sim *sim, struct qn_sim_host *host, struct qn_event *event)
{
    struct qn_actions *actions = &sim->actions;

    sim->steps += 1;
    event->now = qn_sim_local_time(sim, host);
    event->unix_ms = qn_sim_wall_time(sim, host);
    qn_sim_trace_event(sim, host, event);
    qn_node_step(host->node, event, actions);
    qn_sim_check_stepped(sim, host, actions->count);
    for (size_t i = 0; i < actions->count; i++) {
        if (host->crash_countdown == 0) {
            sim->coverage->counts[QN_SIM_COVER_CRASH_BETWEEN_ACTIONS] += 1;
            host->dying = true;
        }
        if (host->dying) {
            qn_action_drop(&actions->items[i]);
            continue;
        }
        host->crash_countdown -= host->crash_countdown > 0;
        perform(sim, host, &actions->items[i]);
    }
    actions->count = 0;
    if (host->dying) {
        qn_sim_host_crash(sim, host);
        if (host->restart_us == 0) { /* halted: its operator makes room or replaces the disk */
            host->disk.full = false;
            qn_sim_come_back(sim, host, QN_SECONDS(1));
        }
        return;
    }
    arm(sim, host);
}
