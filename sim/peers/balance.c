/* The load balancer at work in whole nodes: a step of load settles, and an hour of noise moves nobody twice. */
#include "sim/peers/scenario.h"

#include "sim/peers/world.h"

#include <string.h>

enum {
    NODES = 3000, /* registered: 100 links a region */
    HOSTS = 8,
    HOSTS_QUICK = 3,
    LINKS_MAX = 512,
    SETTLES_S = 70, /* anchors are chosen after a minute */
    WATCHED_S = 60,
    SETTLED_MS_MAX = 10000,
    CROWDED = QN_REGION_EUROPE,
    BEFORE = 45, /* inbound links of that region before the step, and as many come with it */
    STARS = QN_BALANCE_BEST_STAY,
    NEWS_A_SECOND = 2,
    BUSY_PERCENT = 95,
    IDLE_PERCENT = 60,
    NOISE_S = 3600,
    NOISE_QUICK_S = 400,
    NOISE_FILL = 72, /* links of the crowded region: some leave and others come */
    NOISE_LEAVE_ONE_IN = 5,
    NOISE_CPU_MAX = 48,     /* percent of a core, any below that, */
    NOISE_PEAK_PERCENT = 8, /* and now and then */
    NOISE_PEAK = 97,
    NOISE_QUEUE_MAX = 200000, /* bytes */
    RARELY = 100,             /* seconds for each peer that noise moves */
    MOVES_KEPT = 4096,
};

struct moved {
    size_t host;
    qn_time_us at;
    struct qn_move move;
};

struct host_state {
    uint64_t history;       /* moves seen so far */
    uint32_t next_newcomer; /* node number to look at next */
    uint32_t stars[STARS];  /* the farthest of the crowded region, which bring news first */
    uint32_t noise_percent; /* of a core, drawn anew each second */
    uint32_t busy_links;    /* live links when its loop became busy; 0: it is not */
    qn_time_us shed[QN_REGION_COUNT];
};

struct balance {
    bool is_noise;
    qn_time_us step_at; /* 0: before it */
    size_t count;       /* peers moved away */
    size_t twice;       /* of them, by the same node before */
    size_t forbidden;   /* stars, anchors, committee */
    size_t reversals;   /* a region that gave up wanted more within the rest */
    size_t wants;
    uint64_t places_broken; /* region with more links than 40 % of all */
    uint64_t minimum_broken;
    qn_time_us last_move_us; /* after the step */
    struct host_state hosts[HOSTS];
    struct moved moved[MOVES_KEPT];
};

/* ---- who is there ---- */

static void newcomer(struct qn_peers_world *world, struct balance *balance, size_t at)
{
    struct host_state *state = &balance->hosts[at];
    for (;;) {
        uint32_t node = QN_PEERS_GENESIS + state->next_newcomer++ % (NODES - QN_PEERS_GENESIS);
        const struct qn_crowd_node *peer = &world->crowd.nodes[node];
        if (peer->declared == CROWDED && world->host_of[node] == QN_PEERS_LIGHT &&
            qn_peers_link_between(world, at, node) == NULL) {
            qn_peers_light_dials(world, node, at);
            return;
        }
    }
}

static void newcomers(struct qn_peers_world *world, struct balance *balance, size_t count)
{
    for (size_t at = 0; at < world->host_count; at++) {
        for (size_t i = 0; i < count; i++) {
            newcomer(world, balance, at);
        }
    }
}

static uint32_t other_node(size_t at, const struct qn_peers_link *link)
{
    return link->host[0] == (int32_t)at ? link->node[1] : link->node[0];
}

/* Somebody of those who dialled ends his link. */
static void leave(struct qn_peers_world *world, size_t at)
{
    const struct qn_peers_host *host = &world->hosts[at];
    struct qn_peers_link *link =
        &world->links[host->links[qn_rng_below(&world->rng, host->link_count)]];
    if (link->host[1] == (int32_t)at && link->live[0] && link->node[0] >= QN_PEERS_GENESIS) {
        qn_peers_close(world, link, 0);
    }
}

