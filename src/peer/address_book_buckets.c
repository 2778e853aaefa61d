/* Buckets and entries of the address book: which bucket an address belongs in, and its place there. */
#include "base/siphash.h"
#include "peer/address_book_state.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAILURES_UNPROVEN_MAX = 3, /* of an address that never was good */
    FAILURES_PROVEN_MAX = 8,   /* of one that was not good for a day */
    DAY_S = 24 * QN_BOOK_HOUR_S,
    FORGOTTEN_S = 30 * DAY_S,
    ENTRIES_FIRST = 64, /* room for entries before the first growth */
};

/* The keyed hash of a purpose, a region and two numbers. */
static uint64_t hash(const struct qn_book *book, char purpose, unsigned region, uint64_t a,
                     uint64_t b)
{
    uint8_t bytes[2 + 2 * sizeof(uint64_t)] = {(uint8_t)purpose, (uint8_t)region};
    for (unsigned i = 0; i < 8; i++) {
        bytes[2 + i] = (uint8_t)(a >> (8 * i));
        bytes[10 + i] = (uint8_t)(b >> (8 * i));
    }
    return qn_siphash(book->hash_key, (struct qn_span){bytes, sizeof bytes});
}

static uint64_t hash_id(const struct qn_book *book, const struct qn_node_id *id)
{
    return qn_siphash(book->hash_key, (struct qn_span){id->bytes, sizeof id->bytes});
}

uint64_t qn_book_group(const struct qn_net_address *address)
{
    static const uint64_t no_key[2] = {0, 0}; /* not secret: only to tell them apart */
    uint8_t bytes[QN_NET_IP_LEN + 2];
    if (qn_net_scope(address) == QN_NET_GLOBAL) {
        return qn_net_group(address);
    }
    memcpy(bytes, address->ip, QN_NET_IP_LEN);
    bytes[QN_NET_IP_LEN] = (uint8_t)(address->port >> 8);
    bytes[QN_NET_IP_LEN + 1] = (uint8_t)address->port;
    return qn_siphash(no_key, (struct qn_span){bytes, sizeof bytes});
}

struct qn_book_bucket qn_book_bucket_of(const struct qn_book *book,
                                        const struct qn_book_entry *entry, bool is_tried)
{
    unsigned region = entry->region;
    uint64_t group = qn_book_group(&entry->address);
    uint64_t number;
    if (is_tried) {
        uint64_t which = hash(book, 't', region, hash_id(book, &entry->id), 0);
        number = hash(book, 'u', region, group, which % QN_BOOK_TRIED_PER_GROUP);
        number %= QN_BOOK_TRIED_BUCKETS;
    } else {
        uint64_t which = hash(book, 'n', region, group, entry->source_group);
        number = hash(book, 'm', region, entry->source_group, which % QN_BOOK_NEW_PER_SOURCE);
        number %= QN_BOOK_NEW_BUCKETS;
    }
    return qn_book_bucket_at(is_tried, (enum qn_region)region, (size_t)number);
}

/* ---- the index of ids, and the list of entries ---- */

static uint32_t *chain_of(const struct qn_book *book, const struct qn_node_id *id)
{
    return &book->index[hash_id(book, id) % QN_BOOK_INDEX_SIZE];
}

uint32_t qn_book_position(const struct qn_book *book, const struct qn_node_id *id)
{
    uint32_t at = *chain_of(book, id);
    while (at != QN_BOOK_NONE && !qn_node_id_equal(&book->entries[at].id, id)) {
        at = book->entries[at].next;
    }
    return at;
}

static uint32_t free_position(struct qn_book *book)
{
    if (book->free_first != QN_BOOK_NONE) {
        uint32_t at = book->free_first;
        book->free_first = book->entries[at].next;
        return at;
    }
    if (book->entry_count == book->entry_capacity) {
        size_t wanted = book->entry_capacity == 0 ? ENTRIES_FIRST : 2 * book->entry_capacity;
        book->entries = realloc(book->entries, wanted * sizeof book->entries[0]);
        QN_ASSERT(book->entries != NULL);
        book->entry_capacity = wanted;
    }
    book->entry_count += 1;
    QN_ASSERT(book->entry_count <= QN_BOOK_ENTRIES_MAX + 1); /* each has a slot, but the newest */
    return (uint32_t)(book->entry_count - 1);
}

uint32_t qn_book_entry_new(struct qn_book *book, const struct qn_node_id *id)
{
    uint32_t at = free_position(book);
    uint32_t *chain = chain_of(book, id);
    book->entries[at] = (struct qn_book_entry){.id = *id, .slot = QN_BOOK_NONE, .next = *chain};
    *chain = at;
    return at;
}

static void forget_tests(struct qn_book *book, uint32_t position)
{
    size_t kept = 0;
    for (size_t i = 0; i < book->test_count; i++) {
        const struct qn_book_test *test = &book->tests[i];
        if (test->newcomer != position && test->holder != position) {
            book->tests[kept++] = *test;
        }
    }
    book->test_count = kept;
}

