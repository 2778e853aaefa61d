#include "peer/address_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

enum { PEERS = 200 };

static struct qn_book_address peer(uint64_t number)
{
    struct qn_book_address what = {.address = {.port = 9876},
                                   .region = (enum qn_region)(number % QN_REGION_COUNT),
                                   .registry_index = number};
    what.id.bytes[0] = (uint8_t)number;
    what.id.bytes[1] = (uint8_t)(number >> 8);
    what.address.ip[0] = 0x20;
    what.address.ip[2] = (uint8_t)(number >> 8);
    what.address.ip[3] = (uint8_t)number;
    return what;
}

/* Half tried, half new, an anchor, a failure and a second address among them. */
static void fill(struct qn_book *book)
{
    struct qn_book_source ledger = {.kind = QN_BOOK_LEDGER};
    for (unsigned i = 0; i < PEERS; i++) {
        struct qn_book_address what = peer(i);
        assert_int_equal(qn_book_add(book, &what, &ledger, QN_SECONDS(i)), QN_BOOK_ADDED);
        if (i % 2 == 0) {
            qn_book_good(book, &what, QN_SECONDS(i));
        }
    }
    struct qn_book_address other = peer(4);
    other.address.ip[15] = 1;
    assert_int_equal(qn_book_add(book, &other, &ledger, QN_SECONDS(PEERS)), QN_BOOK_KNOWN);
    struct qn_node_id ids[2] = {peer(0).id, peer(2).id};
    qn_book_choose_anchors(book, ids, 2);
    qn_book_failed(book, &ids[1], QN_SECONDS(PEERS));
}

static void restart(struct qn_book *after, struct qn_book *before, qn_time_us then, qn_time_us now)
{
    qn_book_init(after, 77, 78); /* another seed: the stored secret counts */
    for (size_t page = 0; page < QN_BOOK_PAGES; page++) {
        struct qn_buf *bytes = qn_book_page_encode(before, page, then);
        assert_int_equal(qn_book_page_decode(after, page, qn_buf_span(bytes), now), QN_OK);
        qn_buf_drop(bytes);
    }
}

static void assert_same(const struct qn_book_found *a, const struct qn_book_found *b)
{
    assert_true(qn_net_address_equal(&a->what.address, &b->what.address));
    assert_int_equal(a->what.region, b->what.region);
    assert_int_equal(a->what.registry_index, b->what.registry_index);
    assert_int_equal(a->source_kind, b->source_kind);
    assert_int_equal(a->source_group, b->source_group);
    assert_int_equal(a->is_anchor, b->is_anchor);
    assert_int_equal(a->failures, b->failures);
}

static void tried_entries_and_anchors_survive_a_restart(void **state)
{
    (void)state;
    struct qn_book before;
    struct qn_book after;
    struct qn_book_found was;
    struct qn_book_found found;
    qn_book_init(&before, 1, 2);
    fill(&before);
    restart(&after, &before, QN_SECONDS(1000), 0); /* the clock begins anew */
    for (unsigned i = 0; i < PEERS; i++) {
        struct qn_node_id id = peer(i).id;
        assert_true(qn_book_find(&before, &id, &was));
        assert_int_equal(qn_book_find(&after, &id, &found), was.is_tried);
        if (was.is_tried) {
            assert_same(&found, &was);
        }
    }
    struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    assert_int_equal(qn_book_anchors(&after, anchors), 2);
    assert_memory_equal(before.hash_key, after.hash_key, sizeof before.hash_key);
    qn_book_fini(&before);
    qn_book_fini(&after);
}

