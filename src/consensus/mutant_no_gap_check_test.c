/* Mutation gate: the views between parent and child need no nullification. */
#define QN_MUTANT 4
#include "consensus/testing/mutant_all.h"
