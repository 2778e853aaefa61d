/* Mutation gate: proposals are not re-executed. */
#define QN_MUTANT 7
#include "consensus/testing/mutant_all.h"
