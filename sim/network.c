/* Links as TLS over TCP makes them: authenticated, in order within each class, broken rather than
 * damaged. On top of it, where the plan says so, messages are lost, doubled, reordered and damaged one by
 * one, as if the transport had failed in its promises. */
#include "sim/sim.h"

#include <string.h>

enum {
    HANDSHAKE_US = 2000,
    DIAL_TIMEOUT_US = 3000000, /* of a dial into a partition */
    TWIN_LAG_US = 150,         /* the second copy hears everything a little later */
    CLOG_SPREAD_US = 2000,
};

struct qn_sim_link *qn_sim_link_find(struct qn_sim *sim, qn_link_id id)
{
    struct qn_sim_link *link = &sim->network.links[id % QN_SIM_LINKS_MAX];

    return id != 0 && link->id == id ? link : NULL;
}

size_t qn_sim_link_end(const struct qn_sim_link *link, const struct qn_sim_host *host)
{
    size_t index = host->is_second ? host->twin->index : host->index;

    return link->ends[0] == index ? 0 : 1;
}

struct qn_sim_host *qn_sim_link_other(struct qn_sim *sim, const struct qn_sim_host *host,
                                      qn_link_id id)
{
    const struct qn_sim_link *link = qn_sim_link_find(sim, id);

    return link == NULL ? NULL : &sim->hosts[link->ends[1 - qn_sim_link_end(link, host)]];
}

static qn_time_us draw_delay(struct qn_sim *sim)
{
    const struct qn_sim_weather *weather = &sim->network.weather;
    qn_time_us range = weather->delay_max - weather->delay_min;
    qn_time_us delay = weather->delay_min + (range > 0 ? qn_rng_below(&sim->rng, range + 1) : 0);

    if (weather->heavy_permille > 0 && qn_sim_chance(sim, weather->heavy_permille)) {
        sim->coverage->counts[QN_SIM_COVER_HEAVY_TAIL] += 1;
        delay *= weather->heavy_factor;
    }
    return delay;
}

/* Which half of a split world a host lives in. */
static bool is_in_second_half(const struct qn_sim_host *host)
{
    return host->is_second || (host->twin == NULL && host->index % 2 == 1);
}

static bool hears(const struct qn_sim *sim, const struct qn_sim_host *host,
                  const struct qn_sim_host *from, const struct qn_sim_event *event)
{
    /* A second copy does not care what it may have voted elsewhere. */
    if (host->is_second && event->kind == QN_SIM_FRAME && event->frame.kind == QN_RECOVER_REPLY) {
        return false;
    }
    return !sim->plan.split_world || from == NULL || !sim->treason ||
           is_in_second_half(host) == is_in_second_half(from);
}

static bool is_of_consensus(enum qn_message_kind kind)
{
    return kind >= QN_PROPOSE && kind < QN_TX;
}

/* To the host of this end, and to its other copy. from: of a message of consensus, else NULL. */
static void add_for_end(struct qn_sim *sim, const struct qn_sim_link *link, size_t end,
                        const struct qn_sim_host *from, struct qn_sim_event event)
{
    struct qn_sim_host *host = &sim->hosts[link->ends[end]];

    event.link = link->id;
    event.host = (uint32_t)host->index;
    event.incarnation = host->incarnation;
    if (host->twin != NULL && host->twin->node != NULL && hears(sim, host->twin, from, &event)) {
        struct qn_sim_event copy = event;
        copy.at += TWIN_LAG_US;
        copy.host = (uint32_t)host->twin->index;
        copy.incarnation = host->twin->incarnation;
        copy.bytes = event.bytes != NULL ? qn_buf_hold(event.bytes) : NULL;
        if (copy.kind == QN_SIM_LINK_UP && copy.cookie != 0) {
            copy.cookie = UINT64_MAX; /* no dial of its own */
        }
        qn_sim_queue_add(&sim->queue, &copy, false);
    }
    if (hears(sim, host, from, &event)) {
        qn_sim_queue_add(&sim->queue, &event, false);
    } else {
        qn_buf_drop(event.bytes);
    }
}

static void set_last(struct qn_sim_link *link, size_t end, qn_time_us at)
{
    for (size_t class = 0; class < QN_CLASS_COUNT; class ++) {
        link->last_us[end][class] = at;
    }
}

static struct qn_sim_link *new_link(struct qn_sim *sim, size_t from, size_t to)
{
    struct qn_sim_network *network = &sim->network;

    for (size_t tries = 0; tries < QN_SIM_LINKS_MAX; tries++) {
        qn_link_id id = ++network->last_link;
        struct qn_sim_link *link = &network->links[id % QN_SIM_LINKS_MAX];
        if (link->id == 0 || (!link->up[0] && !link->up[1])) {
            memset(link, 0, sizeof *link);
            link->id = id;
            link->ends[0] = from;
            link->ends[1] = to;
            return link;
        }
    }
    qn_sim_fail(sim, "bounded_links", "more than %d links are held at once", QN_SIM_LINKS_MAX);
    return NULL;
}

