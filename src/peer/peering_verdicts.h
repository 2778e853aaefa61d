/* What is known of the regions of linked peers, told to peering: while verdicts are demanded, links to peers whose
 * region is not verified take at most a tenth of a region's places. Spec: docs/peers.md, Regions. */
#ifndef QN_PEERING_VERDICTS_H
#define QN_PEERING_VERDICTS_H

#include "peer/peering.h"
#include "peer/region_check.h"

/* What the peer's region turned out to be; UNKNOWN at first, and when it moves. Unknown links are ignored. */
void qn_peering_set_verdict(struct qn_peering *peering, uint64_t link,
                            enum qn_region_verdict verdict);
/* While true, links to peers whose region is not VERIFIED take at most a tenth of this region's places, one at least;
 * the youngest beyond that are closed. Genesis nodes, the committee and reserved peers are not counted, nor are
 * feelers and links to landmarks. Not demanded of any at first. */
void qn_peering_demand_verdicts(struct qn_peering *peering, enum qn_region region, bool demanded);

#endif
