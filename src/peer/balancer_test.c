/* The rule at its edges, then over a model of peers: --seed N replays one. */
#include "peer/balancer.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { PEERS_MAX = 3200, SECOND_MAX = 3600, DIAL_SECONDS = 3 };

static uint64_t seed = 1;

/* A node's surroundings: who is hot, who could be, what they cost. */
struct model_peer {
    struct qn_node_id id;
    enum qn_region region;
    bool hot;
    bool stays;
    bool outbound;
    unsigned coming; /* seconds until a dial to it succeeds; 0: none under way */
    unsigned moves;
    unsigned moves_hot_at; /* second of its last move */
    qn_time_us moved_us;
    uint32_t traffic; /* bytes a second */
    uint32_t rtt_us;
    uint32_t queued_bytes;
    uint32_t delivered_first;
};

struct model {
    struct qn_rng rng;
    qn_time_us now;
    size_t count;
    struct model_peer peers[PEERS_MAX];
    uint32_t places[QN_REGION_COUNT];
    uint64_t bytes_per_percent; /* of a core */
    struct qn_balancer balancer;
    struct qn_moves moves;
    struct qn_balance_peer inputs[PEERS_MAX];
    struct model_peer *of_input[PEERS_MAX];
    unsigned shed[QN_REGION_COUNT];
    unsigned wanted[QN_REGION_COUNT];
    size_t total_shed;
    size_t total_wanted;
    unsigned moves_most; /* of one peer */
};

static struct model model;

static void model_init(uint64_t with_seed)
{
    memset(&model, 0, sizeof model);
    qn_rng_init(&model.rng, with_seed);
    qn_balancer_init(&model.balancer);
    model.now = QN_SECONDS(1000);
    model.bytes_per_percent = UINT64_MAX / 1000;
}

static uint32_t between(uint32_t min, uint32_t max)
{
    return min + (uint32_t)qn_rng_below(&model.rng, max - min + 1U);
}

static struct model_peer *add_peer(enum qn_region region, bool hot)
{
    assert_true(model.count < PEERS_MAX);
    struct model_peer *peer = &model.peers[model.count++];
    uint64_t name = qn_rng_next(&model.rng);
    memcpy(peer->id.bytes, &name, sizeof name);
    peer->region = region;
    peer->hot = hot;
    peer->outbound = between(0, 1) == 1;
    peer->traffic = between(100, 1000);
    peer->rtt_us = between(5000, 300000);
    peer->delivered_first = between(0, 3);
    return peer;
}

static void add_peers(enum qn_region region, unsigned count, bool hot)
{
    for (unsigned i = 0; i < count; i++) {
        (void)add_peer(region, hot);
    }
}

static unsigned hot_in(enum qn_region region, bool counted_only)
{
    unsigned count = 0;
    for (size_t i = 0; i < model.count; i++) {
        const struct model_peer *peer = &model.peers[i];
        count += peer->hot && peer->region == region && !(counted_only && peer->stays);
    }
    return count;
}

static unsigned fill_percent(enum qn_region region)
{
    return hot_in(region, true) * 100 / model.places[region];
}

static struct qn_balance_input make_input(void)
{
    struct qn_balance_input input = {.peers = model.inputs};
    uint64_t bytes[QN_REGION_COUNT] = {0};
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        input.regions[r].places = model.places[r];
    }
    for (size_t i = 0; i < model.count; i++) {
        struct model_peer *peer = &model.peers[i];
        struct qn_balance_region *region = &input.regions[peer->region];
        region->coming += peer->coming > 0;
        region->candidates +=
            !peer->hot && peer->coming == 0 && !qn_balance_is_resting(peer->moved_us, model.now);
        if (!peer->hot) {
            continue;
        }
        bytes[peer->region] += peer->traffic;
        model.of_input[input.peer_count] = peer;
        model.inputs[input.peer_count++] = (struct qn_balance_peer){
            .id = &peer->id,
            .link = (uint64_t)i + 1,
            .region = peer->region,
            .outbound = peer->outbound,
            .stays = peer->stays,
            .moved_us = peer->moved_us,
            .rtt_min_us = peer->rtt_us,
            .rtt_us = peer->rtt_us + between(0, 2000),
            .jitter_us = between(0, 2000),
            .queued_bytes = peer->queued_bytes,
            .goodput = peer->traffic,
            .delivered_first = peer->delivered_first,
        };
    }
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        input.regions[r].cpu_percent = (uint32_t)(bytes[r] / model.bytes_per_percent);
    }
    return input;
}

