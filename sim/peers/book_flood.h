/* How an attacker comes to own half of an address book: his nodes are as well-behaved as all others and named as often as
 * it takes, in a node's table of proven addresses too. */
#ifndef QN_BOOK_FLOOD_H
#define QN_BOOK_FLOOD_H

#include "peer/address_book.h"
#include "sim/peers/crowd.h"

struct qn_book_flood {
    const struct qn_crowd *crowd;
    struct qn_book *book;
    struct qn_rng *rng;
    bool hostile; /* whom news are of now: who lags behind */
};

/* One second of it; second counts from 0. */
void qn_book_flood_second(struct qn_book_flood *flood, unsigned second, qn_time_us now);
/* Entries of the book, of honest and of hostile nodes, are added to both counts. */
void qn_book_flood_count(const struct qn_book_flood *flood, uint64_t known[2], uint64_t tried[2]);

#endif
