/* What links carry, as whoever runs them measures: told once a second (QN_EVENT_LOAD). */
#ifndef QN_LINK_LOAD_H
#define QN_LINK_LOAD_H

#include "base/base.h"

struct qn_link_load {
    uint64_t link;
    uint64_t bytes;        /* since it is up, both ways, on the wire */
    uint32_t queued_bytes; /* that wait to be sent */
};

struct qn_load {
    size_t count;
    const struct qn_link_load *links; /* those that are up; borrowed */
    uint32_t cpu_percent; /* of one core, by the thread that runs them, since the last time */
};

#endif
