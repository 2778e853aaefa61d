#include "peer/address_book.h"

#include "base/log.h"
#include "base/siphash.h"
#include "peer/address_book_state.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOLDER_FRESH_S = 4 * QN_BOOK_HOUR_S, /* proven this recently: no newcomer takes its place */
    TEST_WAITS_S = 60,                   /* between two tests of one holder */
    TEST_EXPIRES_S = 40 * 60,            /* nobody tested it: the newcomer stays where it is */
    RATES_ASIDE = 4,                     /* places that one source may have in the table of rates */
};

void qn_book_init(struct qn_book *book, uint64_t seed0, uint64_t seed1)
{
    *book = (struct qn_book){.hash_key = {seed0, seed1}, .free_first = QN_BOOK_NONE};
    book->index = malloc(QN_BOOK_INDEX_SIZE * sizeof book->index[0]);
    book->slots = malloc(QN_BOOK_SLOTS * sizeof book->slots[0]);
    book->fill = calloc(QN_BOOK_FILLS, sizeof book->fill[0]);
    book->rates = calloc(QN_BOOK_SOURCES_MAX, sizeof book->rates[0]);
    QN_ASSERT(book->index != NULL && book->slots != NULL && book->fill != NULL &&
              book->rates != NULL);
    memset(book->index, 0xff, QN_BOOK_INDEX_SIZE * sizeof book->index[0]); /* QN_BOOK_NONE */
    memset(book->slots, 0xff, QN_BOOK_SLOTS * sizeof book->slots[0]);
    book->changed[0] = true; /* the secret must be stored before what lies by it */
}

void qn_book_fini(struct qn_book *book)
{
    free(book->entries);
    free(book->index);
    free(book->slots);
    free(book->fill);
    free(book->rates);
    *book = (struct qn_book){0};
}

size_t qn_book_memory(const struct qn_book *book)
{
    return book->entry_capacity * sizeof book->entries[0] +
           QN_BOOK_INDEX_SIZE * sizeof book->index[0] + QN_BOOK_SLOTS * sizeof book->slots[0] +
           QN_BOOK_FILLS * sizeof book->fill[0] + QN_BOOK_SOURCES_MAX * sizeof book->rates[0];
}

/* ---- rate of rumours ---- */

static bool is_rumour(enum qn_book_source_kind kind)
{
    return kind == QN_BOOK_RECORD || kind == QN_BOOK_HEARSAY;
}

/* The bucket of a source. A source that has no place yet takes the one of its few places whose holder has
 * recovered most: it loses least, and nobody is rid of an empty bucket by making others use the table. */
static struct qn_token_bucket *tokens_of(struct qn_book *book, const struct qn_book_source *from,
                                         qn_time_us now)
{
    uint8_t bytes[sizeof from->group + sizeof from->id.bytes] = {0};
    static const struct qn_node_id nobody;
    if (qn_node_id_equal(&from->id, &nobody)) {
        memcpy(bytes, &from->group, sizeof from->group);
    }
    memcpy(bytes + sizeof from->group, from->id.bytes, sizeof from->id.bytes);
    uint64_t source = qn_siphash(book->hash_key, (struct qn_span){bytes, sizeof bytes}) | 1;
    struct qn_book_rate *place = NULL;
    for (size_t i = 0; i < RATES_ASIDE; i++) {
        struct qn_book_rate *rate = &book->rates[((source >> 8) + i) % QN_BOOK_SOURCES_MAX];
        if (rate->source == source) {
            return &rate->tokens;
        }
        if (place == NULL || (place->source != 0 &&
                              (rate->source == 0 || rate->tokens.tokens > place->tokens.tokens))) {
            place = rate;
        }
    }
    place->source = source;
    qn_token_bucket_init(&place->tokens, QN_BOOK_RUMOURS_AT_ONCE, QN_BOOK_RUMOUR_INTERVAL, now);
    return &place->tokens;
}

/* ---- adding ---- */

/* Told by one who answers for it himself, or by nobody: as if its own network had told. */
static uint64_t source_group(const struct qn_book_address *what, const struct qn_book_source *from)
{
    return is_rumour(from->kind) ? from->group : qn_book_group(&what->address);
}

static void keep_address(struct qn_book *book, struct qn_book_entry *entry,
                         const struct qn_net_address *address)
{
    if (qn_net_address_equal(&entry->address, address) ||
        qn_net_address_equal(&entry->other, address)) {
        return;
    }
    if (entry->is_tried) {
        entry->other = *address; /* the proven one goes first as long as it works */
    } else {
        entry->other = entry->address;
        entry->address = *address;
    }
    qn_book_note_change(book, entry);
}

