/* What peering is told of where somebody may be reached, and by whom. */
#ifndef QN_HEARD_H
#define QN_HEARD_H

#include "crypto/hash.h"
#include "wire/types.h"

enum qn_heard_from {
    QN_HEARD_GENESIS,  /* a pinned certificate */
    QN_HEARD_FALLBACK, /* configured; a last resort */
    QN_HEARD_LEDGER,   /* the endpoint in a registry entry */
    QN_HEARD_RECORD,   /* a signed record of the peer itself, verified */
    QN_HEARD_DNS,      /* a name server's answer */
    QN_HEARD_REDIRECT, /* an overloaded peer named it */
    QN_HEARD_LAN,      /* somebody in the local network said so: of use once nobody else answers */
};
struct qn_heard {
    const struct qn_node_id *id; /* NULL: not known (FALLBACK and DNS only) */
    enum qn_heard_from from;
    enum qn_region region; /* as it declares; the own one if not known */
    const struct qn_endpoint *endpoints;
    size_t endpoint_count;
    qn_time_us wait_us; /* not dialled before that much later, if it is new */
    uint64_t link;      /* RECORD, REDIRECT: by which it came; 0: none */
};

#endif
