#include "sim/peers/book_flood.h"

#include "sim/peers/book_news.h"

enum { NEWS_A_SECOND = 40, FEELER_EVERY_SECONDS = 2, BALANCE_EVERY_SECONDS = 60 };

static uint32_t draw(struct qn_book_flood *flood)
{
    for (;;) {
        uint32_t node = (uint32_t)qn_rng_below(flood->rng, flood->crowd->count);
        if (flood->crowd->nodes[node].hostile == flood->hostile) {
            return node;
        }
    }
}

static void tell(struct qn_book_flood *flood, qn_time_us now)
{
    uint32_t by = draw(flood);
    uint32_t whom = draw(flood);

    (void)qn_peers_tell_book(flood->book, flood->crowd, by, whom, now);
}

void qn_book_flood_count(const struct qn_book_flood *flood, uint64_t known[2], uint64_t tried[2])
{
    struct qn_book_found found;

    for (uint32_t node = 0; node < flood->crowd->count; node++) {
        struct qn_node_id id = qn_crowd_id(flood->crowd, node);
        if (qn_book_find(flood->book, &id, &found)) {
            known[flood->crowd->nodes[node].hostile] += 1;
            tried[flood->crowd->nodes[node].hostile] += found.is_tried ? 1 : 0;
        }
    }
}

static void prove(struct qn_book *book, const struct qn_book_found *found, qn_time_us now)
{
    qn_book_attempt(book, &found->what.id, now);
    qn_book_good(book, &found->what, now);
}

static void feel(struct qn_book_flood *flood, qn_time_us now)
{
    struct qn_book_query query = {.which = QN_BOOK_NEW_ONLY, .region = QN_REGION_COUNT};
    struct qn_book_found found;

    if (qn_book_select(flood->book, &found, &query, flood->rng, now)) {
        prove(flood->book, &found, now);
    }
    if (qn_book_next_test(flood->book, &found, now)) {
        prove(flood->book, &found, now);
    }
}

void qn_book_flood_second(struct qn_book_flood *flood, unsigned second, qn_time_us now)
{
    if (second % BALANCE_EVERY_SECONDS == 0) {
        uint64_t known[2] = {0};
        uint64_t tried[2] = {0};
        qn_book_flood_count(flood, known, tried);
        flood->hostile = known[true] < known[false] || tried[true] < tried[false];
    }
    for (unsigned i = 0; i < NEWS_A_SECOND; i++) {
        tell(flood, now);
    }
    if (second % FEELER_EVERY_SECONDS == 0) {
        feel(flood, now);
    }
}
