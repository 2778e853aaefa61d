/* The registry's state as a binary sparse Merkle tree in the compact (Jellyfish) form: a subtree with a
 * single leaf is that leaf. Keys are 32-byte hashes; leaf = SHA3-256(0x00 || key || SHA3-256(value)),
 * inner = SHA3-256(0x01 || left || right), empty = 32 zero bytes.
 *
 * Trees are persistent: put makes a new version that shares all untouched nodes, so the states of several
 * unfinalized blocks, and past states, stand side by side. Nodes are reference-counted; a version is its
 * root. Nothing here blocks or fails but by running out of memory (asserted). */
#ifndef QN_STATE_TREE_H
#define QN_STATE_TREE_H

#include "base/buf.h"
#include "crypto/hash.h"

struct qn_tree_node; /* NULL is the empty tree */

/* A new version with key set to value (hashed) and extra (kept beside it, not hashed; may be NULL).
 * Takes references of its own on value and extra; tree stays valid. The result has one reference. */
struct qn_tree_node *qn_tree_put(struct qn_tree_node *tree, const struct qn_hash *key,
                                 struct qn_buf *value, struct qn_buf *extra);
/* A leaf to be: references stay the caller's. */
struct qn_tree_item {
    struct qn_hash key;
    struct qn_buf *value;
    struct qn_buf *extra; /* may be NULL */
};
/* All at once, much faster than one by one: the subtree of items in strictly ascending order of their
 * keys, which share their first depth bits (asserted), as it stands at that depth of a tree. */
struct qn_tree_node *qn_tree_build(const struct qn_tree_item *items, size_t count, size_t depth);
/* The subtree of which these are the left and the right half. Takes over both references. */
struct qn_tree_node *qn_tree_join(struct qn_tree_node *left, struct qn_tree_node *right);
/* A new version without key, which shares all nodes beside its path; the same version with one reference more
 * if it has no such key. */
struct qn_tree_node *qn_tree_remove(struct qn_tree_node *tree, const struct qn_hash *key);
/* NULL if absent; valid while the tree is held. *extra may be asked for with a non-NULL pointer. */
struct qn_buf *qn_tree_get(const struct qn_tree_node *tree, const struct qn_hash *key,
                           struct qn_buf **extra);
struct qn_hash qn_tree_root(const struct qn_tree_node *tree);
struct qn_tree_node *qn_tree_hold(struct qn_tree_node *tree);
void qn_tree_drop(struct qn_tree_node *tree);
/* In ascending order of keys; stops when visit returns false. */
void qn_tree_walk(const struct qn_tree_node *tree,
                  bool (*visit)(void *context, const struct qn_hash *key, struct qn_buf *value,
                                struct qn_buf *extra),
                  void *context);

/* Proof that key has a value, or that it has none: the siblings from the root down, and the leaf found
 * where key would stand (another key's, or nothing). */
enum { QN_PROOF_DEPTH_MAX = 256, QN_PROOF_LEN_MAX = 34 * QN_PROOF_DEPTH_MAX + 128 };
struct qn_tree_proof {
    size_t sibling_count;
    struct qn_hash siblings[QN_PROOF_DEPTH_MAX]; /* root side first */
    bool has_leaf;
    struct qn_hash leaf_key;
    struct qn_hash leaf_value_hash;
};
void qn_tree_prove(const struct qn_tree_node *tree, struct qn_tree_proof *proof,
                   const struct qn_hash *key);
/* Checks against a root, without a tree. value_hash non-NULL: membership with that value; NULL:
 * non-membership. */
bool qn_tree_proof_holds(const struct qn_tree_proof *proof, const struct qn_hash *root,
                         const struct qn_hash *key, const struct qn_hash *value_hash);
/* {1: [sibling], 2: leaf key, 3: leaf value hash} (2 and 3 lack for an empty place). */
QN_MUST_USE enum qn_err qn_tree_proof_encode(const struct qn_tree_proof *proof, uint8_t *out,
                                             size_t capacity, struct qn_span *bytes);
QN_MUST_USE enum qn_err qn_tree_proof_decode(struct qn_tree_proof *proof, struct qn_span bytes);

#endif
