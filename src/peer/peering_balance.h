/* The load balancer inside peering (peering.h): what it is told, and what it says of regions and moves. Its rule is in
 * balancer.h. The processor time of the loop is dealt out to the regions by the bytes of their links, since nobody
 * measures what a single message costs. */
#ifndef QN_PEERING_BALANCE_H
#define QN_PEERING_BALANCE_H

#include "peer/balancer.h"
#include "peer/link_load.h"
#include "peer/rate_table.h"

struct qn_peering;
struct qn_peering_actions;

enum {
    QN_BALANCE_RAISED_MAX = 4,     /* links of a region above its target, one for each WANT */
    QN_BALANCE_RESTING_SETS = 512, /* of four: peers that were moved and rest */
};

struct qn_peering_balance {
    struct qn_balancer balancer;
    struct qn_moves moves; /* of the last tick */
    size_t next_move;      /* of them, not made an action yet */
    qn_time_us next_us;
    qn_time_us loaded_us;                              /* when loads were told last; 0: never */
    uint32_t cpu_percent;                              /* as told with them */
    struct qn_balance_region regions[QN_REGION_COUNT]; /* at the last tick */
    uint64_t goodput[QN_REGION_COUNT];                 /* bytes a second, all live links */
    uint64_t queued[QN_REGION_COUNT];                  /* bytes */
    uint32_t raised[QN_REGION_COUNT];                  /* by WANT */
    struct qn_rate_table resting;                      /* by id: spent until the rest is over */
};

/* What a link's peer was seen to do; peering keeps one in each link. */
struct qn_peering_measured {
    uint32_t rtt_us; /* smoothed (RFC 6298); 0: not measured */
    uint32_t jitter_us;
    uint32_t queued_bytes;
    uint32_t goodput; /* bytes a second, both ways, smoothed */
    uint32_t first;   /* first deliveries a minute, in 64ths: decays by a 60th each second */
    bool is_counted;  /* bytes is of this link's last load */
    uint64_t bytes;
    qn_time_us
        moved_us; /* when the balancer moved this peer last; 0: never, as far as it is known */
};

/* As of the last tick. */
const struct qn_peering_balance *qn_peering_balance(const struct qn_peering *peering);
/* Once a second. Borrowed during the call; unknown links are ignored. */
void qn_peering_on_load(struct qn_peering *peering, const struct qn_load *load, qn_time_us now);

/* ---- for peering's other files ---- */
void qn_peering_balance_init(struct qn_peering *peering, uint64_t key0, uint64_t key1,
                             qn_time_us now);
void qn_peering_balance_fini(struct qn_peering *peering);
void qn_peering_balance_poll(struct qn_peering *peering, struct qn_peering_actions *actions,
                             qn_time_us now);
void qn_peering_balance_on_rtt(struct qn_peering_measured *measured, uint32_t rtt_us);
void qn_peering_balance_on_first(struct qn_peering_measured *measured);
/* When this peer was moved, if it still rests; else 0. */
qn_time_us qn_peering_moved_us(const struct qn_peering *peering, const struct qn_node_id *id,
                               qn_time_us now);
/* Is it to be refused because it rests? Not where the region has places enough. */
bool qn_peering_rests(const struct qn_peering *peering, const struct qn_node_id *id,
                      enum qn_region region, qn_time_us now);
/* It is in the dialer, newly or again: as long as it rests, it is not dialled. */
void qn_peering_let_rest(struct qn_peering *peering, const struct qn_node_id *id, qn_time_us now);

#endif
