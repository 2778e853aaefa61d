/* Eclipse of a whole node. The attacker owns half of the victim's address book, keeps its inbound places taken and
 * names only his own; then the victim restarts, again and again, with what --data-dir keeps or with nothing. It is
 * eclipsed if every link that it dialled itself is his. Genesis nodes are dead where the book is kept: they would help. */
#include "sim/peers/scenario.h"

#include "sim/peers/book_flood.h"
#include "sim/peers/mix.h"
#include "sim/peers/world.h"

enum {
    HONEST = 6000,
    HOSTILE = 6000,
    HOSTILE_GROUPS = 32,
    LINKS_MAX = 128,
    FLOOD_S = 3600,
    GONE_PERCENT = 30, /* of the honest nodes are away when the victim comes back */
    LIFE_S = 20,       /* after that the victim is looked at */
    BOOKS = 20,
    BOOKS_QUICK = 1,
    RESTARTS = 500, /* of each book */
    RESTARTS_QUICK = 40,
    BARE_RESTARTS = 50, /* of each, without a book */
    BARE_RESTARTS_QUICK = 20,
    ECLIPSE_ONE_IN = 1000,
    POOR_ONE_IN = 100,
    OUT_LEAST = 8,    /* links of its own at least */
    SHARE_MOST = 850, /* per mille: half of the book is his, and all his nodes answer */
};

struct restart {
    struct qn_peers_world *world;
    struct qn_book_flood flood;
    unsigned second;
    uint64_t life;     /* 0: before the first restart */
    bool has_founders; /* genesis nodes answer */
    struct qn_buf *pages[QN_BOOK_PAGES];
};

/* Over all restarts of one kind. */
struct tally {
    uint64_t restarts;
    uint64_t eclipsed;
    uint64_t poor; /* fewer than OUT_LEAST links of its own */
    uint64_t out[2];
    uint64_t in[2];
    uint64_t most; /* per mille hostile of those dialled, the worst restart */
};

static bool is_reachable(void *context, uint32_t from, uint32_t to)
{
    const struct restart *restart = context;
    bool is_gone = qn_mix(restart->life, QN_MIX_AWAY, to) % 100 < GONE_PERCENT;

    (void)from;
    if (to < QN_PEERS_GENESIS) {
        return restart->has_founders;
    }
    return restart->life == 0 || restart->world->crowd.nodes[to].hostile || !is_gone ||
           restart->world->host_of[to] != QN_PEERS_LIGHT;
}

