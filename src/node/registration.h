/* The node's own registration, on its way into the registry. A part of the node's state (node/state.h);
 * registration.c works on it. */
#ifndef QN_NODE_REGISTRATION_H
#define QN_NODE_REGISTRATION_H

#include "wire/transaction.h"

enum qn_registration_state {
    QN_REGISTRATION_IDLE,
    QN_REGISTRATION_SEARCHING, /* for a ticket of work: one job is under way */
    QN_REGISTRATION_SIGNING_CODE,
    QN_REGISTRATION_SIGNING,
    QN_REGISTRATION_SUBMITTED,
    QN_REGISTRATION_DONE,
    QN_REGISTRATION_REFUSED, /* for good: trying again cannot help */
};
struct qn_registration {
    enum qn_registration_state state;
    struct qn_tx tx;
    uint64_t tries; /* of the search under way */
    qn_time_us next_try_us;
    unsigned failures;
    char refusal[QN_TEXT_LEN_MAX + 1];
};

#endif
