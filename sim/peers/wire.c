#include "sim/peers/world.h"

#include "base/limits.h"
#include "sim/peers/geography.h"

#include <stdlib.h>

enum {
    SLOT_BITS = 21,
    LINKS_FIRST = 1024,
    DIAL_TIMEOUT_US = 10 * 1000 * 1000,
    PINGS_MISSED_US = 3 * 1000 * 1000,
};
_Static_assert(QN_PEERS_LINKS_MAX <= 1 << SLOT_BITS, "a slot is a part of a link's number");

static void later(struct qn_peers_world *world, qn_time_us after, enum qn_peers_event kind,
                  const struct qn_peers_link *link, size_t end)
{
    qn_timeline_add(&world->timeline, (struct qn_timeline_event){.at = world->now + after,
                                                                 .kind = kind,
                                                                 .number = link->id,
                                                                 .detail = (uint32_t)end});
}

static void grow(struct qn_peers_world *world)
{
    size_t capacity = world->link_capacity == 0 ? LINKS_FIRST : 2 * world->link_capacity;

    QN_ASSERT(capacity <= QN_PEERS_LINKS_MAX);
    world->links = realloc(world->links, capacity * sizeof *world->links);
    world->free_slots = realloc(world->free_slots, capacity * sizeof *world->free_slots);
    QN_ASSERT(world->links != NULL && world->free_slots != NULL);
    for (size_t slot = capacity; slot-- > world->link_capacity;) {
        world->links[slot].id = 0;
        world->free_slots[world->free_count++] = (uint32_t)slot;
    }
    world->link_capacity = capacity;
}

static uint32_t life_of(const struct qn_peers_world *world, uint32_t node)
{
    return world->host_of[node] == QN_PEERS_LIGHT ? 0 : world->hosts[world->host_of[node]].life;
}

static struct qn_peers_link *new_link(struct qn_peers_world *world, uint32_t from, uint32_t to)
{
    if (world->free_count == 0) {
        grow(world);
    }
    uint32_t slot = world->free_slots[--world->free_count];
    struct qn_peers_link *link = &world->links[slot];
    world->serial += 1;
    *link = (struct qn_peers_link){.id = world->serial << SLOT_BITS | slot,
                                   .node = {from, to},
                                   .host = {world->host_of[from], world->host_of[to]},
                                   .life = {life_of(world, from), life_of(world, to)},
                                   .rtt_us = qn_crowd_rtt_us(&world->crowd, from, to)};
    return link;
}

static void free_link(struct qn_peers_world *world, struct qn_peers_link *link)
{
    world->free_slots[world->free_count++] = (uint32_t)(link - world->links);
    link->id = 0;
}

struct qn_peers_link *qn_peers_link_find(const struct qn_peers_world *world, uint64_t id)
{
    size_t slot = (size_t)(id & ((1U << SLOT_BITS) - 1));

    return id != 0 && slot < world->link_capacity && world->links[slot].id == id
               ? &world->links[slot]
               : NULL;
}

/* The whole node at this end, if it is the one that was there when the link began; NULL: a light one, or it
 * has gone. */
static struct qn_peers_host *host_at(struct qn_peers_world *world, const struct qn_peers_link *link,
                                     size_t end)
{
    if (link->host[end] == QN_PEERS_LIGHT) {
        return NULL;
    }
    struct qn_peers_host *host = &world->hosts[link->host[end]];
    host->touched = true;
    return host->life == link->life[end] ? host : NULL;
}

/* This end has the link from now on. */
static void attach(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    link->open[end] = true;
    if (link->host[end] == QN_PEERS_LIGHT) {
        world->crowd.nodes[link->node[end]].links += 1;
        return;
    }
    struct qn_peers_host *host = &world->hosts[link->host[end]];
    if (host->link_count == host->link_capacity) {
        host->link_capacity = host->link_capacity == 0 ? 64 : 2 * host->link_capacity;
        host->links = realloc(host->links, host->link_capacity * sizeof *host->links);
        QN_ASSERT(host->links != NULL);
    }
    link->position[end] = (uint32_t)host->link_count;
    host->links[host->link_count++] = (uint32_t)(link - world->links);
}

static void remove_from_host(struct qn_peers_world *world, const struct qn_peers_link *link,
                             size_t end)
{
    struct qn_peers_host *host = &world->hosts[link->host[end]];
    uint32_t last = host->links[--host->link_count];

    host->links[link->position[end]] = last;
    struct qn_peers_link *moved = &world->links[last];
    moved->position[moved->host[0] == link->host[end] ? 0 : 1] = link->position[end];
}

