/* Peering's memory of addresses: what is heard goes into the address book, what is dialled comes out of it, and a cold
 * start opens one source after the other. */
#include "peer/peering_choice.h"

#include <stdlib.h>
#include <string.h>

enum {
    FEED_PER_REGION = 8, /* addresses of the book that the dialer gets for one region each second */
    FEELERS_OVER = 100,  /* registered nodes; in a smaller network everybody is dialled anyway */
    ORIGIN_LEDGER = 1,   /* of links that only the registry told of */
    ORIGIN_HINT = 2,     /* of links to addresses without an id: name servers, the operator */
    DNS_FAILURES_MAX = 5, /* that lengthen the wait */
};
#define BOOK_INTERVAL QN_SECONDS(1)
#define ANCHORS_INTERVAL QN_SECONDS(60)
#define FEELER_INTERVAL QN_SECONDS(120)
#define DNS_INTERVAL QN_SECONDS(30) /* doubles with each answer that did not help */

void qn_peering_book_init(struct qn_peering *peering, qn_time_us now)
{
    struct qn_peering_memory *memory = &peering->memory;
    uint64_t seed0 = qn_rng_next(&peering->rng);
    uint64_t seed1 = qn_rng_next(&peering->rng);
    qn_book_init(&memory->book, seed0, seed1);
    qn_sources_init(&memory->sources, now);
    memory->hints = calloc(QN_PEERING_HINTS_MAX, sizeof memory->hints[0]);
    QN_ASSERT(memory->hints != NULL);
    memory->next_us = now;
    memory->next_anchors_us = now + ANCHORS_INTERVAL;
    memory->next_feeler_us = now + FEELER_INTERVAL;
}

void qn_peering_book_fini(struct qn_peering *peering)
{
    qn_book_fini(&peering->memory.book);
    free(peering->memory.hints);
}

struct qn_book *qn_peering_book(struct qn_peering *peering)
{
    return &peering->memory.book;
}

bool qn_peering_may_dial(const struct qn_peering *peering, enum qn_peer_source source)
{
    return qn_sources_is_open(peering->memory.open, source);
}

/* ---- what is heard ---- */

static enum qn_peer_source source_of(enum qn_heard_from from)
{
    switch (from) {
    case QN_HEARD_GENESIS:
        return QN_PEER_SOURCE_GENESIS;
    case QN_HEARD_FALLBACK:
        return QN_PEER_SOURCE_FALLBACK;
    case QN_HEARD_DNS:
        return QN_PEER_SOURCE_DNS;
    case QN_HEARD_LEDGER:
        return QN_PEER_SOURCE_LEDGER;
    case QN_HEARD_LAN:
        return QN_PEER_SOURCE_LAN;
    case QN_HEARD_RECORD:
    case QN_HEARD_REDIRECT:
        return QN_PEER_SOURCE_TRIED;
    }
    return QN_PEER_SOURCE_LAN; /* the last one */
}

bool qn_peering_book_parks(struct qn_peering *peering, const struct qn_heard *heard)
{
    struct qn_peering_memory *memory = &peering->memory;
    enum qn_peer_source source = source_of(heard->from);
    bool is_needed = heard->id != NULL && qn_peering_is_member(peering, heard->id);
    bool waits = heard->from != QN_HEARD_LEDGER && heard->from != QN_HEARD_RECORD &&
                 heard->from != QN_HEARD_REDIRECT && !qn_sources_is_open(memory->open, source);
    bool is_short = heard->endpoint_count > 0 && heard->endpoint_count <= QN_ENDPOINTS_MAX;
    if (!waits || (is_needed && peering->is_member) || !is_short) {
        return false;
    }
    if (memory->hint_count == QN_PEERING_HINTS_MAX) {
        return true; /* more than are ever needed */
    }
    struct qn_peering_hint *hint = &memory->hints[memory->hint_count];
    *hint = (struct qn_peering_hint){.from = heard->from,
                                     .has_id = heard->id != NULL,
                                     .region = heard->region,
                                     .endpoint_count = (uint8_t)heard->endpoint_count,
                                     .wait_us = heard->wait_us};
    if (heard->id != NULL) {
        hint->id = *heard->id;
    }
    memcpy(hint->endpoints, heard->endpoints, heard->endpoint_count * sizeof hint->endpoints[0]);
    memory->hint_count += 1;
    return true;
}