static void start_dial(enum qn_region region)
{
    for (size_t i = 0; i < model.count; i++) {
        struct model_peer *peer = &model.peers[i];
        if (peer->region == region && !peer->hot && peer->coming == 0 &&
            !qn_balance_is_resting(peer->moved_us, model.now)) {
            peer->coming = DIAL_SECONDS;
            peer->outbound = true;
            return;
        }
    }
    fail_msg("a peer of %s is wanted where there is none to dial", qn_region_name(region));
}

static void take_move(const struct qn_move *move, const bool best[])
{
    struct model_peer *peer;
    if (move->kind == QN_MOVE_WANT) {
        model.wanted[move->region] += 1;
        model.total_wanted += 1;
        start_dial(move->region);
        return;
    }
    peer = &model.peers[move->link - 1];
    assert_true(peer->hot);
    assert_false(peer->stays);
    assert_false(best[move->link - 1]);
    assert_false(qn_balance_is_resting(peer->moved_us, model.now));
    assert_int_equal(move->kind, peer->outbound ? QN_MOVE_REST : QN_MOVE_REDIRECT);
    assert_memory_equal(move->id.bytes, peer->id.bytes, QN_HASH_LEN);
    peer->hot = false;
    peer->moved_us = model.now;
    peer->moves += 1;
    model.moves_most = peer->moves > model.moves_most ? peer->moves : model.moves_most;
    model.shed[move->region] += 1;
    model.total_shed += 1;
}

/* The best deliverers of each region, where not so many are alike that only some of them can be. */
static void find_best(bool best[PEERS_MAX])
{
    uint32_t most[QN_REGION_COUNT] = {0};
    unsigned alike[QN_REGION_COUNT] = {0};
    for (size_t i = 0; i < model.count; i++) {
        const struct model_peer *peer = &model.peers[i];
        if (peer->hot && peer->delivered_first > most[peer->region]) {
            most[peer->region] = peer->delivered_first;
            alike[peer->region] = 0;
        }
        alike[peer->region] += peer->hot && peer->delivered_first == most[peer->region];
    }
    for (size_t i = 0; i < model.count; i++) {
        const struct model_peer *peer = &model.peers[i];
        best[i] = peer->hot && peer->delivered_first > 0 &&
                  peer->delivered_first == most[peer->region] &&
                  alike[peer->region] <= QN_BALANCE_BEST_STAY;
    }
}

/* One second; every promise that holds at each tick is checked here. Returns how many peers gave way. */
static size_t tick(void)
{
    static bool best[PEERS_MAX];
    unsigned before[QN_REGION_COUNT];
    size_t hot = 0;
    size_t shed = model.total_shed;
    for (size_t i = 0; i < model.count; i++) {
        struct model_peer *peer = &model.peers[i];
        if (peer->coming > 0 && --peer->coming == 0) {
            peer->hot = true;
            peer->moved_us = model.now;
        }
    }
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        before[r] = hot_in((enum qn_region)r, false);
        hot += before[r];
    }
    find_best(best);
    struct qn_balance_input input = make_input();
    qn_balancer_tick(&model.balancer, &model.moves, &input, model.now);
    for (size_t i = 0; i < model.moves.count; i++) {
        take_move(&model.moves.items[i], best);
    }
    shed = model.total_shed - shed;
    assert_true(shed <= (hot * 2 + 99) / 100);
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        unsigned after = hot_in((enum qn_region)r, false);
        assert_true(after == before[r] || after >= QN_BALANCE_REGION_HOT_MIN);
    }
    model.now += QN_BALANCE_TICK;
    return shed;
}

/* ---- the edges ---- */

static void set_fill(unsigned hot)
{
    for (size_t i = 0; i < model.count; i++) {
        model.peers[i].hot = i < hot;
        model.peers[i].moved_us = 0;
    }
}

/* A region of 100 places. */
static void one_region(unsigned peers)
{
    model_init(seed);
    model.places[QN_REGION_EUROPE] = 100;
    add_peers(QN_REGION_EUROPE, peers, false);
}