static uint32_t new_entry(struct qn_book *book, const struct qn_book_address *what,
                          const struct qn_book_source *from, uint32_t now_s)
{
    uint32_t at = qn_book_entry_new(book, &what->id);
    struct qn_book_entry *entry = &book->entries[at];
    entry->address = what->address;
    entry->region = (uint8_t)what->region;
    entry->registry_index = what->registry_index;
    entry->source_kind = (uint8_t)from->kind;
    entry->source_group = source_group(what, from);
    entry->heard_s = now_s;
    return at;
}

enum qn_book_verdict qn_book_add(struct qn_book *book, const struct qn_book_address *what,
                                 const struct qn_book_source *from, qn_time_us now)
{
    uint32_t now_s = qn_book_seconds(now);
    QN_ASSERT(what->region < QN_REGION_COUNT);
    uint32_t at = qn_book_position(book, &what->id);
    if (!qn_net_address_is_usable(&what->address)) {
        return QN_BOOK_NO_PLACE;
    }
    if (at != QN_BOOK_NONE) {
        struct qn_book_entry *entry = &book->entries[at];
        if (from->kind != QN_BOOK_HEARSAY) { /* its own word, or the ledger's */
            entry->heard_s = now_s;
            entry->registry_index = what->registry_index;
            keep_address(book, entry, &what->address);
        }
        return QN_BOOK_KNOWN;
    }
    if (is_rumour(from->kind) && !qn_token_bucket_take(tokens_of(book, from, now), now)) {
        book->limited += 1;
        return QN_BOOK_LIMITED;
    }
    at = new_entry(book, what, from, now_s);
    if (!qn_book_put_new(book, at, now_s)) {
        qn_book_entry_free(book, at);
        return QN_BOOK_NO_PLACE;
    }
    return QN_BOOK_ADDED;
}

/* ---- dials ---- */

void qn_book_attempt(struct qn_book *book, const struct qn_node_id *id, qn_time_us now)
{
    uint32_t at = qn_book_position(book, id);
    if (at != QN_BOOK_NONE) {
        book->entries[at].attempt_s = qn_book_seconds(now);
    }
}

/* Back to `new`, or forgotten if there is no place for it. */
static void demote(struct qn_book *book, uint32_t position, uint32_t now_s)
{
    qn_book_take_out(book, position);
    if (!qn_book_put_new(book, position, now_s)) {
        qn_book_entry_free(book, position);
    }
}

static void take_place(struct qn_book *book, uint32_t newcomer, uint32_t holder, uint32_t now_s)
{
    qn_book_take_out(book, newcomer);
    qn_book_take_out(book, holder);
    bool is_put = qn_book_put_tried(book, newcomer);
    QN_ASSERT(is_put); /* its bucket, from which the holder went */
    demote(book, holder, now_s);
}

static void want_test(struct qn_book *book, uint32_t newcomer, uint32_t holder, uint32_t now_s)
{
    for (size_t i = 0; i < book->test_count; i++) {
        if (book->tests[i].newcomer == newcomer || book->tests[i].holder == holder) {
            return; /* one contender for a place at a time */
        }
    }
    if (book->test_count < QN_BOOK_TESTS_MAX) {
        book->tests[book->test_count++] = (struct qn_book_test){newcomer, holder, now_s};
    }
}

/* A proven entry that is not in `tried`. */
static void promote(struct qn_book *book, uint32_t position, uint32_t now_s)
{
    struct qn_book_entry *entry = &book->entries[position];
    uint32_t slot = entry->slot;
    struct qn_book_bucket bucket = qn_book_bucket_of(book, entry, true);
    if (book->fill[bucket.fill] < bucket.slot_count) {
        qn_book_take_out(book, position);
        bool is_put = qn_book_put_tried(book, position);
        QN_ASSERT(is_put);
        return;
    }
    uint32_t holder = qn_book_holder(book, position);
    if (holder != QN_BOOK_NONE && qn_book_is_no_good(&book->entries[holder], now_s)) {
        take_place(book, position, holder, now_s);
        return;
    }
    if (slot == QN_BOOK_NONE && !qn_book_put_new(book, position, now_s)) {
        qn_book_entry_free(book, position);
        return;
    }
    if (holder != QN_BOOK_NONE && now_s - book->entries[holder].good_s > HOLDER_FRESH_S) {
        want_test(book, position, holder, now_s);
    }
}

static void holder_is_good(struct qn_book *book, uint32_t position)
{
    size_t kept = 0;
    for (size_t i = 0; i < book->test_count; i++) {
        if (book->tests[i].holder != position) {
            book->tests[kept++] = book->tests[i];
        }
    }
    book->test_count = kept;
}

