/* Mutation gate: one vote less than the quorum, such as q = 3 at n = 5. */
#define QN_MUTANT 1
#include "consensus/testing/mutant_all.h"