static void above_85_percent_for_three_ticks_sheds(void **state)
{
    (void)state;
    one_region(100);
    set_fill(85);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(tick(), 0); /* not above */
    }
    set_fill(86);
    assert_int_equal(tick(), 0);
    assert_int_equal(tick(), 0);
    set_fill(85);
    assert_int_equal(tick(), 0); /* three in a row, not three */
    set_fill(86);
    assert_int_equal(tick(), 0);
    assert_int_equal(tick(), 0);
    assert_int_equal(tick(), 1);
    assert_int_equal(hot_in(QN_REGION_EUROPE, true), 85);
    assert_int_equal(tick(), 0);
}

static void below_50_percent_for_ten_ticks_grows(void **state)
{
    (void)state;
    one_region(100);
    set_fill(50);
    for (unsigned i = 0; i < 30; i++) {
        (void)tick();
    }
    assert_int_equal(model.total_wanted, 0);
    set_fill(49);
    for (unsigned i = 0; i < 9; i++) {
        (void)tick();
    }
    assert_int_equal(model.total_wanted, 0);
    (void)tick();
    assert_int_equal(model.total_wanted, 1);
    for (unsigned i = 0; i < 30; i++) {
        (void)tick();
    }
    assert_int_equal(model.total_wanted, 1); /* 50 is enough, and the dial under way counts */
}

static void a_busy_node_does_not_grow(void **state)
{
    (void)state;
    one_region(100);
    set_fill(40);
    uint64_t bytes = 0;
    for (size_t i = 0; i < 40; i++) {
        bytes += model.peers[i].traffic;
    }
    model.bytes_per_percent = bytes / 51;
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(tick(), 0);
    }
    assert_int_equal(model.total_wanted, 0);
}

static void a_moved_peer_rests_for_300_seconds(void **state)
{
    (void)state;
    assert_false(qn_balance_is_resting(0, QN_SECONDS(5)));
    assert_true(qn_balance_is_resting(QN_SECONDS(5), QN_SECONDS(5)));
    assert_true(qn_balance_is_resting(QN_SECONDS(5), QN_SECONDS(305) - 1));
    assert_false(qn_balance_is_resting(QN_SECONDS(5), QN_SECONDS(305)));
    one_region(100);
    for (size_t i = 0; i < 100; i++) { /* all of them were moved here a moment ago */
        model.peers[i].hot = true;
        model.peers[i].moved_us = model.now;
    }
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(tick(), 0);
    }
    assert_int_equal(tick(), 2);
}

static void a_region_that_gave_way_grows_no_sooner(void **state)
{
    (void)state;
    one_region(100);
    set_fill(86);
    for (unsigned i = 0; i < 3; i++) {
        (void)tick();
    }
    assert_int_equal(model.total_shed, 1);
    set_fill(40);
    for (unsigned i = 0; i < 299; i++) {
        (void)tick();
    }
    assert_int_equal(model.total_wanted, 0);
    (void)tick();
    assert_int_equal(model.total_wanted, 1);
}

static void the_least_of_a_region_is_wanted_at_once(void **state)
{
    (void)state;
    one_region(30);
    (void)tick();
    assert_int_equal(model.total_wanted, 4);
    (void)tick();
    assert_int_equal(model.total_wanted, 4); /* they are on their way */
    one_region(2);                           /* where they exist */
    (void)tick();
    assert_int_equal(model.total_wanted, 2);
}

static void the_last_four_of_a_region_stay(void **state)
{
    (void)state;
    model_init(seed);
    model.places[QN_REGION_ASIA] = 4;
    add_peers(QN_REGION_ASIA, 8, true);
    for (size_t i = 0; i < model.count; i++) {
        model.peers[i].delivered_first = 0; /* so that none of them is a best deliverer */
    }
    for (unsigned i = 0; i < 60; i++) {
        (void)tick();
    }
    assert_int_equal(hot_in(QN_REGION_ASIA, false), 4);
}

static void no_region_gets_more_than_40_percent(void **state)
{
    (void)state;
    assert_int_equal(qn_balance_places(500, 1000), 400);
    assert_int_equal(qn_balance_places(50, 1000), 50);
    assert_int_equal(qn_balance_places(8, 8), 4); /* the least goes first */
    assert_int_equal(qn_balance_places(500, UINT32_MAX), 500);
}

