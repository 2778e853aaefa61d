#include "ledger/id_table.h"

#include <stdlib.h>

void qn_id_table_init(struct qn_id_table *table)
{
    *table = (struct qn_id_table){0};
}

void qn_id_table_fini(struct qn_id_table *table)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(table->chunks); i++) {
        free(table->chunks[i]);
        table->chunks[i] = NULL;
    }
}

void qn_id_table_put(struct qn_id_table *table, uint64_t index, const struct qn_node_id *id)
{
    QN_ASSERT(index < QN_REGISTRY_ENTRIES_MAX);
    struct qn_id_chunk **chunk = &table->chunks[index / QN_ID_CHUNK];
    if (*chunk == NULL) {
        *chunk = calloc(1, sizeof **chunk);
        QN_ASSERT(*chunk != NULL);
    }
    (*chunk)->ids[index % QN_ID_CHUNK] = *id;
}

const struct qn_node_id *qn_id_table_get(const struct qn_id_table *table, uint64_t index)
{
    if (index >= QN_REGISTRY_ENTRIES_MAX || table->chunks[index / QN_ID_CHUNK] == NULL) {
        return NULL;
    }
    return &table->chunks[index / QN_ID_CHUNK]->ids[index % QN_ID_CHUNK];
}
