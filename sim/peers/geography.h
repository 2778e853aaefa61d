/* Where nodes stand: round trips between the six regions, and what each node adds of its own.
 *
 * Pure: same node numbers, same round trips. Microseconds. */
#ifndef QN_GEOGRAPHY_H
#define QN_GEOGRAPHY_H

#include "base/rng.h"
#include "wire/types.h"

/* The shortest round trip between two nodes of these regions. */
uint32_t qn_geography_base_us(enum qn_region a, enum qn_region b);
/* What this node's distance from its region's exchanges and its access line add to every round trip. */
uint32_t qn_geography_access_us(uint64_t seed, uint32_t node, enum qn_region region);
/* One measurement of a path whose shortest round trip is known: never below it, mostly little above. */
uint32_t qn_geography_sample_us(struct qn_rng *rng, uint32_t shortest_us);

#endif