static struct model_peer *peer_with(uint32_t rtt_us, uint32_t traffic, uint32_t delivered_first)
{
    struct model_peer *peer = add_peer(QN_REGION_AFRICA, true);
    peer->rtt_us = rtt_us;
    peer->traffic = traffic;
    peer->delivered_first = delivered_first;
    return peer;
}

/* The slowest of a full region, the costliest of a busy one; never the best deliverers. */
static void the_worst_peer_gives_way(void **state)
{
    (void)state;
    for (unsigned busy = 0; busy < 2; busy++) {
        model_init(seed);
        model.places[QN_REGION_AFRICA] = busy == 1 ? 100 : 10;
        model.bytes_per_percent = busy == 1 ? 200 : model.bytes_per_percent;
        for (unsigned i = 0; i < 7; i++) {
            (void)peer_with(20000, 1000, 0);
        }
        struct model_peer *slow = peer_with(200000, 1000, 0);
        struct model_peer *costly = peer_with(10000, 6000, 0);
        struct model_peer *bringer = peer_with(300000, 9000, 5);
        (void)tick();
        (void)tick();
        assert_int_equal(tick(), 1);
        assert_int_equal(slow->hot, busy == 1);
        assert_int_equal(costly->hot, busy == 0);
        assert_true(bringer->hot);
        assert_int_equal(model.moves.items[0].reason,
                         busy == 1 ? QN_MOVE_BUSY : QN_MOVE_REGION_FULL);
    }
}

static void the_last_moves_are_kept_with_their_reasons(void **state)
{
    (void)state;
    char text[QN_MOVE_TEXT_SIZE];
    one_region(200);
    assert_null(qn_balancer_last(&model.balancer, 0));
    for (unsigned round = 0; round < 100; round++) {
        set_fill(86);
        (void)tick();
    }
    const struct qn_move *last = qn_balancer_last(&model.balancer, 0);
    assert_non_null(last);
    assert_int_equal(last->reason, QN_MOVE_REGION_FULL);
    assert_int_equal(last->percent, 86);
    assert_non_null(strstr(qn_move_text(text, last), "86 % of the places of europe are taken"));
    assert_int_equal(model.balancer.history_count, 98);
    assert_true(qn_balancer_last(&model.balancer, 1)->at_us < last->at_us);
    assert_non_null(qn_balancer_last(&model.balancer, QN_BALANCE_HISTORY - 1));
    assert_null(qn_balancer_last(&model.balancer, QN_BALANCE_HISTORY));
    uint64_t counted = model.balancer.counters[QN_MOVE_REST][QN_MOVE_REGION_FULL] +
                       model.balancer.counters[QN_MOVE_REDIRECT][QN_MOVE_REGION_FULL];
    assert_int_equal(counted, 98);
}

/* ---- the model ---- */

/* Ticks until the last move; at least twenty quiet ones must follow. */
static unsigned seconds_to_settle(void)
{
    unsigned settled = 0;
    for (unsigned second = 1; second <= 30; second++) {
        if (tick() > 0) {
            settled = second;
        }
    }
    return settled;
}

/* Regions at 80 %, of which one fills up at once. Returns the seconds until it is settled. */
static unsigned load_step(uint32_t places, unsigned regions, unsigned run)
{
    model_init(seed * 1000 + run);
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        model.places[r] = places;
        if (r < regions) {
            add_peers((enum qn_region)r, places * 80 / 100, true);
        }
    }
    assert_int_equal(seconds_to_settle(), 0);
    add_peers(QN_REGION_NORTH_AMERICA, places - places * 80 / 100, true);
    unsigned seconds = seconds_to_settle();
    assert_in_range(seconds, 3, 10);
    assert_true(fill_percent(QN_REGION_NORTH_AMERICA) <= QN_BALANCE_HIGH_PERCENT);
    assert_int_equal(model.moves_most, 1);
    assert_int_equal(model.total_wanted, 0);
    return seconds;
}