void qn_book_good(struct qn_book *book, const struct qn_book_address *what, qn_time_us now)
{
    uint32_t now_s = qn_book_seconds(now);
    struct qn_book_source nobody = {.kind = QN_BOOK_DIALLED};
    QN_ASSERT(what->region < QN_REGION_COUNT && qn_net_address_is_usable(&what->address));
    uint32_t at = qn_book_position(book, &what->id);
    at = at == QN_BOOK_NONE ? new_entry(book, what, &nobody, now_s) : at;
    struct qn_book_entry *entry = &book->entries[at];
    bool moved = entry->region != (uint8_t)what->region ||
                 !qn_net_address_equal(&entry->address, &what->address);
    bool was_tried = entry->is_tried;
    bool was_anchor = entry->is_anchor;
    if (moved) { /* its bucket is another one now */
        qn_book_take_out(book, at);
        keep_address(book, entry, &what->address);
        if (!qn_net_address_equal(&entry->address, &what->address)) { /* it was the other one */
            entry->other = entry->address;
            entry->address = what->address;
        }
        entry->region = (uint8_t)what->region;
    }
    if (was_tried && now_s - entry->good_s > QN_BOOK_HOUR_S) {
        qn_book_note_change(book, entry);
    }
    entry->registry_index = what->registry_index;
    entry->heard_s = now_s;
    entry->attempt_s = now_s;
    entry->good_s = now_s;
    entry->failures = 0;
    book->last_good_s = now_s;
    holder_is_good(book, at);
    if (!entry->is_tried) {
        promote(book, at, now_s);
    }
    at = was_anchor ? qn_book_position(book, &what->id) : QN_BOOK_NONE;
    if (at != QN_BOOK_NONE && book->entries[at].is_tried) {
        book->entries[at].is_anchor = true;
    }
}

/* Not if its address changed since it found its bucket full. */
static bool still_wants_place(const struct qn_book *book, const struct qn_book_test *test)
{
    struct qn_book_bucket bucket = qn_book_bucket_of(book, &book->entries[test->newcomer], true);
    size_t slot = book->entries[test->holder].slot;
    return slot >= bucket.first && slot - bucket.first < bucket.slot_count;
}

/* The holder did not answer its test: the newcomer has its place. */
static void holder_failed(struct qn_book *book, uint32_t position, uint32_t now_s)
{
    for (size_t i = 0; i < book->test_count; i++) {
        const struct qn_book_test *test = &book->tests[i];
        if (test->holder == position && still_wants_place(book, test)) {
            take_place(book, test->newcomer, position, now_s);
            return;
        }
    }
}

void qn_book_failed(struct qn_book *book, const struct qn_node_id *id, qn_time_us now)
{
    uint32_t now_s = qn_book_seconds(now);
    uint32_t at = qn_book_position(book, id);
    if (at == QN_BOOK_NONE) {
        return;
    }
    struct qn_book_entry *entry = &book->entries[at];
    if (entry->other.port != 0) {
        struct qn_net_address failed = entry->address;
        entry->address = entry->other;
        entry->other = failed;
        qn_book_note_change(book, entry);
    }
    if (entry->counted_s > book->last_good_s || book->last_good_s == 0) {
        return; /* nobody answers: it may be our own network */
    }
    entry->counted_s = now_s;
    entry->failures = entry->failures == UINT8_MAX ? UINT8_MAX : (uint8_t)(entry->failures + 1);
    holder_failed(book, at, now_s);
}

void qn_book_bad(struct qn_book *book, const struct qn_node_id *id)
{
    uint32_t at = qn_book_position(book, id);
    if (at != QN_BOOK_NONE) {
        qn_book_entry_free(book, at);
    }
}

bool qn_book_next_test(struct qn_book *book, struct qn_book_found *holder, qn_time_us now)
{
    uint32_t now_s = qn_book_seconds(now);
    size_t kept = 0;
    for (size_t i = 0; i < book->test_count; i++) {
        if (now_s - book->tests[i].since_s <= TEST_EXPIRES_S) {
            book->tests[kept++] = book->tests[i];
        }
    }
    book->test_count = kept;
    for (size_t i = 0; i < book->test_count; i++) {
        const struct qn_book_entry *entry = &book->entries[book->tests[i].holder];
        if (now_s - entry->attempt_s > TEST_WAITS_S) {
            qn_book_describe(holder, entry);
            return true;
        }
    }
    return false;
}

/* ---- looking ---- */

bool qn_book_find(const struct qn_book *book, const struct qn_node_id *id,
                  struct qn_book_found *found)
{
    uint32_t at = qn_book_position(book, id);
    if (at != QN_BOOK_NONE && found != NULL) {
        qn_book_describe(found, &book->entries[at]);
    }
    return at != QN_BOOK_NONE;
}

size_t qn_book_count(const struct qn_book *book, bool is_tried, enum qn_region region)
{
    return book->counts[is_tried][region];
}
