/* Mutation gate: votes leave before their record is durable. */
#define QN_MUTANT 6
#include "consensus/testing/mutant_all.h"
