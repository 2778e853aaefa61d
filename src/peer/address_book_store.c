/* What the address book keeps in storage. Page 0 is {1: version, 2: secret}, the page of a region
 * {1: version, 2: region, 3: [entry]}, an entry {1: id, 2: [ip, port], 3: the other address or nothing,
 * 4: registry index, 5: source kind, 6: source group, 7: seconds since it was proven, 8: failures,
 * 9: is an anchor}. Later versions keep the first field. Times are ages, since the clock of another run means nothing. */
#include "peer/address_book_state.h"
#include "wire/field.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, SECRET_LEN = 16, AGE_MAX_S = 1 << 30 };

/* ---- writing ---- */

struct page {
    const struct qn_book *book;
    enum qn_region region;
    uint32_t now_s;
};

static void write_address(struct qn_writer *w, const struct qn_net_address *address)
{
    qn_write_array(w, 2);
    qn_write_bytes(w, address->ip, sizeof address->ip);
    qn_write_uint(w, address->port);
}

static void write_entry(struct qn_writer *w, const struct qn_book_entry *entry, uint32_t now_s)
{
    bool has_other = entry->other.port != 0;
    uint32_t age_s = now_s - entry->good_s;
    qn_write_map(w, has_other ? 9 : 8);
    qn_write_bytes_at(w, 1, entry->id.bytes, sizeof entry->id.bytes);
    qn_write_key(w, 2);
    write_address(w, &entry->address);
    if (has_other) {
        qn_write_key(w, 3);
        write_address(w, &entry->other);
    }
    qn_write_uint_at(w, 4, entry->registry_index);
    qn_write_uint_at(w, 5, entry->source_kind);
    qn_write_uint_at(w, 6, entry->source_group);
    qn_write_uint_at(w, 7, age_s > AGE_MAX_S ? AGE_MAX_S : age_s);
    qn_write_uint_at(w, 8, entry->failures);
    qn_write_uint_at(w, 9, entry->is_anchor);
}

static void write_region(struct qn_writer *w, const void *record)
{
    const struct page *page = record;
    const struct qn_book *book = page->book;
    struct qn_book_bucket first = qn_book_bucket_at(true, page->region, 0);
    qn_write_map(w, 3);
    qn_write_uint_at(w, 1, VERSION);
    qn_write_uint_at(w, 2, page->region);
    qn_write_key(w, 3);
    qn_write_array(w, book->counts[true][page->region]);
    for (size_t i = 0; i < QN_BOOK_TRIED_MAX; i++) {
        uint32_t position = book->slots[first.first + i];
        if (position != QN_BOOK_NONE) {
            write_entry(w, &book->entries[position], page->now_s);
        }
    }
}

static void write_secret(struct qn_writer *w, const void *record)
{
    const struct qn_book *book = record;
    uint8_t secret[SECRET_LEN];
    for (unsigned i = 0; i < SECRET_LEN; i++) {
        secret[i] = (uint8_t)(book->hash_key[i / 8] >> (8 * (i % 8)));
    }
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, VERSION);
    qn_write_bytes_at(w, 2, secret, sizeof secret);
}

bool qn_book_page_changed(const struct qn_book *book, size_t page)
{
    return book->changed[page];
}

struct qn_buf *qn_book_page_encode(struct qn_book *book, size_t page, qn_time_us now)
{
    QN_ASSERT(page < QN_BOOK_PAGES);
    book->changed[page] = false;
    if (page == 0) {
        return qn_encode(write_secret, book);
    }
    struct page region = {book, (enum qn_region)(page - 1), qn_book_seconds(now)};
    struct qn_buf *bytes = qn_encode(write_region, &region);
    QN_ASSERT(bytes->len <= QN_BOOK_PAGE_LEN_MAX);
    return bytes;
}

/* ---- reading ---- */

static void read_address(struct qn_reader *in, struct qn_net_address *address)
{
    qn_read_array(in, 2, 2);
    qn_read_fixed(in, address->ip, sizeof address->ip);
    address->port = (uint16_t)qn_read_uint(in, UINT16_MAX);
    qn_read_require(in, qn_net_address_is_usable(address));
}

static void read_entry(struct qn_reader *in, struct qn_book_entry *entry, uint32_t now_s)
{
    struct qn_map_reader map = qn_read_map(in);
    *entry = (struct qn_book_entry){.slot = QN_BOOK_NONE};
    qn_read_fixed_at(in, &map, 1, entry->id.bytes, sizeof entry->id.bytes);
    qn_read_key(in, &map, 2);
    read_address(in, &entry->address);
    if (qn_read_key_if(in, &map, 3)) {
        read_address(in, &entry->other);
        qn_read_require(in, !qn_net_address_equal(&entry->address, &entry->other));
    }
    entry->registry_index = qn_read_uint_at(in, &map, 4, UINT64_MAX);
    entry->source_kind = (uint8_t)qn_read_uint_at(in, &map, 5, QN_BOOK_DIALLED);
    qn_read_require(in, entry->source_kind >= QN_BOOK_RECORD);
    entry->source_group = qn_read_uint_at(in, &map, 6, UINT64_MAX);
    entry->good_s = now_s - (uint32_t)qn_read_uint_at(in, &map, 7, AGE_MAX_S);
    entry->heard_s = entry->good_s;
    entry->failures = (uint8_t)qn_read_uint_at(in, &map, 8, UINT8_MAX);
    entry->is_anchor = qn_read_uint_at(in, &map, 9, 1) != 0;
    qn_read_map_end(in, &map);
}

