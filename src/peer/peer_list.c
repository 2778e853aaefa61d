#include "peer/peer_list.h"

#include "peer/peer_index.h"
#include "peer/peer_worth.h"

#include <stdlib.h>
#include <string.h>

static size_t capacity_of(size_t per_region)
{
    return per_region * QN_REGION_COUNT + QN_PEERS_EXEMPT_MAX;
}

_Static_assert(QN_PEERS_PER_REGION_MAX *QN_REGION_COUNT + QN_PEERS_EXEMPT_MAX == QN_KNOWN_PEERS_MAX,
               "what others size their tables by");
_Static_assert(QN_KNOWN_PEERS_MAX < UINT16_MAX, "a slot + 1 has 16 bits");

static uint16_t place_of(const struct qn_peer_list *list, const struct qn_peer_entry *entry)
{
    return (uint16_t)(entry - list->entries + 1);
}

static struct qn_peer_entry *at_place(const struct qn_peer_list *list, uint16_t place)
{
    return place == 0 ? NULL : &list->entries[place - 1];
}

static bool is_exempt(const struct qn_peer_entry *entry)
{
    return (entry->flags & QN_PEER_EXEMPT) != 0;
}

/* ---- accounting: an entry is counted and chained by what it is at the moment ---- */

static void count_in(struct qn_peer_list *list, const struct qn_peer_entry *entry, bool in)
{
    size_t one = in ? 1 : SIZE_MAX; /* wraps: takes one away */
    bool counts = !is_exempt(entry);
    list->count += one;
    list->exempt += counts ? 0 : one;
    list->counts[entry->region][entry->state] += one;
    list->counted[entry->region] += counts ? one : 0;
    list->unverified[entry->region] += counts && entry->verdict != QN_REGION_VERIFIED ? one : 0;
}

static void chain(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    struct qn_peer_chain *chain = &list->chains[entry->region][entry->state];
    struct qn_peer_entry *last = at_place(list, chain->last);
    entry->previous = chain->last;
    entry->next = 0;
    chain->last = place_of(list, entry);
    *(last == NULL ? &chain->first : &last->next) = chain->last;
}

static void unchain(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    struct qn_peer_chain *chain = &list->chains[entry->region][entry->state];
    struct qn_peer_entry *next = at_place(list, entry->next);
    struct qn_peer_entry *previous = at_place(list, entry->previous);
    *(next == NULL ? &chain->last : &next->previous) = entry->previous;
    *(previous == NULL ? &chain->first : &previous->next) = entry->next;
}

static void enter(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    count_in(list, entry, true);
    chain(list, entry);
}

static void leave(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    count_in(list, entry, false);
    unchain(list, entry);
}

/* ---- addresses: one entry has the place of each ---- */

static void give_up_address(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    if ((entry->flags & QN_PEER_HAS_ADDRESS_PLACE) != 0) {
        qn_peer_index_remove(&list->by_address, list->entries, QN_PEER_BY_ADDRESS,
                             (uint16_t)(entry - list->entries));
        entry->flags &= (uint16_t)~QN_PEER_HAS_ADDRESS_PLACE;
    }
}

/* Who was proven at an address keeps it from those who only say that it is theirs. */
static void take_address(struct qn_peer_list *list, struct qn_peer_entry *entry,
                         const struct qn_net_address *address, bool proven)
{
    give_up_address(list, entry);
    entry->address = *address;
    struct qn_peer_entry *holder = qn_peer_list_find_address(list, address);
    if (holder != NULL && proven) {
        give_up_address(list, holder);
        holder = NULL;
    }
    if (holder == NULL && address->port != 0) {
        qn_peer_index_add(&list->by_address, list->entries, QN_PEER_BY_ADDRESS,
                          (uint16_t)(entry - list->entries));
        entry->flags |= QN_PEER_HAS_ADDRESS_PLACE;
    }
}

/* ---- memory ---- */

