/* Round trips: pings that nobody can answer early, coordinates that follow from them, and answers to those who ask
 * this node as a landmark. */
#include "node/measuring.h"

#include "base/siphash.h"
#include "node/parts.h"

void qn_node_measuring_init(struct qn_node *node)
{
    struct qn_node_measuring *measuring = &node->measuring;
    uint64_t key0 = qn_rng_next(&node->rng);
    uint64_t key1 = qn_rng_next(&node->rng);
    measuring->nonce_key[0] = qn_rng_next(&node->rng);
    measuring->nonce_key[1] = qn_rng_next(&node->rng);
    qn_position_init(&measuring->position);
    qn_measured_init(&measuring->measured, key0, key1);
}

void qn_node_measuring_fini(struct qn_node *node)
{
    qn_node_regions_fini(node);
    qn_measured_fini(&node->measuring.measured);
}

/* Under a key of this node's alone, and never the same: no peer can foresee it from others. */
uint64_t qn_node_ping_nonce(struct qn_node *node)
{
    struct qn_node_measuring *measuring = &node->measuring;
    measuring->nonce_count += 1;
    struct qn_span number = {(const uint8_t *)&measuring->nonce_count,
                             sizeof measuring->nonce_count};
    return qn_siphash(measuring->nonce_key, number);
}

/* Both ends vote: an outage has to be noticed at once. */
static bool is_fellow(const struct qn_node *node, const struct qn_link *link)
{
    return node->validator >= 0 && link->validator >= 0;
}

void qn_node_on_pong(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_pong pong;
    if (qn_pong_decode(&pong, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "pong");
        return;
    }
    struct qn_liveness *liveness = &link->liveness;
    if (!qn_liveness_on_pong(liveness, pong.nonce, is_fellow(node, link), node->now)) {
        return;
    }
    qn_node_watch_link(node, link);
    qn_peering_on_rtt(node->peering, link->id, liveness->rtt_last_us, node->now);
    struct qn_peer_entry *entry = qn_peer_list_find(&node->peers.list, &link->peer);
    if (entry != NULL) {
        entry->coordinates = pong.at;
        entry->rtt_us = liveness->rtt_us;
        entry->rtt_min_us = liveness->rtt_min_us;
    }
    qn_measured_add(&node->measuring.measured, &link->peer, liveness->rtt_last_us, node->now);
    (void)qn_position_sample(&node->measuring.position, &pong.at, liveness->rtt_last_us,
                             pong.nonce);
}

void qn_node_on_get_rtt(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                        struct qn_span bytes)
{
    struct qn_get_rtt get;
    if (qn_get_rtt_decode(&get, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "get_rtt");
        return;
    }
    struct qn_rtt rtt = qn_measured_of(&node->measuring.measured, &get.subject, node->now);
    qn_node_send(node, link, QN_RTT, request_id, qn_rtt_encode(&rtt));
}
