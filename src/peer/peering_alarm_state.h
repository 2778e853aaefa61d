/* The inside of region alarms, shared by the files peering*.c only. */
#ifndef QN_PEERING_ALARM_STATE_H
#define QN_PEERING_ALARM_STATE_H

#include "peer/peering.h"
#include "peer/peering_alarm.h"

struct qn_peering_alarm {
    struct qn_peering_alarms told;
    unsigned watched;                     /* regions that were heard of, one bit each */
    unsigned silent;                      /* of them, those in doubt */
    qn_time_us heard_us[QN_REGION_COUNT]; /* of watched ones: the last sign of life */
    qn_time_us calm_us[QN_REGION_COUNT];  /* not in doubt since */
    qn_time_us next_us;
    qn_time_us polled_us;
    size_t cursor; /* place of the link that was asked last */
};

/* Somebody there answered. */
void qn_peering_alarm_heard(struct qn_peering *peering, enum qn_region region,
                            enum qn_standing standing, qn_time_us now);
/* A link there ended by somebody's will: if it was the last and the region is not in doubt, nobody is missed. */
void qn_peering_alarm_left(struct qn_peering *peering, enum qn_region region);
/* Whom even a member of the committee dials: as for the dialer. */
unsigned qn_peering_alarm_wants(const struct qn_peering *peering);
void qn_peering_alarm_poll(struct qn_peering *peering, struct qn_peering_actions *actions,
                           qn_time_us now);

#endif