static void take_memory(struct qn_peer_list *list, size_t capacity)
{
    uint64_t keys[2] = {list->by_id.hash_key[0], list->by_id.hash_key[1]};
    list->capacity = capacity;
    list->entries = calloc(capacity, sizeof list->entries[0]);
    QN_ASSERT(list->entries != NULL);
    qn_peer_index_init(&list->by_id, capacity, keys);
    qn_peer_index_init(&list->by_address, capacity, keys);
    list->free_first = 1;
    for (size_t i = 0; i < capacity; i++) {
        list->entries[i].state = QN_PEER_STATE_COUNT; /* free */
        list->entries[i].next = i + 1 < capacity ? (uint16_t)(i + 2) : 0;
    }
}

void qn_peer_list_init(struct qn_peer_list *list, uint64_t hash_key0, uint64_t hash_key1)
{
    *list = (struct qn_peer_list){.limit = QN_PEERS_PER_REGION_MIN,
                                  .by_id.hash_key = {hash_key0, hash_key1}};
    take_memory(list, capacity_of(list->limit));
}

void qn_peer_list_fini(struct qn_peer_list *list)
{
    for (size_t slot = 0; slot < list->capacity; slot++) {
        qn_buf_drop(list->entries[slot].record); /* NULL in free ones */
    }
    free(list->entries);
    qn_peer_index_fini(&list->by_id);
    qn_peer_index_fini(&list->by_address);
    *list = (struct qn_peer_list){0};
}

static struct qn_peer_entry *take_slot(struct qn_peer_list *list, const struct qn_node_id *id)
{
    struct qn_peer_entry *entry = at_place(list, list->free_first);
    list->free_first = entry->next;
    *entry = (struct qn_peer_entry){.id = *id};
    qn_peer_index_add(&list->by_id, list->entries, QN_PEER_BY_ID,
                      (uint16_t)(entry - list->entries));
    return entry;
}

/* Into fresh memory of this capacity, each chain in its order. */
static void resize(struct qn_peer_list *list, size_t capacity)
{
    struct qn_peer_list old = *list;
    *list = (struct qn_peer_list){.limit = old.limit,
                                  .record_count = old.record_count,
                                  .record_bytes = old.record_bytes,
                                  .by_id.hash_key = {old.by_id.hash_key[0], old.by_id.hash_key[1]}};
    memcpy(list->verdicts_demanded, old.verdicts_demanded, sizeof list->verdicts_demanded);
    take_memory(list, capacity > old.count ? capacity : old.count);
    for (size_t i = 0; i < (size_t)QN_REGION_COUNT * QN_PEER_STATE_COUNT; i++) {
        const struct qn_peer_entry *from = qn_peer_list_first(
            &old, (enum qn_region)(i / QN_PEER_STATE_COUNT), i % QN_PEER_STATE_COUNT);
        for (; from != NULL; from = qn_peer_list_next(&old, from)) {
            struct qn_peer_entry *to = take_slot(list, &from->id);
            *to = *from;
            enter(list, to);
            if ((to->flags & QN_PEER_HAS_ADDRESS_PLACE) != 0) {
                qn_peer_index_add(&list->by_address, list->entries, QN_PEER_BY_ADDRESS,
                                  (uint16_t)(to - list->entries));
            }
        }
    }
    free(old.entries);
    qn_peer_index_fini(&old.by_id);
    qn_peer_index_fini(&old.by_address);
}

void qn_peer_list_set_limit(struct qn_peer_list *list, size_t per_region, qn_time_us now)
{
    QN_ASSERT(per_region > 0 && per_region <= QN_PEERS_PER_REGION_MAX);
    if (per_region == list->limit) {
        return;
    }
    list->limit = per_region;
    (void)qn_peer_list_trim(list, now);
    resize(list, capacity_of(per_region));
}

void qn_peer_list_demand_verdicts(struct qn_peer_list *list, enum qn_region region, bool demanded,
                                  qn_time_us now)
{
    list->verdicts_demanded[region] = demanded;
    (void)qn_peer_list_trim(list, now);
}

/* ---- places ---- */

static void drop_record(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    if (entry->record != NULL) {
        list->record_count -= 1;
        list->record_bytes -= entry->record->len;
        qn_buf_drop(entry->record);
    }
}