static void a_page_changes_with_what_it_keeps(void **state)
{
    (void)state;
    struct qn_book book;
    struct qn_book_source ledger = {.kind = QN_BOOK_LEDGER};
    struct qn_book_address what = peer(QN_REGION_ASIA);
    size_t page = 1 + QN_REGION_ASIA;
    qn_book_init(&book, 1, 2);
    assert_true(qn_book_page_changed(&book, 0)); /* the secret is new */
    for (size_t i = 0; i < QN_BOOK_PAGES; i++) {
        qn_buf_drop(qn_book_page_encode(&book, i, 0));
        assert_false(qn_book_page_changed(&book, i));
    }
    (void)qn_book_add(&book, &what, &ledger, 0);
    assert_false(qn_book_page_changed(&book, page)); /* `new` is not kept */
    qn_book_good(&book, &what, 0);
    assert_true(qn_book_page_changed(&book, page));
    qn_buf_drop(qn_book_page_encode(&book, page, 0));
    qn_book_good(&book, &what, QN_SECONDS(60));
    assert_false(qn_book_page_changed(&book, page)); /* not for a minute's news */
    qn_book_good(&book, &what, QN_SECONDS(2 * 3600));
    assert_true(qn_book_page_changed(&book, page));
    qn_buf_drop(qn_book_page_encode(&book, page, 0));
    qn_book_choose_anchors(&book, &what.id, 1);
    assert_true(qn_book_page_changed(&book, page));
    qn_buf_drop(qn_book_page_encode(&book, page, 0));
    qn_book_bad(&book, &what.id);
    assert_true(qn_book_page_changed(&book, page));
    qn_book_fini(&book);
}

static void refuse(size_t page, const struct qn_buf *bytes, size_t len, enum qn_err err)
{
    struct qn_book book;
    qn_book_init(&book, 5, 6);
    assert_int_equal(qn_book_page_decode(&book, page, (struct qn_span){bytes->bytes, len}, 0), err);
    assert_int_equal(book.entry_count, 0);
    assert_int_equal(book.hash_key[0], 5);
    qn_book_fini(&book);
}

static void garbage_is_refused_whole(void **state)
{
    (void)state;
    struct qn_book book;
    qn_book_init(&book, 1, 2);
    fill(&book);
    for (size_t page = 0; page < 2; page++) {
        struct qn_buf *bytes = qn_book_page_encode(&book, page, QN_SECONDS(1000));
        for (size_t len = 0; len < bytes->len; len++) {
            refuse(page, bytes, len, QN_ERR_MALFORMED);
        }
        refuse(page + 2, bytes, bytes->len, QN_ERR_MALFORMED); /* another page */
        bytes->bytes[2] = 2;
        refuse(page, bytes, bytes->len, QN_ERR_WRONG_VERSION);
        qn_buf_drop(bytes);
    }
    qn_book_fini(&book);
}

/* Every place taken, all fields as long as they get. */
static void the_largest_page_is_within_its_bound(void **state)
{
    (void)state;
    struct qn_book book;
    qn_book_init(&book, 1, 2);
    uint64_t number = 0;
    while (qn_book_count(&book, true, QN_REGION_ASIA) < QN_BOOK_TRIED_MAX && number < 100000) {
        struct qn_book_source ledger = {.kind = QN_BOOK_LEDGER};
        struct qn_book_address what = peer(number++);
        what.id.bytes[2] = (uint8_t)(number >> 16);
        what.address.ip[1] = (uint8_t)(number >> 16);
        what.address.port = UINT16_MAX;
        what.region = QN_REGION_ASIA;
        what.registry_index = UINT64_MAX - 1;
        qn_book_good(&book, &what, 0);
        what.address.ip[15] = 1;
        (void)qn_book_add(&book, &what, &ledger, 0);
        if (qn_book_count(&book, false, QN_REGION_ASIA) > 0) {
            qn_book_bad(&book, &what.id);
        }
    }
    assert_int_equal(qn_book_count(&book, true, QN_REGION_ASIA), QN_BOOK_TRIED_MAX);
    struct qn_buf *bytes = qn_book_page_encode(&book, 1 + QN_REGION_ASIA, QN_SECONDS(1000000000));
    assert_in_range(bytes->len, 1, QN_BOOK_PAGE_LEN_MAX);
    print_message("%d entries: %zu bytes, memory of the book %zu bytes\n", QN_BOOK_TRIED_MAX,
                  bytes->len, qn_book_memory(&book));
    qn_buf_drop(bytes);
    qn_book_fini(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tried_entries_and_anchors_survive_a_restart),
        cmocka_unit_test(a_page_changes_with_what_it_keeps),
        cmocka_unit_test(garbage_is_refused_whole),
        cmocka_unit_test(the_largest_page_is_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
