#include "node/parts.h"
#include "peer/peering_own.h"

#include <string.h>

/* As the peers see it, if this node listens on that family's addresses at all. */
static bool add_seen(struct qn_reach *reach, const struct qn_node *node, enum qn_ip_family family)
{
    const struct qn_own_host *host = &node->reach.own.hosts[family];
    struct qn_net_address listen;
    if (!host->is_known || node->config.listen.port == 0 ||
        !qn_net_address_parse(&listen, &node->config.listen)) {
        return false;
    }
    bool takes_it = family == QN_IP_V4 ? qn_net_address_is_v4(&listen) ||
                                             strcmp(node->config.listen.host, "::") == 0
                                       : !qn_net_address_is_v4(&listen);
    if (takes_it) {
        struct qn_net_address address = {.port = node->config.listen.port};
        memcpy(address.ip, host->ip, sizeof address.ip);
        qn_net_address_endpoint(&reach->endpoints[reach->count], &address);
        reach->count += 1;
    }
    return takes_it;
}

/* A private address is what a gateway has that is behind another one: from outside nobody gets that far. */
static bool is_inner(const struct qn_node_reach *reach)
{
    struct qn_net_address mapped;
    struct qn_net_address seen = {.port = 0};
    memcpy(seen.ip, reach->own.hosts[QN_IP_V4].ip, sizeof seen.ip);
    return reach->own.hosts[QN_IP_V4].is_known && qn_net_scope(&seen) == QN_NET_GLOBAL &&
           qn_net_address_parse(&mapped, &reach->mapped) && qn_net_scope(&mapped) != QN_NET_GLOBAL;
}

/* Then that is where it is, unless a gateway says better. */
static bool listens_at_one_address(const struct qn_endpoint *listen)
{
    struct qn_net_address address;
    return qn_net_address_parse(&address, listen) && qn_net_address_is_usable(&address) &&
           !qn_endpoint_has_zone(listen);
}

static void find_out(const struct qn_node *node, struct qn_reach *reach)
{
    *reach = (struct qn_reach){.source = QN_REACH_NONE};
    if (node->config.endpoint_count > 0) {
        reach->source = QN_REACH_CONFIGURED;
        reach->count = node->config.endpoint_count;
        memcpy(reach->endpoints, node->config.endpoints, sizeof reach->endpoints);
        return;
    }
    if (node->reach.mapped.port != 0 && !is_inner(&node->reach)) {
        *reach = (struct qn_reach){
            .source = QN_REACH_MAPPED, .count = 1, .endpoints = {node->reach.mapped}};
        return;
    }
    if (listens_at_one_address(&node->config.listen)) {
        *reach = (struct qn_reach){
            .source = QN_REACH_CONFIGURED, .count = 1, .endpoints = {node->config.listen}};
        return;
    }
    for (enum qn_ip_family family = QN_IP_V4; family < QN_IP_FAMILIES; family++) {
        reach->source =
            add_seen(reach, node, family) ? (enum qn_reach_source)QN_REACH_PEERS : reach->source;
    }
}

static bool is_same(const struct qn_reach *a, const struct qn_reach *b)
{
    bool same = a->source == b->source && a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = qn_endpoint_equal(&a->endpoints[i], &b->endpoints[i]);
    }
    return same;
}

static void tell(struct qn_node *node, const struct qn_reach *reach)
{
    node->reach.told = *reach;
    /* What peers see may be the port of another node behind the same gateway. */
    qn_peering_set_own(node->peering, reach->endpoints, reach->count,
                       reach->source > QN_REACH_PEERS);
    qn_node_regions_on_reach(node);
}

void qn_node_reach_init(struct qn_node *node)
{
    struct qn_reach reach;
    qn_own_address_init(&node->reach.own);
    find_out(node, &reach);
    tell(node, &reach);
}

static bool is_asked(const struct qn_link *link)
{
    return link->id != 0 && link->live && link->seen.port != 0 &&
           (link->standing == QN_STANDING_REGISTERED || link->standing == QN_STANDING_GENESIS);
}

/* Only peers that this node chose have a vote; whoever dialled us chose itself. */
static void ask_links(struct qn_node *node)
{
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        struct qn_net_address at;
        if (!is_asked(link)) {
            continue;
        }
        if (!link->outbound) {
            qn_own_address_confirm(&node->reach.own, &link->seen, node->now);
        } else if (qn_net_address_parse(&at, &link->remote)) {
            qn_own_address_tell(&node->reach.own, &link->peer, &at, &link->seen, node->now);
        }
    }
}

static void log_change(const struct qn_node *node)
{
    char text[QN_ENDPOINT_TEXT_SIZE] = "none";
    const struct qn_node_reach *reach = &node->reach;
    if (reach->told.count > 0) {
        qn_endpoint_format(text, &reach->told.endpoints[0]);
    }
    qn_log(node->log, QN_LOG_INFO, "node", "external_address",
           "endpoint=%s source=%s seen_by=%u text=\"others are told this address of us\"", text,
           qn_reach_source_name(reach->told.source), reach->own.hosts[QN_IP_V4].votes);
}

static void follow(struct qn_node *node)
{
    struct qn_reach reach;
    find_out(node, &reach);
    if (is_same(&reach, &node->reach.told) || node->now < node->reach.next_us) {
        return;
    }
    node->reach.next_us = node->now + QN_REACH_INTERVAL;
    node->reach.changes += 1;
    tell(node, &reach);
    log_change(node);
    qn_node_make_record(node);
}

void qn_node_on_mapped(struct qn_node *node, const struct qn_event *event)
{
    node->reach.mapped = event->mapped.external;
    node->reach.told_inner = false;
    follow(node);
}

void qn_node_poll_reach(struct qn_node *node)
{
    ask_links(node);
    qn_own_address_poll(&node->reach.own, node->now);
    if (node->reach.mapped.port != 0 && is_inner(&node->reach) && !node->reach.told_inner) {
        char text[QN_ENDPOINT_TEXT_SIZE];
        node->reach.told_inner = true;
        qn_log(node->log, QN_LOG_WARN, "node", "gateway_behind_gateway",
               "mapped=%s text=\"the gateway that maps our port has a private address itself: "
               "others cannot reach us by it\"",
               qn_endpoint_format(text, &node->reach.mapped));
    }
    follow(node);
}
