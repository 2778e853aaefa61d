/* Whom this node knows an address of, told to peering, and what peering decides, done. */
#include "node/balance.h"
#include "node/parts.h"

/* Of two validators that start together the lower id dials at once and the other waits a little, so
 * that usually one link is made, not two. */
static qn_time_us first_dial(const struct qn_node *node, const struct qn_node_id *peer)
{
    bool waits = node->validator >= 0 && qn_node_id_compare(&node->id, peer) > 0;
    return waits ? 2 * QN_DIAL_BACKOFF_MIN : 0;
}

static void heard(struct qn_node *node, enum qn_heard_from from, const struct qn_node_id *id,
                  enum qn_region region, const struct qn_endpoint *endpoints, size_t endpoint_count,
                  qn_time_us wait_us)
{
    struct qn_heard heard = {.id = id,
                             .from = from,
                             .region = region,
                             .endpoints = endpoints,
                             .endpoint_count = endpoint_count,
                             .wait_us = wait_us};
    qn_peering_heard(node->peering, &heard, node->now);
}

void qn_node_dialing_init(struct qn_node *node)
{
    const struct qn_genesis *genesis = node->genesis;
    for (size_t i = 0; i < genesis->cert_count; i++) {
        const struct qn_genesis_cert *cert = &genesis->certs[i];
        struct qn_node_id id = qn_public_key_id(&cert->key);
        heard(node, QN_HEARD_GENESIS, &id, cert->region, cert->endpoints, cert->endpoint_count,
              first_dial(node, &id));
    }
    for (size_t i = 0; i < node->config.fallback_count; i++) {
        const struct qn_peer_hint *hint = &node->config.fallbacks[i];
        heard(node, QN_HEARD_FALLBACK, hint->has_id ? &hint->id : NULL, node->config.region,
              &hint->endpoint, 1, 0);
    }
    qn_node_dial_committee(node);
}

static void set_committee(struct qn_node *node)
{
    struct qn_node_id ids[QN_VALIDATORS_MAX];
    for (int i = 0; i < node->committee.count; i++) {
        ids[i] = node->committee.members[i].id;
    }
    qn_peering_set_committee(node->peering, ids, (size_t)node->committee.count);
}

/* Members that were not of the genesis are found by their records, or by their registry entries. */
void qn_node_dial_committee(struct qn_node *node)
{
    set_committee(node); /* first: what is heard of a member is dialled, not only kept */
    for (int i = 0; i < node->committee.count; i++) {
        const struct qn_node_id *id = &node->committee.members[i].id;
        struct qn_record record;
        struct qn_registry_entry entry;
        if (qn_node_held_record(node, &record, id)) {
            heard(node, QN_HEARD_RECORD, id, record.region, record.endpoints, record.endpoint_count,
                  first_dial(node, id));
        } else if (qn_ledger_entry(node->ledger, &entry, id) == QN_OK && entry.has_endpoint) {
            heard(node, QN_HEARD_LEDGER, id, entry.region, &entry.endpoint, 1,
                  first_dial(node, id));
        }
    }
}

void qn_node_learn_endpoints(struct qn_node *node, const struct qn_record *record, qn_link_id from)
{
    struct qn_heard heard = {.id = &record->id,
                             .from = QN_HEARD_RECORD,
                             .region = record->region,
                             .endpoints = record->endpoints,
                             .endpoint_count = record->endpoint_count,
                             .wait_us = qn_rng_below(&node->rng, QN_MS(500)),
                             .link = from};
    qn_peering_heard(node->peering, &heard, node->now);
}

void qn_node_want_landmark(struct qn_node *node, const struct qn_landmark *landmark)
{
    qn_peering_want_landmark(node->peering, &landmark->id, landmark->region, &landmark->endpoint,
                             node->now);
}

void qn_node_on_dial_failed(struct qn_node *node, const struct qn_event *event)
{
    qn_log(node->log, QN_LOG_DEBUG, "dial", "failed", "dial=%llu reason=%s",
           (unsigned long long)event->dial_failed.dial,
           qn_close_reason_name(event->dial_failed.reason));
    node->counters.closes[event->dial_failed.reason] += 1;
    qn_peering_on_dial_failed(node->peering, event->dial_failed.dial, node->now);
}

/* Whom others may not know pays for their answers beforehand. */
static void dial(struct qn_node *node, const struct qn_peering_action *order)
{
    enum qn_standing own = qn_node_standing(node, &node->id, NULL);
    bool is_registered = own == QN_STANDING_REGISTERED || own == QN_STANDING_GENESIS;
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_DIAL);
    action->dial.dial = order->dial.dial;
    action->dial.endpoint = order->dial.endpoint;
    action->dial.has_expected_id = order->dial.has_id;
    action->dial.expected_id = order->dial.id;
    action->dial.pads = !is_registered;
}

/* A link that is up is told why; one that is still half-open is cut. */
static void end(struct qn_node *node, const struct qn_peering_action *order)
{
    struct qn_link *link = qn_node_link(node, order->close.link);
    if (link != NULL) {
        qn_node_close(node, link, order->close.reason, NULL);
        return;
    }
    qn_node_turn_away(node, order->close.link, order->close.reason);
    qn_peering_on_down(node->peering, order->close.link, node->now);
}

static void doubt(struct qn_node *node, const struct qn_peering_action *order)
{
    struct qn_link *link = qn_node_link(node, order->probe.link);
    if (link != NULL && link->live) {
        qn_liveness_doubt(&link->liveness, node->now);
        qn_node_watch_link(node, link);
    }
}

void qn_node_poll_peering(struct qn_node *node)
{
    struct qn_peering_actions actions;
    qn_peering_poll(node->peering, &actions, node->now);
    for (size_t i = 0; i < actions.count; i++) {
        switch (actions.items[i].kind) {
        case QN_PEERING_DIAL:
            dial(node, &actions.items[i]);
            break;
        case QN_PEERING_CLOSE:
            end(node, &actions.items[i]);
            break;
        case QN_PEERING_REDIRECT:
            qn_node_send_elsewhere(node, actions.items[i].redirect.link,
                                   actions.items[i].redirect.region);
            break;
        case QN_PEERING_PROBE:
            doubt(node, &actions.items[i]);
            break;
        }
    }
}