static void drop(struct qn_peer_list *list, struct qn_peer_entry *entry)
{
    leave(list, entry);
    give_up_address(list, entry);
    qn_peer_index_remove(&list->by_id, list->entries, QN_PEER_BY_ID,
                         (uint16_t)(entry - list->entries));
    drop_record(list, entry);
    *entry = (struct qn_peer_entry){.state = QN_PEER_STATE_COUNT, .next = list->free_first};
    list->free_first = place_of(list, entry);
}

static size_t trim_region(struct qn_peer_list *list, enum qn_region region, bool unverified_only,
                          const size_t *held, size_t max, qn_time_us now)
{
    size_t gone = 0;
    while (*held > max) {
        struct qn_peer_entry *worst = qn_peer_worst(list, region, true, unverified_only, now);
        if (worst == NULL) {
            break;
        }
        drop(list, worst);
        gone += 1;
    }
    return gone;
}

size_t qn_peer_list_trim(struct qn_peer_list *list, qn_time_us now)
{
    size_t gone = 0;
    for (int i = 0; i < QN_REGION_COUNT; i++) {
        enum qn_region region = (enum qn_region)i;
        gone += trim_region(list, region, false, &list->counted[i], list->limit, now);
        if (list->verdicts_demanded[i]) {
            gone += trim_region(list, region, true, &list->unverified[i],
                                qn_peer_list_unverified_max(list), now);
        }
    }
    return gone;
}

/* Makes a place that limits count, for somebody of this region and verdict. Whoever has a link outweighs all who
 * have none. False: there is none to be had. */
static bool make_place(struct qn_peer_list *list, enum qn_region region,
                       enum qn_region_verdict verdict, bool linked, qn_time_us now)
{
    bool counts_unverified = list->verdicts_demanded[region] && verdict != QN_REGION_VERIFIED;
    size_t unverified = counts_unverified ? list->unverified[region] : 0;
    size_t unverified_max = qn_peer_list_unverified_max(list);
    size_t held = list->counted[region];
    if (held > list->limit || unverified > unverified_max) {
        return false; /* a limit fell, and links above it have not ended yet */
    }
    if (held < list->limit && unverified < unverified_max) {
        return true;
    }
    struct qn_peer_entry *worst =
        qn_peer_worst(list, region, linked, unverified == unverified_max, now);
    if (worst == NULL || !(linked || qn_peer_gives_way(worst, verdict, now))) {
        return false;
    }
    drop(list, worst);
    return true;
}

/* A region, and a place in it, for an entry or, if NULL, for somebody new. */
static enum qn_err make_place_for(struct qn_peer_list *list, const struct qn_peer_entry *entry,
                                  const struct qn_peer_facts *facts, qn_time_us now)
{
    bool was_exempt = entry != NULL && is_exempt(entry);
    bool will_be_exempt = was_exempt || (facts->flags & QN_PEER_EXEMPT) != 0;
    bool stays = entry != NULL && entry->region == facts->region;
    bool linked = facts->link != 0 || (entry != NULL && entry->state == QN_PEER_HOT);
    if (will_be_exempt && !was_exempt && list->exempt == QN_PEERS_EXEMPT_MAX) {
        return QN_ERR_FULL;
    }
    if (!will_be_exempt && !stays &&
        !make_place(list, facts->region, facts->verdict, linked, now)) {
        return QN_ERR_FULL;
    }
    return entry == NULL && list->free_first == 0 ? QN_ERR_FULL : QN_OK;
}

static void take_facts(struct qn_peer_list *list, struct qn_peer_entry *entry,
                       const struct qn_peer_facts *facts, qn_time_us now)
{
    bool says_verdict = facts->verdict != QN_REGION_UNKNOWN || entry->region != facts->region;
    entry->verdict = says_verdict ? (uint8_t)facts->verdict : entry->verdict;
    entry->region = (uint8_t)facts->region;
    entry->flags |= facts->flags & QN_PEER_EXEMPT;
    entry->heard_us = now;
    if (facts->registry_index != QN_PEER_INDEX_UNKNOWN) {
        entry->registry_index = facts->registry_index;
    }
    if (facts->address.port != 0 && !qn_net_address_equal(&facts->address, &entry->address)) {
        take_address(list, entry, &facts->address, false);
    }
    if (facts->record != NULL) {
        drop_record(list, entry);
        entry->record = qn_buf_hold(facts->record);
        list->record_count += 1;
        list->record_bytes += facts->record->len;
        entry->record_sequence = facts->record_sequence;
        entry->record_us = now;
        entry->hops = facts->hops;
    }
}

