/* The links: from the first packet of a stranger to the end. */
#include "peer/peering_state.h"

#include <string.h>

static void link_key(uint8_t key[QN_HASH_LEN], uint64_t link)
{
    memset(key, 0, QN_HASH_LEN);
    memcpy(key, &link, sizeof link);
}

struct qn_peering_link *qn_peering_find(const struct qn_peering *peering, uint64_t link)
{
    uint8_t key[QN_HASH_LEN];
    uint32_t place = 0;
    link_key(key, link);
    return qn_map_get(&peering->by_link, &place, key) ? &peering->links[place] : NULL;
}

static uint32_t place_of(const struct qn_peering *peering, const struct qn_peering_link *link)
{
    return (uint32_t)(link - peering->links);
}

static void add_to(size_t *count, bool add)
{
    QN_ASSERT(add || *count > 0);
    *count += add ? 1 : (size_t)-1;
}

void qn_peering_count(struct qn_peering_counts *counts, const struct qn_peering_link *link,
                      bool add)
{
    if (link->state == QN_PEERING_HALF_OPEN) {
        add_to(&counts->half_open, add);
        return;
    }
    add_to(&counts->links, add);
    if (link->state == QN_PEERING_LIVE) {
        bool is_guest = link->standing == QN_STANDING_UNREGISTERED && !link->outbound;
        add_to(&counts->live, add);
        if (!is_guest) {
            add_to(&counts->hot[link->region], add);
        }
    }
    if (link->privileged) {
        add_to(&counts->privileged, add);
    } else if (link->standing != QN_STANDING_UNREGISTERED) {
        add_to(&counts->region[link->region], add);
        if (link->outbound) {
            add_to(&counts->outbound[link->region], add);
        }
        if (qn_peering_is_unverified(link)) {
            add_to(&counts->unverified[link->region], add);
        }
    } else if (!link->outbound) {
        add_to(&counts->unregistered, add);
    }
}

size_t qn_peering_limited(const struct qn_peering *peering)
{
    return peering->counts.links - peering->counts.privileged;
}

bool qn_peering_is_member(const struct qn_peering *peering, const struct qn_node_id *id)
{
    for (size_t i = 0; i < peering->committee_count; i++) {
        if (qn_node_id_equal(&peering->committee[i], id)) {
            return true;
        }
    }
    return false;
}

static bool is_reserved(const struct qn_peering *peering, const struct qn_node_id *id)
{
    for (size_t i = 0; i < peering->config.reserved_count; i++) {
        if (qn_node_id_equal(&peering->reserved[i].id, id)) {
            return true;
        }
    }
    return false;
}

bool qn_peering_is_privileged(const struct qn_peering *peering, const struct qn_node_id *id,
                              enum qn_standing standing)
{
    if (standing != QN_STANDING_GENESIS && standing != QN_STANDING_REGISTERED) {
        return false;
    }
    return standing == QN_STANDING_GENESIS || is_reserved(peering, id) ||
           qn_peering_is_member(peering, id);
}

static struct qn_peering_link *new_link(struct qn_peering *peering, uint64_t link)
{
    uint8_t key[QN_HASH_LEN];
    if (peering->free_count == 0) {
        return NULL;
    }
    peering->free_count -= 1;
    uint32_t place = peering->free_places[peering->free_count];
    link_key(key, link);
    QN_ASSERT(qn_peering_find(peering, link) == NULL);
    enum qn_err err = qn_map_put(&peering->by_link, key, place);
    QN_ASSERT(err == QN_OK); /* as many places as links */
    peering->links[place] = (struct qn_peering_link){.link = link};
    peering->place_end = place < peering->place_end ? peering->place_end : place + 1;
    return &peering->links[place];
}

static void leave_half_open(struct qn_peering *peering, const struct qn_peering_link *link)
{
    size_t count = peering->counts.half_open;
    for (size_t i = 0; i < count; i++) {
        if (peering->half_open[i] == place_of(peering, link)) {
            peering->half_open[i] = peering->half_open[count - 1];
            return;
        }
    }
    QN_ASSERT(!"a half-open link is among the half-open ones");
}

