/* What the nodes of a state tree are, for state_tree.c and state_proof.c only. */
#ifndef QN_TREE_NODE_H
#define QN_TREE_NODE_H

#include "ledger/state_tree.h"

/* The common head of both kinds of node. */
struct qn_tree_node {
    uint32_t references;
    bool is_leaf;
    struct qn_hash hash;
};

struct qn_tree_leaf {
    struct qn_tree_node node; /* first: a leaf's address is its node's */
    struct qn_hash key;
    struct qn_hash value_hash;
    struct qn_buf *value;
    struct qn_buf *extra; /* may be NULL */
};

struct qn_tree_inner {
    struct qn_tree_node node; /* first */
    struct qn_tree_node *children[2];
};

static inline const struct qn_tree_leaf *qn_tree_leaf_of(const struct qn_tree_node *node)
{
    return (const struct qn_tree_leaf *)node;
}

static inline const struct qn_tree_inner *qn_tree_inner_of(const struct qn_tree_node *node)
{
    return (const struct qn_tree_inner *)node;
}

/* Bit number depth of a key, the most significant bit of the first byte being 0: 0 left, 1 right. */
static inline unsigned qn_tree_bit(const struct qn_hash *key, size_t depth)
{
    return (key->bytes[depth / 8] >> (7 - depth % 8)) & 1U;
}

struct qn_hash qn_tree_leaf_hash(const struct qn_hash *key, const struct qn_hash *value_hash);
struct qn_hash qn_tree_inner_hash(const struct qn_hash *left, const struct qn_hash *right);

#endif
