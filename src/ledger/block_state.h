/* A block with the state after it, of which several stand side by side while they are not final. */
#ifndef QN_BLOCK_STATE_H
#define QN_BLOCK_STATE_H

#include "ledger/committee.h"
#include "ledger/history.h"
#include "ledger/ledger.h"
#include "ledger/state.h"
#include "wire/block.h"

struct qn_block_state {
    const struct qn_block_state *parent; /* not owned; NULL: committed */
    struct qn_block *block;              /* NULL while it is being built */
    struct qn_buf *cert;                 /* committed: of its finalization; may be NULL */
    struct qn_state state;               /* empty in committed blocks below the tip */
    struct qn_history history;           /* over the ids of all blocks before this one */
    struct qn_committee *committee;      /* that votes on the children of this block */
    size_t change_count;
    size_t change_capacity;
    struct qn_ledger_change *changes; /* what each transaction did */
};

/* A child of parent that has no transactions yet and room for this many. Heap. */
struct qn_block_state *qn_block_state_new(const struct qn_block_state *parent,
                                          size_t change_capacity);
/* Block 0 and the state that it starts from. */
struct qn_block_state *qn_block_state_new_genesis(const struct qn_genesis *genesis);
void qn_block_state_free(struct qn_block_state *child);

/* The earliest time that a child of parent may have. */
qn_unix_ms qn_block_time_min(const struct qn_block_state *parent);
/* Checks one transaction in a block of this time and applies it. On error nothing changed. */
QN_MUST_USE enum qn_err qn_block_state_apply(struct qn_block_state *child,
                                             const struct qn_genesis *genesis, qn_unix_ms time_ms,
                                             struct qn_span tx_bytes, const struct qn_hash *tx_id);
/* The tx_root of transactions with these ids; at most QN_BLOCK_TXS_MAX. */
struct qn_hash qn_block_tx_root(const struct qn_hash *tx_ids, size_t tx_count);
/* The header as far as it follows from the parent and these transactions without executing them. */
void qn_block_state_header(const struct qn_block_state *child, struct qn_header *header,
                           const struct qn_genesis *genesis, const struct qn_hash *tx_ids,
                           size_t tx_count, qn_unix_ms time_ms);
/* After the last transaction: the rest of the header, state_root included. */
void qn_block_state_seal(struct qn_block_state *child, struct qn_header *header);

#endif