static void remove_link(struct qn_peering *peering, struct qn_peering_link *link)
{
    uint8_t key[QN_HASH_LEN];
    if (link->state == QN_PEERING_HALF_OPEN) {
        leave_half_open(peering, link);
    }
    qn_peering_count(&peering->counts, link, false);
    if (link->state == QN_PEERING_LIVE) {
        qn_map_remove(&peering->by_id, link->id.bytes);
    }
    link_key(key, link->link);
    qn_map_remove(&peering->by_link, key);
    link->link = 0;
    peering->free_places[peering->free_count] = place_of(peering, link);
    peering->free_count += 1;
}

bool qn_peering_is_banned(const struct qn_peering *peering, const struct qn_node_id *id,
                          const struct qn_endpoint *address, bool outbound)
{
    const struct qn_peering_config *config = &peering->config;
    return config->is_banned != NULL && config->is_banned(config->context, id, address, outbound);
}

/* ---- a stranger connected ---- */

static size_t count_half_open_of(const struct qn_peering *peering,
                                 const struct qn_net_address *address)
{
    size_t count = 0;
    uint64_t subnet = qn_net_subnet(address);
    for (size_t i = 0; i < peering->counts.half_open; i++) {
        const struct qn_peering_link *link = &peering->links[peering->half_open[i]];
        count += link->has_address && qn_net_subnet(&link->address) == subnet;
    }
    return count;
}

/* Who keeps silent longest gives way, once an honest peer would have said something. */
static uint64_t oldest_half_open(const struct qn_peering *peering, qn_time_us now)
{
    const struct qn_peering_link *oldest = NULL;
    for (size_t i = 0; i < peering->counts.half_open; i++) {
        const struct qn_peering_link *link = &peering->links[peering->half_open[i]];
        bool older = oldest == NULL || link->since_us < oldest->since_us ||
                     (link->since_us == oldest->since_us && link->link < oldest->link);
        oldest = older ? link : oldest;
    }
    bool may_go = oldest != NULL && now - oldest->since_us >= QN_HALF_OPEN_PATIENCE;
    return may_go ? oldest->link : 0;
}

static struct qn_peering_verdict refused(struct qn_peering *peering, enum qn_admission_limit limit)
{
    peering->counts.refused[limit] += 1;
    return (struct qn_peering_verdict){.limit = limit};
}

struct qn_peering_verdict qn_peering_on_inbound(struct qn_peering *peering, uint64_t link,
                                                const struct qn_endpoint *remote, qn_time_us now)
{
    struct qn_peering_verdict verdict = {.limit = QN_ADMISSION_NONE};
    struct qn_admission_ask ask = {.stage = QN_ADMIT_INBOUND,
                                   .half_open = peering->counts.half_open,
                                   .half_open_max = QN_HALF_OPEN_MAX};
    ask.has_address = qn_net_address_parse(&ask.address, remote);
    ask.banned = qn_peering_is_banned(peering, NULL, remote, false);
    if (ask.has_address) {
        ask.half_open_subnet = count_half_open_of(peering, &ask.address);
    }
    if (ask.half_open >= ask.half_open_max) {
        verdict.evict = oldest_half_open(peering, now);
        ask.half_open -= verdict.evict != 0 ? 1 : 0;
    }
    verdict.limit = qn_admission_decide(&peering->admission, &ask, now);
    if (verdict.limit != QN_ADMISSION_NONE) {
        return refused(peering, verdict.limit);
    }
    if (verdict.evict != 0) {
        remove_link(peering, qn_peering_find(peering, verdict.evict));
    }
    struct qn_peering_link *new = new_link(peering, link);
    QN_ASSERT(new != NULL); /* there is a place for each that the limits allow */
    new->state = QN_PEERING_HALF_OPEN;
    new->has_address = ask.has_address;
    new->address = ask.address;
    new->since_us = now;
    peering->half_open[peering->counts.half_open] = place_of(peering, new);
    qn_peering_count(&peering->counts, new, true);
    return verdict;
}

