/* Mutation gate: the last block of an epoch gets a child. */
#define QN_MUTANT 9
#include "consensus/testing/mutant_all.h"
