/* Dialer: whom to dial and when. A bounded set of targets, each with its own jittered exponential back-off, in
 * queues by what they are wanted for; the owner asks for the next one that is due and says how it went. One
 * target per identity, one dial per target; a pace for all dials together, which slows down while none succeeds,
 * so that an outage of the network ends in no storm.
 *
 * Every call but begin_committee costs at most the logarithm of the targets. Pure. Spec: DESIGN sections 5
 * (retry 0.25 to 8 s) and 9 (one owner per peer, global pace). */
#ifndef QN_DIALER_H
#define QN_DIALER_H

#include "base/map.h"
#include "base/rng.h"
#include "crypto/hash.h"
#include "peer/rate_table.h"
#include "wire/types.h"

enum { QN_DIALER_TARGETS_MAX = 512, QN_DIALS_AT_ONCE_MAX = 16 };

enum qn_dial_purpose {
    QN_DIAL_FOR_COMMITTEE,
    QN_DIAL_FOR_RESERVED,
    QN_DIAL_FOR_BOOTSTRAP, /* genesis nodes and fallback addresses */
    QN_DIAL_FOR_HOT,       /* a live link that a region lacks */
    QN_DIAL_FOR_FEELER,    /* to see whether an address is good */
    QN_DIAL_FOR_LANDMARK,  /* a link for a while: to be measured, or to ask */
    QN_DIAL_FOR_LAN,       /* a neighbour in the local network: one try, like a bootstrap address */
};
/* "committee"; static. */
const char *qn_dial_purpose_name(enum qn_dial_purpose purpose);

/* Which targets are wanted: one bit each. */
enum {
    QN_DIAL_WANT_ALWAYS = 1U << 0, /* reserved, and the committee if we are of it */
    QN_DIAL_WANT_BOOTSTRAP = 1U << 1,
    QN_DIAL_WANT_REGION_SHIFT = 2, /* and from here on those for HOT by region */
    QN_DIAL_FEELER_QUEUE = QN_DIAL_WANT_REGION_SHIFT + QN_REGION_COUNT,
    QN_DIAL_LANDMARK_QUEUE,
    QN_DIAL_QUEUES,
    QN_DIAL_WANT_FEELER = 1U << QN_DIAL_FEELER_QUEUE,
    QN_DIAL_WANT_LANDMARK = 1U << QN_DIAL_LANDMARK_QUEUE,
};

struct qn_dial_target {
    enum qn_dial_purpose purpose; /* for which it was added: BOOTSTRAP or HOT */
    bool committee;               /* pinned as such */
    bool reserved;
    bool landmark;  /* until it is linked */
    bool linked;    /* a link to it is held: not dialled */
    bool is_full;   /* it said that it has no place for us; until it was backed off from */
    bool is_needed; /* we lack links, so it is tried again soon */
    bool refused;   /* that is how the last dial ended */
    bool has_id;
    bool used; /* false: free place */
    uint8_t endpoint_count;
    uint8_t endpoint_next; /* tried in turn */
    uint8_t queue;         /* in which it waits, if it does */
    enum qn_region region;
    unsigned failures;    /* in a row */
    qn_time_us linked_us; /* when it was last linked */
    uint32_t heap_at;     /* where in that queue; UINT32_MAX: in none */
    uint64_t dial;        /* under way: its number; 0: none */
    qn_time_us next_us;   /* not dialled before */
    struct qn_node_id id;
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
};

struct qn_dial_queue {
    uint32_t *heap; /* places, the one that is due first at 0 */
    size_t count;
};

struct qn_dialer {
    size_t count;
    struct qn_dial_target *targets;
    uint32_t *free_places;
    size_t free_count;
    struct qn_map index;
    struct qn_dial_queue queues[QN_DIAL_QUEUES];
    bool is_member; /* of the committee, we ourselves */
    size_t under_way;
    uint32_t under_way_places[QN_DIALS_AT_ONCE_MAX];
    uint64_t last_dial;
    size_t cursor;          /* where the search for somebody to replace goes on */
    unsigned failed_in_row; /* dials since the last link */
    struct qn_rate pace_needed;
    struct qn_rate pace_peers;
    struct qn_rng rng; /* its own: jitter */
};

