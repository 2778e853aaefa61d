/* Nodes come and go: in every hour 30 % of all nodes leave for good and as many others come. Whole nodes
 * must keep their links without dialling themselves to death. */
#include "sim/peers/scenario.h"

#include "sim/peers/samples.h"
#include "sim/peers/world.h"

enum {
    NODES = 10000,
    AWAY = 2000, /* of them, at any moment; who comes was away */
    HOSTS = 60,
    HOSTS_QUICK = 8,
    LINKS_MAX = 256,
    SETTLES_S = 60,
    RUNS_S = 3600,
    RUNS_QUICK_S = 120,
    CHURN_PERCENT = 30, /* of the nodes that are up, an hour */
    PEERS = 20,         /* the committee alone, which stays, is five */
};

struct churn {
    uint64_t left_over; /* of leaving nodes, in parts of an hour */
    uint64_t left;
    uint64_t lonely; /* seconds of whole nodes with fewer than PEERS links */
    uint64_t seconds;
    struct qn_peers_samples live;
};

static void toggle(struct qn_peers_world *world, bool up)
{
    for (;;) {
        uint32_t node = (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
        if (world->crowd.nodes[node].up == up && node >= QN_PEERS_GENESIS &&
            world->host_of[node] == QN_PEERS_LIGHT) {
            qn_peers_set_up(world, node, !up);
            return;
        }
    }
}

static void turn(void *context, struct qn_peers_world *world)
{
    struct churn *churn = context;
    uint64_t steps_an_hour = QN_SECONDS(3600) / QN_PEERS_STEP;

    churn->left_over += (uint64_t)(NODES - AWAY) * CHURN_PERCENT / 100;
    for (; churn->left_over >= steps_an_hour; churn->left_over -= steps_an_hour) {
        toggle(world, true);
        toggle(world, false);
        churn->left += 1;
    }
    if (world->now % QN_SECONDS(1) != 0) {
        return;
    }
    for (size_t i = 0; i < world->host_count; i++) {
        size_t live = qn_peering_counts(world->hosts[i].peering)->live;
        churn->lonely += live < PEERS ? 1 : 0;
        churn->seconds += 1;
        qn_peers_samples_add(&churn->live, live);
    }
}

void qn_peers_play_churn(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    struct qn_peers_report *out = &run->report;
    struct churn churn = {0};
    struct qn_peers_plan plan = {.crowd = {.seed = run->seed, .honest = NODES},
                                 .hosts = run->quick ? HOSTS_QUICK : HOSTS,
                                 .links_max = LINKS_MAX};
    unsigned seconds = run->quick ? RUNS_QUICK_S : RUNS_S;
    uint64_t dials = 0;

    qn_peers_world_init(&world, &plan, NULL);
    for (size_t i = 0; i < AWAY; i++) {
        toggle(&world, true);
    }
    qn_peers_start_all(&world, QN_SECONDS(5));
    qn_peers_run_for(&world, QN_SECONDS(SETTLES_S));
    world.rules = (struct qn_peers_rules){.context = &churn, .after_step = turn};
    dials = world.dials;
    qn_peers_run_for(&world, QN_SECONDS(seconds));
    dials = (world.dials - dials) * 3600 / seconds / world.host_count;
    struct qn_peers_quantiles live = qn_peers_samples_end(&churn.live);
    qn_peers_report_figure(out, "nodes that left, and as many that came", churn.left, "");
    qn_peers_report_figure(out, "links of a node, 5 % of the time at most", live.p5, "links");
    qn_peers_report_figure(out, "links of a node, half of the time", live.p50, "links");
    qn_peers_report_figure(out, "time with fewer than twenty links",
                           churn.seconds == 0 ? 0 : churn.lonely * 1000000 / churn.seconds, "ppm");
    qn_peers_report_figure(out, "dials of a node in an hour", dials, "dials");
    qn_peers_report_claim(out, churn.lonely == 0,
                          "no node is ever left with fewer than twenty links");
    qn_peers_claim_calm(&world, out);
    qn_peers_world_fini(&world);
}
