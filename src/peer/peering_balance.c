/* The load balancer at work: once a second what was measured becomes the input of the rule (balancer.h), and the
 * moves it decides become actions and, for WANT, places that the dialer may fill. */
#include "peer/peering_state.h"

#include <string.h>

enum { FIRST_UNIT = 64, FIRST_DECAY = 60, GOODPUT_WEIGHT = 4 };

static uint64_t key_of(const struct qn_node_id *id)
{
    uint64_t key = 0;
    memcpy(&key, id->bytes, sizeof key);
    return key;
}

void qn_peering_balance_init(struct qn_peering *peering, uint64_t key0, uint64_t key1,
                             qn_time_us now)
{
    struct qn_peering_balance *balance = &peering->balance;
    qn_balancer_init(&balance->balancer);
    qn_rate_table_init(&balance->resting, QN_BALANCE_RESTING_SETS, QN_BALANCE_COOL_DOWN, 1, key0,
                       key1);
    balance->next_us = now + QN_BALANCE_TICK;
}

void qn_peering_balance_fini(struct qn_peering *peering)
{
    qn_rate_table_fini(&peering->balance.resting);
}

const struct qn_peering_balance *qn_peering_balance(const struct qn_peering *peering)
{
    return &peering->balance;
}

/* ---- what is measured ---- */

void qn_peering_balance_on_rtt(struct qn_peering_measured *measured, uint32_t rtt_us)
{
    if (measured->rtt_us == 0) {
        measured->rtt_us = rtt_us;
        return;
    }
    uint32_t off =
        rtt_us > measured->rtt_us ? rtt_us - measured->rtt_us : measured->rtt_us - rtt_us;
    measured->jitter_us = (uint32_t)((3 * (uint64_t)measured->jitter_us + off) / 4);
    measured->rtt_us = (uint32_t)((7 * (uint64_t)measured->rtt_us + rtt_us) / 8);
}

void qn_peering_balance_on_first(struct qn_peering_measured *measured)
{
    measured->first += measured->first < UINT32_MAX - FIRST_UNIT ? FIRST_UNIT : 0;
}

static void take_load(struct qn_peering_measured *measured, const struct qn_link_load *load,
                      qn_time_us elapsed)
{
    uint64_t moved = load->bytes > measured->bytes ? load->bytes - measured->bytes : 0;
    uint64_t rate = elapsed > 0 ? moved * QN_SECONDS(1) / elapsed : 0;
    rate = rate < UINT32_MAX ? rate : UINT32_MAX;
    if (measured->is_counted) { /* else it has no second behind it */
        uint64_t sum = (GOODPUT_WEIGHT - 1) * (uint64_t)measured->goodput + rate;
        measured->goodput = (uint32_t)((sum + GOODPUT_WEIGHT / 2) / GOODPUT_WEIGHT);
    }
    measured->is_counted = true;
    measured->bytes = load->bytes;
    measured->queued_bytes = load->queued_bytes;
}

void qn_peering_on_load(struct qn_peering *peering, const struct qn_load *load, qn_time_us now)
{
    struct qn_peering_balance *balance = &peering->balance;
    qn_time_us elapsed = balance->loaded_us != 0 ? now - balance->loaded_us : 0;
    for (size_t i = 0; i < load->count; i++) {
        struct qn_peering_link *link = qn_peering_find(peering, load->links[i].link);
        if (link != NULL) {
            take_load(&link->measured, &load->links[i], elapsed);
        }
    }
    balance->cpu_percent = load->cpu_percent;
    balance->loaded_us = now;
}

/* ---- who rests ---- */

qn_time_us qn_peering_moved_us(const struct qn_peering *peering, const struct qn_node_id *id,
                               qn_time_us now)
{
    qn_time_us until = qn_rate_table_spent_until(&peering->balance.resting, key_of(id));
    return until > now ? until - QN_BALANCE_COOL_DOWN : 0;
}

