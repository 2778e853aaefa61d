/* What each kind of transaction has in its payload from key 4 on; for transaction.c only. */
#ifndef QN_TRANSACTION_KINDS_H
#define QN_TRANSACTION_KINDS_H

#include "wire/field.h"
#include "wire/transaction.h"

/* Pairs of the payload, the first three included. */
size_t qn_tx_pair_count(const struct qn_tx *tx);
void qn_tx_write_kind(struct qn_writer *w, const struct qn_tx *tx);
/* *key_err: see qn_read_public_key_at. */
void qn_tx_read_kind(struct qn_reader *in, struct qn_map_reader *map, struct qn_tx *tx,
                     enum qn_err *key_err);

#endif