static struct qn_book_source teller_of(const struct qn_peering *peering,
                                       const struct qn_heard *heard)
{
    struct qn_book_source from = {.kind = QN_BOOK_PINNED};
    const struct qn_peering_link *link =
        heard->link != 0 ? qn_peering_find(peering, heard->link) : NULL;
    if (heard->from == QN_HEARD_LEDGER) {
        from.kind = QN_BOOK_LEDGER;
    } else if (heard->from == QN_HEARD_REDIRECT) {
        from.kind = QN_BOOK_HEARSAY;
        if (link != NULL) {
            from.id = link->id;
            from.group = link->has_address ? qn_book_group(&link->address) : 0;
        }
    } else if (heard->from == QN_HEARD_RECORD) {
        from.kind = QN_BOOK_RECORD;
        if (link != NULL && qn_node_id_equal(&link->id, heard->id)) {
            from.kind = QN_BOOK_SELF;
        } else if (link != NULL) {
            from.id = link->id;
            from.group = link->has_address ? qn_book_group(&link->address) : 0;
        }
    }
    return from;
}

bool qn_peering_book_takes(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now)
{
    struct qn_book_source from = teller_of(peering, heard);
    bool has_address = false;
    for (size_t i = 0; i < heard->endpoint_count && heard->id != NULL; i++) {
        struct qn_book_address what = {
            .id = *heard->id, .region = heard->region, .registry_index = QN_BOOK_NO_INDEX};
        if (qn_net_address_parse(&what.address, &heard->endpoints[i])) {
            has_address = true;
            (void)qn_book_add(&peering->memory.book, &what, &from, now);
        }
    }
    bool is_told = heard->from == QN_HEARD_RECORD || heard->from == QN_HEARD_LEDGER;
    return is_told && has_address && peering->active > QN_SMALL_NETWORK &&
           !qn_peering_is_member(peering, heard->id);
}

/* ---- how dials end ---- */

const struct qn_dial_target *qn_peering_under_way(const struct qn_peering *peering, uint64_t dial)
{
    const struct qn_dialer *dialer = &peering->dialer;
    for (size_t i = 0; i < dialer->under_way && dial != 0; i++) {
        const struct qn_dial_target *target = &dialer->targets[dialer->under_way_places[i]];
        if (target->dial == dial) {
            return target;
        }
    }
    return NULL;
}

void qn_peering_book_on_dial(struct qn_peering *peering, const struct qn_dial_target *target,
                             qn_time_us now)
{
    if (target->has_id) {
        qn_book_attempt(&peering->memory.book, &target->id, now);
    }
}

void qn_peering_book_on_dial_failed(struct qn_peering *peering, uint64_t dial, qn_time_us now)
{
    const struct qn_dial_target *target = qn_peering_under_way(peering, dial);
    if (target == NULL || !target->has_id) {
        return;
    }
    struct qn_node_id id = target->id;
    qn_book_failed(&peering->memory.book, &id, now);
    if (target->purpose == QN_DIAL_FOR_FEELER) {
        qn_dialer_remove(&peering->dialer, &id); /* one try: it stays in the book */
    }
}

/* Who told us of a peer, as one number for each source; 0: whoever dialled us has told that himself. */
static uint64_t origin_of(const struct qn_peering *peering, const struct qn_peering_link *link)
{
    enum { AS_ORIGIN = 16 }; /* above the numbers of this file */
    struct qn_book_found found;
    uint64_t origin = 0;
    if (link->privileged) {
        memcpy(&origin, link->id.bytes, sizeof origin);
        return origin | AS_ORIGIN; /* its key was known before: nobody had to tell */
    }
    if (link->from_hint) {
        return ORIGIN_HINT;
    }
    if (peering->active <= QN_SMALL_NETWORK && link->standing == QN_STANDING_REGISTERED) {
        /* Everybody dials everybody, so who dialled whom says nothing: each network is a source. */
        return qn_book_group(&link->address) | AS_ORIGIN;
    }
    bool is_known = qn_book_find(&peering->memory.book, &link->id, &found);
    if (!link->outbound && !(is_known && found.is_tried)) {
        return 0;
    }
    if (is_known && found.source_kind == QN_BOOK_LEDGER) {
        return ORIGIN_LEDGER;
    }
    origin = is_known ? found.source_group : qn_book_group(&link->address);
    return origin | AS_ORIGIN;
}