bool qn_peering_rests(const struct qn_peering *peering, const struct qn_node_id *id,
                      enum qn_region region, qn_time_us now)
{
    uint64_t places = peering->balance.regions[region].places;
    return qn_peering_moved_us(peering, id, now) != 0 &&
           (uint64_t)peering->counts.region[region] * 100 >= places * QN_BALANCE_LOW_PERCENT;
}

void qn_peering_let_rest(struct qn_peering *peering, const struct qn_node_id *id, qn_time_us now)
{
    qn_time_us moved = qn_peering_moved_us(peering, id, now);
    if (moved != 0) {
        qn_dialer_rest(&peering->dialer, id, moved + QN_BALANCE_COOL_DOWN);
    }
}

/* ---- the input ---- */

static bool is_anchor(const struct qn_book_found *anchors, size_t count,
                      const struct qn_peering_link *link)
{
    for (size_t i = 0; i < count && link->outbound; i++) {
        if (qn_node_id_equal(&anchors[i].what.id, &link->id)) {
            return true;
        }
    }
    return false;
}

/* Live, and not of those who may only register, which have places of their own. */
static bool is_balanced(const struct qn_peering_link *link)
{
    return link->link != 0 && link->state == QN_PEERING_LIVE &&
           link->standing != QN_STANDING_UNREGISTERED;
}

static size_t list_peers(struct qn_peering *peering, struct qn_balance_peer *peers)
{
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    size_t anchor_count = qn_book_anchors(&peering->memory.book, anchors);
    size_t count = 0;
    for (size_t i = 0; i < peering->place_end; i++) {
        struct qn_peering_link *link = &peering->links[i];
        if (!is_balanced(link)) {
            continue;
        }
        /* Feelers and links to landmarks end by themselves. */
        bool stays = link->privileged || link->is_feeler || link->for_landmark ||
                     is_anchor(anchors, anchor_count, link);
        peers[count++] = (struct qn_balance_peer){
            .id = &link->id,
            .link = link->link,
            .region = link->region,
            .outbound = link->outbound,
            .stays = stays,
            .moved_us = link->measured.moved_us,
            .rtt_min_us = link->rtt_min_us,
            .rtt_us = link->measured.rtt_us,
            .jitter_us = link->measured.jitter_us,
            .queued_bytes = link->measured.queued_bytes,
            .goodput = link->measured.goodput,
            .delivered_first = link->measured.first / FIRST_UNIT,
        };
    }
    return count;
}

static void sum_regions(struct qn_peering *peering)
{
    struct qn_peering_balance *balance = &peering->balance;
    memset(balance->goodput, 0, sizeof balance->goodput);
    memset(balance->queued, 0, sizeof balance->queued);
    for (size_t i = 0; i < peering->place_end; i++) {
        struct qn_peering_link *link = &peering->links[i];
        if (link->link == 0 || link->state != QN_PEERING_LIVE) {
            continue;
        }
        balance->goodput[link->region] += link->measured.goodput;
        balance->queued[link->region] += link->measured.queued_bytes;
        link->measured.first -= (link->measured.first + FIRST_DECAY - 1) / FIRST_DECAY;
    }
}

/* The loop's share of a core, dealt out to the regions by the bytes of their links: what a message costs is not
 * measured by link. What rounding leaves goes to the own region, so that the sum is what was measured. */
static void deal_cpu(struct qn_peering *peering)
{
    struct qn_peering_balance *balance = &peering->balance;
    uint64_t whole = 0;
    uint32_t left = balance->cpu_percent;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        whole += balance->goodput[i];
    }
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        uint64_t share = whole == 0 ? 0 : balance->goodput[i] * balance->cpu_percent / whole;
        balance->regions[i].cpu_percent = (uint32_t)share;
        left -= (uint32_t)share;
    }
    balance->regions[peering->config.region].cpu_percent += left;
}