/* ---- the key is known ---- */

/* One inbound link less, if there is one that is not protected. */
static uint64_t choose_evictee(struct qn_peering *peering, bool whole, bool unverified,
                               const struct qn_peering_up *up, bool *diversifies)
{
    size_t count = 0;
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        bool may_go = link->link != 0 && link->state != QN_PEERING_HALF_OPEN && !link->outbound &&
                      !link->privileged && link->standing != QN_STANDING_UNREGISTERED &&
                      (whole || link->region == up->region) &&
                      (!unverified || qn_peering_is_unverified(link));
        if (may_go) {
            peering->candidates[count] = (struct qn_eviction_candidate){
                .link = link->link,
                .address = link->address,
                .region = link->region,
                .rtt_min_us = link->rtt_min_us,
                .deliveries = link->deliveries,
                .delivered_us = link->delivered_us,
                .since_us = link->since_us,
            };
            count += 1;
        }
    }
    struct qn_net_address newcomer;
    bool has_address = qn_net_address_parse(&newcomer, &up->remote);
    return qn_eviction_choose(peering->candidates, count, peering->group_key,
                              has_address ? &newcomer : NULL, diversifies);
}

/* At a bounded rate, so that a flood of newcomers turns the links over slowly. Asked last: whoever is refused for
 * something else shall not use up what others need. */
static bool may_evict(struct qn_peering *peering, bool diversifies, qn_time_us now)
{
    return diversifies
               ? qn_rate_take(&peering->evictions, QN_EVICTION_INTERVAL, QN_EVICTION_BURST, now)
               : qn_rate_take(&peering->turnover, QN_TURNOVER_INTERVAL, QN_TURNOVER_BURST, now);
}

/* Places that nobody who dials us gets: for links that we have not dialled yet. */
static size_t places_kept(const struct qn_peering *peering, enum qn_region region, size_t max)
{
    size_t wanted = peering->targets.own[region];
    size_t held = peering->counts.outbound[region];
    wanted = wanted < max / 2 ? wanted : max / 2;
    return held < wanted ? wanted - held : 0;
}

static void keep_places(const struct qn_peering *peering, struct qn_admission_ask *ask,
                        enum qn_region region)
{
    size_t kept = 0;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        kept += places_kept(peering, (enum qn_region)i, peering->region_max);
    }
    ask->links_max -= kept < ask->links_max / 2 ? kept : ask->links_max / 2;
    ask->region_max -= places_kept(peering, region, peering->region_max);
}

static struct qn_admission_ask ask_for(const struct qn_peering *peering,
                                       const struct qn_peering_up *up,
                                       const struct qn_peering_link *before, qn_time_us now)
{
    struct qn_admission_ask ask = {
        .stage = QN_ADMIT_IDENTITY,
        .outbound = up->dial != 0,
        .is_self = qn_node_id_equal(&up->id, &peering->config.id),
        .privileged = qn_peering_is_privileged(peering, &up->id, up->standing),
        .standing = up->standing,
        .id = &up->id,
        .links = qn_peering_limited(peering),
        .links_max = peering->links_max,
        .unregistered = peering->counts.unregistered,
        .region = peering->counts.region[up->region],
        .region_max = peering->region_max,
        .unverified = peering->counts.unverified[up->region],
        .unverified_max = qn_peering_unverified_max(peering, up->region),
    };
    ask.is_unverified = qn_peering_is_unverified(&(struct qn_peering_link){
        .privileged = ask.privileged,
        .standing = up->standing,
        .is_feeler = before->is_feeler,
        .for_landmark = qn_peering_is_wanted_landmark(peering, up),
    });
    ask.has_address = qn_net_address_parse(&ask.address, &up->remote);
    ask.banned = !ask.is_self && qn_peering_is_banned(peering, &up->id, &up->remote, ask.outbound);
    if (!ask.outbound && !ask.privileged) {
        ask.rests = qn_peering_rests(peering, &up->id, up->region, now);
        keep_places(peering, &ask, up->region);
    }
    return ask;
}

