/* Mutation gate: fewer than q distinct signers pass, as with a signer counted twice. */
#define QN_MUTANT 5
#include "consensus/testing/mutant_all.h"
