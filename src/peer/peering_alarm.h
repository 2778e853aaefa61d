/* Region alarms: a region that this node had links to and that has gone silent.
 *
 * What counts is signs of life: an answered ping, a link whose key became known. A region that is silent is asked
 * before anybody is alarmed: first one link a second, then all. Links that ended by somebody's will (GOODBYE) are no
 * loss, so nodes that stop in order raise nothing. Spec: docs/peers.md, Alarms. */
#ifndef QN_PEERING_ALARM_H
#define QN_PEERING_ALARM_H

#include "wire/types.h"

struct qn_peering;

struct qn_peering_alarms {
    bool raised[QN_REGION_COUNT];
    qn_time_us silent_since_us[QN_REGION_COUNT]; /* of raised ones: the last sign of life */
    bool cut_off;   /* silent too: every other region that this node had links to, or all of them */
    uint64_t count; /* regions raised so far */
};
/* As of the last poll; lives as long as peering. */
const struct qn_peering_alarms *qn_peering_alarms(const struct qn_peering *peering);
/* This link ends by somebody's will, GOODBYE or the like; on_down follows. What ends without it is a loss. */
void qn_peering_on_leave(struct qn_peering *peering, uint64_t link);

#endif
