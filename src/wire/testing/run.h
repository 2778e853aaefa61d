/* One run of a test: what the program needs before anything else, and the run's seed. */
#ifndef QN_TESTING_RUN_H
#define QN_TESTING_RUN_H

#include "base/rng.h"

/* Starts the cryptographic library, and has broken invariants printed before they stop the
 * program. */
void qn_test_start(void);
/* The same from main() of a randomized test: `--seed NUMBER`, else the time, is the run's seed. */
void qn_test_init(int argc, char **argv);
/* A generator from the run's seed; prints the seed, so that a failure can be had again. */
struct qn_rng qn_test_rng(void);

#endif