/* Who could make a place where one is missing; the ask is as if it had. One for one takes no place that is kept, even
 * where own dials to another region have used some of those up. */
static uint64_t make_place(struct qn_peering *peering, struct qn_admission_ask *ask,
                           const struct qn_peering_up *up, bool *diversifies)
{
    bool is_full = ask->links >= ask->links_max;
    bool region_full = ask->region >= ask->region_max;
    bool unverified_full = ask->is_unverified && ask->unverified >= ask->unverified_max;
    bool worth_it = !ask->outbound && !ask->privileged && !ask->is_self &&
                    up->standing == QN_STANDING_REGISTERED &&
                    (is_full || region_full || unverified_full);
    bool whole = !region_full && !unverified_full;
    uint64_t evictee = worth_it && unverified_full ? qn_peering_refuted(peering, up->region) : 0;
    *diversifies = evictee != 0;
    if (worth_it && evictee == 0) {
        evictee = choose_evictee(peering, whole, unverified_full, up, diversifies);
    }
    if (evictee != 0) {
        const struct qn_peering_link *link = qn_peering_find(peering, evictee);
        ask->links -= 1;
        ask->links_max = peering->links_max;
        if (link->region == up->region) {
            ask->region -= 1;
            ask->region_max = peering->region_max;
            ask->unverified -= qn_peering_is_unverified(link) ? 1 : 0;
        }
    }
    return evictee;
}

static void take_off_half_open(struct qn_peering *peering, uint64_t link)
{
    struct qn_peering_link *half = qn_peering_find(peering, link);
    if (half != NULL) {
        QN_ASSERT(half->state == QN_PEERING_HALF_OPEN);
        remove_link(peering, half);
    }
}

struct qn_peering_verdict qn_peering_on_up(struct qn_peering *peering,
                                           const struct qn_peering_up *up, qn_time_us now)
{
    struct qn_peering_verdict verdict = {.limit = QN_ADMISSION_NONE};
    struct qn_peering_link before = {0};
    take_off_half_open(peering, up->link);
    qn_peering_book_on_up(&before, qn_peering_under_way(peering, up->dial));
    if (up->dial != 0) {
        qn_dialer_on_linked(&peering->dialer, up->dial, &up->id);
    }
    qn_peering_alarm_heard(peering, up->region, up->standing, now);
    bool diversifies = false;
    struct qn_admission_ask ask = ask_for(peering, up, &before, now);
    enum qn_admission_limit full = ask.links >= ask.links_max     ? QN_ADMISSION_LINKS
                                   : ask.region >= ask.region_max ? QN_ADMISSION_REGION
                                                                  : QN_ADMISSION_UNVERIFIED;
    verdict.evict = make_place(peering, &ask, up, &diversifies);
    verdict.limit = qn_admission_decide(&peering->admission, &ask, now);
    if (verdict.limit == QN_ADMISSION_NONE && verdict.evict != 0 &&
        !may_evict(peering, diversifies, now)) {
        verdict.limit = full;
    }
    struct qn_peering_link *link =
        verdict.limit == QN_ADMISSION_NONE ? new_link(peering, up->link) : NULL;
    if (link == NULL) {
        qn_dialer_punish(&peering->dialer, &up->id, now);
        if (ask.is_self) {
            qn_dialer_remove(&peering->dialer, &up->id);
        }
        return refused(peering,
                       verdict.limit != QN_ADMISSION_NONE ? verdict.limit : QN_ADMISSION_LINKS);
    }
    link->state = QN_PEERING_UP;
    link->from_hint = before.from_hint;
    link->is_feeler = before.is_feeler;
    link->outbound = ask.outbound;
    link->for_landmark = qn_peering_is_wanted_landmark(peering, up);
    link->privileged = ask.privileged;
    link->standing = up->standing;
    link->region = up->region;
    link->since_us = now;
    link->has_address = ask.has_address;
    link->address = ask.address;
    link->id = up->id;
    link->measured.moved_us = qn_peering_moved_us(peering, &up->id, now);
    qn_peering_count(&peering->counts, link, true);
    if (verdict.evict != 0) {
        peering->counts.evicted += 1;
        qn_peering_on_down(peering, verdict.evict, now);
    }
    return verdict;
}

