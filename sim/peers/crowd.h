/* The registered nodes of a network, a few bytes each: where they stand, whether they are honest and up.
 *
 * Node numbers are registry indices. Ids and addresses follow from number and seed, and the number can be
 * had back from both, so that a million nodes need no tables. */
#ifndef QN_CROWD_H
#define QN_CROWD_H

#include "base/rng.h"
#include "crypto/hash.h"
#include "peer/net_address.h"
#include "wire/types.h"

enum {
    QN_CROWD_SIZE_MAX = 1 << 20,
    QN_CROWD_GROUPS = 20000, /* /16 networks that honest nodes live in */
    QN_CROWD_HOSTILE_GROUPS_MAX = 1024,
};
/* No node has this number. */
#define QN_CROWD_NOBODY UINT32_MAX

struct qn_crowd_node {
    uint32_t ip;      /* IPv4, host order */
    uint16_t links;   /* with nodes that are simulated whole */
    uint8_t region;   /* the true one */
    uint8_t declared; /* what its entry says */
    bool hostile;
    bool up;
};

struct qn_crowd {
    uint64_t seed;
    size_t count;
    struct qn_crowd_node *nodes;
};

struct qn_crowd_plan {
    uint64_t seed;
    size_t honest;
    size_t hostile;        /* spread over the numbers at random */
    size_t hostile_groups; /* /16 networks of the attacker, 1..QN_CROWD_HOSTILE_GROUPS_MAX */
    int hostile_region;    /* all hostile nodes are there; below 0: as the honest ones */
    bool hostile_subnet;   /* all in one /24: at most 254 of them */
};
/* Everybody is up. */
void qn_crowd_init(struct qn_crowd *crowd, const struct qn_crowd_plan *plan);
void qn_crowd_fini(struct qn_crowd *crowd);

struct qn_node_id qn_crowd_id(const struct qn_crowd *crowd, uint32_t node);
/* QN_CROWD_NOBODY: no node has this id. */
uint32_t qn_crowd_find(const struct qn_crowd *crowd, const struct qn_node_id *id);
struct qn_net_address qn_crowd_address(const struct qn_crowd *crowd, uint32_t node);
struct qn_endpoint qn_crowd_endpoint(const struct qn_crowd *crowd, uint32_t node);
/* Shortest round trip between two of them, microseconds. */
uint32_t qn_crowd_rtt_us(const struct qn_crowd *crowd, uint32_t a, uint32_t b);
/* Any node that is up, of this region if region >= 0; QN_CROWD_NOBODY after too many tries. */
uint32_t qn_crowd_draw(const struct qn_crowd *crowd, struct qn_rng *rng, int region);

#endif
