#include "sim/peers/book_news.h"

struct qn_book_address qn_peers_book_address(const struct qn_crowd *crowd, uint32_t node)
{
    return (struct qn_book_address){
        .id = qn_crowd_id(crowd, node),
        .address = qn_crowd_address(crowd, node),
        .region = (enum qn_region)crowd->nodes[node].declared,
        .registry_index = node,
    };
}

struct qn_book_source qn_peers_book_source(const struct qn_crowd *crowd, uint32_t by,
                                           enum qn_book_source_kind kind)
{
    struct qn_net_address teller = qn_crowd_address(crowd, by);

    return (struct qn_book_source){
        .kind = kind,
        .group = qn_book_group(&teller),
        .id = qn_crowd_id(crowd, by),
    };
}

enum qn_book_verdict qn_peers_tell_book(struct qn_book *book, const struct qn_crowd *crowd,
                                        uint32_t by, uint32_t whom, qn_time_us now)
{
    struct qn_book_address what = qn_peers_book_address(crowd, whom);
    struct qn_book_source from = qn_peers_book_source(crowd, by, QN_BOOK_RECORD);

    return qn_book_add(book, &what, &from, now);
}
