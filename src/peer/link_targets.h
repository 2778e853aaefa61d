/* Link targets: how many live links a node wants in each region, and how many of them by its own dials.
 *
 * Nobody wants more than the network can give. Each node has so many places for links to one region, so the nodes
 * of region A can hold (nodes of B) x (places) links to region B and no more; every node of A wants its share of
 * them. What a small region cannot give is made up for in the own region, then in the larger ones. Pure.
 * Spec: docs/peers.md, links. */
#ifndef QN_LINK_TARGETS_H
#define QN_LINK_TARGETS_H

#include "base/limits.h"
#include "wire/types.h"

/* Each at most QN_BALANCE_HIGH_PERCENT of the places. */
struct qn_link_targets {
    size_t hot[QN_REGION_COUNT]; /* live links, whoever dialled */
    size_t own
        [QN_REGION_COUNT]; /* of them by own dials: who fills our places does not choose the rest */
    size_t most[QN_REGION_COUNT]; /* what this node may count on if it wants more */
    size_t total;                 /* of hot, as far as there are nodes for it */
};

struct qn_link_targets_ask {
    enum qn_region region; /* own */
    size_t places;         /* links to one region that a node may hold */
    /* Active entries; 0: none, or not known, and the region is taken for large enough. */
    uint64_t registered[QN_REGION_COUNT];
    uint16_t luck
        [QN_REGION_COUNT]; /* drawn once by a node: of several that share one link, who wants it */
};

void qn_link_targets_set(struct qn_link_targets *targets, const struct qn_link_targets_ask *ask);

#endif