enum qn_err qn_peer_list_put(struct qn_peer_list *list, struct qn_peer_entry **out,
                             const struct qn_peer_facts *facts, qn_time_us now)
{
    QN_ASSERT((unsigned)facts->region < QN_REGION_COUNT);
    struct qn_peer_entry *entry = qn_peer_list_find(list, &facts->id);
    bool is_stale = entry != NULL && facts->record != NULL && entry->record != NULL &&
                    facts->record_sequence <= entry->record_sequence;
    if (is_stale) {
        return QN_ERR_STALE;
    }
    enum qn_err err = make_place_for(list, entry, facts, now);
    if (err != QN_OK) {
        return err;
    }
    if (entry == NULL) {
        entry = take_slot(list, &facts->id);
        entry->region = (uint8_t)facts->region;
        entry->registry_index = QN_PEER_INDEX_UNKNOWN;
        entry->first_seen_us = now;
        entry->state_us = now;
    } else {
        leave(list, entry);
    }
    take_facts(list, entry, facts, now);
    enter(list, entry);
    if (facts->link != 0) {
        qn_peer_list_set_state(list, entry, QN_PEER_HOT, facts->link, facts->inbound, now);
    }
    if (out != NULL) {
        *out = entry;
    }
    return QN_OK;
}

bool qn_peer_list_remove(struct qn_peer_list *list, const struct qn_node_id *id)
{
    struct qn_peer_entry *entry = qn_peer_list_find(list, id);
    if (entry != NULL) {
        drop(list, entry);
    }
    return entry != NULL;
}

/* ---- changes of one entry ---- */

void qn_peer_list_set_state(struct qn_peer_list *list, struct qn_peer_entry *entry,
                            enum qn_peer_state state, uint64_t link, bool inbound, qn_time_us now)
{
    QN_ASSERT((state == QN_PEER_HOT) == (link != 0));
    if (entry->state != (uint8_t)state) {
        leave(list, entry);
        entry->state = (uint8_t)state;
        entry->state_us = now;
        enter(list, entry);
    }
    entry->link = link;
    entry->heard_us = link != 0 ? now : entry->heard_us;
    entry->flags &= (uint16_t)~QN_PEER_INBOUND;
    entry->flags |= link != 0 && inbound ? QN_PEER_INBOUND : 0;
}

void qn_peer_list_set_verdict(struct qn_peer_list *list, struct qn_peer_entry *entry,
                              enum qn_region_verdict verdict)
{
    count_in(list, entry, false);
    entry->verdict = (uint8_t)verdict;
    count_in(list, entry, true);
}

enum qn_err qn_peer_list_set_flags(struct qn_peer_list *list, struct qn_peer_entry *entry,
                                   uint16_t set, uint16_t clear)
{
    uint16_t flags = (uint16_t)((entry->flags & (uint16_t)~clear) | set);
    QN_ASSERT(((set | clear) & (QN_PEER_HAS_ADDRESS_PLACE | QN_PEER_INBOUND)) == 0);
    bool becomes_exempt = (flags & QN_PEER_EXEMPT) != 0 && !is_exempt(entry);
    if (becomes_exempt && list->exempt == QN_PEERS_EXEMPT_MAX) {
        return QN_ERR_FULL;
    }
    count_in(list, entry, false);
    entry->flags = flags;
    count_in(list, entry, true);
    return QN_OK;
}

void qn_peer_list_set_proven(struct qn_peer_list *list, struct qn_peer_entry *entry,
                             const struct qn_net_address *address, qn_time_us now)
{
    take_address(list, entry, address, true);
    entry->proven_us = now;
    entry->heard_us = now;
}
