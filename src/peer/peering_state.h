/* The inside of peering, shared by the files peering*.c only. */
#ifndef QN_PEERING_STATE_H
#define QN_PEERING_STATE_H

#include "base/limits.h"
#include "peer/eviction.h"
#include "peer/peering.h"

/* Up to this size a network is one neighbourhood: everybody dials the genesis nodes. Beyond it only who holds
 * fewer links than that. */
enum { QN_SMALL_NETWORK = 100, QN_BOOTSTRAP_BELOW = 4 };

enum qn_peering_link_state { QN_PEERING_HALF_OPEN, QN_PEERING_UP, QN_PEERING_LIVE };

struct qn_peering_link {
    uint64_t link; /* 0: free place */
    enum qn_peering_link_state state;
    bool outbound;
    bool privileged; /* of the committee, a genesis node or reserved: no limit counts it */
    bool has_address;
    enum qn_standing standing;
    enum qn_region region;
    uint32_t rtt_min_us;     /* 0: not measured */
    uint32_t deliveries;     /* announcements that it brought first */
    qn_time_us since_us;     /* of its state HALF_OPEN, or since the key is known */
    qn_time_us delivered_us; /* the last first delivery; 0: none */
    struct qn_net_address address;
    struct qn_node_id id;
};

struct qn_peering {
    struct qn_peering_config config;
    struct qn_peer_hint *reserved;
    struct qn_rng rng;
    uint64_t group_key[2];
    struct qn_admission admission;
    struct qn_dialer dialer;

    struct qn_peering_link *links; /* capacity places */
    size_t capacity;
    size_t place_end; /* no place from here on was ever used */
    uint32_t *free_places;
    size_t free_count;
    struct qn_map by_link;                /* number, padded -> place */
    struct qn_map by_id;                  /* of live links: id -> place */
    uint32_t half_open[QN_HALF_OPEN_MAX]; /* places, in no order */
    struct qn_peering_counts counts;
    size_t links_allowed;                   /* what limits allow, or more right after they fell: */
    size_t region_allowed[QN_REGION_COUNT]; /* poll brings the links down to it */
    struct qn_rate evictions;
    struct qn_rate turnover; /* of them, those that make the networks we know no more diverse */
    struct qn_eviction_candidate *candidates; /* scratch: capacity places */

    uint64_t active; /* size of the network */
    size_t region_max;
    size_t committee_count;
    struct qn_node_id committee[QN_VALIDATORS_MAX];
    bool is_member; /* of the committee, ourselves */
};

/* ---- peering_links.c ---- */
struct qn_peering_link *qn_peering_find(const struct qn_peering *peering, uint64_t link);
/* Adds it to the counts, or takes it off, as it is now: around every change of what it counts as. */
void qn_peering_count(struct qn_peering_counts *counts, const struct qn_peering_link *link,
                      bool add);
/* Of the committee. */
bool qn_peering_is_member(const struct qn_peering *peering, const struct qn_node_id *id);
bool qn_peering_is_privileged(const struct qn_peering *peering, const struct qn_node_id *id,
                              enum qn_standing standing);
/* The privileges, or limits, changed: what is above them now is allowed until poll has closed it. */
void qn_peering_allow_excess(struct qn_peering *peering);
bool qn_peering_is_banned(const struct qn_peering *peering, const struct qn_node_id *id,
                          const struct qn_endpoint *address, bool outbound);
/* How many live links are wanted in a region, and how many of them by our own dials: whoever fills our places
 * from outside does not choose the rest. */
size_t qn_peering_hot_target(const struct qn_peering *peering, size_t region);
size_t qn_peering_own_target(const struct qn_peering *peering, size_t region);
/* Links not privileged, all states but HALF_OPEN. */
size_t qn_peering_limited(const struct qn_peering *peering);

#endif
