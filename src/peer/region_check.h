/* Does a node stand in the region that it declares? Judged by the shortest round trips that others measured
 * to it, because a node can answer late and look farther away, but never nearer than light in glass allows.
 *
 * Two tables: how near the large sites of two regions are to each other at most, and how near a node must be
 * to a site of its own region to count as there. Regions are wide and some touch (southern Europe and northern
 * Africa lie 320 km apart): near a border either of two regions can be held, and who has a machine in a
 * region is there. docs/peers.md gives the figures and what they rest on.
 *
 * Pure; no state. */
#ifndef QN_REGION_CHECK_H
#define QN_REGION_CHECK_H

#include "wire/types.h"

enum qn_region_verdict {
    QN_REGION_UNKNOWN,  /* too little is measured, or what is measured fits no verdict */
    QN_REGION_VERIFIED, /* near enough to sites of the declared region */
    QN_REGION_REFUTED,  /* nearer to sites of other regions than the declared one is */
};
/* "unknown", "verified", "refuted"; static. */
const char *qn_region_verdict_name(enum qn_region_verdict verdict);

/* Whether regions are checked at all. */
enum qn_region_check_policy {
    QN_REGION_CHECK_AUTO, /* of peers at global addresses */
    QN_REGION_CHECK_ALWAYS,
    QN_REGION_CHECK_OFF,
};

enum {
    QN_REGION_EVIDENCE_MIN = 3, /* network groups that measured, for any verdict */
    QN_REGION_AGREEING_MIN = 2, /* of them say the same */
};

/* What somebody measured to the node in question. */
struct qn_region_evidence {
    uint64_t group;        /* network group of who measured: one group has one say */
    enum qn_region region; /* where who measured is */
    uint32_t rtt_us;       /* the shortest; 0: nothing was measured */
};

/* No round trip between the two regions is shorter than this, us; 0 within one region. */
uint32_t qn_region_floor_us(enum qn_region a, enum qn_region b);
/* Who answers a site of this region within this time, us, counts as being there. */
uint32_t qn_region_reach_us(enum qn_region region);

/* The verdict on a node that declares this region. Of each group the first evidence counts. */
enum qn_region_verdict qn_region_check(enum qn_region declared,
                                       const struct qn_region_evidence *evidence, size_t count);

#endif
