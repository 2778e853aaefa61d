/* From the queue to the nodes. */
#include "sim/sim.h"

#include "node/allowance.h"
#include "sim/chaos.h"
#include "sim/checker.h"

#include <string.h>

static void on_disk(struct qn_sim *sim, struct qn_sim_host *host, struct qn_event *event)
{
    const struct qn_batch *batch = NULL;
    bool ok = qn_sim_disk_complete(&host->disk, &event->persisted.cookie, &batch);

    event->kind = QN_EVENT_PERSISTED;
    event->persisted.ok = ok;
    event->persisted.err = ok ? QN_OK : QN_ERR_IO;
    if (ok) {
        qn_sim_check_durable(sim, host, batch);
        qn_sim_host_step(sim, host, event);
        return;
    }
    host->must_halt = true;
    qn_sim_host_step(sim, host, event);
    if (host->must_halt) {
        qn_sim_fail(sim, "storage_failure_halts", "host %zu goes on after a failed write",
                    host->index);
    }
}

static void on_inbound(struct qn_sim *sim, struct qn_sim_host *host,
                       const struct qn_sim_event *queued, struct qn_event *event)
{
    event->kind = QN_EVENT_INBOUND;
    event->inbound.link = queued->link;
    event->inbound.remote = sim->hosts[queued->other].identity->endpoint;
    qn_sim_host_step(sim, host, event);
}

static void on_link_up(struct qn_sim *sim, struct qn_sim_host *host,
                       const struct qn_sim_event *queued, struct qn_event *event)
{
    const struct qn_sim_link *link = qn_sim_link_find(sim, queued->link);
    const struct qn_sim_identity *other = sim->hosts[queued->other].identity;

    if (link == NULL || !link->up[qn_sim_link_end(link, host)]) {
        return;
    }
    event->kind = QN_EVENT_LINK_UP;
    event->link_up.link = queued->link;
    event->link_up.dial = queued->cookie;
    event->link_up.key = *qn_key_public(other->key);
    event->link_up.remote = other->endpoint;
    event->link_up.handshake_us = 2000;
    event->link_up.handshake_cpu_us = 1000;
    event->link_up.is_resumed = false;
    event->link_up.bytes_received = QN_HANDSHAKE_PADDED_LEN; /* counts for strangers only */
    event->link_up.bytes_sent = QN_HANDSHAKE_LISTENER_LEN;
    qn_sim_host_step(sim, host, event);
}

static void on_link_down(struct qn_sim *sim, struct qn_sim_host *host,
                         const struct qn_sim_event *queued, struct qn_event *event)
{
    struct qn_sim_link *link = qn_sim_link_find(sim, queued->link);

    if (link != NULL) {
        link->up[qn_sim_link_end(link, host)] = false;
    }
    event->kind = QN_EVENT_LINK_DOWN;
    event->link_down.link = queued->link;
    event->link_down.reason = queued->reason;
    qn_sim_host_step(sim, host, event);
}

static void on_frame(struct qn_sim *sim, struct qn_sim_host *host,
                     const struct qn_sim_event *queued, struct qn_event *event)
{
    const struct qn_sim_link *link = qn_sim_link_find(sim, queued->link);

    if (link == NULL || !link->up[qn_sim_link_end(link, host)]) {
        return;
    }
    event->kind = QN_EVENT_FRAME;
    event->frame.link = queued->link;
    event->frame.message.kind = queued->frame.kind;
    event->frame.message.class = qn_kind_find(queued->frame.kind)->class;
    event->frame.message.request_id = queued->frame.request_id;
    event->frame.message.bytes = qn_buf_span(queued->bytes);
    event->frame.wire_len = qn_allowance_cost(queued->bytes->len);
    qn_sim_host_step(sim, host, event);
}

static void on_signed(struct qn_sim *sim, struct qn_sim_host *host,
                      const struct qn_sim_event *queued, struct qn_event *event)
{
    event->kind = QN_EVENT_SIGNED;
    event->signed_.cookie = queued->cookie;
    event->signed_.ok = true;
    qn_sim_sign(&event->signed_.signature, host->identity->key, queued->sign.kind,
                &queued->sign.digest, sim->plan.real_signatures);
    qn_sim_host_step(sim, host, event);
}

static void on_verified(struct qn_sim *sim, struct qn_sim_host *host, struct qn_sim_event *queued,
                        struct qn_event *event)
{
    struct qn_verify_job *job = queued->job;