/* Nothing more happens at this end. A link that is over at both is free. */
static void detach(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    if (link->open[end] && link->host[end] == QN_PEERS_LIGHT) {
        world->crowd.nodes[link->node[end]].links -= 1;
    } else if (link->open[end]) {
        remove_from_host(world, link, end);
    }
    link->open[end] = false;
    link->live[end] = false;
    link->over[end] = true;
    if (link->over[1 - end]) {
        free_link(world, link);
    }
}

static bool is_up(const struct qn_peers_world *world, uint32_t node)
{
    int32_t host = world->host_of[node];

    return host == QN_PEERS_LIGHT ? world->crowd.nodes[node].up
                                  : world->hosts[host].peering != NULL;
}

static bool is_reachable(const struct qn_peers_world *world, uint32_t from, uint32_t to)
{
    return world->rules.reachable == NULL || world->rules.reachable(world->rules.context, from, to);
}

/* This end learns that it is over. */
static void doom(struct qn_peers_world *world, struct qn_peers_link *link, size_t end,
                 qn_time_us after)
{
    if (!link->doomed[end] && !link->over[end]) {
        link->doomed[end] = true;
        later(world, after, QN_PEERS_DOWN, link, end);
    }
}

void qn_peers_close(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    if (!link->open[end]) {
        return;
    }
    struct qn_peers_host *host = host_at(world, link, end);
    uint64_t id = link->id;
    if (host != NULL && link->live[end]) {
        qn_peers_mirror_close(world, link, end);
    }
    doom(world, link, 1 - end, link->rtt_us / 2);
    detach(world, link, end);
    if (host != NULL && host->peering != NULL) {
        qn_peering_on_leave(host->peering, id);
        qn_peering_on_down(host->peering, id, world->now);
    }
}

void qn_peers_starve(struct qn_peers_world *world, struct qn_peers_link *link)
{
    if (link->silent) {
        return;
    }
    link->silent = true;
    for (size_t end = 0; end < 2; end++) {
        /* A quiet link's next ping is some time away. */
        doom(world, link, end,
             PINGS_MISSED_US + qn_rng_below(&world->rng, QN_PING_QUIET_INTERVAL_MAX));
    }
}

void qn_peers_probe(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    if (!link->silent) {
        later(world, link->rtt_us, QN_PEERS_ANSWERS, link, end);
    } else if (!link->probed[end]) {
        link->probed[end] = true;
        later(world, PINGS_MISSED_US, QN_PEERS_DOWN, link, end);
    }
}

static void evict(struct qn_peers_world *world, struct qn_peers_host *host, uint64_t id)
{
    struct qn_peers_link *link = qn_peers_link_find(world, id);

    if (link != NULL) {
        link->is_full = true; /* inbound ones only are evicted */
        qn_peers_close(world, link, &world->hosts[link->host[0]] == host ? 0 : 1);
    }
}

/* It dialled, and hears of up to three neighbours of who has no place for it any more. */
void qn_peers_redirect(struct qn_peers_world *world, struct qn_peers_link *link)
{
    const struct qn_peers_host *by = &world->hosts[link->host[1]];
    struct qn_peers_host *away = host_at(world, link, 0);

    world->redirects += 1;
    for (size_t i = 0; i < QN_REDIRECT_ENTRIES_MAX && away != NULL && away->peering != NULL; i++) {
        const struct qn_peers_link *other =
            &world->links[by->links[qn_rng_below(&world->rng, by->link_count)]];
        uint32_t node = other->node[0] == by->node ? other->node[1] : other->node[0];
        struct qn_node_id id = qn_crowd_id(&world->crowd, node);
        struct qn_endpoint endpoint = qn_crowd_endpoint(&world->crowd, node);
        struct qn_heard heard = {.id = &id,
                                 .from = QN_HEARD_REDIRECT,
                                 .region = (enum qn_region)world->crowd.nodes[node].declared,
                                 .endpoints = &endpoint,
                                 .endpoint_count = 1,
                                 .link = link->id};
        if (node != away->node) {
            qn_peering_heard(away->peering, &heard, world->now);
        }
    }
    link->is_full = true;
    qn_peers_close(world, link, 1);
}

static uint32_t node_at(const struct qn_peers_world *world, const struct qn_peering_action *action)
{
    uint32_t node = QN_CROWD_NOBODY;

    if (action->dial.has_id) {
        node = qn_crowd_find(&world->crowd, &action->dial.id);
    }
    for (uint32_t i = 0; node == QN_CROWD_NOBODY && i < QN_PEERS_GENESIS; i++) {
        struct qn_endpoint endpoint = qn_crowd_endpoint(&world->crowd, i);
        node = qn_endpoint_equal(&endpoint, &action->dial.endpoint) ? i : QN_CROWD_NOBODY;
    }
    return node;
}

