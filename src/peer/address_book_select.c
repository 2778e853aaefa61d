/* Which address of the book is dialled next, and which ones are dialled first after a restart. */
#include "peer/address_book_state.h"

enum {
    DRAWS_MAX = 64,
    CHANCE_ONE = 1024,
    CHANCE_FAILURES_MAX = 8,
    RECENT_S = 600,
};

/* Out of CHANCE_ONE: each failure takes a third, a dial within the last minutes nearly all. */
static uint64_t chance(const struct qn_book_entry *entry, uint32_t now_s)
{
    uint64_t chance = CHANCE_ONE;
    for (unsigned i = 0; i < entry->failures && i < CHANCE_FAILURES_MAX; i++) {
        chance = chance * 2 / 3;
    }
    bool is_recent = entry->attempt_s != 0 && now_s - entry->attempt_s < RECENT_S;
    return is_recent ? chance / 100 + 1 : chance;
}

struct range {
    bool is_tried;
    size_t first; /* buckets, numbered through all regions asked for */
    size_t count;
    size_t filled; /* those with an entry */
};

static struct qn_book_bucket bucket_in(const struct range *range, size_t number)
{
    size_t per_region = range->is_tried ? QN_BOOK_TRIED_BUCKETS : QN_BOOK_NEW_BUCKETS;
    size_t at = range->first + number;
    return qn_book_bucket_at(range->is_tried, (enum qn_region)(at / per_region), at % per_region);
}

static struct range range_of(const struct qn_book *book, bool is_tried, enum qn_region region)
{
    size_t per_region = is_tried ? QN_BOOK_TRIED_BUCKETS : QN_BOOK_NEW_BUCKETS;
    struct range range = {.is_tried = is_tried, .count = QN_REGION_COUNT * per_region};
    if (region != QN_REGION_COUNT) {
        range.first = (size_t)region * per_region;
        range.count = per_region;
    }
    for (size_t i = 0; i < range.count; i++) {
        range.filled += book->fill[bucket_in(&range, i).fill] > 0;
    }
    return range;
}

/* Every bucket with entries alike, then every entry in it: who fills many places of one bucket gains
 * nothing. */
static const struct qn_book_entry *draw(const struct qn_book *book, const struct range *range,
                                        struct qn_rng *rng)
{
    size_t nth = qn_rng_below(rng, range->filled);
    size_t number = 0;
    struct qn_book_bucket bucket = bucket_in(range, number);
    while (book->fill[bucket.fill] == 0 || nth > 0) {
        nth -= book->fill[bucket.fill] > 0;
        number += 1;
        bucket = bucket_in(range, number);
    }
    nth = qn_rng_below(rng, book->fill[bucket.fill]);
    size_t slot = bucket.first;
    while (book->slots[slot] == QN_BOOK_NONE || nth > 0) {
        nth -= book->slots[slot] != QN_BOOK_NONE;
        slot += 1;
    }
    return &book->entries[book->slots[slot]];
}

bool qn_book_select(const struct qn_book *book, struct qn_book_found *found,
                    const struct qn_book_query *query, struct qn_rng *rng, qn_time_us now)
{
    uint32_t now_s = qn_book_seconds(now);
    struct range ranges[2] = {range_of(book, false, query->region),
                              range_of(book, true, query->region)};
    bool has_new = ranges[0].filled > 0 && query->which != QN_BOOK_TRIED_ONLY;
    bool has_tried = ranges[1].filled > 0 && query->which != QN_BOOK_NEW_ONLY;
    if (!has_new && !has_tried) {
        return false;
    }
    uint64_t patience = CHANCE_ONE;
    for (unsigned i = 0; i < DRAWS_MAX; i++) {
        bool is_tried = has_tried && (!has_new || qn_rng_below(rng, 2) == 1);
        const struct qn_book_entry *entry = draw(book, &ranges[is_tried], rng);
        uint64_t lot = qn_rng_below(rng, CHANCE_ONE);
        bool is_taken = lot < chance(entry, now_s) * patience / CHANCE_ONE;
        struct qn_book_found candidate;
        qn_book_describe(&candidate, entry);
        if (is_taken && (query->wanted == NULL || query->wanted(query->context, &candidate))) {
            *found = candidate;
            return true;
        }
        patience = patience * 6 / 5;
    }
    return false;
}

/* ---- anchors ---- */

static bool is_of_network(const struct qn_book *book, const uint32_t *anchors, size_t count,
                          uint32_t position)
{
    for (size_t i = 0; i < count; i++) {
        if (qn_book_group(&book->entries[anchors[i]].address) ==
            qn_book_group(&book->entries[position].address)) {
            return true;
        }
    }
    return false;
}

static void set_anchors(struct qn_book *book, enum qn_region region, const uint32_t *anchors,
                        size_t count)
{
    for (size_t i = 0; i < QN_BOOK_TRIED_BUCKETS; i++) {
        struct qn_book_bucket bucket = qn_book_bucket_at(true, region, i);
        for (size_t j = 0; j < bucket.slot_count; j++) {
            uint32_t position = book->slots[bucket.first + j];
            bool is_anchor = position != QN_BOOK_NONE &&
                             (position == anchors[0] || (count > 1 && position == anchors[1]));
            if (position != QN_BOOK_NONE && book->entries[position].is_anchor != is_anchor) {
                book->entries[position].is_anchor = is_anchor;
                qn_book_note_change(book, &book->entries[position]);
            }
        }
    }
}

void qn_book_choose_anchors(struct qn_book *book, const struct qn_node_id *live, size_t count)
{
    uint32_t anchors[QN_REGION_COUNT][QN_BOOK_ANCHORS_PER_REGION];
    size_t counts[QN_REGION_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t at = qn_book_position(book, &live[i]);
        if (at == QN_BOOK_NONE || !book->entries[at].is_tried) {
            continue;
        }
        size_t region = book->entries[at].region;
        if (counts[region] < QN_BOOK_ANCHORS_PER_REGION &&
            !is_of_network(book, anchors[region], counts[region], at)) {
            anchors[region][counts[region]++] = at;
        }
    }
    for (size_t region = 0; region < QN_REGION_COUNT; region++) {
        if (counts[region] > 0) {
            set_anchors(book, (enum qn_region)region, anchors[region], counts[region]);
        }
    }
}

size_t qn_book_anchors(const struct qn_book *book, struct qn_book_found *out)
{
    size_t count = 0;
    struct range all = range_of(book, true, QN_REGION_COUNT);
    for (size_t i = 0; i < all.count; i++) {
        struct qn_book_bucket bucket = bucket_in(&all, i);
        for (size_t j = 0; j < bucket.slot_count && book->fill[bucket.fill] > 0; j++) {
            uint32_t position = book->slots[bucket.first + j];
            if (position != QN_BOOK_NONE && book->entries[position].is_anchor) {
                QN_ASSERT(count < (size_t)QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION);
                qn_book_describe(&out[count++], &book->entries[position]);
            }
        }
    }
    return count;
}
