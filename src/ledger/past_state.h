/* States of past heights. Each block that changes the state leaves behind what was there before; so the tree of
 * a past height is that of a later one with the changes between them undone. Trees share their nodes, so that
 * costs memory for what differs only.
 *
 *   'l'          {1: lowest height whose state can be had, 2: height of the last change or that lowest one}
 *   'l' height   {1: height of the change before or that lowest one, 2: [[leaf key, value (lacks: no leaf)]]}
 *
 * Values come without what the tree keeps beside them: past trees are for proofs. */
#ifndef QN_PAST_STATE_H
#define QN_PAST_STATE_H

#include "ledger/state_tree.h"
#include "ledger/storage.h"

enum {
    QN_PAST_TREES_MAX = 2,         /* rebuilt trees that are kept */
    QN_PAST_LEAVES_PER_CALL = 256, /* undone in one call, up to a block more: a few milliseconds */
    QN_PAST_UNSTORED_MAX =
        64, /* changes that storage may lack still: as far as it may lag behind */
    QN_PAST_LEAVES_PER_BLOCK = 4096, /* that one block may change */
};

/* A tree of a past height. */
struct qn_past_tree {
    bool is_used;
    bool is_partial; /* on the way to a lower height */
    uint64_t height;
    uint64_t last_change; /* up to height: the next one to be undone */
    uint64_t used;        /* by the clock below */
    struct qn_tree_node *tree;
};

struct qn_past {
    const struct qn_storage *storage; /* not owned */
    uint64_t first_height;
    uint64_t last_change;
    struct {
        uint64_t height;
        struct qn_buf *bytes; /* NULL: none yet */
    } unstored[QN_PAST_UNSTORED_MAX];
    struct qn_past_tree trees[QN_PAST_TREES_MAX];
    uint64_t clock; /* counts uses of the trees */
};

/* What storage knows; nothing: the states before tip_height cannot be had. Errors of storage, QN_ERR_MALFORMED. */
QN_MUST_USE enum qn_err qn_past_init(struct qn_past *past, const struct qn_storage *storage,
                                     uint64_t tip_height);
void qn_past_fini(struct qn_past *past);

/* The block at this height changed these leaves (a key may be there twice) of the tree before it. */
void qn_past_note(struct qn_past *past, struct qn_batch *batch, uint64_t height,
                  const struct qn_tree_node *before, const struct qn_hash *keys, size_t key_count);
/* A ledger that starts with the state of this height, from a snapshot. */
void qn_past_put_start(struct qn_batch *batch, uint64_t height);

/* The tree of a height up to the tip, to be dropped by the caller. It may take several calls, since each does so
 * much and no more; trees of heights near each other are cheaper.
 * QN_ERR_BUSY       call again: *left blocks with changes, at most, are not undone yet
 * QN_ERR_NOT_FOUND  before first_height
 * or errors of storage, QN_ERR_MALFORMED. */
QN_MUST_USE enum qn_err qn_past_tree(struct qn_past *past, struct qn_tree_node **tree,
                                     struct qn_tree_node *tip_tree, uint64_t tip_height,
                                     uint64_t height, uint64_t *left);

#endif
