/* Transactions that wait for a block: bounded, in order of arrival, one per id, at most one per signing node
 * and per activation code, so that nobody fills it with variants of one transaction. */
#ifndef QN_MEMPOOL_H
#define QN_MEMPOOL_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "wire/transaction.h"

struct qn_mempool;

struct qn_mempool *qn_mempool_new(size_t capacity);
void qn_mempool_free(struct qn_mempool *pool);
/* Keeps a reference of bytes. The transaction was checked and its signatures verified.
 * QN_ERR_DUPLICATE: this transaction is here. QN_ERR_BUSY: another one of the same node or code is.
 * QN_ERR_FULL. */
QN_MUST_USE enum qn_err qn_mempool_put(struct qn_mempool *pool, struct qn_buf *bytes,
                                       const struct qn_hash *tx_id, const struct qn_tx *tx);
bool qn_mempool_has(const struct qn_mempool *pool, const struct qn_hash *tx_id);
size_t qn_mempool_count(const struct qn_mempool *pool);
/* Up to capacity of the oldest, as spans valid until the pool changes; returns how many. */
size_t qn_mempool_take(const struct qn_mempool *pool, struct qn_span *txs, size_t capacity);
/* As qn_mempool_take, but each transaction only once in its life: at the second call that finds it here.
 * Called at intervals, it gives those that wait for longer than one. */
size_t qn_mempool_overdue(struct qn_mempool *pool, struct qn_span *txs, size_t capacity);
bool qn_mempool_remove(struct qn_mempool *pool, const struct qn_hash *tx_id);
/* Calls dropped for, and removes, each of the count_max oldest for which keep returns other than QN_OK. */
void qn_mempool_sweep(struct qn_mempool *pool,
                      enum qn_err (*keep)(void *context, struct qn_span tx_bytes),
                      void (*dropped)(void *context, const struct qn_hash *tx_id, enum qn_err why),
                      void *context, size_t count_max);

#endif
