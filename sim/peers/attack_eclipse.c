/* Eclipse by flooding the address book. The attacker owns as many registered identities as it needs, in 32
 * networks, and names them until half of the victim's book is his, proven entries included. Then the victim
 * restarts with what storage keeps of the book and dials. It is eclipsed if everybody it reaches is
 * hostile. */
#include "sim/peers/scenario.h"

#include "peer/address_book.h"
#include "sim/peers/book_flood.h"
#include "sim/peers/mix.h"

enum {
    HONEST = 6000,
    HOSTILE = 6000,
    HOSTILE_GROUPS = 32,
    FLOOD_SECONDS = 3600,
    PER_REGION = 4, /* links that a node dials for in each region at least */
    OUTBOUND = PER_REGION * QN_REGION_COUNT,
    FEW = 8,           /* and how it would be with as few as that in all */
    GONE_PERCENT = 30, /* of the honest nodes are away when the victim comes back */
    BOOKS = 50,
    BOOKS_QUICK = 1,
    RESTARTS = 200, /* of each book */
    DRAWS_MAX = 400,
};

struct victim {
    struct qn_crowd crowd;
    struct qn_book book;
    struct qn_rng rng;
    qn_time_us now;
    uint64_t seed;
};

/* Over all books and restarts. */
struct tally {
    uint64_t known[2]; /* honest, hostile: entries */
    uint64_t tried[2];
    uint64_t linked[2];
    uint64_t restarts;
    uint64_t eclipsed;
    uint64_t eclipsed_of_few; /* had it stopped after FEW links */
    uint64_t anchors[2];
    uint64_t most; /* hostile links after one restart */
};

static void flood(struct victim *victim)
{
    struct qn_book_flood flood = {&victim->crowd, &victim->book, &victim->rng, false};

    for (unsigned second = 0; second < FLOOD_SECONDS; second++) {
        victim->now += QN_SECONDS(1);
        qn_book_flood_second(&flood, second, victim->now);
    }
}

static void count(struct victim *victim, uint64_t known[2], uint64_t tried[2])
{
    struct qn_book_flood flood = {&victim->crowd, &victim->book, &victim->rng, false};

    qn_book_flood_count(&flood, known, tried);
}

/* The links of one life of the victim. */
struct links {
    const struct victim *victim;
    size_t count;
    struct qn_node_id ids[OUTBOUND];
    uint64_t groups[OUTBOUND];
};

/* One link a network. */
static bool is_wanted(void *context, const struct qn_book_found *candidate)
{
    const struct links *links = context;
    uint64_t group = qn_book_group(&candidate->what.address);

    for (size_t i = 0; i < links->count; i++) {
        if (links->groups[i] == group) {
            return false;
        }
    }
    return true;
}

static void dial(struct links *links, const struct qn_book_found *found, uint64_t life)
{
    const struct qn_crowd *crowd = &links->victim->crowd;
    uint32_t node = qn_crowd_find(crowd, &found->what.id);
    bool gone = life > 0 && !crowd->nodes[node].hostile &&
                qn_mix(life, QN_MIX_AWAY, node) % 100 < GONE_PERCENT;

    if (!gone && links->count < OUTBOUND && is_wanted(links, found)) {
        links->groups[links->count] = qn_book_group(&found->what.address);
        links->ids[links->count++] = found->what.id;
    }
}

/* Anchors, then in each region what the book gives. */
static void connect(struct links *links, const struct qn_book *book, struct qn_rng *rng,
                    uint64_t life)
{
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    struct qn_book_found found;
    size_t count = qn_book_anchors(book, anchors);

    for (size_t i = 0; i < count; i++) {
        dial(links, &anchors[i], life);
    }
    for (size_t draw = 0; draw < DRAWS_MAX && links->count < OUTBOUND; draw++) {
        struct qn_book_query query = {.region = (enum qn_region)(draw % QN_REGION_COUNT),
                                      .wanted = is_wanted,
                                      .context = links};
        if (qn_book_select(book, &found, &query, rng, links->victim->now)) {
            dial(links, &found, life);
        }
    }
}

