/* Mutation gate: a validator that lost its memory votes at once. */
#define QN_MUTANT 8
#include "consensus/testing/mutant_all.h"
