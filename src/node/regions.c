/* Whether peers are where they declare to be: peer/regions.h brought together with registry, links and list. */
#include "node/regions.h"

#include "base/siphash.h"
#include "node/parts.h"
#include "peer/peering_verdicts.h"

#include <string.h>

enum {
    /* Registered nodes up to which "auto" demands no verdicts: every node holds most of the network then. */
    SMALL_NETWORK = 100,
};

/* Who has a name instead of an address is in the group of that name. */
static uint64_t group_of(const struct qn_endpoint *endpoint)
{
    static const uint64_t key[2] = {
        0, 0}; /* equality is all that counts, and everybody's must be the same */
    struct qn_net_address address;
    if (qn_net_address_parse(&address, endpoint)) {
        return qn_net_group(&address);
    }
    return qn_siphash(key,
                      (struct qn_span){(const uint8_t *)endpoint->host, strlen(endpoint->host)});
}

/* On loopback and in private networks distances say nothing, and the operator knows where the machines are. */
static bool is_measurable(const struct qn_node *node, const struct qn_endpoint *endpoint)
{
    struct qn_net_address address;
    if (node->config.region_check == QN_REGION_CHECK_ALWAYS) {
        return true;
    }
    return !qn_net_address_parse(&address, endpoint) || qn_net_scope(&address) == QN_NET_GLOBAL;
}

static bool landmark_at(void *context, struct qn_landmark *out, uint64_t index)
{
    const struct qn_node *node = context;
    struct qn_registry_entry entry;
    if (qn_ledger_entry_at(node->ledger, &entry, index) != QN_OK || !entry.has_endpoint ||
        qn_registry_entry_usable(&entry, node->unix_ms) != QN_OK ||
        !is_measurable(node, &entry.endpoint)) {
        return false;
    }
    *out = (struct qn_landmark){.id = entry.id,
                                .region = entry.region,
                                .group = group_of(&entry.endpoint),
                                .endpoint = entry.endpoint};
    return true;
}

static bool is_linked(void *context, const struct qn_node_id *id)
{
    return qn_node_link_to(context, id) != NULL;
}

static struct qn_rtt measured(void *context, const struct qn_node_id *id)
{
    const struct qn_node *node = context;
    return qn_measured_of(&node->measuring.measured, id, node->now);
}

void qn_node_regions_init(struct qn_node *node)
{
    struct qn_node_regions_state *state = &node->measuring.regions;
    if (node->config.region_check == QN_REGION_CHECK_OFF) {
        return;
    }
    struct qn_registry_entry entry;
    bool is_known = qn_ledger_entry(node->ledger, &entry, &node->id) == QN_OK;
    struct qn_regions_config config = {
        .id = node->id,
        .region = is_known ? entry.region : node->config.region,
        .watched_max = node->links_capacity,
        .hash_key = {qn_rng_next(&node->rng), qn_rng_next(&node->rng)},
        .context = node,
        .entry = landmark_at,
        .is_linked = is_linked,
        .measured = measured,
    };
    state->regions = qn_regions_new(&config);
    qn_node_regions_on_reach(node);
}

void qn_node_regions_on_reach(struct qn_node *node)
{
    const struct qn_reach *reach = &node->reach.told;
    if (node->measuring.regions.regions != NULL) {
        qn_regions_set_group(node->measuring.regions.regions,
                             reach->count > 0 ? group_of(&reach->endpoints[0]) : 0);
    }
}

void qn_node_regions_fini(struct qn_node *node)
{
    qn_regions_free(node->measuring.regions.regions);
}

void qn_node_regions_on_gone(struct qn_node *node, const struct qn_link *link)
{
    bool has_twin = qn_node_link_to(node, &link->peer) != NULL;
    if (node->measuring.regions.regions != NULL && !has_twin) {
        qn_regions_forget(node->measuring.regions.regions, &link->peer);
    }
}

static void ask(struct qn_node *node, const struct qn_regions_action *action)
{
    struct qn_node_regions_state *state = &node->measuring.regions;
    struct qn_link *link = qn_node_link_to(node, &action->landmark.id);
    struct qn_get_rtt get = {action->subject};
    if (link == NULL || !qn_node_speaks(link, QN_GET_RTT)) {
        return;
    }
    node->next_request_id += 1;
    node->next_request_id += node->next_request_id == 0;
    state->questions[state->question_next] = (struct qn_node_question){
        .request_id = node->next_request_id, .link = link->id, .subject = action->subject};
    state->question_next = (state->question_next + 1) % QN_NODE_QUESTIONS_MAX;
    qn_node_send(node, link, QN_GET_RTT, node->next_request_id, qn_get_rtt_encode(&get));
}

