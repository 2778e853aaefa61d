/* Somebody else answers at a genesis node's address, as a hijack of its route makes it: with a key of his
 * own. Nobody takes him for the genesis node, and newcomers find the network by the others. Then even all
 * genesis addresses but one are his. */
#include "sim/peers/scenario.h"

#include "sim/peers/samples.h"
#include "sim/peers/world.h"

enum {
    NODES = 2000,
    HOSTS = 60,
    HOSTS_QUICK = 8,
    LINKS_MAX = 128,
    RUNS_S = 30,
    PEERS = 4,
};

struct hijack {
    uint32_t taken;    /* genesis addresses */
    uint32_t impostor; /* a registered node of the attacker */
    uint64_t believed;
    bool connected[HOSTS];
    struct qn_peers_samples connected_ms;
};

static uint32_t answers(void *context, uint32_t node)
{
    const struct hijack *hijack = context;

    return node < hijack->taken ? hijack->impostor : node;
}

/* A link that this host holds to be one with this node, while it is one with somebody else. */
static bool is_fooled(const struct qn_peers_world *world, size_t host, uint32_t genesis)
{
    const struct qn_peers_link *link = qn_peers_link_between(world, host, genesis);

    return link != NULL && link->node[0] != genesis && link->node[1] != genesis;
}

static void watch(void *context, struct qn_peers_world *world)
{
    struct hijack *hijack = context;

    for (size_t i = 0; i < world->host_count; i++) {
        const struct qn_peers_host *host = &world->hosts[i];
        if (host->peering == NULL) {
            continue;
        }
        for (uint32_t genesis = 0; genesis < hijack->taken; genesis++) {
            hijack->believed += is_fooled(world, i, genesis) ? 1 : 0;
        }
        if (!hijack->connected[i] && qn_peering_counts(host->peering)->live >= PEERS) {
            hijack->connected[i] = true;
            qn_peers_samples_add(&hijack->connected_ms, (world->now - host->started) / 1000);
        }
    }
}

static void play(struct qn_peers_run *run, uint32_t taken, const char *what[3])
{
    static struct qn_peers_world world;
    struct qn_peers_report *out = &run->report;
    struct hijack hijack = {.taken = taken};
    struct qn_peers_plan plan = {.crowd = {.seed = run->seed + taken,
                                           .honest = NODES - 1,
                                           .hostile = 1,
                                           .hostile_groups = 1,
                                           .hostile_region = -1},
                                 .hosts = run->quick ? HOSTS_QUICK : HOSTS,
                                 .links_max = LINKS_MAX};
    struct qn_peers_rules rules = {.context = &hijack, .answers = answers, .after_step = watch};

    qn_peers_world_init(&world, &plan, &rules);
    while (!world.crowd.nodes[hijack.impostor].hostile) {
        hijack.impostor += 1;
    }
    qn_peers_start_all(&world, QN_SECONDS(1));
    qn_peers_run_for(&world, QN_SECONDS(RUNS_S));
    size_t connected = hijack.connected_ms.count;
    struct qn_peers_quantiles connected_ms = qn_peers_samples_end(&hijack.connected_ms);
    qn_peers_report_figure(out, what[0], world.key_mismatches, "dials");
    qn_peers_report_figure(out, what[1], hijack.believed, "");
    qn_peers_report_figure(out, what[2], connected_ms.max, "ms");
    qn_peers_report_claim(out, world.key_mismatches > 0, "the impostor was dialled");
    qn_peers_report_claim(out, hijack.believed == 0, "nobody takes him for the genesis node");
    qn_peers_report_claim(out, connected == world.host_count, "everybody has four peers");
    qn_peers_claim_calm(&world, out);
    qn_peers_world_fini(&world);
}

void qn_peers_play_hijack(struct qn_peers_run *run)
{
    static const char *one[] = {"one address taken: dials that met another key",
                                "one address taken: links believed to be the genesis node's",
                                "one address taken: four peers, the last newcomer"};
    static const char *most[] = {"all but one taken: dials that met another key",
                                 "all but one taken: links believed to be theirs",
                                 "all but one taken: four peers, the last newcomer"};

    play(run, 1, one);
    play(run, QN_PEERS_GENESIS - 1, most);
}
