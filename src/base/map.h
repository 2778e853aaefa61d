/* Fixed-capacity hash map from a 32-byte key to a non-negative 32-bit value (an index of the
 * owner's array). Keyed hash, so that nobody can aim collisions; open addressing; no allocation
 * after init. Iteration order is not defined and not offered. */
#ifndef QN_MAP_H
#define QN_MAP_H

#include "base/base.h"
#include "base/limits.h"

struct qn_map_slot {
    uint8_t key[QN_HASH_LEN];
    uint32_t value;
    bool used;
};

struct qn_map {
    struct qn_map_slot *slots;
    size_t slot_count; /* power of two, at least twice the capacity */
    size_t capacity;
    size_t count;
    uint64_t hash_key[2];
};

/* Heap for capacity entries, taken once. The rng gives the hash key. */
void qn_map_init(struct qn_map *map, size_t capacity, uint64_t hash_key0, uint64_t hash_key1);
void qn_map_fini(struct qn_map *map);
/* Adds or replaces. QN_ERR_FULL: a new key and capacity reached; map unchanged. */
QN_MUST_USE enum qn_err qn_map_put(struct qn_map *map, const uint8_t key[QN_HASH_LEN],
                                   uint32_t value);
/* True and *value if present; *value may be NULL. */
bool qn_map_get(const struct qn_map *map, uint32_t *value, const uint8_t key[QN_HASH_LEN]);
/* True if it was present. */
bool qn_map_remove(struct qn_map *map, const uint8_t key[QN_HASH_LEN]);
void qn_map_clear(struct qn_map *map);

#endif