/* Takes the question that this answers. */
static bool take_question(struct qn_node *node, struct qn_node_question *out,
                          const struct qn_link *link, uint32_t request_id)
{
    for (size_t i = 0; i < QN_NODE_QUESTIONS_MAX && request_id != 0; i++) {
        struct qn_node_question *question = &node->measuring.regions.questions[i];
        if (question->request_id == request_id && question->link == link->id) {
            *out = *question;
            *question = (struct qn_node_question){0};
            return true;
        }
    }
    return false;
}

static void answered(struct qn_node *node, const struct qn_link *link, uint32_t request_id,
                     const struct qn_rtt *rtt)
{
    struct qn_node_question question;
    if (node->measuring.regions.regions != NULL &&
        take_question(node, &question, link, request_id)) {
        qn_regions_on_answer(node->measuring.regions.regions, &link->peer, &question.subject,
                             group_of(&link->remote), rtt, node->now);
    }
}

void qn_node_on_rtt(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                    struct qn_span bytes)
{
    struct qn_rtt rtt;
    if (qn_rtt_decode(&rtt, bytes) != QN_OK) {
        qn_node_close(node, link, QN_CLOSE_MALFORMED, "rtt");
        return;
    }
    answered(node, link, request_id, &rtt);
}

void qn_node_regions_on_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id)
{
    static const struct qn_rtt nothing;
    answered(node, link, request_id, &nothing);
}

enum qn_region_verdict qn_node_region_verdict(const struct qn_node *node,
                                              const struct qn_node_id *id)
{
    const struct qn_regions *regions = node->measuring.regions.regions;
    return regions != NULL ? qn_regions_verdict(regions, id) : QN_REGION_UNKNOWN;
}

/* Whoever found no place among those of unknown regions may find one now. */
static void tell(struct qn_node *node, const struct qn_regions_action *action)
{
    char peer[QN_SHORT_ID_TEXT_SIZE];
    struct qn_peer_list *list = &node->peers.list;
    struct qn_peer_entry *entry = qn_peer_list_find(list, &action->subject);
    qn_log(node->log, QN_LOG_INFO, "region", "verdict", "peer=\"%s\" verdict=%s",
           qn_node_id_short(peer, &action->subject), qn_region_verdict_name(action->verdict));
    const struct qn_link *link = qn_node_link_to(node, &action->subject);
    qn_peering_set_verdict(node->peering, link != NULL ? link->id : 0, action->verdict);
    if (entry != NULL) {
        qn_peer_list_set_verdict(list, entry, action->verdict);
        (void)qn_peer_list_trim(list, node->now);
    } else if (action->verdict == QN_REGION_VERIFIED && link != NULL) {
        qn_node_peers_on_live(node, link);
    }
}

static void watch_links(struct qn_node *node)
{
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        struct qn_registry_entry entry;
        if (link->id == 0 || !link->live || !is_measurable(node, &link->remote) ||
            qn_ledger_entry(node->ledger, &entry, &link->peer) != QN_OK) {
            continue;
        }
        enum qn_err err =
            qn_regions_watch(node->measuring.regions.regions, &link->peer, entry.region, node->now);
        QN_ASSERT(err == QN_OK); /* as many places as links, and twins are one peer */
    }
}

static bool are_demanded(const struct qn_node *node)
{
    if (node->config.region_check == QN_REGION_CHECK_ALWAYS) {
        return true;
    }
    const struct qn_reach *reach = &node->reach.told;
    return reach->count > 0 && is_measurable(node, &reach->endpoints[0]) &&
           qn_ledger_active_count(node->ledger) > SMALL_NETWORK;
}

static void demand(struct qn_node *node)
{
    bool demanded = are_demanded(node);
    /* A tenth of eight links would be one: who is new there would wait for the verdict on whoever came before. */
    bool is_small = qn_ledger_active_count(node->ledger) <= SMALL_NETWORK;
    for (enum qn_region region = 0; region < QN_REGION_COUNT; region++) {
        bool can = qn_regions_can_judge(node->measuring.regions.regions, region);
        qn_peer_list_demand_verdicts(&node->peers.list, region, demanded && can, node->now);
        qn_peering_demand_verdicts(node->peering, region, demanded && can && !is_small);
    }
}

void qn_node_poll_regions(struct qn_node *node)
{
    struct qn_node_regions_state *state = &node->measuring.regions;
    if (state->regions == NULL) {
        return;
    }
    qn_regions_set_registry(state->regions, qn_ledger_entry_count(node->ledger),
                            node->unix_ms / QN_LANDMARK_PERIOD_MS);
    watch_links(node);
    demand(node);
    qn_regions_poll(state->regions, &state->actions, node->now);
    for (size_t i = 0; i < state->actions.count; i++) {
        const struct qn_regions_action *action = &state->actions.items[i];
        switch (action->kind) {
        case QN_REGIONS_ASK:
            ask(node, action);
            break;
        case QN_REGIONS_WANT:
            qn_node_want_landmark(node, &action->landmark);
            break;
        case QN_REGIONS_VERDICT:
            tell(node, action);
            break;
        }
    }
}
