#include "peer/balancer.h"

void qn_balancer_init(struct qn_balancer *balancer)
{
    *balancer = (struct qn_balancer){0};
}

uint32_t qn_balance_places(uint32_t region_limit, uint32_t node_places)
{
    uint64_t share = (uint64_t)node_places * QN_BALANCE_REGION_PERCENT / 100;
    share = share < QN_BALANCE_REGION_HOT_MIN ? QN_BALANCE_REGION_HOT_MIN : share;
    return region_limit < share ? region_limit : (uint32_t)share;
}

bool qn_balance_is_resting(qn_time_us moved_us, qn_time_us now)
{
    return moved_us != 0 && now - moved_us < QN_BALANCE_COOL_DOWN;
}

/* ---- what is measured ---- */

/* One tick's work. */
struct tick {
    struct qn_balancer *balancer;
    struct qn_moves *moves;
    struct qn_balance_input *input;
    qn_time_us now;
    size_t shed_max;                   /* hot peers that may be moved */
    size_t shed;                       /* that were */
    size_t wanted;                     /* by WANT */
    uint32_t counted[QN_REGION_COUNT]; /* hot peers that take a place */
    uint32_t hot[QN_REGION_COUNT];     /* all of them */
    uint32_t coming[QN_REGION_COUNT];  /* dials under way, and what this tick wants */
    /* The best deliverers, best first. */
    const struct qn_balance_peer *best[QN_REGION_COUNT][QN_BALANCE_BEST_STAY];
};

static uint32_t percent_of(uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        return part == 0 ? 0 : UINT32_MAX;
    }
    uint64_t percent = part * 100 / whole;
    return percent > UINT32_MAX ? UINT32_MAX : (uint32_t)percent;
}

static bool delivers_better(const struct qn_balance_peer *a, const struct qn_balance_peer *b)
{
    if (b == NULL || a->delivered_first != b->delivered_first) {
        return b == NULL || a->delivered_first > b->delivered_first;
    }
    return qn_node_id_compare(a->id, b->id) < 0;
}

static void rank_deliverer(struct tick *tick, const struct qn_balance_peer *peer)
{
    const struct qn_balance_peer **best = tick->best[peer->region];
    for (size_t i = 0; peer != NULL && peer->delivered_first > 0 && i < QN_BALANCE_BEST_STAY; i++) {
        if (delivers_better(peer, best[i])) {
            const struct qn_balance_peer *worse = best[i];
            best[i] = peer;
            peer = worse;
        }
    }
}

static void count_peers(struct tick *tick)
{
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        tick->coming[r] = tick->input->regions[r].coming;
    }
    for (size_t i = 0; i < tick->input->peer_count; i++) {
        const struct qn_balance_peer *peer = &tick->input->peers[i];
        QN_ASSERT(peer->region < QN_REGION_COUNT);
        tick->hot[peer->region] += 1;
        tick->counted[peer->region] += !peer->stays;
        rank_deliverer(tick, peer);
    }
    size_t share = (tick->input->peer_count * QN_BALANCE_MOVE_PERCENT + 99) / 100;
    tick->shed_max = share < QN_BALANCE_MOVES_MAX ? share : QN_BALANCE_MOVES_MAX;
}

static void watch(struct qn_balance_watch *watch, bool is_high, bool is_low)
{
    watch->high = !is_high                              ? 0
                  : watch->high < QN_BALANCE_HIGH_TICKS ? watch->high + 1
                                                        : watch->high;
    watch->low = !is_low ? 0 : watch->low < QN_BALANCE_LOW_TICKS ? watch->low + 1 : watch->low;
}

static void watch_loads(struct tick *tick)
{
    struct qn_balancer *balancer = tick->balancer;
    uint32_t busy = 0;
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        busy += tick->input->regions[r].cpu_percent;
    }
    bool is_idle = busy < QN_BALANCE_LOW_PERCENT;
    balancer->busy.percent = busy;
    watch(&balancer->busy, busy > QN_BALANCE_HIGH_PERCENT, is_idle);
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        uint64_t taken = (uint64_t)tick->counted[r] * 100;
        uint64_t places = tick->input->regions[r].places;
        balancer->hot[r] = tick->hot[r];
        balancer->fill[r].percent = percent_of(tick->counted[r], places);
        watch(&balancer->fill[r], taken > places * QN_BALANCE_HIGH_PERCENT,
              is_idle && taken < places * QN_BALANCE_LOW_PERCENT);
    }
}

