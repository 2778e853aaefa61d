/* Peer table: the signed records of the peers we know, one per identity, the newest each.
 *
 * Pure state; memory for the capacity is taken once, the records' bytes are shared buffers. The caller
 * has verified a record before it puts it here. */
#ifndef QN_PEER_TABLE_H
#define QN_PEER_TABLE_H

#include "base/buf.h"
#include "base/map.h"
#include "wire/announce.h"

struct qn_peer {
    struct qn_record record;
    struct qn_buf *bytes;  /* encoded envelope; a reference of the table's */
    qn_time_us learned_us; /* when this version was accepted */
    uint8_t hops;          /* that its announcement had passed */
};

struct qn_peer_table {
    size_t count;
    size_t capacity;
    struct qn_peer *peers; /* dense: 0..count-1 */
    struct qn_map index;   /* node id -> position */
};

void qn_peer_table_init(struct qn_peer_table *table, size_t capacity, uint64_t hash_key0,
                        uint64_t hash_key1);
void qn_peer_table_fini(struct qn_peer_table *table);
/* Stores the record, replacing an older one of the same id; takes a reference of bytes.
 * QN_ERR_STALE  the held one has this sequence or a higher one.
 * QN_ERR_FULL   new id and no free place. Table unchanged on error. */
QN_MUST_USE enum qn_err qn_peer_table_put(struct qn_peer_table *table,
                                          const struct qn_record *record, struct qn_buf *bytes,
                                          uint8_t hops, qn_time_us now);
/* NULL if unknown. Valid until the next put or remove. */
const struct qn_peer *qn_peer_table_find(const struct qn_peer_table *table,
                                         const struct qn_node_id *id);
/* True if it was there. Positions of others may change. */
bool qn_peer_table_remove(struct qn_peer_table *table, const struct qn_node_id *id);

#endif
