/* The address book across restarts, and those of its sources that only a node can ask: the registry, the name
 * servers that the operator named, the local network. In memory mode nothing of it is kept. */
#ifndef QN_NODE_BOOK_H
#define QN_NODE_BOOK_H

#include "node/event.h"

struct qn_node;

struct qn_book_keeping {
    qn_time_us next_write_us; /* at most every minute, and at shutdown */
    qn_time_us next_hints_us; /* endpoints of the registry, while links are missing */
};

/* Reads what an earlier run kept; after the links are made. */
void qn_node_book_init(struct qn_node *node);
/* Writes the pages that changed. */
void qn_node_book_write(struct qn_node *node);
void qn_node_poll_book(struct qn_node *node);
void qn_node_on_found(struct qn_node *node, const struct qn_event *event);
void qn_node_on_neighbour(struct qn_node *node, const struct qn_event *event);

#endif
