/* Light nodes do what whole ones do: each act of a whole node towards a light one is answered by the same
 * act of some light node towards a whole one. */
#include "sim/peers/world.h"

enum { TRIES = 64, DELAY_US = 1000 * 1000, LATELY = 1024 };

/* A whole node of this region; -1: none was met. */
static int32_t draw_host(struct qn_peers_world *world, uint8_t region)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        size_t host = (size_t)qn_rng_below(&world->rng, world->host_count);
        const struct qn_crowd_node *node = &world->crowd.nodes[world->hosts[host].node];
        if (world->hosts[host].peering != NULL && node->region == region) {
            return (int32_t)host;
        }
    }
    return -1;
}

static uint32_t draw_light(struct qn_peers_world *world, uint8_t region)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        uint32_t node = qn_crowd_draw(&world->crowd, &world->rng, region);
        if (node != QN_CROWD_NOBODY && world->host_of[node] == QN_PEERS_LIGHT) {
            return node;
        }
    }
    return QN_CROWD_NOBODY;
}

void qn_peers_mirror_dial(struct qn_peers_world *world, const struct qn_peers_link *link)
{
    /* Everybody dials the genesis nodes, who dial nobody for it: that has no counterpart. */
    if (world->plan.alone || link->host[1] != QN_PEERS_LIGHT || link->node[1] < QN_PEERS_GENESIS) {
        return;
    }
    uint32_t node = draw_light(world, world->crowd.nodes[link->node[0]].region);
    int32_t host = draw_host(world, world->crowd.nodes[link->node[1]].region);
    if (node != QN_CROWD_NOBODY && host >= 0) {
        qn_timeline_add(&world->timeline,
                        (struct qn_timeline_event){
                            .at = world->now + qn_rng_below(&world->rng, DELAY_US),
                            .kind = QN_PEERS_LIGHT_DIALS,
                            .node = node,
                            .detail = (uint32_t)host,
                        });
    }
}

void qn_peers_mirror_event(struct qn_peers_world *world, const struct qn_timeline_event *event)
{
    if (world->hosts[event->detail].peering != NULL) {
        qn_peers_light_dials(world, event->node, event->detail);
    }
}

/* A live link with a light node at this end and a whole one at the other. */
static struct qn_peers_link *draw_link(struct qn_peers_world *world, size_t light_end)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        const struct qn_peers_host *host =
            &world->hosts[qn_rng_below(&world->rng, world->host_count)];
        if (host->link_count == 0) {
            continue;
        }
        struct qn_peers_link *link =
            &world->links[host->links[qn_rng_below(&world->rng, host->link_count)]];
        if (link->host[light_end] == QN_PEERS_LIGHT && link->live[0] && link->live[1] &&
            link->node[light_end] >= QN_PEERS_GENESIS) {
            return link;
        }
    }
    return NULL;
}

void qn_peers_mirror_close(struct qn_peers_world *world, const struct qn_peers_link *link,
                           size_t end)
{
    if (world->plan.alone || link->host[1 - end] != QN_PEERS_LIGHT ||
        link->node[1 - end] < QN_PEERS_GENESIS) {
        return;
    }
    struct qn_peers_link *other = draw_link(world, end);
    if (other != NULL) {
        other->is_full = link->is_full;
        qn_peers_close(world, other, end);
    }
}

void qn_peers_mirror_answer(struct qn_peers_world *world, bool refused)
{
    world->asked += 1;
    world->refused += refused ? 1 : 0;
    if (world->asked == LATELY) {
        world->asked /= 2;
        world->refused /= 2;
    }
}

bool qn_peers_mirror_refuses(struct qn_peers_world *world)
{
    return !world->plan.alone && world->asked > 0 &&
           qn_rng_below(&world->rng, world->asked) < world->refused;
}
