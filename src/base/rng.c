/* xoshiro256** 1.0 and splitmix64 by Blackman and Vigna, both in the public domain. */
#include "base/rng.h"

static uint64_t rotate_left(uint64_t value, unsigned count)
{
    return value << count | value >> (64 - count);
}

static uint64_t splitmix64_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
    return mixed ^ mixed >> 31;
}

void qn_rng_init(struct qn_rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(rng->state); i++) {
        rng->state[i] = splitmix64_next(&seed);
    }
}

uint64_t qn_rng_next(struct qn_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t qn_rng_below(struct qn_rng *rng, uint64_t bound)
{
    QN_ASSERT(bound > 0);
    /* 2^64 modulo bound: the values below it would favour the small results. */
    uint64_t rejected = (UINT64_MAX - bound + 1) % bound;
    uint64_t value;

    do {
        value = qn_rng_next(rng);
    } while (value < rejected);
    return value % bound;
}
