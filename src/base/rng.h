/* Seeded, portable, not cryptographic: jitter and choices of the core. Same seed, same sequence. */
#ifndef QN_RNG_H
#define QN_RNG_H

#include "base/base.h"

struct qn_rng {
    uint64_t state[4]; /* xoshiro256** */
};
void qn_rng_init(struct qn_rng *rng, uint64_t seed);
uint64_t qn_rng_next(struct qn_rng *rng);
/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint64_t qn_rng_below(struct qn_rng *rng, uint64_t bound);

#endif