static void a_load_step_settles_within_10_seconds(void **state)
{
    (void)state;
    static const uint32_t limits[] = {8, 50, 100, 500};
    for (unsigned i = 0; i < 4 * 3; i++) {
        uint32_t limit = limits[i % 4];
        unsigned regions = 1 + i / 4 * 5 / 2; /* 1, 3, 6 */
        unsigned seconds = load_step(limit, regions, i);
        printf("  full region: %u regions of %u places: settled after %u s, %zu moves, at most %u "
               "a peer\n",
               regions, limit, seconds, model.total_shed, model.moves_most);
    }
    for (uint32_t places = 5; places <= 120; places++) { /* budgets give any number */
        (void)load_step(places, 1, places);
    }
}

/* All traffic grows at once, from 60 % of a core to 100 %. */
static void a_busy_step_settles_within_10_seconds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        uint64_t bytes = 0;
        unsigned per_region = 10U << (i % 6); /* 10 to 320 */
        model_init(seed * 1000 + 500 + i);
        for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
            model.places[r] = 500;
            add_peers((enum qn_region)r, per_region, true);
        }
        for (size_t p = 0; p < model.count; p++) {
            bytes += model.peers[p].traffic;
        }
        model.bytes_per_percent = bytes / 60;
        assert_int_equal(seconds_to_settle(), 0);
        model.bytes_per_percent = bytes / 100;
        unsigned seconds = seconds_to_settle();
        printf(
            "  busy node: %zu peers: settled after %u s at %u %%, %zu moves, at most %u a peer\n",
            model.count, seconds, model.balancer.busy.percent, model.total_shed, model.moves_most);
        assert_in_range(seconds, 3, 10);
        assert_true(model.balancer.busy.percent <= QN_BALANCE_HIGH_PERCENT);
        assert_int_equal(model.moves_most, 1);
    }
}

/* Peers come and go, the processor's share swings around its threshold, round trips wander. */
static void disturb(unsigned second, uint64_t bytes_per_percent)
{
    for (size_t i = 0; i < model.count; i++) {
        struct model_peer *peer = &model.peers[i];
        if (peer->hot && !peer->stays && between(1, 2000) == 1) { /* leaves by itself */
            peer->hot = false;
        } else if (!peer->hot && peer->coming == 0 && between(1, 1000) == 1 &&
                   !qn_balance_is_resting(peer->moved_us, model.now) && /* is not let in */
                   hot_in(peer->region, true) < model.places[peer->region]) {
            peer->hot = true;
            peer->outbound = false;
        }
        peer->queued_bytes = between(0, 9) == 0 ? between(0, 65536) : 0;
        peer->rtt_us += between(0, 2000);
        peer->rtt_us -= peer->rtt_us > 2000 ? between(0, 2000) : 0;
    }
    uint32_t swing =
        second % 100 < 2 ? 180 : between(70, 110); /* two seconds of spike now and then */
    model.bytes_per_percent = bytes_per_percent * 100 / swing;
}

static void an_hour_of_noise_does_not_flap(void **state)
{
    (void)state;
    static const unsigned busy[] = {80, 62, 45};
    size_t moves = 0;
    for (unsigned run = 0; run < QN_ARRAY_COUNT(busy); run++) {
        uint64_t bytes = 0;
        unsigned reversals = 0;
        int direction[QN_REGION_COUNT] = {0};
        unsigned since[QN_REGION_COUNT] = {0};
        model_init(seed * 1000 + 900 + run);
        for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
            model.places[r] = 50;
            add_peers((enum qn_region)r, 23 + 4 * r, true); /* 46 to 86 % */
            add_peers((enum qn_region)r, 27 - 4 * r, false);
        }
        for (size_t p = 0; p < model.count; p++) {
            bytes += model.peers[p].hot ? model.peers[p].traffic : 0;
        }
        for (unsigned second = 0; second < SECOND_MAX; second++) {
            unsigned shed[QN_REGION_COUNT];
            unsigned wanted[QN_REGION_COUNT];
            memcpy(shed, model.shed, sizeof shed);
            memcpy(wanted, model.wanted, sizeof wanted);
            disturb(second, bytes / busy[run]);
            (void)tick();
            for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
                int now = model.shed[r] > shed[r] ? -1 : model.wanted[r] > wanted[r] ? 1 : 0;
                if (now != 0) {
                    reversals += now == -direction[r] && second - since[r] < 300;
                    direction[r] = now;
                    since[r] = second;
                }
            }
        }
        printf("  an hour of noise around %u %%, %zu peers: %zu gave way, %zu wanted, %u reversals "
               "within "
               "300 s, at most %u moves a peer\n",
               busy[run], model.count, model.total_shed, model.total_wanted, reversals,
               model.moves_most);
        assert_int_equal(reversals, 0);
        assert_in_range(model.moves_most, 0, SECOND_MAX / 300);
        moves += model.total_shed + model.total_wanted;
        assert_true(model.total_shed < model.count * 2);
    }
    assert_true(moves > 0); /* the noise does reach the thresholds */
}