    job->ok = job->is_ticket
                  ? qn_verify_job_holds(job)
                  : qn_sim_verify(&job->key, job->kind, &job->digest,
                                  (struct qn_span){job->signature.bytes, job->signature.len},
                                  sim->plan.real_signatures);
    job->elapsed_us = 0;
    event->kind = QN_EVENT_VERIFIED;
    event->verified.job = job;
    queued->job = NULL; /* the node's now */
    qn_sim_host_step(sim, host, event);
}

/* Once a second a TICK tells of the links: nothing waits here to be sent, and nothing takes processor time. */
static void fill_load(struct qn_sim *sim, struct qn_sim_host *host, struct qn_event *event)
{
    static struct qn_link_load loads[QN_SIM_LINKS_MAX];

    event->kind = QN_EVENT_TICK;
    if (sim->now < host->load_us) {
        return;
    }
    host->load_us = sim->now + QN_SECONDS(1);
    event->kind = QN_EVENT_LOAD;
    event->load.count = 0;
    event->load.links = loads;
    event->load.cpu_percent = 0;
    for (size_t i = 0; i < QN_SIM_LINKS_MAX; i++) {
        const struct qn_sim_link *link = &sim->network.links[i];
        bool is_own = link->ends[0] == host->index || link->ends[1] == host->index;
        if (link->id != 0 && is_own && link->up[qn_sim_link_end(link, host)]) {
            loads[event->load.count++] =
                (struct qn_link_load){.link = link->id, .bytes = link->bytes};
        }
    }
}

static void hand_over(struct qn_sim *sim, struct qn_sim_host *host, struct qn_sim_event *queued)
{
    static struct qn_event event; /* some kilobytes: only what a kind needs is set */

    switch (queued->kind) {
    case QN_SIM_TICK:
        if (queued->at == host->timer_us || host->timer_us <= sim->now) {
            fill_load(sim, host, &event);
            qn_sim_host_step(sim, host, &event);
        }
        break;
    case QN_SIM_INBOUND:
        on_inbound(sim, host, queued, &event);
        break;
    case QN_SIM_LINK_UP:
        on_link_up(sim, host, queued, &event);
        break;
    case QN_SIM_LINK_DOWN:
        on_link_down(sim, host, queued, &event);
        break;
    case QN_SIM_DIAL_FAILED:
        event.kind = QN_EVENT_DIAL_FAILED;
        event.dial_failed.dial = queued->cookie;
        event.dial_failed.reason = queued->reason;
        qn_sim_host_step(sim, host, &event);
        break;
    case QN_SIM_FRAME:
        on_frame(sim, host, queued, &event);
        break;
    case QN_SIM_SIGNED:
        on_signed(sim, host, queued, &event);
        break;
    case QN_SIM_VERIFIED:
        on_verified(sim, host, queued, &event);
        break;
    case QN_SIM_DISK:
        on_disk(sim, host, &event);
        break;
    case QN_SIM_REQUEST:
        event.kind = QN_EVENT_REQUEST;
        event.request.token = queued->cookie;
        event.request.kind = QN_REQUEST_SUBMIT;
        event.request.bytes = qn_buf_span(queued->bytes);
        qn_sim_host_step(sim, host, &event);
        break;
    case QN_SIM_RESTART:
        break;
    }
}

bool qn_sim_next(struct qn_sim *sim, qn_time_us end)
{
    struct qn_sim_event event;

    if (qn_sim_queue_next_time(&sim->queue) > end) {
        sim->now = end;
        return false;
    }
    qn_sim_queue_take(&sim->queue, &event);
    sim->now = event.at > sim->now ? event.at : sim->now;
    struct qn_sim_host *host = &sim->hosts[event.host];
    if (event.kind == QN_SIM_RESTART) {
        qn_sim_restart(sim, host);
        return true;
    }
    if (host->node == NULL || host->incarnation != event.incarnation) {
        qn_sim_event_drop(&event);
        return true;
    }
    if (host->paused_until > sim->now) { /* like SIGSTOP: everything waits, in order */
        event.at = host->paused_until;
        qn_sim_queue_add(&sim->queue, &event, true);
        return true;
    }
    hand_over(sim, host, &event);
    qn_sim_event_drop(&event);
    return true;
}

void qn_sim_run_for(struct qn_sim *sim, qn_time_us duration)
{
    qn_time_us end = sim->now + duration;

    while (!qn_sim_has_failed(sim) && qn_sim_next(sim, end)) {
    }
}
