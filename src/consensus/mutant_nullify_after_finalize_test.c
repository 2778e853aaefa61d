/* Mutation gate: NULLIFY although FINALIZE of the same view was cast. */
#define QN_MUTANT 3
#include "consensus/testing/mutant_all.h"