void qn_peers_dial(struct qn_peers_world *world, size_t host,
                   const struct qn_peering_action *action)
{
    uint32_t from = world->hosts[host].node;
    uint32_t to = node_at(world, action);
    uint32_t who = to;

    if (to != QN_CROWD_NOBODY && world->rules.answers != NULL) {
        who = world->rules.answers(world->rules.context, to);
    }
    struct qn_peers_link *link = new_link(world, from, to == QN_CROWD_NOBODY ? from : who);
    world->dials += 1;
    world->hosts[host].dials += 1;
    link->dial = action->dial.dial;
    if (to == QN_CROWD_NOBODY) {
        later(world, DIAL_TIMEOUT_US, QN_PEERS_REFUSED, link, 0);
        return;
    }
    if (who != to && action->dial.has_id) {
        /* TLS proves whose key is at the other end: it is not the one that was dialled for. */
        world->key_mismatches += 1;
        later(world, 2 * (qn_time_us)link->rtt_us, QN_PEERS_REFUSED, link, 0);
        return;
    }
    later(world, link->rtt_us / 2, QN_PEERS_ARRIVES, link, 1);
    qn_peers_mirror_dial(world, link);
}

static void light_connects(struct qn_peers_world *world, uint32_t node, size_t host, bool stalls)
{
    struct qn_peers_link *link = new_link(world, node, world->hosts[host].node);

    link->stalls = stalls;
    later(world, link->rtt_us / 2, QN_PEERS_ARRIVES, link, 1);
}

void qn_peers_light_dials(struct qn_peers_world *world, uint32_t node, size_t host)
{
    light_connects(world, node, host, false);
}

void qn_peers_light_stalls(struct qn_peers_world *world, uint32_t node, size_t host)
{
    light_connects(world, node, host, true);
}

const struct qn_peers_link *qn_peers_link_between(const struct qn_peers_world *world, size_t host,
                                                  uint32_t node)
{
    const struct qn_peering *peering = world->hosts[host].peering;
    struct qn_node_id id = qn_crowd_id(&world->crowd, node);

    return peering == NULL ? NULL : qn_peers_link_find(world, qn_peering_link_to(peering, &id));
}

/* Before any work for it. */
static bool is_admitted(struct qn_peers_world *world, struct qn_peers_link *link)
{
    struct qn_peers_host *host = NULL;
    struct qn_endpoint remote = qn_crowd_endpoint(&world->crowd, link->node[0]);

    if (link->host[1] == QN_PEERS_LIGHT) {
        return !qn_peers_mirror_refuses(world);
    }
    link->life[1] = world->hosts[link->host[1]].life;
    host = host_at(world, link, 1);
    struct qn_peering_verdict verdict =
        qn_peering_on_inbound(host->peering, link->id, &remote, world->now);
    if (verdict.limit != QN_ADMISSION_NONE && link->host[0] == QN_PEERS_LIGHT) {
        qn_peers_mirror_answer(world, true);
    }
    evict(world, host, verdict.evict);
    return verdict.limit == QN_ADMISSION_NONE;
}

/* TCP and TLS: who dialled knows the key of the other after two round trips, the other half a round trip
 * later, which is when each HELLO leaves. */
static void on_arrives(struct qn_peers_world *world, struct qn_peers_link *link)
{
    qn_time_us rtt_us = link->rtt_us;

    if (!is_up(world, link->node[1]) || !is_reachable(world, link->node[0], link->node[1])) {
        later(world, DIAL_TIMEOUT_US, QN_PEERS_REFUSED, link, 0);
        return;
    }
    if (!is_admitted(world, link)) {
        later(world, rtt_us / 2, QN_PEERS_REFUSED, link, 0);
        return;
    }
    attach(world, link, 1);
    if (link->stalls) {
        return;
    }
    later(world, rtt_us * 3 / 2, QN_PEERS_UP, link, 0);
    later(world, rtt_us * 2, QN_PEERS_UP, link, 1);
    later(world, rtt_us * 2 + 1, QN_PEERS_LIVE, link, 1);
    later(world, rtt_us * 5 / 2, QN_PEERS_LIVE, link, 0);
}

/* The dial of the end 0 came to nothing. */
static void fail_dial(struct qn_peers_world *world, struct qn_peers_link *link)
{
    struct qn_peers_host *host = host_at(world, link, 0);
    uint64_t dial = link->dial;

    detach(world, link, 0);
    if (host != NULL && host->peering != NULL) {
        qn_peering_on_dial_failed(host->peering, dial, world->now);
    }
}

static void on_refused(struct qn_peers_world *world, struct qn_peers_link *link)
{
    link->over[1] = true;
    fail_dial(world, link);
}