static uint32_t draw(struct qn_peers_world *world, bool hostile)
{
    for (;;) {
        uint32_t node = (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
        if (world->crowd.nodes[node].hostile == hostile) {
            return node;
        }
    }
}

static uint32_t named(void *context, struct qn_peers_world *world, uint32_t by)
{
    (void)context;
    return world->crowd.nodes[by].hostile ? draw(world, true)
                                          : (uint32_t)qn_rng_below(&world->rng, world->crowd.count);
}

/* He dials ten times a second, and an honest node once. */
static void press(void *context, struct qn_peers_world *world)
{
    struct restart *restart = context;
    uint32_t hostile = draw(world, true);

    if (world->hosts[0].peering == NULL) {
        return;
    }
    if (qn_peers_link_between(world, 0, hostile) == NULL) {
        qn_peers_light_dials(world, hostile, 0);
    }
    if (world->now % QN_SECONDS(1) != 0) {
        return;
    }
    uint32_t honest = draw(world, false);
    if (world->host_of[honest] == QN_PEERS_LIGHT && is_reachable(restart, honest, honest) &&
        qn_peers_link_between(world, 0, honest) == NULL) {
        qn_peers_light_dials(world, honest, 0);
    }
    if (restart->life == 0) {
        qn_book_flood_second(&restart->flood, restart->second, world->now);
        restart->second += 1;
    }
}

static void judge(struct tally *tally, const struct qn_peers_world *world)
{
    struct qn_peers_degree degree;

    qn_peers_degree(world, 0, &degree);
    uint64_t hostile = degree.hostile - degree.hostile_in;
    uint64_t share = degree.out == 0 ? 1000 : hostile * 1000 / degree.out;
    tally->restarts += 1;
    tally->eclipsed += hostile == degree.out ? 1 : 0; /* none at all counts as well */
    tally->poor += degree.out < OUT_LEAST ? 1 : 0;
    tally->out[0] += degree.out - hostile;
    tally->out[1] += hostile;
    tally->in[0] += degree.in - degree.hostile_in;
    tally->in[1] += degree.hostile_in;
    tally->most = share > tally->most ? share : tally->most;
}

static void live_again(struct restart *restart, struct tally *tally, bool has_book)
{
    struct qn_peers_world *world = restart->world;

    restart->life += 1;
    restart->has_founders = !has_book;
    qn_peers_stop(world, 0);
    qn_peers_run_for(world, QN_SECONDS(2)); /* what was under way ends */
    qn_peers_start(world, 0);
    for (size_t page = 0; page < QN_BOOK_PAGES && has_book; page++) {
        enum qn_err err = qn_book_page_decode(qn_peering_book(world->hosts[0].peering), page,
                                              qn_buf_span(restart->pages[page]), world->now);
        QN_ASSERT(err == QN_OK);
    }
    qn_peers_run_for(world, QN_SECONDS(LIFE_S));
    judge(tally, world);
}

static void store(struct restart *restart)
{
    struct qn_peering *peering = restart->world->hosts[0].peering;

    qn_peering_choose_anchors(peering, restart->world->now);
    for (size_t page = 0; page < QN_BOOK_PAGES; page++) {
        restart->pages[page] =
            qn_book_page_encode(qn_peering_book(peering), page, restart->world->now);
    }
}

struct tallies {
    uint64_t known[2];
    uint64_t tried[2];
    uint64_t anchors[2];
    struct tally kept;
    struct tally bare;
};

static void count_anchors(const struct qn_peers_world *world, uint64_t anchors[2])
{
    struct qn_book_found found[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    size_t count = qn_book_anchors(qn_peering_book(world->hosts[0].peering), found);

    for (size_t i = 0; i < count; i++) {
        uint32_t node = qn_crowd_find(&world->crowd, &found[i].what.id);
        anchors[world->crowd.nodes[node].hostile] += 1;
    }
}

static void play_book(struct qn_peers_run *run, uint64_t seed, struct tallies *tallies)
{
    static struct qn_peers_world world;
    struct restart restart = {.world = &world, .has_founders = true};
    struct qn_peers_plan plan = {.crowd = {.seed = seed,
                                           .honest = HONEST,
                                           .hostile = HOSTILE,
                                           .hostile_groups = HOSTILE_GROUPS,
                                           .hostile_region = -1},
                                 .hosts = 1,
                                 .links_max = LINKS_MAX,
                                 .alone = true};
    struct qn_peers_rules rules = {
        .context = &restart, .reachable = is_reachable, .named = named, .after_step = press};

    qn_peers_world_init(&world, &plan, &rules);
    qn_peers_start(&world, 0);
    restart.flood = (struct qn_book_flood){
        .crowd = &world.crowd, .book = qn_peering_book(world.hosts[0].peering), .rng = &world.rng};
    qn_peers_run_for(&world, QN_SECONDS(FLOOD_S));
    qn_book_flood_count(&restart.flood, tallies->known, tallies->tried);
    store(&restart);
    count_anchors(&world, tallies->anchors);
    for (unsigned i = 0; i < (run->quick ? RESTARTS_QUICK : RESTARTS); i++) {
        live_again(&restart, &tallies->kept, true);
    }
    for (unsigned i = 0; i < (run->quick ? BARE_RESTARTS_QUICK : BARE_RESTARTS); i++) {
        live_again(&restart, &tallies->bare, false);
    }
    qn_peers_claim_sound(&world, &run->report);
    for (size_t page = 0; page < QN_BOOK_PAGES; page++) {
        qn_buf_drop(restart.pages[page]);
    }
    qn_peers_world_fini(&world);
}

static uint64_t share(const uint64_t counts[2])
{
    uint64_t all = counts[0] + counts[1];

    return all == 0 ? 0 : counts[true] * 1000 / all;
}

static void report(struct qn_peers_report *out, const struct tally *tally, const char *what[6])
{
    qn_peers_report_figure(out, what[0], tally->restarts, "");
    qn_peers_report_figure(out, what[1], share(tally->out), "per mille");
    qn_peers_report_figure(out, what[2], tally->most, "per mille");
    qn_peers_report_figure(out, what[3], share(tally->in), "per mille");
    qn_peers_report_figure(out, what[4], tally->eclipsed, "");
    qn_peers_report_figure(out, what[5], tally->poor, "");
    qn_peers_report_claim(out, tally->eclipsed * ECLIPSE_ONE_IN <= tally->restarts,
                          "one restart in a thousand at most is a full eclipse");
    qn_peers_report_claim(out, tally->poor * POOR_ONE_IN <= tally->restarts,
                          "99 of 100 restarts find eight peers of its own choice in 20 s");
    qn_peers_report_claim(out, share(tally->out) <= SHARE_MOST,
                          "a seventh of the links that it dials is honest at least");
}

void qn_peers_play_restart(struct qn_peers_run *run)
{
    static const char *kept[] = {"with --data-dir: restarts",
                                 "hostile links of those it dialled",
                                 "the same, the worst restart",
                                 "hostile links of those that dialled it",
                                 "full eclipses",
                                 "fewer than eight links of its own"};
    static const char *bare[] = {"in memory, by genesis nodes: restarts",
                                 "hostile links of those it dialled, in memory",
                                 "the same, the worst restart in memory",
                                 "hostile links of those that dialled it, in memory",
                                 "full eclipses, in memory",
                                 "fewer than eight links of its own, in memory"};
    struct tallies tallies = {0};
    struct qn_peers_report *out = &run->report;

    for (uint64_t i = 0; i < (run->quick ? BOOKS_QUICK : BOOKS); i++) {
        play_book(run, run->seed * BOOKS + i, &tallies);
    }
    qn_peers_report_figure(out, "hostile entries of the book", share(tallies.known), "per mille");
    qn_peers_report_figure(out, "of the proven ones", share(tallies.tried), "per mille");
    qn_peers_report_figure(out, "of the anchors", share(tallies.anchors), "per mille");
    qn_peers_report_claim(out, share(tallies.known) >= 480, "half of the book is hostile");
    report(out, &tallies.kept, kept);
    report(out, &tallies.bare, bare);
}
