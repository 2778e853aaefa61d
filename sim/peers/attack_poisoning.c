/* Poisoning of the address book from one /24: 254 registered identities there name themselves, and honest
 * identities at addresses of theirs, as fast as the book listens, while the honest nodes go on naming each
 * other. The same hours without the attacker show what the attack cost. */
#include "sim/peers/scenario.h"

#include "sim/peers/book_news.h"

enum {
    HONEST = 20000,
    HOSTILE = 254,
    RUNS_S = 24 * 3600,
    RUNS_QUICK_S = 1800,
    HONEST_NEWS_A_SECOND = 4,
    HOSTILE_NEWS_A_SECOND = 64, /* more than the book takes from so many */
    FEELER_EVERY_SECONDS = 10,
    DRAWS = 10000,
};

struct victim {
    struct qn_crowd crowd;
    struct qn_book book;
    struct qn_rng rng;        /* of the victim and the honest */
    struct qn_rng attack_rng; /* so that the honest do the same with and without the attacker */
    uint32_t hostile[HOSTILE];
    qn_time_us now;
    uint64_t wasted; /* dials of feelers to whom the attacker had named */
};

struct outcome {
    uint64_t hostile_new;
    uint64_t hostile_tried;
    uint64_t honest;
    uint64_t misled; /* honest identities whose address is the attacker's */
    uint64_t drawn;  /* hostile, of DRAWS */
};

static uint32_t draw_honest(struct victim *victim, struct qn_rng *rng)
{
    uint32_t node = 0;

    do {
        node = (uint32_t)qn_rng_below(rng, victim->crowd.count);
    } while (victim->crowd.nodes[node].hostile);
    return node;
}

static bool is_attackers(const struct qn_net_address *address)
{
    return address->ip[12] == 110;
}

static void attack(struct victim *victim)
{
    struct qn_rng *rng = &victim->attack_rng;
    uint32_t by = victim->hostile[qn_rng_below(rng, HOSTILE)];
    uint32_t whom = victim->hostile[qn_rng_below(rng, HOSTILE)];

    if (qn_rng_below(rng, 2) == 0) {
        (void)qn_peers_tell_book(&victim->book, &victim->crowd, by, whom, victim->now);
        return;
    }
    struct qn_book_address lie = qn_peers_book_address(&victim->crowd, draw_honest(victim, rng));
    struct qn_book_source from = qn_peers_book_source(&victim->crowd, by, QN_BOOK_HEARSAY);
    lie.address = qn_crowd_address(&victim->crowd, whom);
    (void)qn_book_add(&victim->book, &lie, &from, victim->now);
}

/* Whoever answers proves its key: at the attacker's address nobody has that of an honest node. */
static void feel(struct victim *victim)
{
    struct qn_book_query query = {.which = QN_BOOK_NEW_ONLY, .region = QN_REGION_COUNT};
    struct qn_book_found found;

    if (!qn_book_select(&victim->book, &found, &query, &victim->rng, victim->now)) {
        return;
    }
    uint32_t node = qn_crowd_find(&victim->crowd, &found.what.id);
    qn_book_attempt(&victim->book, &found.what.id, victim->now);
    if (is_attackers(&found.what.address) && !victim->crowd.nodes[node].hostile) {
        victim->wasted += 1;
        qn_book_bad(&victim->book, &found.what.id);
    } else {
        qn_book_good(&victim->book, &found.what, victim->now);
    }
}

static void live(struct victim *victim, unsigned seconds, bool attacked)
{
    for (unsigned second = 0; second < seconds; second++) {
        victim->now += QN_SECONDS(1);
        for (unsigned i = 0; i < HONEST_NEWS_A_SECOND; i++) {
            uint32_t by = draw_honest(victim, &victim->rng);
            uint32_t whom = draw_honest(victim, &victim->rng);
            (void)qn_peers_tell_book(&victim->book, &victim->crowd, by, whom, victim->now);
        }
        for (unsigned i = 0; attacked && i < HOSTILE_NEWS_A_SECOND; i++) {
            attack(victim);
        }
        if (second % FEELER_EVERY_SECONDS == 0) {
            feel(victim);
        }
    }
}