static void on_up(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    struct qn_peers_host *host = host_at(world, link, end);
    uint32_t other = link->node[1 - end];

    if (link->doomed[end] || link->over[end]) {
        return;
    }
    if (end == 0 && link->host[0] != QN_PEERS_LIGHT && host == NULL) {
        doom(world, link, 1, link->rtt_us / 2);
        detach(world, link, 0);
        return;
    }
    if (end == 0) {
        attach(world, link, 0);
    }
    if (host == NULL) {
        return;
    }
    struct qn_peering_up up = {
        .link = link->id,
        .dial = end == 0 ? link->dial : 0,
        .id = qn_crowd_id(&world->crowd, other),
        .remote = qn_crowd_endpoint(&world->crowd, other),
        .standing = qn_peers_standing(other),
        .region = (enum qn_region)world->crowd.nodes[other].declared,
    };
    host->handshakes += 1;
    struct qn_peering_verdict verdict = qn_peering_on_up(host->peering, &up, world->now);
    if (verdict.limit != QN_ADMISSION_NONE) {
        link->is_full = end == 1 && qn_admission_reason(verdict.limit) == QN_CLOSE_FULL;
        doom(world, link, 1 - end, link->rtt_us / 2);
        detach(world, link, end);
    }
    if (end == 1 && link->host[0] == QN_PEERS_LIGHT) {
        qn_peers_mirror_answer(world, verdict.limit != QN_ADMISSION_NONE);
    }
    evict(world, host, verdict.evict);
}

/* Two links between the same two: the one that the lower id dialled stays. False: this one goes. */
static bool settle_twins(struct qn_peers_world *world, struct qn_peers_host *host,
                         struct qn_peers_link *link, size_t end)
{
    struct qn_node_id ids[2] = {qn_crowd_id(&world->crowd, link->node[0]),
                                qn_crowd_id(&world->crowd, link->node[1])};
    struct qn_peers_link *twin =
        qn_peers_link_find(world, qn_peering_link_to(host->peering, &ids[1 - end]));

    if (twin == NULL || twin == link) {
        return true;
    }
    bool stays = qn_node_id_compare(&ids[0], &ids[1]) < 0;
    struct qn_peers_link *goes = stays ? twin : link;
    qn_peers_close(world, goes, &world->hosts[goes->host[0]] == host ? 0 : 1);
    return stays;
}

static void on_answers(struct qn_peers_world *world, const struct qn_peers_link *link, size_t end)
{
    struct qn_peers_host *host = host_at(world, link, end);

    if (host != NULL && host->peering != NULL && link->live[end] && !link->silent) {
        qn_peering_on_rtt(host->peering, link->id,
                          qn_geography_sample_us(&world->rng, link->rtt_us), world->now);
    }
}

static void on_live(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    struct qn_peers_host *host = host_at(world, link, end);

    if (!link->open[end] || link->doomed[end]) {
        return;
    }
    if (host != NULL) {
        if (!settle_twins(world, host, link, end)) {
            return;
        }
        qn_peering_on_live(host->peering, link->id, world->now);
        qn_peers_introduce(world, (size_t)link->host[end], link, end);
    }
    link->live[end] = true;
    on_answers(world, link, end); /* the first ping leaves at once */
}

static void on_down(struct qn_peers_world *world, struct qn_peers_link *link, size_t end)
{
    struct qn_peers_host *host = host_at(world, link, end);
    uint64_t id = link->id;
    bool link_was_full = link->is_full && end == 0;
    bool was_silent = link->silent;

    if (link->over[end]) {
        return;
    }
    if (!link->open[end]) { /* who dialled has not even seen the other's key */
        fail_dial(world, link);
        return;
    }
    detach(world, link, end);
    if (host != NULL && host->peering != NULL) {
        if (link_was_full) {
            qn_peering_on_full(host->peering, id);
        }
        if (!was_silent) {
            qn_peering_on_leave(host->peering, id);
        }
        qn_peering_on_down(host->peering, id, world->now);
    }
}

void qn_peers_wire_event(struct qn_peers_world *world, const struct qn_timeline_event *event)
{
    struct qn_peers_link *link = qn_peers_link_find(world, event->number);

    if (link == NULL) {
        return;
    }
    switch ((enum qn_peers_event)event->kind) {
    case QN_PEERS_ARRIVES:
        on_arrives(world, link);
        break;
    case QN_PEERS_REFUSED:
        on_refused(world, link);
        break;
    case QN_PEERS_UP:
        on_up(world, link, event->detail);
        break;
    case QN_PEERS_LIVE:
        on_live(world, link, event->detail);
        break;
    case QN_PEERS_ANSWERS:
        on_answers(world, link, event->detail);
        break;
    case QN_PEERS_DOWN:
        on_down(world, link, event->detail);
        break;
    case QN_PEERS_LIGHT_DIALS:
    case QN_PEERS_STARTS:
        QN_ASSERT(!"not an event of the wire");
    }
}