/* Whom a WANT could lead to: who is due in the dialer, and those of the book who are neither there nor linked. */
static uint32_t candidates(const struct qn_peering *peering, size_t region, qn_time_us now)
{
    const struct qn_dialer *dialer = &peering->dialer;
    const struct qn_dial_queue *queue = &dialer->queues[QN_DIAL_WANT_REGION_SHIFT + region];
    const struct qn_book *book = &peering->memory.book;
    size_t due = 0;
    for (size_t i = 0; i < queue->count; i++) {
        due += dialer->targets[queue->heap[i]].next_us <= now;
    }
    size_t known = qn_book_count(book, true, (enum qn_region)region) +
                   qn_book_count(book, false, (enum qn_region)region);
    size_t in_use = peering->counts.hot[region] + queue->count;
    return (uint32_t)(due + (known > in_use ? known - in_use : 0));
}

static void fill_region(struct qn_peering *peering, size_t region, qn_time_us now)
{
    struct qn_peering_balance *balance = &peering->balance;
    struct qn_balance_region *out = &balance->regions[region];
    size_t wanted = peering->targets.hot[region] + balance->raised[region];
    bool may_grow = qn_peering_has_room(peering) && wanted < peering->targets.most[region] &&
                    balance->raised[region] < QN_BALANCE_RAISED_MAX &&
                    now >= peering->full_until_us[region];
    size_t spare = may_grow ? peering->targets.most[region] - wanted : 0;
    size_t left = QN_BALANCE_RAISED_MAX - balance->raised[region];
    uint32_t known = may_grow ? candidates(peering, region, now) : 0;
    left = left < spare ? left : spare;
    out->places = qn_balance_places((uint32_t)peering->region_max, (uint32_t)peering->links_max);
    out->candidates = known < left ? known : (uint32_t)left;
    out->coming = (uint32_t)qn_peering_missing(peering, region);
}

static void tick(struct qn_peering *peering, qn_time_us now)
{
    struct qn_peering_balance *balance = &peering->balance;
    struct qn_balance_input input = {.peers = (void *)peering->candidates};
    input.peer_count = list_peers(peering, input.peers);
    sum_regions(peering);
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        fill_region(peering, i, now);
    }
    deal_cpu(peering);
    memcpy(input.regions, balance->regions, sizeof input.regions);
    qn_balancer_tick(&balance->balancer, &balance->moves, &input, now);
    balance->next_move = 0;
}

/* ---- what follows ---- */

/* False: there is no place for it in actions. */
static bool send_away(struct qn_peering *peering, struct qn_peering_actions *actions,
                      const struct qn_move *move, qn_time_us now)
{
    struct qn_peering_link *link = qn_peering_find(peering, move->link);
    if (link == NULL || !is_balanced(link) || link->privileged) {
        return true; /* it went by itself, or is somebody else by now */
    }
    bool rests = move->kind == QN_MOVE_REST;
    struct qn_peering_action *action =
        qn_peering_act(actions, rests ? QN_PEERING_CLOSE : QN_PEERING_REDIRECT);
    if (action == NULL) {
        return false;
    }
    if (rests) {
        action->close.link = link->link;
        action->close.reason = QN_CLOSE_FULL;
    } else {
        action->redirect.link = link->link;
        action->redirect.region = link->region;
    }
    link->measured.moved_us = now;
    (void)qn_rate_table_take(&peering->balance.resting, key_of(&link->id), now);
    uint32_t *raised = &peering->balance.raised[move->region];
    *raised -= *raised > 0;
    return true;
}

static void perform(struct qn_peering *peering, struct qn_peering_actions *actions, qn_time_us now)
{
    struct qn_peering_balance *balance = &peering->balance;
    for (; balance->next_move < balance->moves.count; balance->next_move++) {
        const struct qn_move *move = &balance->moves.items[balance->next_move];
        if (move->kind == QN_MOVE_WANT) {
            balance->raised[move->region] += 1;
        } else if (!send_away(peering, actions, move, now)) {
            return; /* with the next poll */
        }
    }
}

void qn_peering_balance_poll(struct qn_peering *peering, struct qn_peering_actions *actions,
                             qn_time_us now)
{
    struct qn_peering_balance *balance = &peering->balance;
    if (now >= balance->next_us && balance->next_move == balance->moves.count &&
        !peering->config.unbalanced) {
        balance->next_us = now + QN_BALANCE_TICK;
        tick(peering, now);
    }
    perform(peering, actions, now);
}