/* ---- who gives way ---- */

static bool is_best_deliverer(const struct tick *tick, const struct qn_balance_peer *peer)
{
    for (size_t i = 0; i < QN_BALANCE_BEST_STAY; i++) {
        if (tick->best[peer->region][i] == peer) {
            return true;
        }
    }
    return false;
}

static bool may_be_moved(const struct tick *tick, const struct qn_balance_peer *peer)
{
    return !peer->stays && !qn_balance_is_resting(peer->moved_us, tick->now) &&
           !is_best_deliverer(tick, peer);
}

/* How long a message takes to the peer and back, what waits for it and how unsteady it is included, shared
 * among the announcements that it brings first. */
static uint64_t lag(const struct qn_balance_peer *peer)
{
    uint64_t swollen = peer->rtt_us > peer->rtt_min_us ? peer->rtt_us - peer->rtt_min_us : 0;
    uint64_t drain = (uint64_t)peer->queued_bytes * 1000000U / (peer->goodput + 1U);
    return (peer->rtt_us + swollen + 4U * (uint64_t)peer->jitter_us + drain) /
           (1U + (uint64_t)peer->delivered_first);
}

static uint64_t cost(const struct qn_balance_peer *peer, enum qn_move_reason reason)
{
    return reason == QN_MOVE_BUSY ? peer->goodput : lag(peer);
}

static struct qn_balance_peer *worst_peer(struct tick *tick, enum qn_region region,
                                          enum qn_move_reason reason)
{
    struct qn_balance_peer *worst = NULL;
    for (size_t i = 0; i < tick->input->peer_count; i++) {
        struct qn_balance_peer *peer = &tick->input->peers[i];
        if (peer->region != region || !may_be_moved(tick, peer)) {
            continue;
        }
        uint64_t own = cost(peer, reason);
        uint64_t other = worst == NULL ? 0 : cost(worst, reason);
        if (worst == NULL || own > other ||
            (own == other && qn_node_id_compare(peer->id, worst->id) < 0)) {
            worst = peer;
        }
    }
    return worst;
}

static struct qn_move *add_move(struct tick *tick, enum qn_move_kind kind,
                                enum qn_move_reason reason, enum qn_region region, uint32_t percent)
{
    struct qn_move *move = &tick->moves->items[tick->moves->count++];
    *move = (struct qn_move){
        .at_us = tick->now, .kind = kind, .reason = reason, .region = region, .percent = percent};
    tick->balancer->counters[kind][reason] += 1;
    return move;
}

/* Returns whether somebody of the region was moved. */
static bool shed(struct tick *tick, enum qn_region region, enum qn_move_reason reason)
{
    if (tick->shed == tick->shed_max || tick->hot[region] <= QN_BALANCE_REGION_HOT_MIN) {
        return false;
    }
    struct qn_balance_peer *peer = worst_peer(tick, region, reason);
    if (peer == NULL) {
        return false;
    }
    const struct qn_balancer *balancer = tick->balancer;
    uint32_t percent =
        reason == QN_MOVE_BUSY ? balancer->busy.percent : balancer->fill[region].percent;
    enum qn_move_kind kind = peer->outbound ? QN_MOVE_REST : QN_MOVE_REDIRECT;
    struct qn_move *move = add_move(tick, kind, reason, region, percent);
    move->link = peer->link;
    move->id = *peer->id;
    move->rtt_us = peer->rtt_us;
    move->queued_bytes = peer->queued_bytes;
    peer->moved_us = tick->now;
    tick->balancer->shed_us[region] = tick->now;
    tick->hot[region] -= 1;
    tick->counted[region] -= 1;
    tick->shed += 1;
    return true;
}

/* ---- the rule ---- */