void qn_peering_book_on_up(struct qn_peering_link *link, const struct qn_dial_target *target)
{
    link->from_hint = target != NULL && !target->has_id;
    link->is_feeler = target != NULL && target->purpose == QN_DIAL_FOR_FEELER;
}

static void is_good(struct qn_peering *peering, const struct qn_peering_link *link, qn_time_us now)
{
    struct qn_book_found found;
    bool is_known = qn_book_find(&peering->memory.book, &link->id, &found);
    bool is_verified =
        link->standing == QN_STANDING_REGISTERED || link->standing == QN_STANDING_GENESIS;
    if (link->outbound && link->has_address && is_verified &&
        qn_net_address_is_usable(&link->address)) {
        struct qn_book_address what = {.id = link->id,
                                       .address = link->address,
                                       .region = link->region,
                                       .registry_index =
                                           is_known ? found.what.registry_index : QN_BOOK_NO_INDEX};
        qn_book_good(&peering->memory.book, &what, now);
    }
}

void qn_peering_book_on_standing(const struct qn_peering *peering, struct qn_peering_link *link)
{
    if (link->state == QN_PEERING_LIVE && link->origin == 0) {
        link->origin = origin_of(peering, link);
    }
}

void qn_peering_book_on_live(struct qn_peering *peering, struct qn_peering_link *link,
                             qn_time_us now)
{
    link->origin = origin_of(peering, link);
    is_good(peering, link, now);
}

size_t qn_peering_origins(const struct qn_peering *peering)
{
    struct qn_origins origins = {0};
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        if (link->link != 0 && link->state == QN_PEERING_LIVE) {
            qn_origins_add(&origins, link->origin);
        }
    }
    return origins.count;
}

size_t qn_peering_origins_needed(const struct qn_peering *peering)
{
    return qn_sources_needed(peering->active > 0 ? peering->active - 1 : 0);
}

/* ---- each second ---- */

/* The best first: whom we dialled and have held longest. */
void qn_peering_choose_anchors(struct qn_peering *peering, qn_time_us now)
{
    enum { LIVE_MAX = 64 };
    const struct qn_peering_link *best[LIVE_MAX];
    struct qn_node_id ids[LIVE_MAX];
    size_t count = 0;
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        if (link->link == 0 || link->state != QN_PEERING_LIVE || !link->outbound) {
            continue;
        }
        is_good(peering, link, now); /* it still is */
        if (link->privileged && peering->active > QN_SMALL_NETWORK) {
            continue; /* dialled as such: an anchor has to be somebody else */
        }
        size_t at = count;
        while (at > 0 && best[at - 1]->since_us > link->since_us) {
            at -= 1;
        }
        if (at < LIVE_MAX) {
            size_t kept = count < LIVE_MAX ? count : LIVE_MAX - 1;
            memmove(&best[at + 1], &best[at], (kept - at) * sizeof best[0]);
            best[at] = link;
            count = kept + 1;
        }
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = best[i]->id;
    }
    qn_book_choose_anchors(&peering->memory.book, ids, count);
}

static bool dial_later(struct qn_peering *peering, const struct qn_book_found *found,
                       enum qn_dial_purpose purpose, qn_time_us now)
{
    struct qn_endpoint endpoint;
    qn_net_address_endpoint(&endpoint, &found->what.address);
    bool added = qn_dialer_add(&peering->dialer, purpose, &found->what.id, found->what.region,
                               &endpoint, 1, now);
    qn_peering_let_rest(peering, &found->what.id, now);
    return added;
}

