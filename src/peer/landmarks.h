/* Landmarks of a node: those registered nodes that measure it, drawn from the registry by a hash of its
 * id, so that everybody finds the same ones and nobody chooses them.
 *
 * The draw changes with each period (the day), so that a key that was made for the landmarks that it draws is
 * good for one period. Indices are drawn below the next power of two, so that a registry that grows changes
 * few of them. Pure; no state. */
#ifndef QN_LANDMARKS_H
#define QN_LANDMARKS_H

#include "crypto/hash.h"
#include "wire/types.h"

enum {
    QN_LANDMARKS_OWN_MAX = 6, /* of the region that the node declares, where there are so many */
    QN_LANDMARKS_OTHER_MAX = 2,
    QN_LANDMARKS_MAX = QN_LANDMARKS_OWN_MAX + QN_LANDMARKS_OTHER_MAX,
    QN_LANDMARK_HASHES_MAX = 64, /* of four draws each: bounds the work for one node */
};
#define QN_LANDMARK_PERIOD_MS 86400000U

struct qn_landmark {
    struct qn_node_id id;
    enum qn_region region;
    uint64_t group; /* network group; one that is shared counts once */
    struct qn_endpoint endpoint;
};

/* The registry: fills in the entry of this index. False: it cannot measure anybody (revoked, expired, no
 * address). */
typedef bool (*qn_landmark_entry)(void *context, struct qn_landmark *out, uint64_t index);

struct qn_landmark_draw {
    struct qn_node_id subject;
    enum qn_region declared;
    uint64_t period;      /* of QN_LANDMARK_PERIOD_MS since 1970 */
    uint64_t entry_count; /* indices are below it */
    qn_landmark_entry entry;
    void *context;
};

/* Draws them; those of the declared region first. Returns how many: fewer than wanted where the registry, or
 * the region, has not so many in distinct network groups. */
size_t qn_landmarks_draw(struct qn_landmark out[QN_LANDMARKS_MAX],
                         const struct qn_landmark_draw *draw);

#endif