/* Busy: the region that costs most sheds first; where nobody may be moved, the next one. */
static void relieve_processor(struct tick *tick)
{
    bool tried[QN_REGION_COUNT] = {false};
    if (tick->balancer->busy.high < QN_BALANCE_HIGH_TICKS) {
        return;
    }
    for (unsigned turn = 0; turn < QN_REGION_COUNT; turn++) {
        int most = -1;
        for (int r = 0; r < QN_REGION_COUNT; r++) {
            if (!tried[r] && (most < 0 || tick->input->regions[r].cpu_percent >
                                              tick->input->regions[most].cpu_percent)) {
                most = r;
            }
        }
        tried[most] = true;
        while (shed(tick, (enum qn_region)most, QN_MOVE_BUSY)) {
        }
    }
}

static bool is_too_full(const struct tick *tick, enum qn_region region)
{
    return tick->balancer->fill[region].high >= QN_BALANCE_HIGH_TICKS &&
           (uint64_t)tick->counted[region] * 100 >
               (uint64_t)tick->input->regions[region].places * QN_BALANCE_HIGH_PERCENT;
}

/* Full regions take turns, so that one does not wait for another. */
static void relieve_regions(struct tick *tick)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
            if (is_too_full(tick, (enum qn_region)r)) {
                moved |= shed(tick, (enum qn_region)r, QN_MOVE_REGION_FULL);
            }
        }
    }
}

static void want(struct tick *tick, enum qn_region region, enum qn_move_reason reason)
{
    (void)add_move(tick, QN_MOVE_WANT, reason, region, tick->balancer->fill[region].percent);
    tick->coming[region] += 1;
    tick->wanted += 1;
}

/* Is there somebody to dial for the region, and room to say so? */
static bool can_want(const struct tick *tick, unsigned region)
{
    const struct qn_balance_region *of = &tick->input->regions[region];
    return tick->moves->count < QN_BALANCE_MOVES_MAX &&
           tick->coming[region] - of->coming < of->candidates;
}

/* The least that every region has is wanted at once: nobody is moved for it. */
static void fill_up_to_the_least(struct tick *tick)
{
    for (unsigned r = 0; r < QN_REGION_COUNT; r++) {
        while (tick->hot[r] + tick->coming[r] < QN_BALANCE_REGION_HOT_MIN && can_want(tick, r)) {
            want(tick, (enum qn_region)r, QN_MOVE_REGION_MIN);
        }
    }
}

static bool is_too_low(const struct tick *tick, unsigned region)
{
    return tick->balancer->fill[region].low >= QN_BALANCE_LOW_TICKS && can_want(tick, region) &&
           !qn_balance_is_resting(tick->balancer->shed_us[region], tick->now) &&
           (uint64_t)(tick->counted[region] + tick->coming[region]) * 100 <
               (uint64_t)tick->input->regions[region].places * QN_BALANCE_LOW_PERCENT;
}

/* Beyond that a region grows as slowly as it shrinks, the emptiest first, and not in a tick that sheds. */
static void grow_regions(struct tick *tick)
{
    for (bool wanted = true; wanted && tick->shed == 0 && tick->wanted < tick->shed_max;) {
        int least = -1;
        for (int r = 0; r < QN_REGION_COUNT; r++) {
            if (is_too_low(tick, (unsigned)r) &&
                (least < 0 ||
                 tick->counted[r] + tick->coming[r] < tick->counted[least] + tick->coming[least])) {
                least = r;
            }
        }
        wanted = least >= 0;
        if (wanted) {
            want(tick, (enum qn_region)least, QN_MOVE_REGION_LOW);
        }
    }
}

static void remember(struct qn_balancer *balancer, const struct qn_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        balancer->history[balancer->history_count % QN_BALANCE_HISTORY] = moves->items[i];
        balancer->history_count += 1;
    }
}

void qn_balancer_tick(struct qn_balancer *balancer, struct qn_moves *moves,
                      struct qn_balance_input *input, qn_time_us now)
{
    struct tick tick = {.balancer = balancer, .moves = moves, .input = input, .now = now};
    moves->count = 0;
    count_peers(&tick);
    watch_loads(&tick);
    relieve_processor(&tick);
    relieve_regions(&tick);
    fill_up_to_the_least(&tick);
    grow_regions(&tick);
    remember(balancer, moves);
}

const struct qn_move *qn_balancer_last(const struct qn_balancer *balancer, size_t back)
{
    if (back >= QN_BALANCE_HISTORY || back >= balancer->history_count) {
        return NULL;
    }
    return &balancer->history[(balancer->history_count - 1 - back) % QN_BALANCE_HISTORY];
}