void qn_dialer_init(struct qn_dialer *dialer, uint64_t seed);
void qn_dialer_fini(struct qn_dialer *dialer);
/* Adds a target for BOOTSTRAP or HOT, or refreshes the endpoints of the one with this id (or, without id, this
 * endpoint). A full set replaces a HOT target that failed, if one of the next 32 has. False: no place. */
bool qn_dialer_add(struct qn_dialer *dialer, enum qn_dial_purpose purpose,
                   const struct qn_node_id *id, enum qn_region region,
                   const struct qn_endpoint *endpoints, size_t endpoint_count,
                   qn_time_us not_before);
/* Whatever its purpose: it is dialled no more. */
void qn_dialer_remove(struct qn_dialer *dialer, const struct qn_node_id *id);
/* Pins the target with this id, if there is one: a member of the committee until begin_committee, reserved for good, or
 * a landmark until it was linked. */
void qn_dialer_pin(struct qn_dialer *dialer, const struct qn_node_id *id,
                   enum qn_dial_purpose purpose);
/* Nobody is a member any more, before those of another committee are pinned. is_member: we are of it, and hold links
 * to all of it; otherwise its members are dialled like genesis nodes. */
void qn_dialer_begin_committee(struct qn_dialer *dialer, bool is_member);
/* The next target among the wanted that is due, marked as under way, with a new dial number; NULL if none.
 * Valid until the next call. */
const struct qn_dial_target *qn_dialer_next(struct qn_dialer *dialer, unsigned wanted,
                                            qn_time_us now);
/* For what the target is dialled now. */
enum qn_dial_purpose qn_dialer_purpose(const struct qn_dial_target *target);
/* The dial ended in a link whose key is id. It stays under way until set_linked (HELLO) or punish, so that
 * nobody is dialled twice. */
void qn_dialer_on_linked(struct qn_dialer *dialer, uint64_t dial, const struct qn_node_id *id);
/* Somebody with this id is linked (whoever dialled), or no longer is. */
void qn_dialer_set_linked(struct qn_dialer *dialer, const struct qn_node_id *id, bool linked,
                          qn_time_us now);
/* The dial came to nothing, or its link was refused: back off. */
void qn_dialer_on_failed(struct qn_dialer *dialer, uint64_t dial, qn_time_us now);
/* It says that it has no place for us: the back-off that follows is a long one, and the longest if we can do
 * without it. */
void qn_dialer_note_full(struct qn_dialer *dialer, const struct qn_node_id *id, bool is_needed);
/* Like on_failed for a link that was closed before it was good for anything. */
void qn_dialer_punish(struct qn_dialer *dialer, const struct qn_node_id *id, qn_time_us now);
/* Not dialled before that time, unless it is of the committee or reserved. */
void qn_dialer_rest(struct qn_dialer *dialer, const struct qn_node_id *id, qn_time_us until);
struct qn_dial_waiting {
    size_t count;   /* HOT targets of a region that are neither linked nor being dialled */
    size_t refused; /* of them: had no place for us when they were dialled last */
    size_t due;     /* of count: may be dialled now */
};
struct qn_dial_waiting qn_dialer_waiting(const struct qn_dialer *dialer, enum qn_region region,
                                         qn_time_us now);
/* Earliest time at which next may give something; UINT64_MAX: never without a change. */
qn_time_us qn_dialer_deadline(const struct qn_dialer *dialer, unsigned wanted);
/* What stands in the way between add and next: the target with this id, or NULL. */
const struct qn_dial_target *qn_dialer_find(const struct qn_dialer *dialer,
                                            const struct qn_node_id *id);
size_t qn_dialer_memory(const struct qn_dialer *dialer);

#endif
