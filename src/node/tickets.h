/* Tickets of work (crypto/argon2.h) whose check is under way, or that are known to hold: none is checked
 * twice by one node. Shared by the files of this folder only. */
#ifndef QN_NODE_TICKETS_H
#define QN_NODE_TICKETS_H

#include "node/event.h"

struct qn_node;

enum { QN_TICKETS_KNOWN_MAX = QN_MEMPOOL_TXS_MAX }; /* the oldest makes room */
struct qn_known_ticket {
    struct qn_ticket ticket;
    enum { QN_TICKET_FREE, QN_TICKET_UNDER_WAY, QN_TICKET_HOLDS } state;
};
struct qn_tickets {
    struct qn_verify_job *waiting; /* for the answer of a check that is under way */
    size_t next;
    struct qn_known_ticket known[QN_TICKETS_KNOWN_MAX];
};

/* If the policy is work. */
void qn_node_tickets_init(struct qn_node *node);
void qn_node_tickets_fini(struct qn_node *node);
/* Has a ticket checked, unless it is known to hold. Returns whether a job will come back: its own, or one
 * that shares the answer of the check that is under way. */
bool qn_node_verify_ticket(struct qn_node *node, uint32_t owner, uint64_t cookie,
                           const struct qn_ticket *ticket);
/* This one is known to hold. */
void qn_node_keep_ticket(struct qn_node *node, const struct qn_ticket *ticket);
/* A check came back: returns the jobs that waited for it, answered, linked by next. */
struct qn_verify_job *qn_node_on_ticket(struct qn_node *node, const struct qn_verify_job *job);
/* registration.c: some tries of the search for our own are done. */
void qn_node_on_ticket_search(struct qn_node *node, const struct qn_verify_job *job);

#endif
