/* Node ids by registry index: derived from the state, in chunks so that nothing is ever moved. */
#ifndef QN_ID_TABLE_H
#define QN_ID_TABLE_H

#include "crypto/hash.h"
#include "ledger/state.h"

enum { QN_ID_CHUNK = 4096 };
#define QN_ID_CHUNKS_MAX (QN_REGISTRY_ENTRIES_MAX / QN_ID_CHUNK)

struct qn_id_chunk {
    struct qn_node_id ids[QN_ID_CHUNK];
};

struct qn_id_table {
    struct qn_id_chunk *chunks[QN_ID_CHUNKS_MAX];
};

void qn_id_table_init(struct qn_id_table *table);
void qn_id_table_fini(struct qn_id_table *table);
/* index < QN_REGISTRY_ENTRIES_MAX. */
void qn_id_table_put(struct qn_id_table *table, uint64_t index, const struct qn_node_id *id);
/* NULL if its chunk was never touched; an index never put within one gives an id of zeros. */
const struct qn_node_id *qn_id_table_get(const struct qn_id_table *table, uint64_t index);

#endif
