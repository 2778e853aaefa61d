/* What runs over links: pings, announcements, and the news of who else there is. */
#include "sim/peers/world.h"

#include "base/limits.h"
#include "sim/peers/geography.h"

#include <stdlib.h>

enum {
    TOLD_AT_ONCE = 32, /* addresses that a new neighbour names */
    TELLS_ONE_IN = 10, /* seconds from one address to the next, of each neighbour */
    RACERS = 4,        /* copies of one announcement that arrive in a second */
};

static uint32_t named_by(struct qn_peers_world *world, uint32_t by)
{
    if (world->rules.named != NULL) {
        return world->rules.named(world->rules.context, world, by);
    }
    return (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
}

/* link: over which it is told. */
static void hear(struct qn_peers_world *world, size_t at, uint32_t by, uint64_t link)
{
    uint32_t node = named_by(world, by);

    if (node == QN_CROWD_NOBODY || node == world->hosts[at].node) {
        return;
    }
    struct qn_node_id id = qn_crowd_id(&world->crowd, node);
    struct qn_endpoint endpoint = qn_crowd_endpoint(&world->crowd, node);
    struct qn_heard heard = {.id = &id,
                             .from = QN_HEARD_RECORD,
                             .region = (enum qn_region)world->crowd.nodes[node].declared,
                             .endpoints = &endpoint,
                             .endpoint_count = 1,
                             .link = link};
    world->news += 1;
    qn_peering_heard(world->hosts[at].peering, &heard, world->now);
}

void qn_peers_introduce(struct qn_peers_world *world, size_t host, const struct qn_peers_link *link,
                        size_t end)
{
    for (size_t i = 0; i < TOLD_AT_ONCE; i++) {
        hear(world, host, link->node[1 - end], link->id);
    }
}

static size_t end_of(const struct qn_peers_link *link, size_t at)
{
    return link->host[0] == (int32_t)at ? 0 : 1;
}

/* NULL: the one drawn is not live. */
static const struct qn_peers_link *draw_live(struct qn_peers_world *world, size_t at)
{
    const struct qn_peers_host *host = &world->hosts[at];
    const struct qn_peers_link *link =
        &world->links[host->links[qn_rng_below(&world->rng, host->link_count)]];

    return link->live[end_of(link, at)] && !link->silent ? link : NULL;
}

/* One announcement: of those that bring it, the nearest was first. */
static void deliver(struct qn_peers_world *world, size_t at)
{
    const struct qn_peers_link *racers[RACERS];
    size_t count = 0;
    size_t first = 0;

    for (size_t i = 0; i < RACERS; i++) {
        const struct qn_peers_link *link = draw_live(world, at);
        if (link != NULL) {
            racers[count] = link;
            first = link->rtt_us < racers[first]->rtt_us ? count : first;
            count += 1;
        }
    }
    for (size_t i = 0; i < count; i++) {
        qn_peering_on_delivery(world->hosts[at].peering, racers[i]->id, i == first, world->now);
    }
}

static void ping(struct qn_peers_world *world, size_t at)
{
    const struct qn_peers_host *host = &world->hosts[at];
    uint64_t second = world->now / QN_SECONDS(1);

    for (size_t i = 0; i < host->link_count; i++) {
        const struct qn_peers_link *link = &world->links[host->links[i]];
        bool is_turn =
            (second + host->links[i]) % (QN_PING_QUIET_INTERVAL_MAX / QN_SECONDS(1)) == 0;
        if (is_turn && link->live[end_of(link, at)] && !link->silent) {
            qn_peering_on_rtt(host->peering, link->id,
                              qn_geography_sample_us(&world->rng, link->rtt_us), world->now);
        }
    }
}

static void tell_load(struct qn_peers_world *world, size_t at)
{
    struct qn_peers_host *host = &world->hosts[at];
    struct qn_load load = {0};

    if (host->link_count > world->load_capacity) {
        world->load_capacity = 2 * host->link_count;
        world->loads = realloc(world->loads, world->load_capacity * sizeof *world->loads);
        QN_ASSERT(world->loads != NULL);
    }
    for (size_t i = 0; i < host->link_count; i++) {
        const struct qn_peers_link *link = &world->links[host->links[i]];
        if (link->live[end_of(link, at)]) {
            struct qn_link_load *of = &world->loads[load.count++];
            *of = (struct qn_link_load){.link = link->id};
            load.cpu_percent = world->rules.load(world->rules.context, world, at, of);
        }
    }
    load.links = world->loads;
    qn_peering_on_load(host->peering, &load, world->now);
}

void qn_peers_talk(struct qn_peers_world *world, size_t at)
{
    struct qn_peers_host *host = &world->hosts[at];

    if (host->link_count == 0) {
        return;
    }
    ping(world, at);
    if (world->rules.load != NULL) {
        tell_load(world, at);
    }
    deliver(world, at);
    size_t told = host->link_count / TELLS_ONE_IN;
    told += qn_rng_below(&world->rng, TELLS_ONE_IN) < host->link_count % TELLS_ONE_IN ? 1 : 0;
    for (size_t i = 0; i < told; i++) {
        const struct qn_peers_link *link = draw_live(world, at);
        if (link != NULL) {
            hear(world, at, link->node[1 - end_of(link, at)], link->id);
        }
    }
    host->touched = true;
}
