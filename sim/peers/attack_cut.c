/* A region is cut off: no packet between Asia and the rest for five minutes. Whole nodes must raise the alarm within
 * ten seconds, for that region and no other, keep what they have elsewhere, find back by themselves, and end it. */
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
    BACK_WITHIN_MS = 60000,
    PEERS = 4, /* in the region, or of it elsewhere: found back */
};

struct cut {
    struct qn_peers_world *world;
    bool is_cut;
    qn_time_us since;
    bool *alarmed;
    bool *gone;
    bool *back;
    bool *calm;
    struct qn_peers_samples alarmed_ms;
    struct qn_peers_samples gone_ms;
    struct qn_peers_samples back_ms;
    struct qn_peers_samples calm_ms;
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

/* Of a node in Asia: that it is cut off itself. */
static bool is_alarmed(const struct qn_peers_world *world, size_t host)
{
    const struct qn_peering_alarms *alarms = qn_peering_alarms(world->hosts[host].peering);

    return is_asia(world, world->hosts[host].node) ? alarms->cut_off
                                                   : alarms->raised[QN_REGION_ASIA];
}

static bool is_calm(const struct qn_peers_world *world, size_t host)
{
    const struct qn_peering_alarms *alarms = qn_peering_alarms(world->hosts[host].peering);
    bool raised = false;

    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        raised |= alarms->raised[i];
    }
    return !raised;
}

static void note(bool *done, struct qn_peers_samples *samples, bool is, uint64_t ms)
{
    if (is && !*done) {
        *done = true;
        qn_peers_samples_add(samples, ms);
    }
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
        if (cut->is_cut) {
            note(&cut->alarmed[i], &cut->alarmed_ms, is_alarmed(world, i), ms);
            note(&cut->gone[i], &cut->gone_ms, links == 0, ms);
        } else {
            note(&cut->back[i], &cut->back_ms, links >= PEERS, ms);
            note(&cut->calm[i], &cut->calm_ms, is_calm(world, i), ms);
        }
    }
}

/* Whoever is in Asia will miss all others, everybody else Asia: as far as it has links there now. */
static uint64_t alarms_due(const struct qn_peers_world *world)
{
    uint64_t due = 0;

    for (size_t i = 0; i < world->host_count; i++) {
        const struct qn_peering_counts *counts = qn_peering_counts(world->hosts[i].peering);
        for (size_t region = 0; region < QN_REGION_COUNT; region++) {
            bool beyond = is_asia(world, world->hosts[i].node) != (region == QN_REGION_ASIA);
            due += beyond && counts->hot[region] > 0 ? 1 : 0;
        }
    }
    return due;
}

static void play(struct cut *cut, struct qn_peers_run *run)
{
    struct qn_peers_world *world = cut->world;
    struct qn_peers_report *out = &run->report;
    uint64_t elsewhere = UINT64_MAX;

    qn_peers_start_all(world, QN_SECONDS(5));
    qn_peers_run_for(world, QN_SECONDS(SETTLES_S));
    uint64_t before = world->alarms;
    uint64_t due = alarms_due(world);
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
    size_t alarmed = cut->alarmed_ms.count;
    struct qn_peers_quantiles alarmed_ms = qn_peers_samples_end(&cut->alarmed_ms);
    struct qn_peers_quantiles gone_ms = qn_peers_samples_end(&cut->gone_ms);
    qn_peers_report_figure(out, "whole nodes", world->host_count, "");
    qn_peers_report_figure(out, "alarm, half of them", alarmed_ms.p50, "ms");
    qn_peers_report_figure(out, "alarm, the last", alarmed_ms.max, "ms");
    qn_peers_report_figure(out, "last link over the cut gone, half of them", gone_ms.p50, "ms");
    qn_peers_report_figure(out, "last link over the cut gone, the last", gone_ms.max, "ms");
    qn_peers_report_figure(out, "dials of a node in a minute of it", dials, "dials");
    qn_peers_report_figure(out, "fewest links that a node kept", elsewhere, "links");
    qn_peers_report_claim(out, alarmed == world->host_count && alarmed_ms.max <= WITHIN_MS,
                          "everybody raises the alarm within 10 s");
    qn_peers_report_claim(out, elsewhere >= PEERS, "nobody loses its other peers");
    cut->is_cut = false;
    cut->since = world->now;
    qn_peers_run_for(world, QN_SECONDS(BACK_S));
    size_t back = cut->back_ms.count;
    size_t calm = cut->calm_ms.count;
    struct qn_peers_quantiles back_ms = qn_peers_samples_end(&cut->back_ms);
    struct qn_peers_quantiles calm_ms = qn_peers_samples_end(&cut->calm_ms);
    qn_peers_report_figure(out, "four links over the former cut, half of them", back_ms.p50, "ms");
    qn_peers_report_figure(out, "four links over the former cut, the last", back_ms.max, "ms");
    qn_peers_report_figure(out, "alarm over, the last", calm_ms.max, "ms");
    qn_peers_report_figure(out, "alarms, for each node and region", world->alarms, "");
    qn_peers_report_claim(out, back == world->host_count && back_ms.max <= BACK_WITHIN_MS,
                          "everybody finds back within 60 s");
    qn_peers_report_claim(out, calm == world->host_count, "every alarm ends");
    qn_peers_report_claim(out, before == 0 && world->alarms == due,
                          "nobody misses a region that is there");
    qn_peers_claim_sound(world, out);
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
    bool *flags = calloc(4 * world.host_count, sizeof *flags);
    QN_ASSERT(flags != NULL);
    cut.alarmed = flags;
    cut.gone = flags + world.host_count;
    cut.back = flags + 2 * world.host_count;
    cut.calm = flags + 3 * world.host_count;
    play(&cut, run);
    free(flags);
    qn_peers_world_fini(&world);
}
