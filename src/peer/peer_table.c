#include "peer/peer_table.h"

#include <stdlib.h>

void qn_peer_table_init(struct qn_peer_table *table, size_t capacity, uint64_t hash_key0,
                        uint64_t hash_key1)
{
    QN_ASSERT(capacity > 0);
    *table = (struct qn_peer_table){.capacity = capacity};
    table->peers = calloc(capacity, sizeof table->peers[0]);
    QN_ASSERT(table->peers != NULL);
    qn_map_init(&table->index, capacity, hash_key0, hash_key1);
}

void qn_peer_table_fini(struct qn_peer_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        qn_buf_drop(table->peers[i].bytes);
    }
    free(table->peers);
    qn_map_fini(&table->index);
    *table = (struct qn_peer_table){0};
}

static struct qn_peer *find(const struct qn_peer_table *table, const struct qn_node_id *id)
{
    uint32_t position = 0;
    if (!qn_map_get(&table->index, &position, id->bytes)) {
        return NULL;
    }
    return &table->peers[position];
}

const struct qn_peer *qn_peer_table_find(const struct qn_peer_table *table,
                                         const struct qn_node_id *id)
{
    return find(table, id);
}

enum qn_err qn_peer_table_put(struct qn_peer_table *table, const struct qn_record *record,
                              struct qn_buf *bytes, uint8_t hops, qn_time_us now)
{
    struct qn_peer *peer = find(table, &record->id);
    if (peer != NULL && peer->record.sequence >= record->sequence) {
        return QN_ERR_STALE;
    }
    if (peer == NULL) {
        if (table->count == table->capacity) {
            return QN_ERR_FULL;
        }
        enum qn_err err = qn_map_put(&table->index, record->id.bytes, (uint32_t)table->count);
        QN_ASSERT(err == QN_OK); /* the index has the table's capacity */
        peer = &table->peers[table->count];
        table->count += 1;
    } else {
        qn_buf_drop(peer->bytes);
    }
    *peer = (struct qn_peer){
        .record = *record, .bytes = qn_buf_hold(bytes), .learned_us = now, .hops = hops};
    return QN_OK;
}

bool qn_peer_table_remove(struct qn_peer_table *table, const struct qn_node_id *id)
{
    struct qn_peer *peer = find(table, id);
    if (peer == NULL) {
        return false;
    }
    qn_buf_drop(peer->bytes);
    qn_map_remove(&table->index, id->bytes);
    table->count -= 1;
    struct qn_peer *last = &table->peers[table->count];
    if (peer != last) {
        *peer = *last;
        enum qn_err err =
            qn_map_put(&table->index, peer->record.id.bytes, (uint32_t)(peer - table->peers));
        QN_ASSERT(err == QN_OK); /* the key is there already */
    }
    return true;
}