/* The farthest who dialled: without their news they would be the first to go. */
static void choose_stars(const struct qn_peers_world *world, struct balance *balance, size_t at)
{
    struct host_state *state = &balance->hosts[at];
    const struct qn_peers_host *host = &world->hosts[at];
    uint32_t rtts[STARS] = {0};
    for (size_t i = 0; i < host->link_count; i++) {
        const struct qn_peers_link *link = &world->links[host->links[i]];
        uint32_t node = other_node(at, link);
        bool may_be = link->live[0] && link->live[1] && link->host[1] == (int32_t)at &&
                      world->crowd.nodes[node].declared == CROWDED && node >= QN_PEERS_GENESIS;
        size_t least = 0;
        for (size_t j = 1; j < STARS; j++) {
            least = rtts[j] < rtts[least] ? j : least;
        }
        if (may_be && link->rtt_us > rtts[least]) {
            rtts[least] = link->rtt_us;
            state->stars[least] = node;
        }
    }
}

static void shine(const struct qn_peers_world *world, const struct balance *balance, size_t at)
{
    for (size_t i = 0; i < STARS; i++) {
        uint32_t node = balance->hosts[at].stars[i];
        const struct qn_peers_link *link =
            node != 0 ? qn_peers_link_between(world, at, node) : NULL;
        for (size_t news = 0; link != NULL && news < NEWS_A_SECOND; news++) {
            qn_peering_on_delivery(world->hosts[at].peering, link->id, true, world->now);
        }
    }
}

/* ---- what is measured ---- */

static uint32_t load(void *context, struct qn_peers_world *world, size_t at,
                     struct qn_link_load *link)
{
    struct balance *balance = context;
    const struct host_state *state = &balance->hosts[at];
    uint64_t seconds = world->now / QN_SECONDS(1);

    link->bytes = seconds * 400; /* as many a second on each */
    if (balance->is_noise) {
        link->bytes = seconds * 400 + qn_rng_below(&world->rng, 4000);
        link->queued_bytes = (uint32_t)qn_rng_below(&world->rng, NOISE_QUEUE_MAX);
        return state->noise_percent;
    }
    if (state->busy_links == 0) {
        return IDLE_PERCENT;
    }
    size_t live = qn_peering_counts(world->hosts[at].peering)->live;
    return (uint32_t)(live * BUSY_PERCENT / state->busy_links);
}

/* ---- what came of it ---- */

static bool is_forbidden(const struct qn_peers_world *world, const struct balance *balance,
                         size_t at, const struct qn_move *move)
{
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    size_t count = qn_book_anchors(qn_peering_book(world->hosts[at].peering), anchors);
    uint32_t node = qn_crowd_find(&world->crowd, &move->id);
    bool is = node < QN_PEERS_GENESIS;
    for (size_t i = 0; i < count && move->kind == QN_MOVE_REST; i++) {
        is |= qn_node_id_equal(&anchors[i].what.id, &move->id);
    }
    for (size_t i = 0; i < STARS; i++) {
        is |= node == balance->hosts[at].stars[i];
    }
    return is;
}

static void note_move(const struct qn_peers_world *world, struct balance *balance, size_t at,
                      const struct qn_move *move)
{
    struct host_state *state = &balance->hosts[at];
    if (move->kind == QN_MOVE_WANT) {
        qn_time_us shed = state->shed[move->region];
        balance->wants += 1;
        balance->reversals += shed != 0 && move->at_us - shed < QN_BALANCE_COOL_DOWN &&
                              move->reason == QN_MOVE_REGION_LOW;
        return;
    }
    for (size_t i = 0; i < balance->count; i++) {
        balance->twice +=
            balance->moved[i].host == at && qn_node_id_equal(&balance->moved[i].move.id, &move->id);
    }
    QN_ASSERT(balance->count < MOVES_KEPT);
    balance->moved[balance->count++] = (struct moved){.host = at, .at = move->at_us, .move = *move};
    balance->forbidden += is_forbidden(world, balance, at, move);
    balance->minimum_broken +=
        qn_peering_counts(world->hosts[at].peering)->hot[move->region] < QN_BALANCE_REGION_HOT_MIN;
    balance->last_move_us = move->at_us;
    state->shed[move->region] = move->at_us;
}

