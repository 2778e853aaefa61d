/* What a node's neighbourhood costs as the network grows: limits, links, memory, traffic, and how long a
 * newcomer takes. Counted at the whole nodes of a network of light ones. */
#ifndef QN_PEERS_SCALE_H
#define QN_PEERS_SCALE_H

#include "sim/peers/samples.h"
#include "sim/peers/world.h"

struct qn_peers_scale {
    size_t nodes;        /* registered */
    size_t hosts;        /* simulated whole */
    size_t region_limit; /* most links of a region */
    struct qn_peers_quantiles links;
    struct qn_peers_quantiles in;
    struct qn_peers_quantiles out;
    struct qn_peers_quantiles own_region;
    struct qn_peers_quantiles other_region; /* of all five others, each by itself */
    size_t joiners;
    size_t unfinished;                          /* of them, after a minute */
    struct qn_peers_quantiles join_ms;          /* from start to fully connected */
    struct qn_peers_quantiles ping_bytes_per_s; /* sent, frames and records of TLS counted */
    struct qn_peers_quantiles dials_per_hour;   /* once settled */
    size_t islands;        /* parts that no link joins: 1, or the network has come apart */
    uint64_t memory_bytes; /* of the peer layer of one node, the mean: as the allocator counts it */
    uint64_t light_bytes;  /* of a node that is not simulated whole */
    const char *broken;    /* the first invariant that did not hold; NULL: none */
};

/* quick: fewer whole nodes and less time. */
void qn_peers_scale_run(struct qn_peers_scale *scale, size_t nodes, uint64_t seed, bool quick);

#endif