static bool is_clogged(const struct qn_sim *sim, size_t from, size_t to)
{
    return sim->network.clogged_until[from][to] > sim->now;
}

static void fail_dial(struct qn_sim *sim, const struct qn_sim_host *from, qn_dial_id dial,
                      qn_time_us after, enum qn_close_reason reason)
{
    sim->coverage->counts[QN_SIM_COVER_DIAL_FAILURE] += 1;
    qn_sim_queue_add(&sim->queue,
                     &(struct qn_sim_event){.at = sim->now + after,
                                            .kind = QN_SIM_DIAL_FAILED,
                                            .host = (uint32_t)from->index,
                                            .incarnation = from->incarnation,
                                            .cookie = dial,
                                            .reason = reason},
                     false);
}

static struct qn_sim_host *host_at(struct qn_sim *sim, const struct qn_endpoint *endpoint)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        struct qn_sim_host *host = &sim->hosts[i];
        if (!host->is_second && qn_endpoint_equal(&host->identity->endpoint, endpoint)) {
            return host;
        }
    }
    return NULL;
}

void qn_sim_dial(struct qn_sim *sim, struct qn_sim_host *from, const struct qn_action *action)
{
    struct qn_sim_host *to = host_at(sim, &action->dial.endpoint);
    qn_time_us delay = draw_delay(sim);

    if (from->is_second || to == NULL || to->node == NULL) {
        fail_dial(sim, from, action->dial.dial, 2 * delay, QN_CLOSE_REFUSED);
        return;
    }
    if (is_clogged(sim, from->index, to->index) || is_clogged(sim, to->index, from->index) ||
        to->paused_until > sim->now) {
        fail_dial(sim, from, action->dial.dial, DIAL_TIMEOUT_US, QN_CLOSE_HANDSHAKE_TIMEOUT);
        return;
    }
    if (sim->chaos && qn_sim_chance(sim, sim->network.weather.dial_failure_permille)) {
        fail_dial(sim, from, action->dial.dial, 2 * delay, QN_CLOSE_IO);
        return;
    }
    struct qn_sim_link *link = new_link(sim, from->index, to->index);
    if (link == NULL) {
        return;
    }
    /* The dialling side has one flight more behind it when the other end may speak. */
    qn_time_us up_us[2] = {sim->now + 2 * delay + HANDSHAKE_US, 0};
    up_us[1] = up_us[0] + delay;
    add_for_end(sim, link, 1, NULL,
                (struct qn_sim_event){.at = sim->now + delay,
                                      .kind = QN_SIM_INBOUND,
                                      .other = (uint32_t)link->ends[0]});
    for (size_t end = 0; end < 2; end++) {
        link->up[end] = true;
        set_last(link, end, up_us[end] + TWIN_LAG_US);
        add_for_end(sim, link, end, NULL,
                    (struct qn_sim_event){.at = up_us[end],
                                          .kind = QN_SIM_LINK_UP,
                                          .cookie = end == 0 ? action->dial.dial : 0,
                                          .other = (uint32_t)link->ends[1 - end]});
    }
}

/* Tells one end that the link is over, after everything that is still on its way if it is a clean end. */
static void end_link(struct qn_sim *sim, struct qn_sim_link *link, size_t end,
                     enum qn_close_reason reason, bool clean)
{
    if (!link->up[end] || link->down_us[end] != 0) {
        return;
    }
    qn_time_us at = sim->now + draw_delay(sim);
    for (size_t class = 0; clean && class < QN_CLASS_COUNT; class ++) {
        at = at <= link->last_us[end][class] ? link->last_us[end][class] + 1 : at;
    }
    qn_time_us up_us = link->last_us[end][QN_CLASS_P0]; /* never before it was up */
    at = !clean && at <= up_us ? up_us + 1 : at;
    link->down_us[end] = at;
    add_for_end(sim, link, end, NULL,
                (struct qn_sim_event){.at = at, .kind = QN_SIM_LINK_DOWN, .reason = reason});
}

void qn_sim_close(struct qn_sim *sim, struct qn_sim_host *by, qn_link_id id)
{
    struct qn_sim_link *link = qn_sim_link_find(sim, id);

    if (link == NULL) {
        return;
    }
    size_t own = qn_sim_link_end(link, by);
    if (by->twin != NULL) { /* its other copy is to forget it as well */
        end_link(sim, link, own, QN_CLOSE_PEER_CLOSED, true);
    }
    link->up[own] = false;
    end_link(sim, link, 1 - own, QN_CLOSE_PEER_CLOSED, true);
}

static void break_link(struct qn_sim *sim, struct qn_sim_link *link)
{
    sim->coverage->counts[QN_SIM_COVER_LINK_BREAK] += 1;
    end_link(sim, link, 0, QN_CLOSE_IO, false);
    end_link(sim, link, 1, QN_CLOSE_IO, false);
}

void qn_sim_links_reset(struct qn_sim *sim, const struct qn_sim_host *host)
{
    for (size_t i = 0; i < QN_SIM_LINKS_MAX; i++) {
        struct qn_sim_link *link = &sim->network.links[i];
        if (link->id != 0 && (link->ends[0] == host->index || link->ends[1] == host->index)) {
            break_link(sim, link);
        }
    }
}

