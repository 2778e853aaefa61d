/* Which of many numbered things is due next. Each has at most one deadline; to set one, and to find the earliest,
 * takes steps by the logarithm of their number.
 *
 * Pure state on the heap. Of equal deadlines the lower number comes first. */
#ifndef QN_DEADLINES_H
#define QN_DEADLINES_H

#include "base/base.h"

struct qn_deadlines {
    qn_time_us *due;  /* by number */
    uint32_t *places; /* by number: its place in the heap; UINT32_MAX: it has no deadline */
    uint32_t *heap;   /* numbers */
    size_t count;
    size_t capacity;
};

/* For the numbers below capacity; none has a deadline. */
void qn_deadlines_init(struct qn_deadlines *deadlines, size_t capacity);
void qn_deadlines_fini(struct qn_deadlines *deadlines);
/* Takes the place of the deadline that it had. */
void qn_deadlines_set(struct qn_deadlines *deadlines, uint32_t number, qn_time_us due);
void qn_deadlines_clear(struct qn_deadlines *deadlines, uint32_t number);
/* Takes out the earliest deadline if it is not after now. False: there is none. */
bool qn_deadlines_next(struct qn_deadlines *deadlines, uint32_t *number, qn_time_us now);

#endif
