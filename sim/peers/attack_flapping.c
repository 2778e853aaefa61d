/* Flapping: hostile nodes of many networks connect, become live and leave again within seconds, over and over, and
 * leave as quickly when they are dialled. Honest nodes with a bad line do the same, until it is mended. Whole
 * nodes must keep their other links, chase nobody, and take those with the mended line back. */
#include "sim/peers/scenario.h"

#include "sim/peers/world.h"

#include <stdlib.h>

enum {
    HONEST = 4000,
    HOSTILE = 1000,
    HOSTILE_GROUPS = 64,
    HOSTS = 40,
    HOSTS_QUICK = 6,
    LINKS_MAX = 128,
    SETTLES_S = 60,
    FLAPS_S = 300,
    FLAPS_QUICK_S = 60,
    STABLE_S = 600,
    STABLE_QUICK_S = 180,
    DIALS_A_STEP = 4,    /* by the attacker, to each whole node: 40 a second */
    HOSTILE_LIFE_S = 3,  /* of a link, in the mean */
    BAD_LINE_ONE_IN = 5, /* honest nodes */
    BAD_LINE_LIFE_S = 8,
    PEERS = 15,  /* live links with those that do not flap: a node chooses 18 itself */
    CHASES = 24, /* dials of one node to one that flaps, all the time */
    CHASES_QUICK = 12,
};

struct flapping {
    bool is_flapping;
    uint16_t *chases; /* host, node: dials while it flaps */
    uint64_t hostile_dials;
    uint64_t fewest; /* steady links of a host */
    struct qn_peers_world *world;
};

static bool has_bad_line(const struct qn_peers_world *world, uint32_t node)
{
    return !world->crowd.nodes[node].hostile && node >= QN_PEERS_GENESIS &&
           node % BAD_LINE_ONE_IN == 0 && world->host_of[node] == QN_PEERS_LIGHT;
}

/* Everything is reachable: who dials whom is only counted here. */
static bool count_dial(void *context, uint32_t from, uint32_t to)
{
    struct flapping *flapping = context;
    const struct qn_peers_world *world = flapping->world;
    bool flaps = world->crowd.nodes[to].hostile || has_bad_line(world, to);

    if (flapping->is_flapping && flaps && world->host_of[from] != QN_PEERS_LIGHT) {
        size_t host = (size_t)world->host_of[from];
        flapping->chases[host * world->crowd.count + to] += 1;
        flapping->hostile_dials += world->crowd.nodes[to].hostile ? 1 : 0;
    }
    return true;
}

static void break_links(struct qn_peers_world *world)
{
    for (size_t i = 0; i < world->link_capacity; i++) {
        struct qn_peers_link *link = &world->links[i];
        for (size_t end = 0; end < 2 && link->id != 0; end++) {
            uint32_t node = link->node[end];
            bool hostile = world->crowd.nodes[node].hostile;
            unsigned life_s = hostile ? HOSTILE_LIFE_S : BAD_LINE_LIFE_S;
            if (link->host[end] == QN_PEERS_LIGHT && link->live[end] &&
                (hostile || has_bad_line(world, node)) && qn_rng_below(&world->rng, life_s) == 0) {
                qn_peers_close(world, link, end);
            }
        }
    }
}

static uint64_t steady_links(const struct qn_peers_world *world, size_t at)
{
    const struct qn_peers_host *host = &world->hosts[at];
    uint64_t count = 0;

    for (size_t i = 0; i < host->link_count; i++) {
        const struct qn_peers_link *link = &world->links[host->links[i]];
        size_t end = link->host[0] == (int32_t)at ? 0 : 1;
        uint32_t other = link->node[1 - end];
        count +=
            link->live[end] && !world->crowd.nodes[other].hostile && !has_bad_line(world, other)
                ? 1
                : 0;
    }
    return count;
}

