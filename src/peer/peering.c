#include "peer/peering_state.h"

#include "peer/balancer.h"

#include <stdlib.h>
#include <string.h>

void qn_peering_allow_excess(struct qn_peering *peering)
{
    size_t limited = qn_peering_limited(peering);
    peering->links_allowed = limited > peering->links_max ? limited : peering->links_max;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        size_t count = peering->counts.region[i];
        peering->region_allowed[i] = count > peering->region_max ? count : peering->region_max;
        size_t unverified = peering->counts.unverified[i];
        size_t unverified_max = qn_peering_unverified_max(peering, i);
        peering->unverified_allowed[i] = unverified > unverified_max ? unverified : unverified_max;
    }
}

/* Of the places that the balancer sheds load from, so that it never gives up what was just dialled. */
static void set_targets(struct qn_peering *peering)
{
    struct qn_link_targets_ask ask = {
        .region = peering->config.region,
        .places = qn_balance_places((uint32_t)peering->region_max, (uint32_t)peering->links_max)};
    memcpy(ask.registered, peering->registered, sizeof ask.registered);
    memcpy(ask.luck, peering->luck, sizeof ask.luck);
    qn_link_targets_set(&peering->targets, &ask);
}

static void follow_limits(struct qn_peering *peering)
{
    peering->links_max = qn_peer_limits_links(&peering->limits);
    peering->region_max = qn_peer_limits_per_region(&peering->limits);
    qn_peering_allow_excess(peering);
    set_targets(peering);
}

struct qn_peering *qn_peering_new(const struct qn_peering_config *config, qn_time_us now)
{
    struct qn_peering *peering = calloc(1, sizeof *peering);
    QN_ASSERT(peering != NULL && config->reserved_count <= QN_RESERVED_PEERS_MAX);
    peering->config = *config;
    qn_rng_init(&peering->rng, config->seed);
    peering->group_key[0] = qn_rng_next(&peering->rng);
    peering->group_key[1] = qn_rng_next(&peering->rng);
    uint64_t key0 = qn_rng_next(&peering->rng);
    uint64_t key1 = qn_rng_next(&peering->rng);
    qn_admission_init(&peering->admission, key0, key1);
    qn_dialer_init(&peering->dialer, qn_rng_next(&peering->rng));
    qn_peering_book_init(peering, now);
    qn_peering_balance_init(peering, key1, key0, now);
    peering->capacity = qn_peering_capacity(config->budgets.links_max);
    peering->links = calloc(peering->capacity, sizeof peering->links[0]);
    peering->candidates = calloc(peering->capacity, sizeof(struct qn_eviction_candidate) >
                                                            sizeof(struct qn_balance_peer)
                                                        ? sizeof(struct qn_eviction_candidate)
                                                        : sizeof(struct qn_balance_peer));
    peering->free_places = calloc(peering->capacity, sizeof peering->free_places[0]);
    peering->reserved = calloc(config->reserved_count + 1, sizeof peering->reserved[0]);
    QN_ASSERT(peering->links != NULL && peering->candidates != NULL &&
              peering->free_places != NULL && peering->reserved != NULL);
    for (size_t i = 0; i < peering->capacity; i++) { /* the lowest place is taken first */
        peering->free_places[i] = (uint32_t)(peering->capacity - 1 - i);
    }
    peering->free_count = peering->capacity;
    qn_map_init(&peering->by_link, peering->capacity, key1, key0);
    qn_map_init(&peering->by_id, peering->capacity, key1, key0);
    for (size_t i = 0; i < config->reserved_count; i++) {
        const struct qn_peer_hint *hint = &config->reserved[i];
        QN_ASSERT(hint->has_id);
        peering->reserved[i] = *hint;
        qn_dialer_add(&peering->dialer, QN_DIAL_FOR_HOT, &hint->id, config->region, &hint->endpoint,
                      1, now);
        qn_dialer_pin(&peering->dialer, &hint->id, QN_DIAL_FOR_RESERVED);
    }
    peering->config.reserved = peering->reserved;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        peering->luck[i] = (uint16_t)qn_rng_below(&peering->rng, UINT16_MAX + 1);
    }
    qn_peer_limits_init(&peering->limits, &config->budgets);
    follow_limits(peering);
    return peering;
}

size_t qn_peering_capacity(size_t links_max)
{
    return links_max + QN_HALF_OPEN_MAX + (size_t)2 * QN_VALIDATORS_MAX + QN_RESERVED_PEERS_MAX;
}