static void dial_anchors(struct qn_peering *peering, qn_time_us now)
{
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    size_t count = qn_book_anchors(&peering->memory.book, anchors);
    for (size_t i = 0; i < count; i++) {
        if (qn_peering_is_wanted(peering, &anchors[i])) {
            (void)dial_later(peering, &anchors[i], QN_DIAL_FOR_HOT, now);
        }
    }
}

static bool is_dialled(const struct qn_peering *peering, size_t region)
{
    const struct qn_dialer *dialer = &peering->dialer;
    for (size_t i = 0; i < dialer->under_way; i++) {
        if (dialer->targets[dialer->under_way_places[i]].region == region) {
            return true;
        }
    }
    return false;
}

/* Gives the dialer addresses of the book until it has enough that did not refuse us. Returns how many it has. */
static size_t feed_region(struct qn_peering_choice *choice, size_t region, size_t fresh,
                          qn_time_us now)
{
    struct qn_book_found found;
    while (fresh < FEED_PER_REGION &&
           qn_peering_choose(choice, &found, (enum qn_region)region, now) &&
           dial_later(choice->peering, &found, QN_DIAL_FOR_HOT, now)) {
        fresh += 1;
    }
    return fresh;
}

/* What the regions that lack links can be dialled at. Where everybody we know had no place for us no link is wanted
 * for a while. */
static void feed(struct qn_peering *peering, unsigned wanted, qn_time_us now)
{
    struct qn_peering_choice choice = {.peering = peering};
    if ((wanted >> QN_DIAL_WANT_REGION_SHIFT & ((1U << QN_REGION_COUNT) - 1)) != 0) {
        qn_peering_choice_begin(&choice, peering);
    }
    for (size_t region = 0; region < QN_REGION_COUNT; region++) {
        struct qn_dial_waiting waiting =
            qn_dialer_waiting(&peering->dialer, (enum qn_region)region, now);
        bool is_lacking = (wanted >> (QN_DIAL_WANT_REGION_SHIFT + region) & 1U) != 0;
        size_t fresh = waiting.count - waiting.refused;
        fresh = is_lacking ? feed_region(&choice, region, fresh, now) : fresh;
        bool was_paused = peering->full_until_us[region] != 0; /* then each is tried once more */
        bool all_refused =
            is_lacking && fresh == 0 && waiting.refused > 0 && (!was_paused || waiting.due == 0);
        if (fresh > 0) {
            peering->full_until_us[region] = 0;
        } else if (all_refused && !is_dialled(peering, region)) {
            peering->full_until_us[region] = now + QN_REGION_FULL_PAUSE;
        }
    }
}

/* A short link to find out whether an address is any good: the holder of a contested place, or one of `new`. */
static void send_feeler(struct qn_peering *peering, qn_time_us now)
{
    struct qn_book_query query = {.which = QN_BOOK_NEW_ONLY,
                                  .region = QN_REGION_COUNT,
                                  .wanted = qn_peering_is_wanted,
                                  .context = peering};
    struct qn_book_found found;
    bool is_found = qn_book_next_test(&peering->memory.book, &found, now) &&
                    qn_peering_is_wanted(peering, &found);
    if (is_found || qn_book_select(&peering->memory.book, &found, &query, &peering->rng, now)) {
        (void)dial_later(peering, &found, QN_DIAL_FOR_FEELER, now);
    }
}

static void release_hints(struct qn_peering *peering, qn_time_us now)
{
    struct qn_peering_memory *memory = &peering->memory;
    size_t kept = 0;
    for (size_t i = 0; i < memory->hint_count; i++) {
        struct qn_peering_hint hint = memory->hints[i];
        struct qn_heard heard = {.id = hint.has_id ? &hint.id : NULL,
                                 .from = hint.from,
                                 .region = hint.region,
                                 .endpoints = hint.endpoints,
                                 .endpoint_count = hint.endpoint_count,
                                 .wait_us = hint.wait_us};
        if (qn_sources_is_open(memory->open, source_of(hint.from))) {
            qn_peering_heard_now(peering, &heard, now);
        } else {
            memory->hints[kept++] = hint;
        }
    }
    memory->hint_count = kept;
}