static uint32_t draw_hostile(struct qn_peers_world *world)
{
    for (;;) {
        uint32_t node = (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
        if (world->crowd.nodes[node].hostile) {
            return node;
        }
    }
}

static void flap(void *context, struct qn_peers_world *world)
{
    struct flapping *flapping = context;

    for (size_t i = 0; flapping->is_flapping && i < world->host_count * DIALS_A_STEP; i++) {
        uint32_t node = draw_hostile(world);
        if (qn_peers_link_between(world, i % world->host_count, node) == NULL) {
            qn_peers_light_dials(world, node, i % world->host_count);
        }
    }
    if (!flapping->is_flapping || world->now % QN_SECONDS(1) != 0) {
        return;
    }
    break_links(world);
    for (size_t i = 0; i < world->host_count; i++) {
        uint64_t steady = steady_links(world, i);
        flapping->fewest = steady < flapping->fewest ? steady : flapping->fewest;
    }
}

/* Per mille of live links with honest light nodes: those whose line is, or was, bad. */
static uint64_t bad_line_share(const struct qn_peers_world *world)
{
    uint64_t all = 0;
    uint64_t bad = 0;

    for (size_t i = 0; i < world->link_capacity; i++) {
        const struct qn_peers_link *link = &world->links[i];
        for (size_t end = 0; end < 2 && link->id != 0; end++) {
            uint32_t node = link->node[end];
            bool counts = link->host[end] == QN_PEERS_LIGHT && link->live[end] &&
                          !world->crowd.nodes[node].hostile;
            all += counts ? 1 : 0;
            bad += counts && has_bad_line(world, node) ? 1 : 0;
        }
    }
    return all == 0 ? 0 : bad * 1000 / all;
}

static uint64_t handshakes(const struct qn_peers_world *world)
{
    uint64_t count = 0;

    for (size_t i = 0; i < world->host_count; i++) {
        count += world->hosts[i].handshakes;
    }
    return count;
}

static void play(struct flapping *flapping, struct qn_peers_run *run)
{
    struct qn_peers_world *world = flapping->world;
    struct qn_peers_report *out = &run->report;
    uint64_t seconds = run->quick ? FLAPS_QUICK_S : FLAPS_S;
    uint64_t host_seconds = seconds * world->host_count;
    uint64_t chases = 0;

    qn_peers_start_all(world, QN_SECONDS(5));
    qn_peers_run_for(world, QN_SECONDS(SETTLES_S));
    uint64_t share_before = bad_line_share(world);
    uint64_t dials = world->dials;
    uint64_t shakes = handshakes(world);
    flapping->is_flapping = true;
    qn_peers_run_for(world, QN_SECONDS(seconds));
    for (size_t i = 0; i < world->host_count * world->crowd.count; i++) {
        chases = flapping->chases[i] > chases ? flapping->chases[i] : chases;
    }
    qn_peers_report_figure(out, "whole nodes", world->host_count, "");
    qn_peers_report_figure(out, "handshakes of a node in a minute",
                           (handshakes(world) - shakes) * 60 / host_seconds, "");
    qn_peers_report_figure(out, "dials of a node in a minute",
                           (world->dials - dials) * 60 / host_seconds, "dials");
    qn_peers_report_figure(out, "of them, to hostile nodes",
                           flapping->hostile_dials * 60 / host_seconds, "dials");
    qn_peers_report_figure(out, "most to one that flaps, in all", chases, "dials");
    qn_peers_report_figure(out, "fewest steady links of a node", flapping->fewest, "links");
    qn_peers_report_figure(out, "links with bad lines, before", share_before, "per mille");
    qn_peers_report_figure(out, "links with bad lines, while they flap", bad_line_share(world),
                           "per mille");
    qn_peers_report_claim(out, chases <= (run->quick ? CHASES_QUICK : CHASES),
                          "nobody chases a peer that flaps");
    qn_peers_report_claim(out, flapping->fewest >= PEERS, "the steady links stay");
    uint64_t share_meanwhile = bad_line_share(world);
    flapping->is_flapping = false;
    qn_peers_run_for(world, QN_SECONDS(run->quick ? STABLE_QUICK_S : STABLE_S));
    uint64_t share_after = bad_line_share(world);
    qn_peers_report_figure(out, "links with bad lines, mended since", share_after, "per mille");
    qn_peers_report_claim(out, share_after * 2 >= share_meanwhile * 3,
                          "whose line was mended is taken back");
    qn_peers_claim_calm(world, out);
}

void qn_peers_play_flapping(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    struct flapping flapping = {.world = &world, .fewest = UINT64_MAX};
    struct qn_peers_plan plan = {.crowd = {.seed = run->seed,
                                           .honest = HONEST,
                                           .hostile = HOSTILE,
                                           .hostile_groups = HOSTILE_GROUPS,
                                           .hostile_region = -1},
                                 .hosts = run->quick ? HOSTS_QUICK : HOSTS,
                                 .links_max = LINKS_MAX};
    struct qn_peers_rules rules = {
        .context = &flapping, .reachable = count_dial, .after_step = flap};

    qn_peers_world_init(&world, &plan, &rules);
    flapping.chases = calloc(world.host_count * world.crowd.count, sizeof *flapping.chases);
    QN_ASSERT(flapping.chases != NULL);
    play(&flapping, run);
    free(flapping.chases);
    qn_peers_world_fini(&world);
}
