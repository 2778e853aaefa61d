/* Facts of a light node that are computed whenever they are needed instead of being kept: a hash of the
 * world's seed, what it is for, and the node's number. Deterministic, nothing secret about it. */
#ifndef QN_MIX_H
#define QN_MIX_H

#include "base/base.h"

enum qn_mix_purpose {
    QN_MIX_ACCESS = 1,
    QN_MIX_ID,
    QN_MIX_NODE_SEED,
    QN_MIX_AWAY,
};

/* The finalizer of SplitMix64 over the three. */
static inline uint64_t qn_mix(uint64_t seed, enum qn_mix_purpose purpose, uint64_t node)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15U * (node + 1) + ((uint64_t)purpose << 56);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

#endif
