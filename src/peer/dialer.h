/* Dialer: whom to dial and when. A bounded list of targets, each with a jittered exponential back-off;
 * the owner asks for the next one that is due and says how it went.
 *
 * Pure. Spec: DESIGN sections 5 (retry 0.25 to 8 s) and 9 (one owner per peer, global pace). */
#ifndef QN_DIALER_H
#define QN_DIALER_H

#include "base/rng.h"
#include "crypto/hash.h"
#include "wire/types.h"

enum { QN_DIALER_TARGETS_MAX = 512, QN_DIALS_AT_ONCE_MAX = 16 };

enum qn_dial_source { QN_DIAL_GENESIS, QN_DIAL_FALLBACK, QN_DIAL_PEER };

struct qn_dial_target {
    enum qn_dial_source source;
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
    uint8_t endpoint_count;
    uint8_t endpoint_next; /* tried in turn */
    bool has_id;
    struct qn_node_id id;
    uint64_t dial;      /* under way: its number; 0: none */
    bool linked;        /* a link to it is held: not dialled */
    bool pinned;        /* dialled like a genesis node: a member of the committee */
    unsigned failures;  /* in a row */
    qn_time_us next_us; /* not dialled before */
};

struct qn_dialer {
    size_t count;
    size_t under_way;
    uint64_t last_dial;
    struct qn_dial_target *targets; /* QN_DIALER_TARGETS_MAX */
};

void qn_dialer_init(struct qn_dialer *dialer);
void qn_dialer_fini(struct qn_dialer *dialer);
/* Adds a target, or refreshes the endpoints of the one with this id (or, without id, this endpoint).
 * A full list replaces the peer target with the most failures, if any has failed. */
void qn_dialer_add(struct qn_dialer *dialer, enum qn_dial_source source,
                   const struct qn_node_id *id, const struct qn_endpoint *endpoints,
                   size_t endpoint_count, qn_time_us not_before);
/* Whatever its source: it is dialled no more. */
void qn_dialer_remove(struct qn_dialer *dialer, const struct qn_node_id *id);
/* Pins the target with this id, if there is one, until unpin_all. */
void qn_dialer_pin(struct qn_dialer *dialer, const struct qn_node_id *id);
void qn_dialer_unpin_all(struct qn_dialer *dialer);
/* The next target that is due, marked as under way, with a new dial number; NULL if none. With
 * peers_wanted false only genesis, fallback and pinned targets are given. */
struct qn_dial_target *qn_dialer_next(struct qn_dialer *dialer, bool peers_wanted, qn_time_us now);
/* The dial ended in a link whose key is id. It stays under way until set_linked (HELLO) or punish, so that
 * nobody is dialled twice. */
void qn_dialer_on_linked(struct qn_dialer *dialer, uint64_t dial, const struct qn_node_id *id);
/* Somebody with this id is linked (whoever dialled), or no longer is. */
void qn_dialer_set_linked(struct qn_dialer *dialer, const struct qn_node_id *id, bool linked,
                          struct qn_rng *rng, qn_time_us now);
/* The dial came to nothing, or its link was refused: back off. */
void qn_dialer_on_failed(struct qn_dialer *dialer, uint64_t dial, struct qn_rng *rng,
                         qn_time_us now);
/* Like on_failed for a link that was closed before it was good for anything. */
void qn_dialer_punish(struct qn_dialer *dialer, const struct qn_node_id *id, struct qn_rng *rng,
                      qn_time_us now);
/* Earliest time at which next may give something; UINT64_MAX: never without a change. */
qn_time_us qn_dialer_deadline(const struct qn_dialer *dialer, bool peers_wanted);

#endif
