#include "sim/peers/world.h"

#include "sim/peers/mix.h"

#include <stdlib.h>

enum { STEPS_A_SECOND = 10, INVARIANT_EVERY_STEPS = 100 };

enum qn_standing qn_peers_standing(uint32_t node)
{
    return node < QN_PEERS_GENESIS   ? QN_STANDING_GENESIS
           : node == QN_CROWD_NOBODY ? QN_STANDING_UNREGISTERED
                                     : QN_STANDING_REGISTERED;
}

static enum qn_standing standing_of(void *context, const struct qn_node_id *id)
{
    const struct qn_peers_world *world = context;

    return qn_peers_standing(qn_crowd_find(&world->crowd, id));
}

/* Honest numbers, evenly spread; the genesis nodes only if everybody is simulated whole. */
static void choose_hosts(struct qn_peers_world *world)
{
    size_t count = world->crowd.count;
    uint32_t from = world->plan.hosts + QN_PEERS_GENESIS > count ? 0 : QN_PEERS_GENESIS;

    for (size_t i = 0; i < count; i++) {
        world->host_of[i] = QN_PEERS_LIGHT;
    }
    for (size_t i = 0; i < world->plan.hosts; i++) {
        uint32_t node = from + (uint32_t)(i * (count - from) / world->plan.hosts);
        while (node < count &&
               (world->crowd.nodes[node].hostile || world->host_of[node] != QN_PEERS_LIGHT)) {
            node += 1;
        }
        if (node < count) {
            world->host_of[node] = (int32_t)world->host_count;
            world->hosts[world->host_count++].node = node;
        }
    }
}

void qn_peers_world_init(struct qn_peers_world *world, const struct qn_peers_plan *plan,
                         const struct qn_peers_rules *rules)
{
    *world = (struct qn_peers_world){.plan = *plan};
    if (rules != NULL) {
        world->rules = *rules;
    }
    qn_crowd_init(&world->crowd, &plan->crowd);
    for (size_t i = 0; i < world->crowd.count; i++) {
        world->registered[world->crowd.nodes[i].declared] += 1;
    }
    qn_rng_init(&world->rng, plan->crowd.seed + 1);
    qn_timeline_init(&world->timeline);
    world->now = QN_SECONDS(1); /* 0 means never in many places */
    world->hosts = calloc(plan->hosts, sizeof *world->hosts);
    world->host_of = calloc(world->crowd.count, sizeof *world->host_of);
    QN_ASSERT(world->hosts != NULL && world->host_of != NULL);
    choose_hosts(world);
}

void qn_peers_world_fini(struct qn_peers_world *world)
{
    for (size_t i = 0; i < world->host_count; i++) {
        if (world->hosts[i].peering != NULL) {
            qn_peering_free(world->hosts[i].peering);
        }
        free(world->hosts[i].links);
    }
    free(world->hosts);
    free(world->host_of);
    free(world->links);
    free(world->free_slots);
    free(world->loads);
    qn_timeline_fini(&world->timeline);
    qn_crowd_fini(&world->crowd);
}

static void hear_genesis(struct qn_peers_world *world, const struct qn_peers_host *host)
{
    struct qn_node_id ids[QN_PEERS_GENESIS];

    for (uint32_t i = 0; i < QN_PEERS_GENESIS; i++) {
        struct qn_endpoint endpoint = qn_crowd_endpoint(&world->crowd, i);
        struct qn_heard heard = {.id = &ids[i],
                                 .from = QN_HEARD_GENESIS,
                                 .region = (enum qn_region)world->crowd.nodes[i].declared,
                                 .endpoints = &endpoint,
                                 .endpoint_count = 1};
        ids[i] = qn_crowd_id(&world->crowd, i);
        if (i != host->node) {
            qn_peering_heard(host->peering, &heard, world->now);
        }
    }
    qn_peering_set_committee(host->peering, ids, QN_PEERS_GENESIS);
}

void qn_peers_start(struct qn_peers_world *world, size_t at)
{
    struct qn_peers_host *host = &world->hosts[at];
    struct qn_peering_config config = {
        .id = qn_crowd_id(&world->crowd, host->node),
        .region = (enum qn_region)world->crowd.nodes[host->node].declared,
        .seed = qn_mix(world->crowd.seed + host->life, QN_MIX_NODE_SEED, host->node),
        .budgets = {.links_max = world->plan.links_max},
        .context = world,
        .standing = standing_of,
    };

    QN_ASSERT(host->peering == NULL);
    host->peering = qn_peering_new(&config, world->now);
    host->started = world->now;
    host->alarms = 0;
    (void)qn_peering_set_size(host->peering, world->crowd.count, world->now);
    qn_peering_set_registered(host->peering, world->registered);
    hear_genesis(world, host);
}

void qn_peers_start_all(struct qn_peers_world *world, qn_time_us spread)
{
    for (size_t i = 0; i < world->host_count; i++) {
        qn_timeline_add(&world->timeline,
                        (struct qn_timeline_event){
                            .at = world->now + qn_rng_below(&world->rng, spread + 1),
                            .kind = QN_PEERS_STARTS,
                            .detail = (uint32_t)i,
                        });
    }
}

void qn_peers_stop(struct qn_peers_world *world, size_t at)
{
    struct qn_peers_host *host = &world->hosts[at];

    if (host->peering == NULL) {
        return;
    }
    qn_peering_free(host->peering);
    host->peering = NULL;
    host->life += 1;
    while (host->link_count > 0) {
        struct qn_peers_link *link = &world->links[host->links[host->link_count - 1]];
        qn_peers_close(world, link, link->host[0] == (int32_t)at ? 0 : 1);
    }
}

