/* What a ledger holds; for the files of this folder that make up ledger.h. */
#ifndef QN_LEDGER_STATE_H
#define QN_LEDGER_STATE_H

#include "ledger/block_state.h"
#include "ledger/id_table.h"
#include "ledger/ledger.h"
#include "ledger/past_state.h"

enum {
    QN_LEDGER_STATES_MAX = 256,   /* executed blocks that are not final */
    QN_LEDGER_TXS_KEPT = 65536,   /* final transactions remembered, at least */
    QN_LEDGER_PRUNE_STEPS = 16,   /* blocks looked at for old transactions at each commit */
    QN_LEDGER_CERTS_KEPT = 4096,  /* certificates of the last blocks; below, one in */
    QN_LEDGER_CERT_STRIDE = 1024, /* so many blocks */
};

/* The state after a block whose height is a multiple of QN_LEDGER_CERT_STRIDE, kept to be served. */
struct qn_checkpoint {
    struct qn_block *block; /* NULL: none */
    struct qn_tree_node *tree;
    struct qn_history history; /* before the block */
    uint64_t anchor;           /* height at or above it with a certificate; 0: none yet */
    struct qn_buf *cert;       /* the anchor's */
};
/* Two that are proved, and one that may not be yet. */
enum { QN_LEDGER_CHECKPOINTS_MAX = 3 };

struct qn_ledger {
    const struct qn_genesis *genesis;
    const struct qn_storage *storage;
    struct qn_block *genesis_block;
    struct qn_block_state *tip; /* the last final block: one of recent */
    /* The last final blocks, at their height modulo the length; they own their states. */
    struct qn_block_state *recent[QN_LEDGER_RECENT_MAX];
    /* Executed blocks above the tip, in the order of their execution; owned. */
    size_t state_count;
    struct qn_block_state *states[QN_LEDGER_STATES_MAX];
    uint64_t tx_count; /* kept in storage */
    uint64_t tx_first_height;
    struct qn_id_table ids;
    struct qn_checkpoint checkpoints[QN_LEDGER_CHECKPOINTS_MAX]; /* the newest first */
    struct qn_past *past; /* owned; what it keeps of past trees is no part of the ledger's state */
};

/* The tip or an executed block; NULL if unknown. */
struct qn_block_state *qn_ledger_find_state(const struct qn_ledger *ledger,
                                            const struct qn_hash *block_id);
/* Keeps an executed block, of which it takes over the ownership. If there is no room, the lowest block
 * without children makes room, never the new one's parent. QN_ERR_FULL: there is none; child is freed. */
QN_MUST_USE enum qn_err qn_ledger_keep_state(struct qn_ledger *ledger,
                                             struct qn_block_state *child);
/* A final block that is held in memory, or NULL. */
const struct qn_block_state *qn_ledger_find_recent(const struct qn_ledger *ledger, uint64_t height);
/* Makes child the tip; the state of the one before it is released. */
void qn_ledger_set_tip(struct qn_ledger *ledger, struct qn_block_state *child);
/* Fills the ledger, in which nothing but genesis and storage is set yet. */
QN_MUST_USE enum qn_err qn_ledger_load(struct qn_ledger *ledger);

/* ---- snapshot_checkpoint.c ---- */
/* The tip moved to this block: it may be a checkpoint, or prove one. */
void qn_ledger_note_checkpoint(struct qn_ledger *ledger);
/* Of those that are proved; height 0: the newest. NULL: not held. */
const struct qn_checkpoint *qn_ledger_find_checkpoint(const struct qn_ledger *ledger,
                                                      uint64_t height);
void qn_ledger_drop_checkpoints(struct qn_ledger *ledger);

#endif
