/* A redial storm: a thousand whole nodes lose the network for a minute and get it back at the same moment.
 * How many dials a second does that make, in all and of one node, and how long until all have peers? */
#include "sim/peers/scenario.h"

#include "sim/peers/samples.h"
#include "sim/peers/world.h"

#include <stdlib.h>

enum {
    NODES = 1000,
    NODES_QUICK = 80,
    LINKS_MAX = 256,
    SETTLES_S = 40,
    OUTAGE_S = 40,
    ALARM_S = 10,
    BACK_S = 40,
    PEERS = 4,         /* with so many a node is back */
    PEAK_OF_NODE = 30, /* dials a second: to the committee and to others */
    PEAK_A_NODE = 12,  /* and on average, in the worst second */
    BACK_WITHIN_MS = 30000,
};

struct storm {
    bool down;
    qn_time_us since;  /* it ended */
    uint64_t second;   /* of the counts below */
    uint64_t before;   /* dials of all when it began */
    uint64_t *of_node; /* dials of each then */
    uint64_t peak;
    uint64_t peak_of_node;
    bool *back;
    struct qn_peers_samples back_ms;
};

static bool is_reachable(void *context, uint32_t from, uint32_t to)
{
    const struct storm *storm = context;

    (void)from;
    (void)to;
    return !storm->down;
}

static void count_dials(struct storm *storm, const struct qn_peers_world *world)
{
    uint64_t second = world->now / QN_SECONDS(1);

    if (second == storm->second) {
        return;
    }
    storm->second = second;
    uint64_t dials = world->dials - storm->before;
    storm->peak = dials > storm->peak ? dials : storm->peak;
    storm->before = world->dials;
    for (size_t i = 0; i < world->host_count; i++) {
        uint64_t own = world->hosts[i].dials - storm->of_node[i];
        storm->peak_of_node = own > storm->peak_of_node ? own : storm->peak_of_node;
        storm->of_node[i] = world->hosts[i].dials;
    }
}

static void watch(void *context, struct qn_peers_world *world)
{
    struct storm *storm = context;

    count_dials(storm, world);
    for (size_t i = 0; storm->since != 0 && i < world->host_count; i++) {
        if (!storm->back[i] && qn_peering_counts(world->hosts[i].peering)->live >= PEERS) {
            storm->back[i] = true;
            qn_peers_samples_add(&storm->back_ms, (world->now - storm->since) / 1000);
        }
    }
}

static void rage(struct storm *storm, struct qn_peers_world *world, struct qn_peers_report *out)
{
    size_t live = 0;
    size_t cut_off = 0;

    qn_peers_start_all(world, QN_SECONDS(10));
    qn_peers_run_for(world, QN_SECONDS(SETTLES_S));
    uint64_t calm = world->dials;
    uint64_t alarms = world->alarms;
    storm->down = true;
    qn_peers_cut(world);
    storm->peak = 0;
    storm->peak_of_node = 0;
    qn_peers_run_for(world, QN_SECONDS(ALARM_S));
    for (size_t i = 0; i < world->host_count; i++) {
        cut_off += qn_peering_alarms(world->hosts[i].peering)->cut_off ? 1 : 0;
    }
    qn_peers_run_for(world, QN_SECONDS(OUTAGE_S - ALARM_S));
    for (size_t i = 0; i < world->host_count; i++) {
        live += qn_peering_counts(world->hosts[i].peering)->live;
    }
    qn_peers_report_figure(out, "nodes", world->host_count, "");
    qn_peers_report_figure(out, "dials before, in a minute", calm, "dials");
    qn_peers_report_figure(out, "links left in the outage", live, "links");
    qn_peers_report_figure(out, "peak in the outage, all nodes", storm->peak, "dials/s");
    qn_peers_report_figure(out, "peak in the outage, one node", storm->peak_of_node, "dials/s");
    qn_peers_report_figure(out, "nodes that know within 10 s to be cut off", cut_off, "");
    qn_peers_report_claim(out, live == 0, "the outage ends every link");
    qn_peers_report_claim(out, alarms == 0 && cut_off == world->host_count,
                          "everybody raises the alarm within 10 s, and nobody before");
    qn_peers_report_claim(out, storm->peak <= (uint64_t)PEAK_A_NODE * world->host_count,
                          "the peak in the outage is bounded");
    storm->down = false;
    storm->since = world->now;
    storm->peak = 0;
    storm->peak_of_node = 0;
    qn_peers_run_for(world, QN_SECONDS(BACK_S));
}

void qn_peers_play_storm(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    struct qn_peers_report *out = &run->report;
    struct storm storm = {0};
    size_t nodes = run->quick ? NODES_QUICK : NODES;
    struct qn_peers_plan plan = {
        .crowd = {.seed = run->seed, .honest = nodes}, .hosts = nodes, .links_max = LINKS_MAX};
    struct qn_peers_rules rules = {
        .context = &storm, .reachable = is_reachable, .after_step = watch};

    storm.of_node = calloc(nodes, sizeof *storm.of_node);
    storm.back = calloc(nodes, sizeof *storm.back);
    QN_ASSERT(storm.of_node != NULL && storm.back != NULL);
    qn_peers_world_init(&world, &plan, &rules);
    rage(&storm, &world, out);
    size_t back = storm.back_ms.count;
    struct qn_peers_quantiles back_ms = qn_peers_samples_end(&storm.back_ms);
    qn_peers_report_figure(out, "peak afterwards, all nodes", storm.peak, "dials/s");
    qn_peers_report_figure(out, "peak afterwards, one node", storm.peak_of_node, "dials/s");
    qn_peers_report_figure(out, "four peers again, half of the nodes", back_ms.p50, "ms");
    qn_peers_report_figure(out, "four peers again, the last node", back_ms.max, "ms");
    qn_peers_report_claim(out, storm.peak <= (uint64_t)PEAK_A_NODE * world.host_count,
                          "the peak afterwards is bounded");
    qn_peers_report_claim(out, storm.peak_of_node <= PEAK_OF_NODE,
                          "no node dials faster than its pace");
    qn_peers_report_claim(out, back == world.host_count && back_ms.max <= BACK_WITHIN_MS,
                          "everybody has four peers again within 30 s");
    qn_peers_claim_sound(&world, out);
    qn_peers_world_fini(&world);
    free(storm.of_node);
    free(storm.back);
}
