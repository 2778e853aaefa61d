/* One random run: chaos in which safety must hold, then a healed network in which everything submitted
 * must become final at every honest validator. */
#ifndef QN_CONSENSUS_RANDOM_RUN_H
#define QN_CONSENSUS_RANDOM_RUN_H

#include "consensus/testing/harness.h"

struct random_run {
    bool ok;
    bool broken; /* an invariant was violated; else a run that is not ok made no progress */
    char what[HARNESS_TEXT_MAX]; /* of a failure, else of the run */
    uint64_t blocks;
    uint64_t views;
    uint64_t syncs;
    uint64_t trace;
    size_t actions_max;
};

/* The seed decides size, faults, network and load. */
void random_run(struct random_run *result, uint64_t seed);
/* The same, with every event on standard output. */
void random_run_transcript(struct random_run *result, uint64_t seed);

#endif
