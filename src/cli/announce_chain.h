/* A node's announcement chain: its tip stands in the registry, so that later a preimage of the tip
 * proves "this identity" in 32 bytes (DESIGN section 10). */
#ifndef QN_ANNOUNCE_CHAIN_H
#define QN_ANNOUNCE_CHAIN_H

#include "crypto/hash.h"

/* Preimages that a chain holds; an UPDATE starts the next one. */
enum { QN_ANNOUNCE_CHAIN_LEN = 4096 };

/* The tip of the chain that belongs to the key with this seed: the same after each restart. */
struct qn_hash qn_announce_chain_tip(const uint8_t seed[QN_SEED_LEN]);

#endif
