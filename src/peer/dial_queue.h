/* The queues of a dialer: binary heaps by the time at which a target is due, the place deciding between equals,
 * so that the order is the same everywhere. For dialer.c only. */
#ifndef QN_DIAL_QUEUE_H
#define QN_DIAL_QUEUE_H

#include "peer/dialer.h"

void qn_dial_queues_init(struct qn_dialer *dialer);
void qn_dial_queues_fini(struct qn_dialer *dialer);
/* The target is in no queue. */
void qn_dial_queue_enter(struct qn_dialer *dialer, struct qn_dial_target *target, size_t queue);
/* Out of the one it is in, if it is in any. */
void qn_dial_queue_leave(struct qn_dialer *dialer, struct qn_dial_target *target);

#endif
