/* Network coordinates: where a node is, told from round trips alone, so that the round trip between two
 * nodes that never spoke can be estimated. Vivaldi (Dabek, Cox, Kaashoek and Morris, 2004): three dimensions,
 * and a height for the way from the node to the network's core.
 *
 * They are estimates and prove nothing: a verdict on a region rests on measured round trips only
 * (region_check.h). Pure, integers only, so that the same samples give the same bits everywhere. No fini. */
#ifndef QN_COORDINATES_H
#define QN_COORDINATES_H

#include "wire/measure.h"

enum {
    QN_COORDINATES_RTT_MAX_US = 5000000, /* longer ones are no sample */
    QN_POSITION_SAMPLES = 32,            /* of which the median tells what is usual */
};

/* The estimated round trip, us. Both are valid. */
uint32_t qn_coordinates_distance(const struct qn_coordinates *a, const struct qn_coordinates *b);

/* The own coordinates, and by how much the last estimates were off. */
struct qn_position {
    struct qn_coordinates at;
    uint32_t off_us[QN_POSITION_SAMPLES]; /* a ring: |estimate - measured| */
    uint8_t off_count;
    uint8_t off_next;
    uint64_t taken;
    uint64_t cut; /* samples that counted for less than they said */
};

void qn_position_init(struct qn_position *position);
/* One measured round trip to a peer that says it is at theirs. So that a lying minority moves nobody far, one
 * step is bounded, a peer that claims to be certain counts as if it erred by 5 %, and a sample that is off by
 * more than twice the median of the last ones counts as if it was off by that much: the median is an
 * honest peer's while most are honest. chance: any number, for the direction to leave a peer at the same place.
 * False: no sample (bad coordinates, a round trip of 0 or too long); nothing changed. */
bool qn_position_sample(struct qn_position *position, const struct qn_coordinates *theirs,
                        uint32_t rtt_us, uint64_t chance);

#endif
