/* Admission: the one place that decides every link, in or out, and names the limit that refused it.
 *
 * A link is asked for up to three times: when somebody connected (INBOUND, before any work is done for it),
 * when its key is known (IDENTITY, also of links we dialled), and before we dial (DIAL). Half-open links
 * count. Pure; the owner tells the counts and the time. Addresses of this machine are exempt from limits by
 * address. Spec: DESIGN sections 4 and 9, docs/peers.md. */
#ifndef QN_ADMISSION_H
#define QN_ADMISSION_H

#include "crypto/hash.h"
#include "peer/net_address.h"
#include "peer/rate_table.h"

/* What a key is worth, by the genesis pins and the registry. */
enum qn_standing {
    QN_STANDING_UNREGISTERED, /* may register and fetch genesis data, nothing else */
    QN_STANDING_REGISTERED,
    QN_STANDING_GENESIS,
    QN_STANDING_REVOKED,
    QN_STANDING_EXPIRED,
};
const char *qn_standing_name(enum qn_standing standing);

/* Which limit refused; the label of qnet_admission_refused_total. */
#define QN_ADMISSION_LIST(X)                                                                       \
    X(NONE, "none")                                                                                \
    X(SELF, "self")                                                                                \
    X(REVOKED, "revoked")                                                                          \
    X(EXPIRED, "expired")                                                                          \
    X(BANNED, "banned")                                                                            \
    X(RATE_GLOBAL, "rate_global")                                                                  \
    X(RATE_SUBNET, "rate_subnet")                                                                  \
    X(RATE_IDENTITY, "rate_identity")                                                              \
    X(HALF_OPEN, "half_open")                                                                      \
    X(HALF_OPEN_SUBNET, "half_open_subnet")                                                        \
    X(UNREGISTERED, "unregistered")                                                                \
    X(RESTING, "resting")                                                                          \
    X(UNVERIFIED, "unverified")                                                                    \
    X(LINKS, "links")                                                                              \
    X(REGION, "region")
enum qn_admission_limit {
#define QN_ADMISSION_ENUM(name, text) QN_ADMISSION_##name,
    QN_ADMISSION_LIST(QN_ADMISSION_ENUM)
#undef QN_ADMISSION_ENUM
        QN_ADMISSION_COUNT
};
/* Static text as in the list. */
const char *qn_admission_name(enum qn_admission_limit limit);
/* What the peer is told. */
enum qn_close_reason qn_admission_reason(enum qn_admission_limit limit);

enum qn_admission_stage { QN_ADMIT_INBOUND, QN_ADMIT_IDENTITY, QN_ADMIT_DIAL };

/* The counts are of links held in whatever state, the one in question not among them. */
struct qn_admission_ask {
    enum qn_admission_stage stage;
    bool outbound;
    bool banned;     /* the address or the identity */
    bool is_self;    /* IDENTITY */
    bool rests;      /* IDENTITY: moved by the balancer, and not to come back yet */
    bool privileged; /* IDENTITY, DIAL: genesis node, member of the committee, reserved peer */
    enum qn_standing standing;     /* IDENTITY; DIAL: if the registry knows it */
    const struct qn_node_id *id;   /* IDENTITY, DIAL; may be NULL */
    struct qn_net_address address; /* where the other end is */
    bool has_address;              /* false: a name, or unknown */
    size_t links;                  /* privileged ones not counted */
    size_t links_max;
    size_t half_open; /* inbound, key not known yet */
    size_t half_open_max;
    size_t half_open_subnet; /* of the same subnet */
    size_t unregistered;     /* inbound */
    size_t region;           /* links in its region, privileged ones not counted; IDENTITY, DIAL */
    size_t region_max;
    bool is_unverified; /* its region, and counted as such */
    size_t unverified;  /* links counted as such in its region */
    size_t unverified_max;
};

/* The buckets: per identity, per subnet and in all. */
struct qn_admission {
    struct qn_rate global;
    struct qn_rate_table subnets;
    struct qn_rate_table identities;
};
void qn_admission_init(struct qn_admission *admission, uint64_t hash_key0, uint64_t hash_key1);
void qn_admission_fini(struct qn_admission *admission);
/* NONE: admitted, and counted in the buckets. Otherwise nothing was taken from the buckets after the one that refused.
 * Genesis nodes, the committee and reserved peers are refused only for what they are or did. */
enum qn_admission_limit qn_admission_decide(struct qn_admission *admission,
                                            const struct qn_admission_ask *ask, qn_time_us now);

#endif