/* What a restart leaves of a book. */
static void store_and_load(struct victim *victim)
{
    struct qn_book loaded;

    qn_book_init(&loaded, victim->seed, ~victim->seed);
    for (size_t page = 0; page < QN_BOOK_PAGES; page++) {
        struct qn_buf *bytes = qn_book_page_encode(&victim->book, page, victim->now);
        enum qn_err err = qn_book_page_decode(
            &loaded, page, (struct qn_span){bytes->bytes, bytes->len}, victim->now);
        QN_ASSERT(err == QN_OK);
        qn_buf_drop(bytes);
    }
    qn_book_fini(&victim->book);
    victim->book = loaded;
}

static void judge(struct tally *tally, const struct links *links)
{
    const struct qn_crowd *crowd = &links->victim->crowd;
    uint64_t hostile = 0;
    uint64_t of_few = 0;

    for (size_t i = 0; i < links->count; i++) {
        bool is_hostile = crowd->nodes[qn_crowd_find(crowd, &links->ids[i])].hostile;
        hostile += is_hostile ? 1 : 0;
        of_few += is_hostile && i < FEW ? 1 : 0;
        tally->linked[is_hostile] += 1;
    }
    tally->restarts += 1;
    tally->eclipsed += hostile == links->count ? 1 : 0;
    tally->eclipsed_of_few += of_few == (links->count < FEW ? links->count : FEW) ? 1 : 0;
    tally->most = hostile > tally->most ? hostile : tally->most;
}

static void play_book(struct victim *victim, struct tally *tally)
{
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    struct links before = {.victim = victim};

    qn_book_init(&victim->book, victim->seed, victim->seed + 1);
    victim->now = QN_SECONDS(1);
    flood(victim);
    count(victim, tally->known, tally->tried);
    connect(&before, &victim->book, &victim->rng, 0);
    qn_book_choose_anchors(&victim->book, before.ids, before.count);
    store_and_load(victim);
    size_t count_anchors = qn_book_anchors(&victim->book, anchors);
    for (size_t i = 0; i < count_anchors; i++) {
        uint32_t node = qn_crowd_find(&victim->crowd, &anchors[i].what.id);
        tally->anchors[victim->crowd.nodes[node].hostile] += 1;
    }
    for (uint64_t life = 1; life <= RESTARTS; life++) {
        struct links links = {.victim = victim};
        connect(&links, &victim->book, &victim->rng, life);
        judge(tally, &links);
    }
    qn_book_fini(&victim->book);
}

static uint64_t share(const uint64_t counts[2])
{
    uint64_t all = counts[0] + counts[1];

    return all == 0 ? 0 : counts[true] * 1000 / all;
}

static void report(struct qn_peers_report *out, const struct tally *tally)
{
    qn_peers_report_figure(out, "hostile entries of the book", share(tally->known), "per mille");
    qn_peers_report_figure(out, "of the proven ones", share(tally->tried), "per mille");
    qn_peers_report_figure(out, "of the anchors", share(tally->anchors), "per mille");
    qn_peers_report_figure(out, "restarts", tally->restarts, "");
    qn_peers_report_figure(out, "hostile links after a restart", share(tally->linked), "per mille");
    qn_peers_report_figure(out, "most hostile ones, of 24", tally->most, "links");
    qn_peers_report_figure(out, "full eclipses", tally->eclipsed, "");
    qn_peers_report_figure(out, "full eclipses, were 8 links enough", tally->eclipsed_of_few, "");
    qn_peers_report_claim(out, share(tally->known) >= 480, "half of the book is hostile");
    qn_peers_report_claim(out, tally->eclipsed == 0, "no restart ends in a full eclipse");
    qn_peers_report_claim(out, share(tally->linked) <= 600,
                          "hostile links stay near the hostile share of the book");
}

void qn_peers_play_eclipse(struct qn_peers_run *run)
{
    static struct victim victim;
    struct tally tally = {0};

    for (uint64_t i = 0; i < (run->quick ? BOOKS_QUICK : BOOKS); i++) {
        victim = (struct victim){.seed = run->seed * BOOKS + i};
        qn_rng_init(&victim.rng, victim.seed);
        qn_crowd_init(&victim.crowd, &(struct qn_crowd_plan){.seed = victim.seed,
                                                             .honest = HONEST,
                                                             .hostile = HOSTILE,
                                                             .hostile_groups = HOSTILE_GROUPS,
                                                             .hostile_region = -1});
        play_book(&victim, &tally);
        qn_crowd_fini(&victim.crowd);
    }
    report(&run->report, &tally);
}