void qn_book_entry_free(struct qn_book *book, uint32_t position)
{
    struct qn_book_entry *entry = &book->entries[position];
    qn_book_take_out(book, position);
    uint32_t *link = chain_of(book, &entry->id);
    while (*link != position) {
        link = &book->entries[*link].next;
    }
    *link = entry->next;
    entry->next = book->free_first;
    book->free_first = position;
}

/* ---- places in buckets ---- */

void qn_book_note_change(struct qn_book *book, const struct qn_book_entry *entry)
{
    if (entry->is_tried) {
        book->changed[1 + entry->region] = true;
    }
}

void qn_book_take_out(struct qn_book *book, uint32_t position)
{
    struct qn_book_entry *entry = &book->entries[position];
    forget_tests(book, position);
    if (entry->slot == QN_BOOK_NONE) {
        return;
    }
    size_t slot = entry->slot;
    size_t new_slots = (size_t)QN_REGION_COUNT * QN_BOOK_NEW_MAX;
    size_t fill = slot < new_slots ? slot / QN_BOOK_NEW_SLOTS
                                   : (size_t)QN_REGION_COUNT * QN_BOOK_NEW_BUCKETS +
                                         (slot - new_slots) / QN_BOOK_TRIED_SLOTS;
    qn_book_note_change(book, entry);
    book->slots[slot] = QN_BOOK_NONE;
    book->fill[fill] -= 1;
    book->counts[entry->is_tried][entry->region] -= 1;
    entry->slot = QN_BOOK_NONE;
    entry->is_tried = false;
    entry->is_anchor = false;
}

static void put(struct qn_book *book, uint32_t position, bool is_tried,
                const struct qn_book_bucket *bucket, size_t slot)
{
    struct qn_book_entry *entry = &book->entries[position];
    QN_ASSERT(entry->slot == QN_BOOK_NONE && book->slots[slot] == QN_BOOK_NONE);
    book->slots[slot] = position;
    book->fill[bucket->fill] += 1;
    book->counts[is_tried][entry->region] += 1;
    entry->slot = (uint32_t)slot;
    entry->is_tried = is_tried;
    qn_book_note_change(book, entry);
}

static bool put_in_free_slot(struct qn_book *book, uint32_t position, bool is_tried,
                             const struct qn_book_bucket *bucket)
{
    if (book->fill[bucket->fill] == bucket->slot_count) {
        return false;
    }
    size_t slot = bucket->first;
    while (book->slots[slot] != QN_BOOK_NONE) {
        slot += 1;
    }
    QN_ASSERT(slot < bucket->first + bucket->slot_count); /* fill says that there is one */
    put(book, position, is_tried, bucket, slot);
    return true;
}

bool qn_book_is_no_good(const struct qn_book_entry *entry, uint32_t now_s)
{
    if (entry->good_s == 0) {
        return entry->failures >= FAILURES_UNPROVEN_MAX || now_s - entry->heard_s > FORGOTTEN_S;
    }
    return entry->failures >= FAILURES_PROVEN_MAX && now_s - entry->good_s > DAY_S;
}

bool qn_book_put_new(struct qn_book *book, uint32_t position, uint32_t now_s)
{
    struct qn_book_bucket bucket = qn_book_bucket_of(book, &book->entries[position], false);
    if (put_in_free_slot(book, position, false, &bucket)) {
        return true;
    }
    for (size_t i = 0; i < bucket.slot_count; i++) {
        uint32_t holder = book->slots[bucket.first + i];
        if (qn_book_is_no_good(&book->entries[holder], now_s)) {
            qn_book_entry_free(book, holder);
            put(book, position, false, &bucket, bucket.first + i);
            return true;
        }
    }
    return false;
}

bool qn_book_put_tried(struct qn_book *book, uint32_t position)
{
    struct qn_book_bucket bucket = qn_book_bucket_of(book, &book->entries[position], true);
    return put_in_free_slot(book, position, true, &bucket);
}

uint32_t qn_book_holder(const struct qn_book *book, uint32_t position)
{
    const struct qn_book_entry *entry = &book->entries[position];
    struct qn_book_bucket bucket = qn_book_bucket_of(book, entry, true);
    uint64_t first = hash(book, 'v', entry->region, hash_id(book, &entry->id), 0);
    for (size_t i = 0; i < bucket.slot_count; i++) {
        uint32_t holder = book->slots[bucket.first + (first + i) % bucket.slot_count];
        if (holder != QN_BOOK_NONE && !book->entries[holder].is_anchor) {
            return holder;
        }
    }
    return QN_BOOK_NONE;
}

void qn_book_describe(struct qn_book_found *found, const struct qn_book_entry *entry)
{
    *found = (struct qn_book_found){
        .what = {.id = entry->id,
                 .address = entry->address,
                 .region = (enum qn_region)entry->region,
                 .registry_index = entry->registry_index},
        .source_kind = (enum qn_book_source_kind)entry->source_kind,
        .source_group = entry->source_group,
        .is_tried = entry->is_tried,
        .is_anchor = entry->is_anchor,
        .failures = entry->failures,
    };
}
