/* Neighbours: who is heard in the local network, where anybody can say anything. Nothing of it is kept or believed:
 * an address is dialled once, few at a time, and whoever answers proves his identity like everybody. */
#include "peer/peering_lan.h"

#include "peer/peering_state.h"

#include <string.h>

/* Of two that hear each other the one with the lower id dials, and the other a little later. */
#define HIGHER_ID_WAIT QN_SECONDS(2)
#define ASK_INTERVAL QN_SECONDS(30)

static void remove_at(struct qn_peering_lan *lan, size_t at)
{
    lan->count -= 1;
    memmove(&lan->neighbours[at], &lan->neighbours[at + 1],
            (lan->count - at) * sizeof lan->neighbours[0]);
}

/* Whoever says something about the same id or address says something newer. */
static void forget_same(struct qn_peering_lan *lan, const struct qn_peering_neighbour *neighbour)
{
    for (size_t i = lan->count; i > 0; i--) {
        const struct qn_peering_neighbour *other = &lan->neighbours[i - 1];
        if (qn_node_id_equal(&other->id, &neighbour->id) ||
            qn_endpoint_equal(&other->endpoint, &neighbour->endpoint)) {
            remove_at(lan, i - 1);
        }
    }
}

/* A local network has private addresses; nobody there sends us to somebody outside of it. */
static bool is_local(const struct qn_endpoint *endpoint)
{
    struct qn_net_address address;
    return qn_net_address_parse(&address, endpoint) && address.port != 0 &&
           qn_net_scope(&address) != QN_NET_GLOBAL;
}

void qn_peering_lan_heard(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now)
{
    struct qn_peering_lan *lan = &peering->lan;
    QN_ASSERT(heard->id != NULL && heard->endpoint_count == 1);
    if (!is_local(&heard->endpoints[0]) || qn_peering_link_to(peering, heard->id) != 0) {
        return;
    }
    bool is_lower = qn_node_id_compare(&peering->config.id, heard->id) < 0;
    struct qn_peering_neighbour neighbour = {.id = *heard->id,
                                             .endpoint = heard->endpoints[0],
                                             .ready_us = now + (is_lower ? 0 : HIGHER_ID_WAIT)};
    forget_same(lan, &neighbour);
    if (lan->count == QN_LAN_NEIGHBOURS_MAX) {
        remove_at(lan, 0);
    }
    lan->neighbours[lan->count] = neighbour;
    lan->count += 1;
}

static size_t dials(const struct qn_dialer *dialer)
{
    size_t count = 0;
    for (size_t i = 0; i < QN_DIALER_TARGETS_MAX; i++) {
        const struct qn_dial_target *target = &dialer->targets[i];
        count += target->used && target->purpose == QN_DIAL_FOR_LAN && !target->linked;
    }
    return count;
}

void qn_peering_lan_poll(struct qn_peering *peering, unsigned wanted, qn_time_us now)
{
    struct qn_peering_lan *lan = &peering->lan;
    if (lan->count == 0 || !qn_peering_may_dial(peering, QN_PEER_SOURCE_LAN) ||
        (wanted & QN_DIAL_WANT_BOOTSTRAP) == 0) {
        return;
    }
    size_t under_way = dials(&peering->dialer);
    size_t at = 0;
    while (at < lan->count && under_way < QN_LAN_DIALS_MAX) {
        const struct qn_peering_neighbour *neighbour = &lan->neighbours[at];
        bool is_linked = qn_peering_link_to(peering, &neighbour->id) != 0;
        if (!is_linked && neighbour->ready_us > now) {
            at += 1;
            continue;
        }
        /* Without the id: what a stranger says of somebody's address replaces nothing that is known of it. */
        if (!is_linked && qn_dialer_add(&peering->dialer, QN_DIAL_FOR_LAN, NULL,
                                        peering->config.region, &neighbour->endpoint, 1, now)) {
            under_way += 1;
        }
        remove_at(lan, at);
    }
}

bool qn_peering_wants_neighbours(struct qn_peering *peering, qn_time_us now)
{
    bool is_time = peering->config.has_lan && qn_peering_may_dial(peering, QN_PEER_SOURCE_LAN) &&
                   peering->counts.live < QN_SOURCES_LIVE_ENOUGH && now >= peering->lan.next_ask_us;
    if (is_time) {
        peering->lan.next_ask_us = now + ASK_INTERVAL;
    }
    return is_time;
}