static bool is_of_another_version(struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t version = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    return !in.failed && version != VERSION;
}

/* The map up to its entries, which it counts. */
static size_t read_region(struct qn_reader *in, struct qn_map_reader *map, enum qn_region region)
{
    *map = qn_read_map(in);
    (void)qn_read_uint_at(in, map, 1, VERSION);
    qn_read_require(in, qn_read_uint_at(in, map, 2, QN_REGION_COUNT) == (uint64_t)region);
    qn_read_key(in, map, 3);
    return qn_read_array(in, 0, QN_BOOK_TRIED_MAX);
}

static enum qn_err check_region(enum qn_region region, struct qn_span bytes, uint32_t now_s)
{
    struct qn_reader in;
    struct qn_map_reader map;
    struct qn_book_entry entry;
    size_t anchors = 0;
    qn_reader_init(&in, bytes);
    size_t count = read_region(&in, &map, region);
    for (size_t i = 0; i < count && !in.failed; i++) {
        read_entry(&in, &entry, now_s);
        anchors += entry.is_anchor;
    }
    qn_read_map_end(&in, &map);
    qn_read_require(&in, anchors <= QN_BOOK_ANCHORS_PER_REGION);
    return qn_reader_done(&in);
}

/* An identity that has a place already, or whose bucket is full, is left out: the page was not written by
 * this book, but each entry of it may still be right. */
static void take_entry(struct qn_book *book, const struct qn_book_entry *read,
                       enum qn_region region)
{
    if (qn_book_position(book, &read->id) != QN_BOOK_NONE) {
        return;
    }
    uint32_t at = qn_book_entry_new(book, &read->id);
    uint32_t next = book->entries[at].next;
    book->entries[at] = *read;
    book->entries[at].next = next;
    book->entries[at].region = (uint8_t)region;
    if (!qn_book_put_tried(book, at)) {
        qn_book_entry_free(book, at);
    }
}

/* Of a page that was checked. */
static void decode_region(struct qn_book *book, enum qn_region region, struct qn_span bytes,
                          uint32_t now_s)
{
    struct qn_reader in;
    struct qn_map_reader map;
    struct qn_book_entry entry;
    qn_reader_init(&in, bytes);
    size_t count = read_region(&in, &map, region);
    for (size_t i = 0; i < count; i++) {
        read_entry(&in, &entry, now_s);
        take_entry(book, &entry, region);
    }
}

static enum qn_err read_secret(uint8_t secret[SECRET_LEN], struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    (void)qn_read_uint_at(&in, &map, 1, VERSION);
    qn_read_fixed_at(&in, &map, 2, secret, SECRET_LEN);
    qn_read_map_end(&in, &map);
    return qn_reader_done(&in);
}

static void decode_secret(struct qn_book *book, struct qn_span bytes)
{
    uint8_t secret[SECRET_LEN];
    enum qn_err err = read_secret(secret, bytes);
    QN_ASSERT(err == QN_OK);           /* it was checked */
    QN_ASSERT(book->entry_count == 0); /* nothing lies by another secret yet */
    book->hash_key[0] = 0;
    book->hash_key[1] = 0;
    for (unsigned i = 0; i < SECRET_LEN; i++) {
        book->hash_key[i / 8] |= (uint64_t)secret[i] << (8 * (i % 8));
    }
}

enum qn_err qn_book_page_check(size_t page, struct qn_span bytes)
{
    uint8_t secret[SECRET_LEN];
    if (is_of_another_version(bytes)) {
        return QN_ERR_WRONG_VERSION;
    }
    if (page >= QN_BOOK_PAGES || bytes.len > QN_BOOK_PAGE_LEN_MAX) {
        return QN_ERR_MALFORMED;
    }
    return page == 0 ? read_secret(secret, bytes)
                     : check_region((enum qn_region)(page - 1), bytes, 0);
}

enum qn_err qn_book_page_decode(struct qn_book *book, size_t page, struct qn_span bytes,
                                qn_time_us now)
{
    QN_ASSERT(page < QN_BOOK_PAGES);
    enum qn_err err = qn_book_page_check(page, bytes);
    if (err != QN_OK) {
        return err;
    }
    if (page == 0) {
        decode_secret(book, bytes);
    } else {
        decode_region(book, (enum qn_region)(page - 1), bytes, qn_book_seconds(now));
    }
    book->changed[page] = false;
    return QN_OK;
}
