/* Mutation gate: FINALIZE although NULLIFY of the same view was cast. */
#define QN_MUTANT 2
#include "consensus/testing/mutant_all.h"