/* Whatever comes: the checks of tick() hold, and a region is never asked to hold more than half. */
static void quotas_hold_under_random_input(void **state)
{
    (void)state;
    for (unsigned run = 0; run < 40; run++) {
        model_init(seed * 1000 + 2000 + run);
        for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
            unsigned count = between(0, 80);
            for (unsigned i = 0; i < count; i++) {
                struct model_peer *peer = add_peer((enum qn_region)r, between(0, 2) > 0);
                peer->stays = between(0, 9) == 0;
                peer->delivered_first = run % 2 == 0 ? between(0, 40) : 0;
            }
        }
        for (unsigned second = 0; second < 400; second++) {
            if (second % 40 == 0) { /* another size of the network, other costs */
                for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
                    model.places[r] = qn_balance_places(between(4, 100), between(20, 300));
                }
                model.bytes_per_percent = between(100, 3000);
            }
            for (unsigned i = 0; i < 3 && model.count > 0; i++) {
                struct model_peer *peer = &model.peers[qn_rng_below(&model.rng, model.count)];
                peer->hot = peer->coming == 0 ? !peer->hot : peer->hot;
            }
            size_t wanted = model.total_wanted;
            (void)tick();
            if (model.total_wanted == wanted) {
                continue;
            }
            for (size_t i = 0; i < model.moves.count; i++) {
                const struct qn_move *move = &model.moves.items[i];
                unsigned coming = 0;
                for (size_t p = 0; p < model.count; p++) {
                    coming += model.peers[p].region == move->region && model.peers[p].coming > 0;
                }
                unsigned soon = hot_in(move->region, true) + coming;
                assert_true(move->kind != QN_MOVE_WANT || soon <= QN_BALANCE_REGION_HOT_MIN ||
                            soon * 100 < model.places[move->region] * 50 + 100);
            }
        }
    }
}

static void anchors_and_the_committee_stay(void **state)
{
    (void)state;
    model_init(seed);
    model.places[QN_REGION_OCEANIA] = 8;
    for (unsigned i = 0; i < 40; i++) {
        add_peer(QN_REGION_OCEANIA, true)->stays = true;
    }
    model.bytes_per_percent = 10; /* far too busy as well */
    for (unsigned i = 0; i < 400; i++) {
        assert_int_equal(tick(), 0);
    }
    assert_int_equal(hot_in(QN_REGION_OCEANIA, false), 40);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above_85_percent_for_three_ticks_sheds),
        cmocka_unit_test(below_50_percent_for_ten_ticks_grows),
        cmocka_unit_test(a_busy_node_does_not_grow),
        cmocka_unit_test(a_moved_peer_rests_for_300_seconds),
        cmocka_unit_test(a_region_that_gave_way_grows_no_sooner),
        cmocka_unit_test(the_least_of_a_region_is_wanted_at_once),
        cmocka_unit_test(the_last_four_of_a_region_stay),
        cmocka_unit_test(no_region_gets_more_than_40_percent),
        cmocka_unit_test(the_worst_peer_gives_way),
        cmocka_unit_test(the_last_moves_are_kept_with_their_reasons),
        cmocka_unit_test(a_load_step_settles_within_10_seconds),
        cmocka_unit_test(a_busy_step_settles_within_10_seconds),
        cmocka_unit_test(an_hour_of_noise_does_not_flap),
        cmocka_unit_test(quotas_hold_under_random_input),
        cmocka_unit_test(anchors_and_the_committee_stay),
    };
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    printf("seed %" PRIu64 "\n", seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