void qn_peering_on_live(struct qn_peering *peering, uint64_t number, qn_time_us now)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    QN_ASSERT(link != NULL && link->state == QN_PEERING_UP);
    QN_ASSERT(qn_peering_link_to(peering, &link->id) == 0);
    qn_peering_count(&peering->counts, link, false);
    link->state = QN_PEERING_LIVE;
    qn_peering_count(&peering->counts, link, true);
    enum qn_err err = qn_map_put(&peering->by_id, link->id.bytes, place_of(peering, link));
    QN_ASSERT(err == QN_OK); /* as many places as links */
    qn_dialer_set_linked(&peering->dialer, &link->id, true, now);
    qn_peering_book_on_live(peering, link, now);
}

void qn_peering_on_full(struct qn_peering *peering, uint64_t number)
{
    const struct qn_peering_link *link = qn_peering_find(peering, number);
    bool has_others = peering->counts.live > QN_BOOTSTRAP_BELOW; /* else it tries as before */
    if (link != NULL && link->state != QN_PEERING_HALF_OPEN && has_others) {
        qn_dialer_note_full(&peering->dialer, &link->id,
                            peering->counts.live < peering->targets.total);
    }
}

void qn_peering_on_down(struct qn_peering *peering, uint64_t number, qn_time_us now)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    if (link == NULL) {
        return;
    }
    struct qn_peering_link gone = *link;
    remove_link(peering, link);
    if (gone.state == QN_PEERING_LIVE) {
        qn_dialer_set_linked(&peering->dialer, &gone.id, false, now);
        if (gone.leaves && gone.standing != QN_STANDING_UNREGISTERED) {
            qn_peering_alarm_left(peering, gone.region);
        }
        if (gone.is_feeler) {
            qn_dialer_remove(&peering->dialer, &gone.id); /* it stays in the book */
        }
    } else if (gone.state == QN_PEERING_UP && gone.outbound) {
        /* It never came to anything: wait before the next try. */
        qn_dialer_punish(&peering->dialer, &gone.id, now);
    }
    qn_peering_let_rest(peering, &gone.id, now);
}

void qn_peering_set_standing(struct qn_peering *peering, uint64_t number, enum qn_standing standing,
                             enum qn_region region)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    QN_ASSERT(link != NULL && link->state != QN_PEERING_HALF_OPEN);
    enum qn_region before = link->region;
    qn_peering_count(&peering->counts, link, false);
    link->standing = standing;
    link->verdict = link->region == region ? link->verdict : QN_REGION_UNKNOWN;
    link->region = region;
    link->privileged = qn_peering_is_privileged(peering, &link->id, standing);
    qn_peering_book_on_standing(peering, link);
    qn_peering_count(&peering->counts, link, true);
    if (region != before) {
        qn_peering_alarm_left(peering, before); /* it moved */
    }
    qn_peering_allow_excess(peering);
}

/* ---- what was measured ---- */

void qn_peering_on_rtt(struct qn_peering *peering, uint64_t number, uint32_t rtt_us, qn_time_us now)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    if (link == NULL) {
        return;
    }
    qn_peering_alarm_heard(peering, link->region, link->standing, now);
    if (link->rtt_min_us == 0 || rtt_us < link->rtt_min_us) {
        link->rtt_min_us = rtt_us;
    }
    qn_peering_balance_on_rtt(&link->measured, rtt_us);
}

void qn_peering_on_delivery(struct qn_peering *peering, uint64_t number, bool first, qn_time_us now)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    if (link != NULL && first) {
        link->deliveries += link->deliveries < UINT32_MAX;
        link->delivered_us = now;
        qn_peering_balance_on_first(&link->measured);
    }
}

uint64_t qn_peering_link_to(const struct qn_peering *peering, const struct qn_node_id *id)
{
    uint32_t place = 0;
    return qn_map_get(&peering->by_id, &place, id->bytes) ? peering->links[place].link : 0;
}
