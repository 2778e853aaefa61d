/* A region is cut off: no packet between Asia and the rest for five minutes. Whole nodes must notice within
 * ten seconds that they hold nobody there, keep what they have elsewhere, and find back by themselves. */
#include "sim/peers/scenario.h"

#include "sim/peers/samples.h"
#include "sim/peers/world.h"

#include <stdlib.h>

enum {
    NODES = 5000,
    HOSTS = 100,
    HOSTS_QUICK = 12,
    LINKS_MAX = 256,
    SETTLES_S = 60,
    CUT_S = 300,
    CUT_QUICK_S = 60,
    BACK_S = 120,
    WITHIN_MS = 10000,
    PEERS = 4, /* in the region, or of it elsewhere: found back */
};

struct cut {
    struct qn_peers_world *world;
    bool is_cut;
    qn_time_us since;
    bool *noticed;
    bool *back;
    struct qn_peers_samples noticed_ms;
    struct qn_peers_samples back_ms;
};

static bool is_asia(const struct qn_peers_world *world, uint32_t node)
{
    return world->crowd.nodes[node].region == QN_REGION_ASIA;
}

static bool is_reachable(void *context, uint32_t from, uint32_t to)
{
    const struct cut *cut = context;

    return !cut->is_cut || is_asia(cut->world, from) == is_asia(cut->world, to);
}

/* Live links over the cut: of those in Asia all that lead out of it. */
static size_t across(const struct qn_peers_world *world, size_t host)
{
    const struct qn_peering_counts *counts = qn_peering_counts(world->hosts[host].peering);
    size_t asia = counts->hot[QN_REGION_ASIA];
    size_t all = 0;

    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        all += counts->hot[i];
    }
    return is_asia(world, world->hosts[host].node) ? all - asia : asia;
}

static void watch(void *context, struct qn_peers_world *world)
{
    struct cut *cut = context;

    if (cut->since == 0) {
        return;
    }
    for (size_t i = 0; i < world->host_count; i++) {
        size_t links = across(world, i);
        uint64_t ms = (world->now - cut->since) / 1000;
        if (cut->is_cut && !cut->noticed[i] && links == 0) {
            cut->noticed[i] = true;
            qn_peers_samples_add(&cut->noticed_ms, ms);
        } else if (!cut->is_cut && !cut->back[i] && links >= PEERS) {
            cut->back[i] = true;
            qn_peers_samples_add(&cut->back_ms, ms);
        }
    }
}

static void play(struct cut *cut, struct qn_peers_run *run)
{
    struct qn_peers_world *world = cut->world;
    struct qn_peers_report *out = &run->report;
    uint64_t elsewhere = UINT64_MAX;

    qn_peers_start_all(world, QN_SECONDS(5));
    qn_peers_run_for(world, QN_SECONDS(SETTLES_S));
    cut->is_cut = true;
    cut->since = world->now;
    qn_peers_cut(world);
    uint64_t dials = world->dials;
    unsigned seconds = run->quick ? CUT_QUICK_S : CUT_S;
    qn_peers_run_for(world, QN_SECONDS(seconds));
    dials = (world->dials - dials) * 60 / seconds / world->host_count;
    for (size_t i = 0; i < world->host_count; i++) {
        uint64_t live = qn_peering_counts(world->hosts[i].peering)->live;
        elsewhere = live < elsewhere ? live : elsewhere;
    }
    size_t noticed = cut->noticed_ms.count;
    struct qn_peers_quantiles noticed_ms = qn_peers_samples_end(&cut->noticed_ms);
    qn_peers_report_figure(out, "whole nodes", world->host_count, "");
    qn_peers_report_figure(out, "last link over the cut gone, half of them", noticed_ms.p50, "ms");
    qn_peers_report_figure(out, "last link over the cut gone, the last", noticed_ms.max, "ms");
    qn_peers_report_figure(out, "dials of a node in a minute of it", dials, "dials");
    qn_peers_report_figure(out, "fewest links that a node kept", elsewhere, "links");
    qn_peers_report_claim(out, noticed == world->host_count && noticed_ms.max <= WITHIN_MS,
                          "everybody notices within 10 s");
    qn_peers_report_claim(out, elsewhere >= PEERS, "nobody loses its other peers");
    cut->is_cut = false;
    cut->since = world->now;
    qn_peers_run_for(world, QN_SECONDS(BACK_S));
    size_t back = cut->back_ms.count;
    struct qn_peers_quantiles back_ms = qn_peers_samples_end(&cut->back_ms);
    qn_peers_report_figure(out, "four links over the former cut, half of them", back_ms.p50, "ms");
    qn_peers_report_figure(out, "four links over the former cut, the last", back_ms.max, "ms");
    qn_peers_report_claim(out, back == world->host_count, "everybody finds back");
    qn_peers_report_claim(out, world->broken == NULL, world->broken == NULL ? "" : world->broken);
}

void qn_peers_play_cut(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    struct cut cut = {.world = &world};
    struct qn_peers_plan plan = {.crowd = {.seed = run->seed, .honest = NODES},
                                 .hosts = run->quick ? HOSTS_QUICK : HOSTS,
                                 .links_max = LINKS_MAX};
    struct qn_peers_rules rules = {.context = &cut, .reachable = is_reachable, .after_step = watch};

    qn_peers_world_init(&world, &plan, &rules);
    cut.noticed = calloc(world.host_count, sizeof *cut.noticed);
    cut.back = calloc(world.host_count, sizeof *cut.back);
    QN_ASSERT(cut.noticed != NULL && cut.back != NULL);
    play(&cut, run);
    free(cut.noticed);
    free(cut.back);
    qn_peers_world_fini(&world);
}