void qn_peering_free(struct qn_peering *peering)
{
    if (peering == NULL) {
        return;
    }
    qn_admission_fini(&peering->admission);
    qn_dialer_fini(&peering->dialer);
    qn_peering_book_fini(peering);
    qn_peering_balance_fini(peering);
    qn_map_fini(&peering->by_link);
    qn_map_fini(&peering->by_id);
    free(peering->links);
    free(peering->candidates);
    free(peering->free_places);
    free(peering->reserved);
    free(peering);
}

bool qn_peering_set_size(struct qn_peering *peering, uint64_t active, qn_time_us now)
{
    bool changed = qn_peer_limits_set_size(&peering->limits, active, now);
    peering->active = active;
    follow_limits(peering);
    return changed;
}

void qn_peering_set_registered(struct qn_peering *peering,
                               const uint64_t registered[QN_REGION_COUNT])
{
    memcpy(peering->registered, registered, sizeof peering->registered);
    set_targets(peering);
}

const struct qn_link_targets *qn_peering_targets(const struct qn_peering *peering)
{
    return &peering->targets;
}

void qn_peering_on_traffic(struct qn_peering *peering, uint64_t bytes, qn_time_us now)
{
    qn_peer_limits_on_traffic(&peering->limits, bytes, peering->counts.live, now);
    follow_limits(peering);
}

const struct qn_peer_limits *qn_peering_limits(const struct qn_peering *peering)
{
    return &peering->limits;
}

void qn_peering_set_committee(struct qn_peering *peering, const struct qn_node_id *ids,
                              size_t count)
{
    QN_ASSERT(count <= QN_VALIDATORS_MAX);
    peering->committee_count = count;
    peering->is_member = false;
    for (size_t i = 0; i < count; i++) {
        peering->committee[i] = ids[i];
        peering->is_member |= qn_node_id_equal(&ids[i], &peering->config.id);
    }
    qn_dialer_begin_committee(&peering->dialer, peering->is_member);
    for (size_t i = 0; i < count; i++) {
        qn_dialer_pin(&peering->dialer, &ids[i], QN_DIAL_FOR_COMMITTEE);
    }
    for (size_t i = 0; i < peering->place_end; i++) {
        struct qn_peering_link *link = &peering->links[i];
        if (link->link != 0 && link->state != QN_PEERING_HALF_OPEN) {
            qn_peering_set_standing(peering, link->link, link->standing, link->region);
        }
    }
}

void qn_peering_heard(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now)
{
    bool is_self = heard->id != NULL && qn_node_id_equal(heard->id, &peering->config.id);
    if (is_self) {
        return;
    }
    if (heard->from == QN_HEARD_LAN) {
        qn_peering_lan_heard(peering, heard, now);
    } else if (!qn_peering_book_parks(peering, heard)) {
        qn_peering_heard_now(peering, heard, now);
    }
}

void qn_peering_heard_now(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now)
{
    bool is_bootstrap = heard->from != QN_HEARD_RECORD && heard->from != QN_HEARD_LEDGER &&
                        heard->from != QN_HEARD_REDIRECT;
    if (qn_peering_book_takes(peering, heard, now)) {
        return;
    }
    bool added = qn_dialer_add(
        &peering->dialer, is_bootstrap ? QN_DIAL_FOR_BOOTSTRAP : QN_DIAL_FOR_HOT, heard->id,
        heard->region, heard->endpoints, heard->endpoint_count, now + heard->wait_us);
    if (!added || heard->id == NULL) {
        return;
    }
    qn_peering_let_rest(peering, heard->id, now);
    if (qn_peering_link_to(peering, heard->id) != 0) {
        qn_dialer_set_linked(&peering->dialer, heard->id, true, now);
    }
    if (qn_peering_is_member(peering, heard->id)) {
        qn_dialer_pin(&peering->dialer, heard->id, QN_DIAL_FOR_COMMITTEE);
    }
}

void qn_peering_forget(struct qn_peering *peering, const struct qn_node_id *id)
{
    qn_dialer_remove(&peering->dialer, id);
    qn_book_bad(&peering->memory.book, id);
}

void qn_peering_on_dial_failed(struct qn_peering *peering, uint64_t dial, qn_time_us now)
{
    qn_peering_book_on_dial_failed(peering, dial, now);
    qn_dialer_on_failed(&peering->dialer, dial, now);
}