void qn_sim_links_break(struct qn_sim *sim, const struct qn_sim_host *host)
{
    for (size_t i = 0; i < QN_SIM_LINKS_MAX; i++) {
        struct qn_sim_link *link = &sim->network.links[i];
        bool own = link->id != 0 && (link->ends[0] == host->index || link->ends[1] == host->index);
        if (own && !host->is_second) {
            size_t end = qn_sim_link_end(link, host);
            link->up[end] = false;
            end_link(sim, link, 1 - end, QN_CLOSE_IO, false);
        }
    }
}

/* A copy with bits flipped, or cut short. */
static struct qn_buf *damaged(struct qn_sim *sim, struct qn_buf *bytes, bool cut)
{
    size_t len = cut && bytes->len > 0 ? (size_t)qn_rng_below(&sim->rng, bytes->len) : bytes->len;
    struct qn_buf *copy = qn_buf_copy((struct qn_span){bytes->bytes, len});

    qn_buf_drop(bytes);
    if (!cut && len > 0) {
        copy->bytes[qn_rng_below(&sim->rng, len)] ^= (uint8_t)(1U << qn_rng_below(&sim->rng, 8));
    }
    return copy;
}

struct parcel {
    const struct qn_sim_host *from;
    enum qn_message_kind kind;
    uint32_t request_id;
    struct qn_buf *bytes;
    bool out_of_order;
};

static void deliver(struct qn_sim *sim, struct qn_sim_link *link, size_t end,
                    const struct parcel *parcel)
{
    size_t from = link->ends[1 - end];
    size_t to = link->ends[end];
    size_t class = qn_kind_find(parcel->kind)->class;
    qn_time_us at = sim->now + draw_delay(sim);

    if (is_clogged(sim, from, to)) {
        at = sim->network.clogged_until[from][to] + qn_rng_below(&sim->rng, CLOG_SPREAD_US);
    }
    link->bytes += QN_FRAME_HEADER_LEN + parcel->bytes->len;
    if (!parcel->out_of_order) {
        at = at < link->last_us[end][class] ? link->last_us[end][class] : at;
        link->last_us[end][class] = at;
    }
    add_for_end(sim, link, end, is_of_consensus(parcel->kind) ? parcel->from : NULL,
                (struct qn_sim_event){.at = at,
                                      .kind = QN_SIM_FRAME,
                                      .frame = {parcel->kind, parcel->request_id},
                                      .bytes = parcel->bytes});
}

static bool happens(struct qn_sim *sim, unsigned permille, enum qn_sim_cover cover)
{
    if (permille == 0 || !qn_sim_chance(sim, permille)) {
        return false;
    }
    sim->coverage->counts[cover] += 1;
    return true;
}

/* What a transport that breaks its promises does to a message. */
static void deliver_badly(struct qn_sim *sim, struct qn_sim_link *link, size_t end,
                          struct parcel *parcel)
{
    const struct qn_sim_weather *weather = &sim->network.weather;

    if (happens(sim, weather->drop_permille, QN_SIM_COVER_DROP)) {
        qn_buf_drop(parcel->bytes);
        return;
    }
    if (happens(sim, weather->flip_permille, QN_SIM_COVER_BIT_FLIP)) {
        parcel->bytes = damaged(sim, parcel->bytes, false);
    }
    if (happens(sim, weather->truncate_permille, QN_SIM_COVER_TRUNCATE)) {
        parcel->bytes = damaged(sim, parcel->bytes, true);
    }
    parcel->out_of_order = happens(sim, weather->reorder_permille, QN_SIM_COVER_REORDER);
    if (happens(sim, weather->duplicate_permille, QN_SIM_COVER_DUPLICATE)) {
        struct parcel copy = *parcel;
        copy.out_of_order = true;
        qn_buf_hold(copy.bytes);
        deliver(sim, link, end, &copy);
    }
    deliver(sim, link, end, parcel);
}

void qn_sim_transmit(struct qn_sim *sim, struct qn_sim_host *from, qn_link_id id,
                     enum qn_message_kind kind, uint32_t request_id, struct qn_buf *bytes)
{
    struct qn_sim_link *link = qn_sim_link_find(sim, id);
    struct parcel parcel = {.from = from, .kind = kind, .request_id = request_id, .bytes = bytes};

    if (link == NULL) {
        qn_buf_drop(bytes);
        return;
    }
    size_t own = qn_sim_link_end(link, from);
    if (!link->up[own] || !link->up[1 - own] || link->down_us[1 - own] != 0) {
        qn_buf_drop(bytes);
        return;
    }
    if (sim->chaos && qn_sim_chance(sim, sim->network.weather.break_permille)) {
        break_link(sim, link); /* the message is lost with it */
        qn_buf_drop(bytes);
        return;
    }
    if (sim->chaos && (sim->network.weather.all_kinds || is_of_consensus(kind))) {
        deliver_badly(sim, link, 1 - own, &parcel);
    } else {
        deliver(sim, link, 1 - own, &parcel);
    }
}
