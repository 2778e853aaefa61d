/* A stored page of the address book. The first byte selects the page; the rest is the page. What is taken is
 * within bounds, and written again it is read as the same. */
#include "peer/address_book.h"

#include "base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bounds(const struct qn_book *book, size_t page)
{
    static struct qn_book_found anchors[QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION];
    size_t count = 0;
    for (size_t region = 0; region < QN_REGION_COUNT; region++) {
        size_t tried = qn_book_count(book, true, (enum qn_region)region);
        QN_ASSERT(qn_book_count(book, false, (enum qn_region)region) == 0);
        QN_ASSERT(tried == 0 || (region + 1 == page && tried <= QN_BOOK_TRIED_MAX));
        count += tried;
    }
    QN_ASSERT(qn_book_anchors(book, anchors) <= QN_BOOK_ANCHORS_PER_REGION);
    QN_ASSERT(count <= book->entry_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_book book;
    struct qn_book again;
    if (size == 0) {
        return 0;
    }
    size_t page = data[0] % QN_BOOK_PAGES;
    qn_time_us now = QN_SECONDS(100);
    qn_book_init(&book, 1, 2);
    if (qn_book_page_decode(&book, page, (struct qn_span){data + 1, size - 1}, now) == QN_OK) {
        check_bounds(&book, page);
        struct qn_buf *first = qn_book_page_encode(&book, page, now);
        qn_book_init(&again, 1, 2);
        enum qn_err err = qn_book_page_decode(&again, page, qn_buf_span(first), now);
        QN_ASSERT(err == QN_OK);
        struct qn_buf *second = qn_book_page_encode(&again, page, now);
        QN_ASSERT(qn_span_equal(qn_buf_span(first), qn_buf_span(second)));
        qn_buf_drop(first);
        qn_buf_drop(second);
        qn_book_fini(&again);
    }
    qn_book_fini(&book);
    return 0;
}
