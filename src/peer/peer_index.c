#include "peer/peer_index.h"

#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

size_t qn_peer_index_cells(size_t capacity)
{
    size_t cells = 2;
    while (cells < 2 * capacity) {
        cells *= 2;
    }
    return cells;
}

void qn_peer_index_init(struct qn_peer_index *index, size_t capacity, const uint64_t hash_key[2])
{
    QN_ASSERT(capacity < UINT16_MAX);
    size_t cell_count = qn_peer_index_cells(capacity);
    *index = (struct qn_peer_index){.cells = calloc(cell_count, sizeof index->cells[0]),
                                    .cell_count = cell_count,
                                    .hash_key = {hash_key[0], hash_key[1]}};
    QN_ASSERT(index->cells != NULL);
}

void qn_peer_index_fini(struct qn_peer_index *index)
{
    free(index->cells);
    *index = (struct qn_peer_index){0};
}

_Static_assert(sizeof(struct qn_net_address) == QN_NET_IP_LEN + sizeof(uint16_t),
               "an address is hashed as its bytes: no padding");

static struct qn_span key_of(const struct qn_peer_entry *entry, enum qn_peer_key by)
{
    if (by == QN_PEER_BY_ID) {
        return (struct qn_span){entry->id.bytes, sizeof entry->id.bytes};
    }
    return (struct qn_span){(const uint8_t *)&entry->address, sizeof entry->address};
}

static size_t home_of(const struct qn_peer_index *index, struct qn_span key)
{
    return (size_t)qn_siphash(index->hash_key, key) & (index->cell_count - 1);
}

static size_t next_of(const struct qn_peer_index *index, size_t cell)
{
    return (cell + 1) & (index->cell_count - 1);
}

/* The cell of the key, or the free one where its probing ends: half of them are free. */
static size_t cell_of(const struct qn_peer_index *index, const struct qn_peer_entry *entries,
                      enum qn_peer_key by, struct qn_span key)
{
    size_t cell = home_of(index, key);
    while (index->cells[cell] != 0 &&
           !qn_span_equal(key_of(&entries[index->cells[cell] - 1], by), key)) {
        cell = next_of(index, cell);
    }
    return cell;
}

uint16_t qn_peer_index_find(const struct qn_peer_index *index, const struct qn_peer_entry *entries,
                            enum qn_peer_key by, const struct qn_peer_entry *with_key)
{
    return index->cells[cell_of(index, entries, by, key_of(with_key, by))];
}

void qn_peer_index_add(struct qn_peer_index *index, const struct qn_peer_entry *entries,
                       enum qn_peer_key by, uint16_t slot)
{
    size_t cell = cell_of(index, entries, by, key_of(&entries[slot], by));
    QN_ASSERT(index->cells[cell] == 0);
    index->cells[cell] = (uint16_t)(slot + 1);
}

/* Backward-shift deletion, as in base/map.c: no tombstones, so probes stay short. */
void qn_peer_index_remove(struct qn_peer_index *index, const struct qn_peer_entry *entries,
                          enum qn_peer_key by, uint16_t slot)
{
    size_t hole = cell_of(index, entries, by, key_of(&entries[slot], by));
    QN_ASSERT(index->cells[hole] == slot + 1);
    for (size_t at = next_of(index, hole); index->cells[at] != 0; at = next_of(index, at)) {
        size_t home = home_of(index, key_of(&entries[index->cells[at] - 1], by));
        size_t mask = index->cell_count - 1;
        if (((at - home) & mask) >= ((at - hole) & mask)) { /* its probing passes the hole */
            index->cells[hole] = index->cells[at];
            hole = at;
        }
    }
    index->cells[hole] = 0;
}
