/* Reading the peer list; nothing here changes it. */
#include "peer/peer_index.h"
#include "peer/peer_list.h"

enum { UNVERIFIED_SHARE = 10 }; /* of a region's places: one of so many */

const char *qn_peer_state_name(enum qn_peer_state state)
{
    switch (state) {
    case QN_PEER_COLD:
        return "cold";
    case QN_PEER_WARM:
        return "warm";
    case QN_PEER_HOT:
    case QN_PEER_STATE_COUNT:
        break;
    }
    return "hot";
}

static struct qn_peer_entry *at_place(const struct qn_peer_list *list, uint16_t place)
{
    return place == 0 ? NULL : &list->entries[place - 1];
}

struct qn_peer_entry *qn_peer_list_find(const struct qn_peer_list *list,
                                        const struct qn_node_id *id)
{
    struct qn_peer_entry key = {.id = *id};
    return at_place(list, qn_peer_index_find(&list->by_id, list->entries, QN_PEER_BY_ID, &key));
}

struct qn_peer_entry *qn_peer_list_find_address(const struct qn_peer_list *list,
                                                const struct qn_net_address *address)
{
    struct qn_peer_entry key = {.address = *address};
    return at_place(list,
                    qn_peer_index_find(&list->by_address, list->entries, QN_PEER_BY_ADDRESS, &key));
}

struct qn_peer_entry *qn_peer_list_first(const struct qn_peer_list *list, enum qn_region region,
                                         enum qn_peer_state state)
{
    return at_place(list, list->chains[region][state].first);
}

struct qn_peer_entry *qn_peer_list_next(const struct qn_peer_list *list,
                                        const struct qn_peer_entry *entry)
{
    return at_place(list, entry->next);
}

struct qn_peer_entry *qn_peer_list_at(const struct qn_peer_list *list, size_t slot)
{
    QN_ASSERT(slot < list->capacity);
    struct qn_peer_entry *entry = &list->entries[slot];
    return entry->state == QN_PEER_STATE_COUNT ? NULL : entry;
}

size_t qn_peer_list_count(const struct qn_peer_list *list, enum qn_region region,
                          enum qn_peer_state state)
{
    return list->counts[region][state];
}

size_t qn_peer_list_unverified_max(const struct qn_peer_list *list)
{
    size_t share = list->limit / UNVERIFIED_SHARE;
    return share > 0 ? share : 1;
}

static size_t memory_of(size_t capacity)
{
    return capacity * sizeof(struct qn_peer_entry) +
           2 * qn_peer_index_cells(capacity) * sizeof(uint16_t);
}

size_t qn_peer_list_memory(const struct qn_peer_list *list)
{
    return memory_of(list->capacity);
}

size_t qn_peer_list_memory_of(size_t per_region)
{
    return memory_of(per_region * QN_REGION_COUNT + QN_PEERS_EXEMPT_MAX);
}

/* ---- the invariant ---- */

static const char *check_entry(const struct qn_peer_list *list, const struct qn_peer_entry *entry)
{
    if (qn_peer_list_find(list, &entry->id) != entry) {
        return "peer list: an entry is not found by its id";
    }
    bool has_place = (entry->flags & QN_PEER_HAS_ADDRESS_PLACE) != 0;
    const struct qn_peer_entry *holder = qn_peer_list_find_address(list, &entry->address);
    if (has_place != (holder == entry)) {
        return "peer list: an address is not whose it says";
    }
    if ((entry->state == QN_PEER_HOT) != (entry->link != 0)) {
        return "peer list: hot without a link, or a link that is not hot";
    }
    return NULL;
}

struct recount {
    size_t count, exempt, records, record_bytes, counted, unverified, hot, unverified_hot;
};

static const char *recount_chain(const struct qn_peer_list *list, struct recount *counts,
                                 enum qn_region region, enum qn_peer_state state)
{
    size_t length = 0;
    const struct qn_peer_entry *entry = qn_peer_list_first(list, region, state);
    for (; entry != NULL && length <= list->capacity; entry = qn_peer_list_next(list, entry)) {
        bool counts_here = (entry->flags & QN_PEER_EXEMPT) == 0;
        const char *problem = check_entry(list, entry);
        if (problem != NULL) {
            return problem;
        }
        if (entry->region != (uint8_t)region || entry->state != (uint8_t)state) {
            return "peer list: an entry is in another's chain";
        }
        length += 1;
        counts->records += entry->record != NULL;
        counts->record_bytes += entry->record != NULL ? entry->record->len : 0;
        counts->exempt += !counts_here;
        counts->counted += counts_here;
        counts->unverified += counts_here && entry->verdict != QN_REGION_VERIFIED;
        counts->hot += counts_here && state == QN_PEER_HOT;
        counts->unverified_hot +=
            counts_here && state == QN_PEER_HOT && entry->verdict != QN_REGION_VERIFIED;
    }
    counts->count += length;
    return length == qn_peer_list_count(list, region, state)
               ? NULL
               : "peer list: a region's count is not its chain's length";
}

static const char *check_region(const struct qn_peer_list *list, struct recount *total,
                                enum qn_region region)
{
    struct recount here = {0};
    for (int state = 0; state < QN_PEER_STATE_COUNT; state++) {
        const char *problem = recount_chain(list, &here, region, (enum qn_peer_state)state);
        if (problem != NULL) {
            return problem;
        }
    }
    total->count += here.count;
    total->exempt += here.exempt;
    total->records += here.records;
    total->record_bytes += here.record_bytes;
    if (here.counted != list->counted[region] || here.unverified != list->unverified[region]) {
        return "peer list: a region's places are not those that are taken";
    }
    if (list->verdicts_demanded[region] && here.unverified > qn_peer_list_unverified_max(list) &&
        here.unverified > here.unverified_hot) {
        return "peer list: peers of no verified region hold too many places";
    }
    return here.counted > list->limit && here.counted > here.hot
               ? "peer list: a region is above its limit"
               : NULL;
}

const char *qn_peer_list_invariant(const struct qn_peer_list *list)
{
    struct recount total = {0};
    size_t taken = 0;
    for (int region = 0; region < QN_REGION_COUNT; region++) {
        const char *problem = check_region(list, &total, (enum qn_region)region);
        if (problem != NULL) {
            return problem;
        }
    }
    for (size_t slot = 0; slot < list->capacity; slot++) {
        taken += qn_peer_list_at(list, slot) != NULL;
    }
    if (taken != total.count || total.count != list->count || total.exempt != list->exempt) {
        return "peer list: entries that no chain has, or the other way round";
    }
    if (total.records != list->record_count || total.record_bytes != list->record_bytes) {
        return "peer list: records that are not counted, or the other way round";
    }
    return list->exempt > QN_PEERS_EXEMPT_MAX ? "peer list: too many exempt peers" : NULL;
}
