#include "base/map.h"

#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

void qn_map_init(struct qn_map *map, size_t capacity, uint64_t hash_key0, uint64_t hash_key1)
{
    size_t slot_count = 2;

    QN_ASSERT(capacity <= SIZE_MAX / 8);
    while (slot_count < 2 * capacity) {
        slot_count *= 2;
    }
    struct qn_map_slot *slots = calloc(slot_count, sizeof *slots);
    QN_ASSERT(slots != NULL);
    *map = (struct qn_map){.slots = slots,
                           .slot_count = slot_count,
                           .capacity = capacity,
                           .hash_key = {hash_key0, hash_key1}};
}

void qn_map_fini(struct qn_map *map)
{
    free(map->slots);
    *map = (struct qn_map){0};
}

static size_t home_of(const struct qn_map *map, const uint8_t *key)
{
    struct qn_span span = {key, QN_HASH_LEN};

    return (size_t)qn_siphash(map->hash_key, span) & (map->slot_count - 1);
}

static size_t next_of(const struct qn_map *map, size_t index)
{
    return (index + 1) & (map->slot_count - 1);
}

/* The slot of key, or the free slot where its probing ends. Half the slots are always free. */
static size_t find(const struct qn_map *map, const uint8_t *key)
{
    size_t index = home_of(map, key);

    while (map->slots[index].used && memcmp(map->slots[index].key, key, QN_HASH_LEN) != 0) {
        index = next_of(map, index);
    }
    return index;
}

enum qn_err qn_map_put(struct qn_map *map, const uint8_t key[QN_HASH_LEN], uint32_t value)
{
    struct qn_map_slot *slot = &map->slots[find(map, key)];

    if (!slot->used) {
        if (map->count == map->capacity) {
            return QN_ERR_FULL;
        }
        memcpy(slot->key, key, QN_HASH_LEN);
        slot->used = true;
        map->count += 1;
    }
    slot->value = value;
    return QN_OK;
}

bool qn_map_get(const struct qn_map *map, uint32_t *value, const uint8_t key[QN_HASH_LEN])
{
    const struct qn_map_slot *slot = &map->slots[find(map, key)];

    if (slot->used && value != NULL) {
        *value = slot->value;
    }
    return slot->used;
}

/* Backward-shift deletion: no tombstones, so probes stay short however often entries change. */
bool qn_map_remove(struct qn_map *map, const uint8_t key[QN_HASH_LEN])
{
    size_t hole = find(map, key);

    if (!map->slots[hole].used) {
        return false;
    }
    for (size_t at = next_of(map, hole); map->slots[at].used; at = next_of(map, at)) {
        size_t home = home_of(map, map->slots[at].key);
        size_t mask = map->slot_count - 1;
        if (((at - home) & mask) >= ((at - hole) & mask)) { /* its probing passes the hole */
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole].used = false;
    map->count -= 1;
    return true;
}

void qn_map_clear(struct qn_map *map)
{
    memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    map->count = 0;
}
