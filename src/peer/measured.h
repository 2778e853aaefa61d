/* The shortest round trips that this node measured, for whoever asks it as a landmark. They outlive the links
 * over which they were measured, and fade after a day.
 *
 * Pure state; memory is taken once. A full table forgets whom it measured longest ago. */
#ifndef QN_MEASURED_H
#define QN_MEASURED_H

#include "base/map.h"
#include "crypto/hash.h"
#include "wire/measure.h"

enum { QN_MEASURED_MAX = 2048 };
#define QN_MEASURED_LIFETIME QN_SECONDS(86400) /* a minimum starts anew after it */

struct qn_measured_entry {
    struct qn_node_id id;
    uint32_t rtt_us;
    uint32_t samples;
    qn_time_us since_us; /* the first of the samples */
    qn_time_us last_us;
    uint16_t older, newer; /* slot + 1; 0: none */
};

struct qn_measured {
    struct qn_measured_entry *entries; /* QN_MEASURED_MAX */
    size_t count;
    uint16_t oldest, newest; /* slot + 1; 0: none */
    struct qn_map index;
};

void qn_measured_init(struct qn_measured *measured, uint64_t hash_key0, uint64_t hash_key1);
void qn_measured_fini(struct qn_measured *measured);
/* One round trip, above 0. */
void qn_measured_add(struct qn_measured *measured, const struct qn_node_id *id, uint32_t rtt_us,
                     qn_time_us now);
/* What is known of this node; zeros if it was never measured, or not within the last day. */
struct qn_rtt qn_measured_of(const struct qn_measured *measured, const struct qn_node_id *id,
                             qn_time_us now);

#endif
