/* What will happen when in a network of light nodes: a heap of small events by time, then by the order in
 * which they were added. Grows as needed; memory follows from the dials and links under way. */
#ifndef QN_TIMELINE_H
#define QN_TIMELINE_H

#include "base/base.h"

struct qn_timeline_event {
    qn_time_us at;
    uint64_t order; /* set by add */
    uint32_t kind;  /* the owner's */
    uint32_t node;
    uint64_t number; /* of a dial or a link */
    uint32_t detail;
};

struct qn_timeline {
    size_t count;
    size_t capacity;
    uint64_t next_order;
    struct qn_timeline_event *heap;
};

void qn_timeline_init(struct qn_timeline *timeline);
void qn_timeline_fini(struct qn_timeline *timeline);
void qn_timeline_add(struct qn_timeline *timeline, struct qn_timeline_event event);
/* The earliest one that is due at now; false if there is none. */
bool qn_timeline_take(struct qn_timeline *timeline, struct qn_timeline_event *event,
                      qn_time_us now);

#endif
