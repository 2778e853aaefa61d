/* Whom this node dials: genesis nodes, the committee, fallback addresses, and peers it has records of. */
#include "node/parts.h"

/* Of two validators that start together the lower id dials at once and the other waits a little, so
 * that usually one link is made, not two. */
static qn_time_us first_dial(const struct qn_node *node, const struct qn_node_id *peer)
{
    bool waits = node->validator >= 0 && qn_node_id_compare(&node->id, peer) > 0;
    return node->now + (waits ? 2 * QN_DIAL_BACKOFF_MIN : 0);
}

void qn_node_dialing_init(struct qn_node *node)
{
    const struct qn_genesis *genesis = node->genesis;
    qn_dialer_init(&node->dialer);
    for (size_t i = 0; i < genesis->cert_count; i++) {
        const struct qn_genesis_cert *cert = &genesis->certs[i];
        struct qn_node_id id = qn_public_key_id(&cert->key);
        if (!qn_node_id_equal(&id, &node->id)) {
            qn_dialer_add(&node->dialer, QN_DIAL_GENESIS, &id, cert->endpoints,
                          cert->endpoint_count, first_dial(node, &id));
        }
    }
    for (size_t i = 0; i < node->config.fallback_count; i++) {
        const struct qn_node_peer_hint *hint = &node->config.fallbacks[i];
        qn_dialer_add(&node->dialer, QN_DIAL_FALLBACK, hint->has_id ? &hint->id : NULL,
                      &hint->endpoint, 1, node->now);
    }
    qn_node_dial_committee(node);
}

/* A peer to dial; nobody who is linked is dialled again, whoever dialled. */
static void add_peer(struct qn_node *node, const struct qn_node_id *id,
                     const struct qn_endpoint *endpoints, size_t endpoint_count,
                     qn_time_us not_before)
{
    qn_dialer_add(&node->dialer, QN_DIAL_PEER, id, endpoints, endpoint_count, not_before);
    if (qn_node_link_to(node, id) != NULL) {
        qn_dialer_set_linked(&node->dialer, id, true, &node->rng, node->now);
    }
    if (qn_validator_index(&node->committee, id) >= 0) {
        qn_dialer_pin(&node->dialer, id);
    }
}

/* Members that were not of the genesis are found by their records, or by their registry entries. */
void qn_node_dial_committee(struct qn_node *node)
{
    qn_dialer_unpin_all(&node->dialer);
    for (int i = 0; i < node->committee.count; i++) {
        const struct qn_node_id *id = &node->committee.members[i].id;
        struct qn_record record;
        struct qn_registry_entry entry;
        if (qn_node_id_equal(id, &node->id)) {
            continue;
        }
        if (qn_node_held_record(node, &record, id)) {
            add_peer(node, id, record.endpoints, record.endpoint_count, first_dial(node, id));
        } else if (qn_ledger_entry(node->ledger, &entry, id) == QN_OK && entry.has_endpoint) {
            add_peer(node, id, &entry.endpoint, 1, first_dial(node, id));
        }
    }
}

void qn_node_learn_endpoints(struct qn_node *node, const struct qn_record *record)
{
    add_peer(node, &record->id, record->endpoints, record->endpoint_count,
             node->now + qn_rng_below(&node->rng, QN_MS(500)));
}

void qn_node_on_dial_failed(struct qn_node *node, const struct qn_event *event)
{
    qn_log(node->log, QN_LOG_DEBUG, "dial", "failed", "dial=%llu reason=%s",
           (unsigned long long)event->dial_failed.dial,
           qn_close_reason_name(event->dial_failed.reason));
    node->counters.closes[event->dial_failed.reason] += 1;
    qn_dialer_on_failed(&node->dialer, event->dial_failed.dial, &node->rng, node->now);
}

void qn_node_poll_dials(struct qn_node *node)
{
    size_t linked = qn_node_live_count(node) + node->dialer.under_way;
    for (;;) {
        bool peers_wanted = node->validator < 0 && linked < QN_OUTBOUND_TARGET;
        struct qn_dial_target *target = qn_dialer_next(&node->dialer, peers_wanted, node->now);
        if (target == NULL) {
            return;
        }
        if (qn_node_is_banned(node, target->has_id ? &target->id : NULL,
                              &target->endpoints[target->endpoint_next], true)) {
            qn_dialer_on_failed(&node->dialer, target->dial, &node->rng, node->now);
            continue;
        }
        linked += 1;
        struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_DIAL);
        action->dial.dial = target->dial;
        action->dial.endpoint = target->endpoints[target->endpoint_next];
        action->dial.has_expected_id = target->has_id;
        action->dial.expected_id = target->id;
    }
}