static void starve_where(struct qn_peers_world *world, uint32_t node)
{
    for (size_t i = 0; i < world->link_capacity; i++) {
        struct qn_peers_link *link = &world->links[i];
        if (link->id != 0 && (link->node[0] == node || link->node[1] == node)) {
            qn_peers_starve(world, link);
        }
    }
}

void qn_peers_set_up(struct qn_peers_world *world, uint32_t node, bool up)
{
    QN_ASSERT(world->host_of[node] == QN_PEERS_LIGHT);
    if (world->crowd.nodes[node].up && !up && world->crowd.nodes[node].links > 0) {
        starve_where(world, node);
    }
    world->crowd.nodes[node].up = up;
}

void qn_peers_cut(struct qn_peers_world *world)
{
    for (size_t i = 0; i < world->link_capacity; i++) {
        struct qn_peers_link *link = &world->links[i];
        if (link->id != 0 &&
            (!world->rules.reachable(world->rules.context, link->node[0], link->node[1]) ||
             !world->rules.reachable(world->rules.context, link->node[1], link->node[0]))) {
            qn_peers_starve(world, link);
        }
    }
}

static void handle(struct qn_peers_world *world, const struct qn_timeline_event *event)
{
    world->now = event->at;
    if (event->kind == QN_PEERS_LIGHT_DIALS) {
        qn_peers_mirror_event(world, event);
    } else if (event->kind != QN_PEERS_STARTS) {
        qn_peers_wire_event(world, event);
    } else if (world->hosts[event->detail].peering == NULL) {
        qn_peers_start(world, event->detail);
    }
}

static void act(struct qn_peers_world *world, size_t at)
{
    struct qn_peers_host *host = &world->hosts[at];

    qn_peering_poll(host->peering, &world->actions, world->now);
    for (size_t i = 0; i < world->actions.count; i++) {
        const struct qn_peering_action *action = &world->actions.items[i];
        struct qn_peers_link *link = NULL;
        switch (action->kind) {
        case QN_PEERING_DIAL:
            qn_peers_dial(world, at, action);
            break;
        case QN_PEERING_CLOSE:
            link = qn_peers_link_find(world, action->close.link);
            if (link != NULL) {
                qn_peers_close(world, link, link->host[0] == (int32_t)at ? 0 : 1);
            }
            break;
        case QN_PEERING_REDIRECT:
            link = qn_peers_link_find(world, action->redirect.link);
            if (link != NULL) {
                qn_peers_redirect(world, link);
            }
            break;
        case QN_PEERING_PROBE:
            link = qn_peers_link_find(world, action->probe.link);
            if (link != NULL) {
                qn_peers_probe(world, link, link->host[0] == (int32_t)at ? 0 : 1);
            }
            break;
        }
        host->touched = true;
    }
    uint64_t alarms = qn_peering_alarms(host->peering)->count;
    world->alarms += alarms - host->alarms;
    host->alarms = alarms;
}

/* Of a node that nothing happened to, only time can break one: it is looked at now and then. */
static void check(struct qn_peers_world *world, size_t at, bool everybody)
{
    struct qn_peers_host *host = &world->hosts[at];

    if (host->peering != NULL && world->broken == NULL && (host->touched || everybody)) {
        world->broken = qn_peering_invariant(host->peering);
    }
    host->touched = false;
}

static void step(struct qn_peers_world *world)
{
    struct qn_timeline_event event;
    qn_time_us until = world->now + QN_PEERS_STEP;
    uint64_t number = until / QN_PEERS_STEP;

    while (qn_timeline_take(&world->timeline, &event, until)) {
        handle(world, &event);
    }
    world->now = until;
    for (size_t i = 0; i < world->host_count; i++) {
        if (world->hosts[i].peering == NULL) {
            continue;
        }
        if ((number + i) % STEPS_A_SECOND == 0) {
            qn_peers_talk(world, i);
        }
        act(world, i);
    }
    for (size_t i = 0; i < world->host_count; i++) {
        check(world, i, number % INVARIANT_EVERY_STEPS == 0);
    }
    if (world->rules.after_step != NULL) {
        world->rules.after_step(world->rules.context, world);
    }
}

void qn_peers_run_for(struct qn_peers_world *world, qn_time_us duration)
{
    qn_time_us end = world->now + duration;

    while (world->now < end) {
        step(world);
    }
}

void qn_peers_claim_sound(const struct qn_peers_world *world, struct qn_peers_report *report)
{
    qn_peers_report_claim(report, world->broken == NULL,
                          world->broken == NULL ? "" : world->broken);
}

void qn_peers_claim_calm(const struct qn_peers_world *world, struct qn_peers_report *report)
{
    qn_peers_report_figure(report, "false alarms", world->alarms, "");
    qn_peers_report_claim(report, world->alarms == 0, "nobody misses a region that is there");
    qn_peers_claim_sound(world, report);
}

void qn_peers_degree(const struct qn_peers_world *world, size_t at, struct qn_peers_degree *degree)
{
    const struct qn_peers_host *host = &world->hosts[at];

    *degree = (struct qn_peers_degree){0};
    for (size_t i = 0; i < host->link_count; i++) {
        const struct qn_peers_link *link = &world->links[host->links[i]];
        size_t end = link->host[0] == (int32_t)at ? 0 : 1;
        if (!link->live[end]) {
            continue;
        }
        const struct qn_crowd_node *other = &world->crowd.nodes[link->node[1 - end]];
        degree->in += end;
        degree->out += 1 - end;
        degree->hostile += other->hostile ? 1 : 0;
        degree->hostile_in += other->hostile ? end : 0;
        degree->region[other->region] += 1;
    }
}
