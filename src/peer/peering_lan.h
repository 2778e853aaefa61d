/* Peering's neighbours: the part of its inside that is about the local network. */
#ifndef QN_PEERING_LAN_H
#define QN_PEERING_LAN_H

#include "base/limits.h"
#include "peer/heard.h"

struct qn_peering;

/* A neighbour that was heard and not dialled yet. */
struct qn_peering_neighbour {
    struct qn_node_id id; /* as it says; whoever answers proves his own */
    struct qn_endpoint endpoint;
    qn_time_us ready_us; /* not dialled before */
};
struct qn_peering_lan {
    size_t count;
    struct qn_peering_neighbour neighbours[QN_LAN_NEIGHBOURS_MAX]; /* the oldest first */
    qn_time_us next_ask_us;
};

void qn_peering_lan_heard(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now);
/* Gives the dialer some of those that were heard, when they are wanted: as for the dialer. */
void qn_peering_lan_poll(struct qn_peering *peering, unsigned wanted, qn_time_us now);

#endif
