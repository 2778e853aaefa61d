/* Exhaustion of places: thousands of registered hostile nodes keep every inbound place of one node taken,
 * and others connect and say nothing. An honest newcomer that dials it as any node would gets in all the
 * same, and stays. */
#include "sim/peers/scenario.h"

#include "sim/peers/samples.h"
#include "sim/peers/world.h"

#include <stdio.h>

enum {
    HONEST = 4000,
    HOSTILE = 4000,
    HOSTILE_GROUPS = 64,
    LINKS_MAX = 128,
    FLOOD_S = 60,
    DIALS_A_STEP = 4,
    STALLS_A_STEP = 4,
    NEWCOMERS = 100,
    NEWCOMERS_QUICK = 8,
    NEWCOMER_EVERY_S = 10,
    WITHIN_MS = 30000,
    REDIAL_MIN_MS = 250, /* its back-off: doubling, jittered, as that of the dialer */
    REDIAL_MAX_MS = 8000,
    STAYS_S = 60,
};

struct newcomer {
    uint32_t node; /* QN_CROWD_NOBODY: none */
    qn_time_us since;
    qn_time_us next;
    uint64_t pause_ms;
};

struct siege {
    struct newcomer newcomer;
    struct qn_peers_samples within_ms;
    uint64_t late;
    uint64_t admitted;
    uint32_t friends[NEWCOMERS]; /* who were admitted */
    bool attacks;
};

static uint32_t draw(struct qn_peers_world *world, bool hostile)
{
    for (;;) {
        uint32_t node = (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
        if (world->crowd.nodes[node].hostile == hostile && node >= QN_PEERS_GENESIS &&
            world->host_of[node] == QN_PEERS_LIGHT) {
            return node;
        }
    }
}

static void knock(struct siege *siege, struct qn_peers_world *world)
{
    struct newcomer *newcomer = &siege->newcomer;

    if (newcomer->node == QN_CROWD_NOBODY) {
        return;
    }
    if (qn_peers_link_between(world, 0, newcomer->node) != NULL) {
        uint64_t ms = (world->now - newcomer->since) / 1000;
        qn_peers_samples_add(&siege->within_ms, ms);
        siege->late += ms > WITHIN_MS ? 1 : 0;
        siege->friends[siege->admitted++] = newcomer->node;
        newcomer->node = QN_CROWD_NOBODY;
    } else if (world->now >= newcomer->next) {
        qn_peers_light_dials(world, newcomer->node, 0);
        newcomer->next = world->now + QN_MS(newcomer->pause_ms / 2 +
                                            qn_rng_below(&world->rng, newcomer->pause_ms));
        newcomer->pause_ms =
            newcomer->pause_ms * 2 > REDIAL_MAX_MS ? REDIAL_MAX_MS : newcomer->pause_ms * 2;
    }
}

static void besiege(void *context, struct qn_peers_world *world)
{
    struct siege *siege = context;

    for (size_t i = 0; siege->attacks && i < DIALS_A_STEP; i++) {
        uint32_t node = draw(world, true);
        if (qn_peers_link_between(world, 0, node) == NULL) {
            qn_peers_light_dials(world, node, 0);
        }
    }
    for (size_t i = 0; siege->attacks && i < STALLS_A_STEP; i++) {
        qn_peers_light_stalls(world, draw(world, true), 0);
    }
    knock(siege, world);
}

static void play_newcomers(struct siege *siege, struct qn_peers_world *world, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        siege->newcomer = (struct newcomer){.node = draw(world, false),
                                            .since = world->now,
                                            .next = world->now,
                                            .pause_ms = REDIAL_MIN_MS};
        qn_peers_run_for(world, QN_SECONDS(NEWCOMER_EVERY_S));
        while (siege->newcomer.node != QN_CROWD_NOBODY &&
               world->now - siege->newcomer.since < 2 * QN_MS(WITHIN_MS)) {
            qn_peers_run_for(world, QN_SECONDS(1));
        }
    }
}

void qn_peers_play_exhaustion(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    static struct siege siege;
    struct qn_peers_report *out = &run->report;
    struct qn_peers_plan plan = {.crowd = {.seed = run->seed,
                                           .honest = HONEST,
                                           .hostile = HOSTILE,
                                           .hostile_groups = HOSTILE_GROUPS,
                                           .hostile_region = -1},
                                 .hosts = 1,
                                 .links_max = LINKS_MAX,
                                 .alone = true};
    struct qn_peers_rules rules = {.context = &siege, .after_step = besiege};
    size_t count = run->quick ? NEWCOMERS_QUICK : NEWCOMERS;
    struct qn_peers_degree degree;
    uint64_t stayed = 0;

    siege = (struct siege){.newcomer = {.node = QN_CROWD_NOBODY}, .attacks = true};
    qn_peers_world_init(&world, &plan, &rules);
    qn_peers_start(&world, 0);
    qn_peers_run_for(&world, QN_SECONDS(FLOOD_S));
    qn_peers_degree(&world, 0, &degree);
    qn_peers_report_figure(out, "links before the first newcomer", degree.in + degree.out, "links");
    qn_peers_report_figure(out, "hostile ones among them", degree.hostile, "links");
    qn_peers_report_claim(out, degree.in + degree.out >= LINKS_MAX, "every place is taken");
    play_newcomers(&siege, &world, count);
    qn_peers_run_for(&world, QN_SECONDS(STAYS_S));
    for (size_t i = 0; i < siege.admitted; i++) {
        stayed += qn_peers_link_between(&world, 0, siege.friends[i]) != NULL ? 1 : 0;
    }
    const struct qn_peering_counts *counts = qn_peering_counts(world.hosts[0].peering);
    uint64_t admitted = siege.admitted;
    struct qn_peers_quantiles within_ms = qn_peers_samples_end(&siege.within_ms);
    qn_peers_report_figure(out, "newcomers, one after another", count, "");
    qn_peers_report_figure(out, "admitted", admitted, "");
    qn_peers_report_figure(out, "time to a link, half of them", within_ms.p50, "ms");
    qn_peers_report_figure(out, "time to a link, the last", within_ms.max, "ms");
    qn_peers_report_figure(out, "still there at the end", stayed, "");
    qn_peers_report_figure(out, "evicted in all", counts->evicted, "links");
    for (unsigned limit = 1; limit < QN_ADMISSION_COUNT; limit++) {
        char name[QN_PEERS_FIGURE_NAME_SIZE];
        (void)snprintf(name, sizeof name, "refused: %s",
                       qn_admission_name((enum qn_admission_limit)limit));
        if (counts->refused[limit] > 0) {
            qn_peers_report_figure(out, name, counts->refused[limit], "");
        }
    }
    qn_peers_report_claim(out, admitted == count && siege.late == 0,
                          "every honest newcomer has a link within 30 s");
    qn_peers_claim_calm(&world, out);
    qn_peers_world_fini(&world);
}
