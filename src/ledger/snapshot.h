/* Snapshots of the state: how the tree of a checkpoint is cut into chunks, what each chunk must prove,
 * and what makes a checkpoint final. wire/snapshot.h has the forms.
 *
 * A chunk is all leaves below a prefix of their keys. It proves itself: its leaves and the siblings on the
 * way up give the state root, or they do not. So chunks may come from anybody, in any order. */
#ifndef QN_LEDGER_SNAPSHOT_H
#define QN_LEDGER_SNAPSHOT_H

#include "ledger/history.h"
#include "ledger/ledger.h"
#include "ledger/state_tree.h"
#include "wire/snapshot.h"

enum {
    QN_CHUNK_ENTRIES_MAX = 112, /* on average: 130 to 260 kB with their keys */
    QN_CHUNK_LEN_MAX =
        QN_MESSAGE_LEN_MAX - 8192, /* leaves of one reply; the proof is beside them */
};

/* ---- serving ---- */

/* Answers a request from the last two checkpoints whose blocks are proved final: SNAPSHOT, one reference,
 * the caller's. QN_ERR_MALFORMED: the request names no place of a tree. QN_ERR_BUSY: what is wanted does
 * not fit into the credit, or cannot be proved here; somebody else may. */
QN_MUST_USE enum qn_err qn_snapshot_serve(const struct qn_ledger *ledger, struct qn_buf **reply,
                                          const struct qn_get_snapshot *request);
/* The encoded header of a committed block and its certificate (NULL: it has none), one reference each.
 * False: the block is not held. */
bool qn_ledger_header_at(const struct qn_ledger *ledger, struct qn_buf **header_bytes,
                         struct qn_buf **cert, uint64_t height);
/* Height of the newest checkpoint that is served; 0: none. */
uint64_t qn_snapshot_newest(const struct qn_ledger *ledger);

/* ---- chunks ---- */

/* A place in the tree: the first depth bits of the keys below it, as a number. */
struct qn_prefix {
    uint32_t bits;
    uint8_t depth; /* 0..QN_SNAPSHOT_DEPTH_MAX */
};
static inline struct qn_prefix qn_prefix_half(struct qn_prefix prefix, unsigned side)
{
    return (struct qn_prefix){prefix.bits << 1 | side, (uint8_t)(prefix.depth + 1)};
}

/* Fills a CHUNK reply (all but height) from the tree, into which its spans point: as held, or the leaves,
 * or, if they exceed bytes_max or QN_SNAPSHOT_LEAVES_MAX, the children. QN_ERR_TOO_BIG: not even those
 * fit. */
QN_MUST_USE enum qn_err qn_snapshot_chunk_make(struct qn_snapshot *reply,
                                               const struct qn_tree_node *tree,
                                               struct qn_prefix prefix, const struct qn_hash *held,
                                               size_t bytes_max);

/* What a good CHUNK reply is worth. */
struct qn_chunk {
    enum qn_chunk_kind {
        QN_CHUNK_LEAVES,
        QN_CHUNK_AS_HELD,
        QN_CHUNK_SPLIT, /* both halves must be asked for */
    } kind;
    struct qn_tree_node *subtree; /* LEAVES: one reference, the caller's; NULL: no leaf is there */
};
/* Checks a decoded CHUNK reply for this place against a state root. held: what the request named, or NULL.
 * QN_ERR_MALFORMED   leaves out of order, beyond the prefix, with a key that is not theirs
 * QN_ERR_WRONG_ROOT  anything else missing, changed or added. */
QN_MUST_USE enum qn_err qn_snapshot_chunk_check(struct qn_chunk *chunk,
                                                const struct qn_snapshot *reply,
                                                struct qn_prefix prefix,
                                                const struct qn_hash *state_root,
                                                const struct qn_hash *held);

/* A chunk that was checked once and lay in storage since: its form is checked again, its place in the state
 * is not. QN_ERR_MALFORMED. */
QN_MUST_USE enum qn_err qn_snapshot_chunk_rebuild(struct qn_tree_node **subtree,
                                                  const struct qn_snapshot *reply,
                                                  struct qn_prefix prefix);

/* ---- checkpoints ---- */

/* What a MANIFEST states, its certificate's signatures apart. Nothing to release but block. */
struct qn_manifest {
    struct qn_block *block; /* the checkpoint; one reference, the caller's */
    struct qn_history history;
    uint64_t view; /* of the certificate */
    uint8_t depth; /* of the chunks to ask for first */
};
/* Checks all of a decoded MANIFEST but its signatures: the block, the way from it to the certificate, the
 * certificate's members, peaks, counters. validators: the committee of the block's epoch.
 * QN_ERR_WRONG_NETWORK, QN_ERR_WRONG_PARENT (the path), QN_ERR_NO_QUORUM (the certificate),
 * QN_ERR_WRONG_ROOT (peaks, counters, committee), QN_ERR_MALFORMED. */
QN_MUST_USE enum qn_err qn_manifest_check(struct qn_manifest *manifest,
                                          const struct qn_snapshot *reply,
                                          const struct qn_network_id *network,
                                          const struct qn_validator_set *validators);

#endif
