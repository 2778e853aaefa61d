/* The inside of the address book, shared by address_book*.c only. */
#ifndef QN_ADDRESS_BOOK_STATE_H
#define QN_ADDRESS_BOOK_STATE_H

#include "base/log.h"
#include "peer/address_book.h"

enum {
    QN_BOOK_INDEX_SIZE = 32768, /* chains; about one entry each when full */
    QN_BOOK_SLOTS = QN_BOOK_ENTRIES_MAX,
    QN_BOOK_FILLS = QN_REGION_COUNT * (QN_BOOK_NEW_BUCKETS + QN_BOOK_TRIED_BUCKETS),
    QN_BOOK_HOUR_S = 3600,
};
#define QN_BOOK_NONE UINT32_MAX

_Static_assert(QN_BOOK_ENTRIES_MAX < QN_BOOK_NONE, "every entry has a position");

struct qn_book_entry {
    struct qn_node_id id;
    struct qn_net_address address;
    struct qn_net_address other; /* tried when a dial to the first fails; port 0: none */
    uint64_t registry_index;
    uint64_t source_group;
    uint32_t next; /* of its chain, or of the free list */
    uint32_t slot; /* QN_BOOK_NONE: in no bucket */
    uint32_t heard_s;
    uint32_t attempt_s; /* 0: never */
    uint32_t good_s;    /* 0: never */
    uint32_t counted_s; /* the last failure that counted */
    uint8_t region;
    uint8_t source_kind;
    uint8_t failures;
    bool is_tried;
    bool is_anchor;
};

/* Where a bucket lies in slots and fill. */
struct qn_book_bucket {
    size_t first;
    size_t slot_count;
    size_t fill;
};

/* Seconds with room below: ages from before a restart stay representable. */
static inline uint32_t qn_book_seconds(qn_time_us now)
{
    return (UINT32_C(1) << 31) + (uint32_t)(now / QN_SECONDS(1));
}

static inline struct qn_book_bucket qn_book_bucket_at(bool is_tried, enum qn_region region,
                                                      size_t number)
{
    size_t r = (size_t)region;
    if (!is_tried) {
        return (struct qn_book_bucket){r * QN_BOOK_NEW_MAX + number * QN_BOOK_NEW_SLOTS,
                                       QN_BOOK_NEW_SLOTS, r * QN_BOOK_NEW_BUCKETS + number};
    }
    size_t slots_before = (size_t)QN_REGION_COUNT * QN_BOOK_NEW_MAX;
    size_t fills_before = (size_t)QN_REGION_COUNT * QN_BOOK_NEW_BUCKETS;
    return (struct qn_book_bucket){
        slots_before + r * QN_BOOK_TRIED_MAX + number * QN_BOOK_TRIED_SLOTS, QN_BOOK_TRIED_SLOTS,
        fills_before + r * QN_BOOK_TRIED_BUCKETS + number};
}

/* ---- address_book_buckets.c ---- */
/* QN_BOOK_NONE if unknown. */
uint32_t qn_book_position(const struct qn_book *book, const struct qn_node_id *id);
/* A cleared entry with this id that is in no bucket; other entries may move in memory. */
uint32_t qn_book_entry_new(struct qn_book *book, const struct qn_node_id *id);
/* Takes it out of its bucket, the index and the tests. */
void qn_book_entry_free(struct qn_book *book, uint32_t position);
void qn_book_take_out(struct qn_book *book, uint32_t position);
/* Puts an entry that is in no bucket into a free slot of its bucket, or, in `new`, of an entry that is no
 * good. False: there is none. */
bool qn_book_put_new(struct qn_book *book, uint32_t position, uint32_t now_s);
bool qn_book_put_tried(struct qn_book *book, uint32_t position);
/* Whom a proven entry that found its tried bucket full would replace. Never an anchor. */
uint32_t qn_book_holder(const struct qn_book *book, uint32_t position);
struct qn_book_bucket qn_book_bucket_of(const struct qn_book *book,
                                        const struct qn_book_entry *entry, bool is_tried);
/* Has failed too often, or was not heard of for too long: others may have its place. */
bool qn_book_is_no_good(const struct qn_book_entry *entry, uint32_t now_s);
/* What is kept of it in storage has changed. */
void qn_book_note_change(struct qn_book *book, const struct qn_book_entry *entry);
void qn_book_describe(struct qn_book_found *found, const struct qn_book_entry *entry);

#endif
