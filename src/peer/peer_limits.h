/* Peer limits: how many peers a region may hold, by the measured size of the network, and how many links this
 * node aims at, by that and what it may spend. They change while the node runs; nothing is configured but the
 * budgets.
 *
 * Pure; no fini. Spec: DESIGN section 9, docs/peers.md. */
#ifndef QN_PEER_LIMITS_H
#define QN_PEER_LIMITS_H

#include "base/limits.h"

enum {
    QN_PEER_LIMIT_STEPS = 4,
    QN_LINK_MEMORY_LEN = 40960, /* bytes a live link takes (DESIGN section 12) */
    QN_LINK_RATE_ASSUMED = 512, /* bytes/s a link takes, both ways, until it is measured */
    QN_LINKS_HOT_MIN = 4,       /* whatever memory and bandwidth: fewer are no network */
};
#define QN_PEER_LIMIT_DOWN_AFTER QN_SECONDS(600)

struct qn_peer_limit_step {
    uint64_t above; /* more active registry entries than this, or from none on */
    size_t per_region;
};
extern const struct qn_peer_limit_step qn_peer_limit_steps[QN_PEER_LIMIT_STEPS];

/* The index of the step for this size, without regard to the past. */
unsigned qn_peer_limit_step(uint64_t active);

struct qn_peer_budgets {
    size_t links_max;
    uint64_t memory_max;    /* bytes for links and the peer list; 0: not limited */
    uint64_t bandwidth_max; /* bytes/s of all links, both ways; 0: not limited */
};

/* What the number of hot peers is limited by. */
enum qn_peer_bound {
    QN_BOUND_SIZE,
    QN_BOUND_LINKS,
    QN_BOUND_MEMORY,
    QN_BOUND_BANDWIDTH,
    QN_BOUND_COUNT
};
/* "network-size", "max-links", "max-memory", "max-bandwidth"; static. */
const char *qn_peer_bound_name(enum qn_peer_bound bound);

struct qn_peer_limits {
    struct qn_peer_budgets budgets;
    unsigned step;
    uint64_t active; /* last told */
    qn_time_us below_since_us
        [QN_PEER_LIMIT_STEPS]; /* 80 % of the step's threshold; UINT64_MAX: it is not */
    uint64_t link_rate;        /* measured bytes/s a link, both ways, smoothed; 0: not measured */
    uint64_t rate_held;        /* the one that counts: follows when it is a quarter off */
    uint64_t rate_bytes;       /* as told at the last measurement */
    qn_time_us rate_us;
    bool rate_known;  /* there was one */
    uint64_t changes; /* of the step */
};

void qn_peer_limits_init(struct qn_peer_limits *limits, const struct qn_peer_budgets *budgets);
/* Active entries of the registry, to be told once a second at least: up at once; down below each step whose
 * threshold the size was 20 % below for ten minutes without a break. True: the limit changed. */
bool qn_peer_limits_set_size(struct qn_peer_limits *limits, uint64_t active, qn_time_us now);
/* All bytes sent and received on links so far, and how many links there are now; once a second. */
void qn_peer_limits_on_traffic(struct qn_peer_limits *limits, uint64_t bytes, size_t links,
                               qn_time_us now);

/* Places of a region in the peer list. */
size_t qn_peer_limits_per_region(const struct qn_peer_limits *limits);
/* When a step down is due if the size stays as it is; UINT64_MAX: none is. */
qn_time_us qn_peer_limits_down_at(const struct qn_peer_limits *limits);
/* Most hot peers that each bound alone allows; SIZE_MAX: it is not limited. */
size_t qn_peer_limits_bound(const struct qn_peer_limits *limits, enum qn_peer_bound bound);
/* Most links that the budgets allow, however large the network is: what admission holds to. */
size_t qn_peer_limits_links(const struct qn_peer_limits *limits);
/* Most hot peers, the committee not counted: the least of them, QN_LINKS_HOT_MIN (or links_max) at least; *binds
 * (NULL allowed) is whose it is. */
size_t qn_peer_limits_hot(const struct qn_peer_limits *limits, enum qn_peer_bound *binds);

#endif
