/* Choice: whom of the address book a node dials for its regions. Inside of peering; shared by the files peering*.c only. */
#ifndef QN_PEERING_CHOICE_H
#define QN_PEERING_CHOICE_H

#include "peer/peering_state.h"

enum { QN_PEERING_OWN_NETWORKS_MAX = 256 }; /* that are told apart */

struct qn_peering_choice {
    struct qn_peering *peering;
    size_t count;
    /* Networks of those whom we dialled, or are about to. */
    uint64_t networks[QN_PEERING_OWN_NETWORKS_MAX];
};

/* Looks at all links and targets: once for several choices. */
void qn_peering_choice_begin(struct qn_peering_choice *choice, struct qn_peering *peering);
/* One of this region: if there is such a one, of a network that none of our own links is in, so that whoever owns
 * few networks is few of our peers, and where a database of addresses does not contradict it. False: nobody. */
bool qn_peering_choose(struct qn_peering_choice *choice, struct qn_book_found *found,
                       enum qn_region region, qn_time_us now);
/* Not ourselves, nobody linked, and nobody whom the dialer has already. context: peering. */
bool qn_peering_is_wanted(void *context, const struct qn_book_found *found);

#endif
