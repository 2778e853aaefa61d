/* Sybils: the attacker has paid for a share of all registrations. His nodes name each other only, dial whole
 * nodes as fast as they are let, and never refuse. How many of the places of honest nodes are his? */
#include "sim/peers/scenario.h"

#include "sim/peers/world.h"

#include <stdio.h>

enum {
    NODES = 10000,
    HOSTS = 60,
    HOSTS_QUICK = 16,
    LINKS_MAX = 128, /* so that places are scarce */
    HOSTILE_GROUPS = 256,
    RUNS_S = 600,
    RUNS_QUICK_S = 60,
    DIALS_A_STEP = 3, /* to each whole node: 30 a second */
    /* Per mille that his share of the links dialled by us may be above that of registrations: who is dialled
     * is drawn from what peers name, and his name only him. */
    OUT_ABOVE = 350,
};

static uint32_t hostile_at_random(struct qn_peers_world *world)
{
    for (;;) {
        uint32_t node = (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
        if (world->crowd.nodes[node].hostile) {
            return node;
        }
    }
}

static uint32_t named(void *context, struct qn_peers_world *world, uint32_t by)
{
    (void)context;
    if (world->crowd.nodes[by].hostile) {
        return hostile_at_random(world);
    }
    return (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
}

static void dial_everybody(void *context, struct qn_peers_world *world)
{
    (void)context;
    for (size_t host = 0; host < world->host_count; host++) {
        for (size_t i = 0; i < DIALS_A_STEP; i++) {
            uint32_t node = hostile_at_random(world);
            if (qn_peers_link_between(world, host, node) == NULL) {
                qn_peers_light_dials(world, node, host);
            }
        }
    }
}

static uint64_t per_mille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : part * 1000 / whole;
}

static void play(struct qn_peers_run *run, unsigned percent)
{
    static struct qn_peers_world world;
    size_t hostile = NODES * percent / 100;
    struct qn_peers_plan plan = {
        .crowd = {.seed = run->seed + percent,
                  .honest = NODES - hostile,
                  .hostile = hostile,
                  .hostile_groups = HOSTILE_GROUPS,
                  .hostile_region = -1},
        .hosts = run->quick ? HOSTS_QUICK : HOSTS,
        .links_max = LINKS_MAX,
    };
    struct qn_peers_rules rules = {.named = named, .after_step = dial_everybody};
    uint64_t links[2] = {0}; /* in, out */
    uint64_t his[2] = {0};
    uint64_t eclipsed = 0;
    char name[QN_PEERS_FIGURE_NAME_SIZE];

    qn_peers_world_init(&world, &plan, &rules);
    qn_peers_start_all(&world, QN_SECONDS(1));
    qn_peers_run_for(&world, QN_SECONDS(run->quick ? RUNS_QUICK_S : RUNS_S));
    for (size_t i = 0; i < world.host_count; i++) {
        struct qn_peers_degree degree;
        qn_peers_degree(&world, i, &degree);
        links[0] += degree.in;
        links[1] += degree.out;
        his[0] += degree.hostile_in;
        his[1] += degree.hostile - degree.hostile_in;
        eclipsed += degree.hostile == degree.in + degree.out ? 1 : 0;
    }
    (void)snprintf(name, sizeof name, "%u %% of registrations: links dialled by us", percent);
    qn_peers_report_figure(&run->report, name, per_mille(his[1], links[1]), "per mille");
    (void)snprintf(name, sizeof name, "%u %% of registrations: links dialled by others", percent);
    qn_peers_report_figure(&run->report, name, per_mille(his[0], links[0]), "per mille");
    qn_peers_report_claim(
        &run->report, per_mille(his[1], links[1]) <= percent * 10 + OUT_ABOVE,
        "links that we dialled are his by at most 35 % more than what he paid for");
    qn_peers_report_claim(&run->report, eclipsed == 0, "no node has hostile peers only");
    qn_peers_claim_calm(&world, &run->report);
    qn_peers_world_fini(&world);
}

void qn_peers_play_sybil(struct qn_peers_run *run)
{
    static const unsigned percents[] = {1, 5, 10, 20, 33};

    for (size_t i = 0; i < QN_ARRAY_COUNT(percents); i++) {
        if (!run->quick || percents[i] == 10 || percents[i] == 33) {
            play(run, percents[i]);
        }
    }
}
