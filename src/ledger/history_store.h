/* The nodes of the history's Merkle mountain range in storage, from which the path of any block follows.
 *
 *   'm' level index   hash of the node over 2^level ids, level one byte */
#ifndef QN_HISTORY_STORE_H
#define QN_HISTORY_STORE_H

#include "ledger/history.h"
#include "ledger/storage.h"

/* The nodes that appear when block_id is appended to a history. */
void qn_history_put(struct qn_batch *batch, const struct qn_history *history,
                    const struct qn_hash *block_id);
/* The peaks alone: for a ledger that starts in the middle of a chain. Blocks from there on then have paths. */
void qn_history_put_peaks(struct qn_batch *batch, const struct qn_history *history);
/* QN_ERR_NOT_FOUND, QN_ERR_MALFORMED, QN_ERR_IO; *hash untouched. */
QN_MUST_USE enum qn_err qn_history_get(const struct qn_storage *storage, struct qn_hash *hash,
                                       unsigned level, uint64_t index);

#endif