static size_t tried_count(const struct qn_peering *peering)
{
    size_t count = 0;
    for (size_t region = 0; region < QN_REGION_COUNT; region++) {
        count += qn_book_count(&peering->memory.book, true, (enum qn_region)region);
    }
    return count;
}

static void open_sources(struct qn_peering *peering, qn_time_us now)
{
    struct qn_peering_memory *memory = &peering->memory;
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    struct qn_sources_view view = {.live = peering->counts.live,
                                   .independent = qn_peering_origins(peering),
                                   .all_at_once = peering->is_member,
                                   .all = peering->active <= QN_SMALL_NETWORK};
    bool has_anchors = qn_book_anchors(&memory->book, anchors) > 0;
    view.offers |= has_anchors ? 1U << QN_PEER_SOURCE_ANCHORS : 0;
    view.offers |= tried_count(peering) > 0 ? 1U << QN_PEER_SOURCE_TRIED : 0;
    view.offers |= peering->config.has_ledger ? 1U << QN_PEER_SOURCE_LEDGER : 0;
    view.offers |= peering->config.dns_seed_count > 0 ? 1U << QN_PEER_SOURCE_DNS : 0;
    view.offers |= peering->config.has_lan ? 1U << QN_PEER_SOURCE_LAN : 0;
    for (size_t i = 0; i < memory->hint_count; i++) {
        view.offers |= 1U << source_of(memory->hints[i].from);
    }
    unsigned before = memory->open;
    memory->open = qn_sources_poll(&memory->sources, &view, now);
    if (memory->open != before) {
        release_hints(peering, now);
    }
    if (has_anchors && !qn_sources_is_open(before, QN_PEER_SOURCE_ANCHORS)) {
        dial_anchors(peering, now);
    }
}

void qn_peering_book_poll(struct qn_peering *peering, unsigned wanted, qn_time_us now)
{
    struct qn_peering_memory *memory = &peering->memory;
    if (now < memory->next_us) {
        return;
    }
    memory->next_us = now + BOOK_INTERVAL;
    open_sources(peering, now);
    qn_peering_lan_poll(peering, wanted, now);
    /* With links enough the cold start is over, whichever source it ended at: more come from the book. */
    if (qn_sources_is_open(memory->open, QN_PEER_SOURCE_TRIED) ||
        peering->counts.live >= QN_SOURCES_LIVE_ENOUGH) {
        feed(peering, wanted, now);
    }
    if (now >= memory->next_anchors_us) {
        memory->next_anchors_us = now + ANCHORS_INTERVAL;
        qn_peering_choose_anchors(peering, now);
    }
    if (now >= memory->next_feeler_us && peering->active > FEELERS_OVER) {
        memory->next_feeler_us = now + FEELER_INTERVAL;
        send_feeler(peering, now);
    }
}

/* ---- name servers ---- */

bool qn_peering_wants_lookup(struct qn_peering *peering, unsigned *seed, qn_time_us now)
{
    struct qn_peering_memory *memory = &peering->memory;
    bool is_time = qn_sources_is_open(memory->open, QN_PEER_SOURCE_DNS) &&
                   peering->counts.live < QN_SOURCES_LIVE_ENOUGH && now >= memory->next_lookup_us;
    if (peering->config.dns_seed_count == 0 || !is_time) {
        return false;
    }
    *seed = memory->next_seed;
    memory->next_seed = (memory->next_seed + 1) % (unsigned)peering->config.dns_seed_count;
    if (memory->next_seed == 0) { /* each was asked */
        unsigned steps = memory->lookup_rounds;
        memory->next_lookup_us = now + (DNS_INTERVAL << steps);
        memory->lookup_rounds += steps < DNS_FAILURES_MAX ? 1 : 0;
    } else {
        memory->next_lookup_us = now + BOOK_INTERVAL;
    }
    return true;
}