static void look(struct victim *victim, struct outcome *outcome)
{
    struct qn_book_query query = {.region = QN_REGION_COUNT};
    struct qn_book_found found;

    for (uint32_t node = 0; node < victim->crowd.count; node++) {
        struct qn_node_id id = qn_crowd_id(&victim->crowd, node);
        if (!qn_book_find(&victim->book, &id, &found)) {
            continue;
        }
        if (victim->crowd.nodes[node].hostile) {
            outcome->hostile_tried += found.is_tried ? 1 : 0;
            outcome->hostile_new += found.is_tried ? 0 : 1;
        } else if (is_attackers(&found.what.address)) {
            outcome->misled += 1;
        } else {
            outcome->honest += 1;
        }
    }
    for (unsigned i = 0; i < DRAWS; i++) {
        bool any = qn_book_select(&victim->book, &found, &query, &victim->rng, victim->now);
        outcome->drawn += any && is_attackers(&found.what.address) ? 1 : 0;
    }
}

static void play(struct victim *victim, struct outcome *outcome, const struct qn_peers_run *run,
                 bool attacked)
{
    size_t hostile = 0;

    qn_rng_init(&victim->rng, run->seed);
    qn_rng_init(&victim->attack_rng, run->seed + 1);
    qn_crowd_init(&victim->crowd, &(struct qn_crowd_plan){.seed = run->seed,
                                                          .honest = HONEST,
                                                          .hostile = HOSTILE,
                                                          .hostile_groups = 1,
                                                          .hostile_region = -1,
                                                          .hostile_subnet = true});
    for (uint32_t node = 0; node < victim->crowd.count; node++) {
        if (victim->crowd.nodes[node].hostile) {
            victim->hostile[hostile++] = node;
        }
    }
    qn_book_init(&victim->book, run->seed, ~run->seed);
    live(victim, run->quick ? RUNS_QUICK_S : RUNS_S, attacked);
    look(victim, outcome);
    qn_book_fini(&victim->book);
    qn_crowd_fini(&victim->crowd);
}

void qn_peers_play_poisoning(struct qn_peers_run *run)
{
    static struct victim victims[2];
    struct outcome calm = {0};
    struct outcome attacked = {0};
    struct qn_peers_report *out = &run->report;

    victims[0] = (struct victim){.now = QN_SECONDS(1)};
    victims[1] = (struct victim){.now = QN_SECONDS(1)};
    play(&victims[0], &calm, run, false);
    play(&victims[1], &attacked, run, true);
    uint64_t lost = calm.honest > attacked.honest ? calm.honest - attacked.honest : 0;
    qn_peers_report_figure(out, "honest entries without the attacker", calm.honest, "entries");
    qn_peers_report_figure(out, "honest entries with him", attacked.honest, "entries");
    qn_peers_report_figure(out, "hostile entries, not proven", attacked.hostile_new, "entries");
    qn_peers_report_figure(out, "hostile entries, proven", attacked.hostile_tried, "entries");
    qn_peers_report_figure(out, "honest identities at a hostile address", attacked.misled,
                           "entries");
    qn_peers_report_figure(out, "feelers that met another key", victims[1].wasted, "dials");
    qn_peers_report_figure(out, "hostile addresses among 10,000 drawn", attacked.drawn, "draws");
    qn_peers_report_claim(out,
                          attacked.hostile_new + attacked.misled <=
                              (uint64_t)QN_REGION_COUNT * 2 * QN_BOOK_NEW_SLOTS,
                          "one network told by itself fills two buckets of a region at most");
    qn_peers_report_claim(out, lost * 100 <= calm.honest, "it costs less than 1 % of the honest");
    qn_peers_report_claim(out, attacked.drawn <= DRAWS / 10, "under 10 % of the draws are hostile");
}