static void watch_quotas(const struct qn_peers_world *world, struct balance *balance, size_t at)
{
    const struct qn_peering *peering = world->hosts[at].peering;
    const struct qn_peering_counts *counts = qn_peering_counts(peering);
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        uint64_t most = (uint64_t)LINKS_MAX * QN_BALANCE_REGION_PERCENT / 100;
        balance->places_broken += counts->region[i] > most;
    }
}

static void make_noise(struct qn_peers_world *world, struct balance *balance, size_t at)
{
    size_t crowd = qn_peering_counts(world->hosts[at].peering)->region[CROWDED];
    bool is_peak = qn_rng_below(&world->rng, 100) < NOISE_PEAK_PERCENT;
    balance->hosts[at].noise_percent =
        is_peak ? NOISE_PEAK : (uint32_t)qn_rng_below(&world->rng, NOISE_CPU_MAX);
    if (crowd < NOISE_FILL && qn_rng_below(&world->rng, NOISE_LEAVE_ONE_IN) == 0) {
        newcomer(world, balance, at);
    } else if (qn_rng_below(&world->rng, NOISE_LEAVE_ONE_IN) == 0) {
        leave(world, at);
    }
}

static void after_step(void *context, struct qn_peers_world *world)
{
    struct balance *balance = context;
    for (size_t at = 0; at < world->host_count; at++) {
        const struct qn_balancer *balancer =
            &qn_peering_balance(world->hosts[at].peering)->balancer;
        struct host_state *state = &balance->hosts[at];
        for (uint64_t new = balancer->history_count - state->history; new > 0; new --) {
            note_move(world, balance, at, qn_balancer_last(balancer, (size_t) new - 1));
        }
        state->history = balancer->history_count;
        if (balance->step_at != 0) {
            watch_quotas(world, balance, at);
        }
        if (world->now % QN_SECONDS(1) == 0) {
            shine(world, balance, at);
            if (balance->is_noise) {
                make_noise(world, balance, at);
            }
        }
    }
}

static void begin(struct qn_peers_run *run, struct qn_peers_world *world, struct balance *balance,
                  size_t inbound)
{
    struct qn_peers_plan plan = {.crowd = {.seed = run->seed, .honest = NODES},
                                 .hosts = run->quick ? HOSTS_QUICK : HOSTS,
                                 .links_max = LINKS_MAX,
                                 .alone = true};
    struct qn_peers_rules rules = {.context = balance, .load = load, .after_step = after_step};
    memset(balance, 0, sizeof *balance);
    qn_peers_world_init(world, &plan, NULL);
    for (size_t i = 0; i < world->host_count; i++) {
        qn_peers_start(world, i);
        balance->hosts[i].next_newcomer = (uint32_t)qn_rng_below(&world->rng, NODES);
    }
    world->rules = rules;
    for (size_t i = 0; i < inbound; i++) {
        newcomers(world, balance, 1);
        qn_peers_run_for(world, QN_SECONDS(1) / 2);
    }
    for (size_t i = 0; i < world->host_count; i++) {
        choose_stars(world, balance, i);
    }
    qn_peers_run_for(world, QN_SECONDS(SETTLES_S));
    balance->step_at = world->now;
}

static void report(struct qn_peers_run *run, const struct qn_peers_world *world,
                   const struct balance *balance)
{
    struct qn_peers_report *out = &run->report;
    for (size_t i = 0; i < balance->count; i++) {
        qn_peers_report_note(out, balance->moved[i].move.link ^ balance->moved[i].at);
    }
    qn_peers_report_figure(out, "peers moved twice by the same node", balance->twice, "");
    qn_peers_report_figure(out, "regions that wanted more within 300 s of giving up",
                           balance->reversals, "");
    qn_peers_report_claim(out, balance->twice == 0, "no peer is moved twice");
    qn_peers_report_claim(out, balance->reversals == 0, "no region gives up and wants at once");
    qn_peers_report_claim(out, balance->forbidden == 0,
                          "anchors, the committee and the best deliverers stay");
    qn_peers_report_claim(out, balance->places_broken == 0,
                          "no region has more than 40 % of the places");
    qn_peers_report_claim(out, balance->minimum_broken == 0, "four peers a region stay");
    qn_peers_report_claim(out, world->broken == NULL, world->broken == NULL ? "" : world->broken);
}

