/* What light nodes tell an address book. */
#ifndef QN_BOOK_NEWS_H
#define QN_BOOK_NEWS_H

#include "peer/address_book.h"
#include "sim/peers/crowd.h"

/* Where this node truly is, as its signed record says. */
struct qn_book_address qn_peers_book_address(const struct qn_crowd *crowd, uint32_t node);
struct qn_book_source qn_peers_book_source(const struct qn_crowd *crowd, uint32_t by,
                                           enum qn_book_source_kind kind);
/* Node `by` passes on the record of node `whom`. */
enum qn_book_verdict qn_peers_tell_book(struct qn_book *book, const struct qn_crowd *crowd,
                                        uint32_t by, uint32_t whom, qn_time_us now);

#endif
