/* Inbound eviction: when a newcomer needs a place and all are taken, which inbound link gives way.
 *
 * The best are protected first, each kind by what an attacker cannot have cheaply and all at once: the lowest round
 * trips, those that lately brought news first, one link in each of several network groups drawn by a secret, one
 * in each region, and of what is left the older half. Of the rest the youngest link of the largest network group
 * goes, the protected links of a group counted, so that a flood of newcomers evicts newcomers of the flood and who
 * is alone in its network stays. The same candidates in another order give the same choice. Pure; bounded by the
 * number of candidates. */
#ifndef QN_EVICTION_H
#define QN_EVICTION_H

#include "peer/net_address.h"

struct qn_eviction_candidate {
    uint64_t link; /* never 0; unique */
    struct qn_net_address address;
    enum qn_region region;
    uint32_t rtt_min_us;     /* 0: not measured */
    uint32_t deliveries;     /* first ones; decays by the owner */
    qn_time_us delivered_us; /* the last of them */
    qn_time_us since_us;
    uint64_t group;  /* set here: keyed */
    size_t of_group; /* set here: candidates of that group */
};

/* Most of each kind that are protected; with few candidates an eighth of them, at least one. */
enum {
    QN_EVICTION_PROTECT_RTT = 8,
    QN_EVICTION_PROTECT_FIRST = 8,
    QN_EVICTION_PROTECT_GROUPS = 4,
    QN_EVICTION_PROTECT_SHARE = 8,
};

/* Which of the count candidates goes; 0: all are protected. Reorders and changes them. key: a secret of the node.
 * *diversifies: there are fewer links of the newcomer's network than of the one that goes, even afterwards; a newcomer
 * that is NULL or not a global address is of a network of its own. */
uint64_t qn_eviction_choose(struct qn_eviction_candidate *candidates, size_t count,
                            const uint64_t key[2], const struct qn_net_address *newcomer,
                            bool *diversifies);

#endif