static uint64_t settled_ms(const struct balance *balance, size_t before)
{
    return balance->count == before ? 0 : (balance->last_move_us - balance->step_at) / 1000;
}

static size_t fullest(const struct qn_peers_world *world)
{
    size_t most = 0;
    for (size_t i = 0; i < world->host_count; i++) {
        const struct qn_peering_balance *of = qn_peering_balance(world->hosts[i].peering);
        size_t percent = of->balancer.fill[CROWDED].percent;
        most = percent > most ? percent : most;
    }
    return most;
}

void qn_peers_play_load_step(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    static struct balance balance;
    struct qn_peers_report *out = &run->report;

    begin(run, &world, &balance, BEFORE);
    size_t quiet = balance.count;
    newcomers(&world, &balance, BEFORE);
    qn_peers_run_for(&world, QN_SECONDS(2));
    size_t full = fullest(&world);
    qn_peers_run_for(&world, QN_SECONDS(WATCHED_S));
    uint64_t fill_ms = settled_ms(&balance, quiet);
    size_t after_fill = balance.count;
    size_t fill = fullest(&world);

    balance.step_at = world.now;
    for (size_t i = 0; i < world.host_count; i++) {
        balance.hosts[i].busy_links = (uint32_t)qn_peering_counts(world.hosts[i].peering)->live;
    }
    qn_peers_run_for(&world, QN_SECONDS(WATCHED_S));
    uint64_t busy_ms = settled_ms(&balance, after_fill);
    qn_peers_report_figure(out, "whole nodes", world.host_count, "nodes");
    qn_peers_report_figure(out, "fullest region when newcomers doubled", full, "%");
    qn_peers_report_figure(out, "a minute later", fill, "%");
    qn_peers_report_figure(out, "last move after that step", fill_ms, "ms");
    qn_peers_report_figure(out, "peers moved", after_fill - quiet, "");
    qn_peers_report_figure(out, "last move after every loop took 95 %", busy_ms, "ms");
    qn_peers_report_figure(out, "peers moved for that", balance.count - after_fill, "");
    qn_peers_report_claim(out, quiet == 0, "nobody is moved before the step");
    qn_peers_report_claim(
        out, full > QN_BALANCE_HIGH_PERCENT && after_fill > quiet && balance.count > after_fill,
        "both steps were too much at first");
    qn_peers_report_claim(out, fill <= QN_BALANCE_HIGH_PERCENT, "no region stays too full");
    qn_peers_report_claim(out, fill_ms <= SETTLED_MS_MAX && busy_ms <= SETTLED_MS_MAX,
                          "both steps settle within 10 s");
    report(run, &world, &balance);
    qn_peers_world_fini(&world);
}

void qn_peers_play_noise(struct qn_peers_run *run)
{
    static struct qn_peers_world world;
    static struct balance balance;
    struct qn_peers_report *out = &run->report;
    unsigned seconds = run->quick ? NOISE_QUICK_S : NOISE_S;

    begin(run, &world, &balance, NOISE_FILL - QN_HOT_OWN_REGION);
    size_t quiet = balance.count;
    balance.is_noise = true;
    qn_peers_run_for(&world, QN_SECONDS(seconds));
    qn_peers_report_figure(out, "whole nodes", world.host_count, "nodes");
    qn_peers_report_figure(out, "seconds of noise", seconds, "s");
    qn_peers_report_figure(out, "peers moved, all nodes", balance.count - quiet, "");
    qn_peers_report_figure(out, "peers wanted, all nodes", balance.wants, "");
    qn_peers_report_claim(out, quiet == 0, "nobody is moved before the noise");
    qn_peers_report_claim(out, balance.count <= world.host_count * seconds / RARELY,
                          "noise moves a peer in a hundred seconds at most");
    report(run, &world, &balance);
    qn_peers_world_fini(&world);
}
