#include "ledger/storage.h"

#include "base/pool.h"

#include <string.h>

struct batch_operation {
    uint8_t key_len;
    uint8_t key[QN_STORAGE_KEY_LEN_MAX];
    struct qn_buf *value; /* NULL: delete */
};

struct qn_batch {
    size_t count;
    size_t capacity;
    struct batch_operation *operations;
};

enum { BATCH_CAPACITY_FIRST = 16 };

struct qn_batch *qn_batch_new(void)
{
    return qn_pool_take_zeroed(sizeof(struct qn_batch));
}

static void free_operations(struct qn_batch *batch)
{
    qn_pool_give(batch->operations, batch->capacity * sizeof batch->operations[0]);
}

void qn_batch_free(struct qn_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        qn_buf_drop(batch->operations[i].value);
    }
    free_operations(batch);
    qn_pool_give(batch, sizeof *batch);
}

static void grow(struct qn_batch *batch)
{
    size_t capacity = batch->capacity == 0 ? BATCH_CAPACITY_FIRST : 2 * batch->capacity;
    struct batch_operation *operations = qn_pool_take(capacity * sizeof batch->operations[0]);

    if (batch->count > 0) {
        memcpy(operations, batch->operations, batch->count * sizeof operations[0]);
    }
    free_operations(batch);
    batch->operations = operations;
    batch->capacity = capacity;
}

static void append(struct qn_batch *batch, struct qn_span key, struct qn_buf *value)
{
    QN_ASSERT(key.len > 0 && key.len <= QN_STORAGE_KEY_LEN_MAX);
    if (batch->count == batch->capacity) {
        grow(batch);
    }
    struct batch_operation *operation = &batch->operations[batch->count];
    operation->key_len = (uint8_t)key.len;
    memcpy(operation->key, key.at, key.len);
    operation->value = value;
    batch->count += 1;
}

void qn_batch_put(struct qn_batch *batch, struct qn_span key, struct qn_buf *value)
{
    append(batch, key, qn_buf_hold(value));
}

void qn_batch_delete(struct qn_batch *batch, struct qn_span key)
{
    append(batch, key, NULL);
}

size_t qn_batch_count(const struct qn_batch *batch)
{
    return batch->count;
}

void qn_batch_at(const struct qn_batch *batch, size_t index, struct qn_span *key,
                 struct qn_buf **value)
{
    QN_ASSERT(index < batch->count);
    const struct batch_operation *operation = &batch->operations[index];
    *key = (struct qn_span){operation->key, operation->key_len};
    *value = operation->value;
}
