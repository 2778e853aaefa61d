/* The ledger's storage: an ordered key-value store with atomic, durable batches. The core builds
 * batches and reads; the runtime applies them (action PERSIST) and reports back (event PERSISTED). */
#ifndef QN_STORAGE_H
#define QN_STORAGE_H

#include "base/buf.h"

enum { QN_STORAGE_KEY_LEN_MAX = 64 };

/* A sequence of put and delete operations, applied all or not at all. */
struct qn_batch;
struct qn_batch *qn_batch_new(void);
void qn_batch_free(struct qn_batch *batch);
/* Keeps a reference of value. */
void qn_batch_put(struct qn_batch *batch, struct qn_span key, struct qn_buf *value);
void qn_batch_delete(struct qn_batch *batch, struct qn_span key);
size_t qn_batch_count(const struct qn_batch *batch);
/* value NULL: delete. */
void qn_batch_at(const struct qn_batch *batch, size_t index, struct qn_span *key,
                 struct qn_buf **value);

struct qn_storage {
    void *context;
    bool durable; /* survives the process; told in status and at start */
    /* QN_ERR_NOT_FOUND or QN_ERR_IO; on QN_OK *value has one reference, the caller's. */
    enum qn_err (*get)(void *context, struct qn_buf **value, struct qn_span key);
    /* Keys from first (inclusive) in ascending order until visit returns false. */
    enum qn_err (*walk)(void *context, struct qn_span first,
                        bool (*visit)(void *visit_context, struct qn_span key,
                                      struct qn_buf *value),
                        void *visit_context);
    /* Durable when it returns QN_OK. Called by the runtime, off the core; and once before a node lives, to
     * end the install of a snapshot that was interrupted. */
    enum qn_err (*apply)(void *context, const struct qn_batch *batch);
    /* Several at once, in this order, all or none. NULL: one by one. */
    enum qn_err (*apply_many)(void *context, const struct qn_batch *const *batches, size_t count);
    void (*close)(void *context);
};

/* The memory back end: nothing survives the process. Heap; close frees it. Shares the values of a batch, so
 * apply runs on the node's thread (base/buf.h). */
void qn_storage_memory_open(struct qn_storage *storage);

#endif
