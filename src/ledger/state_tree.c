#include "ledger/state_tree.h"

#include "base/pool.h"
#include "ledger/merkle.h"
#include "ledger/tree_node.h"

#include <string.h>

enum { KEY_BITS = 8 * QN_HASH_LEN };

_Static_assert((int)QN_PROOF_DEPTH_MAX == (int)KEY_BITS, "a proof reaches the deepest leaf");

struct qn_hash qn_tree_leaf_hash(const struct qn_hash *key, const struct qn_hash *value_hash)
{
    uint8_t both[2 * QN_HASH_LEN];

    memcpy(both, key->bytes, QN_HASH_LEN);
    memcpy(both + QN_HASH_LEN, value_hash->bytes, QN_HASH_LEN);
    return qn_merkle_leaf((struct qn_span){both, sizeof both});
}

struct qn_hash qn_tree_inner_hash(const struct qn_hash *left, const struct qn_hash *right)
{
    return qn_merkle_inner(left, right);
}

struct qn_hash qn_tree_root(const struct qn_tree_node *tree)
{
    return tree == NULL ? (struct qn_hash){0} : tree->hash;
}

struct qn_tree_node *qn_tree_hold(struct qn_tree_node *tree)
{
    if (tree != NULL) {
        QN_ASSERT(tree->references > 0 && tree->references < UINT32_MAX);
        tree->references += 1;
    }
    return tree;
}

/* Recursion as deep as the tree, KEY_BITS at most. */
void qn_tree_drop(struct qn_tree_node *tree)
{
    if (tree == NULL) {
        return;
    }
    QN_ASSERT(tree->references > 0);
    tree->references -= 1;
    if (tree->references > 0) {
        return;
    }
    if (tree->is_leaf) {
        qn_buf_drop(qn_tree_leaf_of(tree)->value);
        qn_buf_drop(qn_tree_leaf_of(tree)->extra);
        qn_pool_give(tree, sizeof(struct qn_tree_leaf));
    } else {
        qn_tree_drop(qn_tree_inner_of(tree)->children[0]);
        qn_tree_drop(qn_tree_inner_of(tree)->children[1]);
        qn_pool_give(tree, sizeof(struct qn_tree_inner));
    }
}

static struct qn_tree_node *new_leaf(const struct qn_hash *key, struct qn_buf *value,
                                     struct qn_buf *extra)
{
    struct qn_tree_leaf *leaf = qn_pool_take(sizeof *leaf);

    *leaf = (struct qn_tree_leaf){
        .key = *key,
        .value_hash = qn_sha3(qn_buf_span(value)),
        .value = qn_buf_hold(value),
        .extra = extra == NULL ? NULL : qn_buf_hold(extra),
    };
    leaf->node.references = 1;
    leaf->node.is_leaf = true;
    leaf->node.hash = qn_tree_leaf_hash(&leaf->key, &leaf->value_hash);
    return &leaf->node;
}

/* Takes over the references on both children; side is the place of child, other that of its sibling. */
static struct qn_tree_node *new_inner(unsigned side, struct qn_tree_node *child,
                                      struct qn_tree_node *sibling)
{
    struct qn_tree_inner *inner = qn_pool_take(sizeof *inner);

    inner->node.references = 1;
    inner->node.is_leaf = false;
    inner->children[side] = child;
    inner->children[1 - side] = sibling;
    struct qn_hash left = qn_tree_root(inner->children[0]);
    struct qn_hash right = qn_tree_root(inner->children[1]);
    inner->node.hash = qn_tree_inner_hash(&left, &right);
    return &inner->node;
}

/* The subtree at depth that holds the old leaf and the new one (whose reference it takes over): inner
 * nodes with one empty side down to the bit in which the keys differ. */
static struct qn_tree_node *split_leaf(struct qn_tree_node *old_leaf, struct qn_tree_node *leaf,
                                       size_t depth)
{
    const struct qn_hash *old_key = &qn_tree_leaf_of(old_leaf)->key;
    const struct qn_hash *key = &qn_tree_leaf_of(leaf)->key;
    size_t differ = depth;

    while (qn_tree_bit(old_key, differ) == qn_tree_bit(key, differ)) {
        differ += 1;
        QN_ASSERT(differ < KEY_BITS);
    }
    struct qn_tree_node *subtree =
        new_inner(qn_tree_bit(key, differ), leaf, qn_tree_hold(old_leaf));
    while (differ > depth) {
        differ -= 1;
        subtree = new_inner(qn_tree_bit(key, differ), subtree, NULL);
    }
    return subtree;
}

struct qn_tree_node *qn_tree_put(struct qn_tree_node *tree, const struct qn_hash *key,
                                 struct qn_buf *value, struct qn_buf *extra)
{
    const struct qn_tree_inner *path[KEY_BITS];
    size_t depth = 0;
    struct qn_tree_node *at = tree;

    while (at != NULL && !at->is_leaf) {
        QN_ASSERT(depth < KEY_BITS);
        path[depth] = qn_tree_inner_of(at);
        at = path[depth]->children[qn_tree_bit(key, depth)];
        depth += 1;
    }
    struct qn_tree_node *subtree = new_leaf(key, value, extra);
    if (at != NULL && !qn_hash_equal(&qn_tree_leaf_of(at)->key, key)) {
        subtree = split_leaf(at, subtree, depth);
    }
    while (depth > 0) {
        depth -= 1;
        unsigned side = qn_tree_bit(key, depth);
        subtree = new_inner(side, subtree, qn_tree_hold(path[depth]->children[1 - side]));
    }
    return subtree;
}

struct qn_tree_node *qn_tree_join(struct qn_tree_node *left, struct qn_tree_node *right)
{
    if (right == NULL && (left == NULL || left->is_leaf)) {
        return left;
    }
    if (left == NULL && right->is_leaf) {
        return right;
    }
    return new_inner(0, left, right);
}

struct qn_tree_node *qn_tree_remove(struct qn_tree_node *tree, const struct qn_hash *key)
{
    const struct qn_tree_inner *path[KEY_BITS];
    size_t depth = 0;
    const struct qn_tree_node *at = tree;

    while (at != NULL && !at->is_leaf) {
        QN_ASSERT(depth < KEY_BITS);
        path[depth] = qn_tree_inner_of(at);
        at = path[depth]->children[qn_tree_bit(key, depth)];
        depth += 1;
    }
    if (at == NULL || !qn_hash_equal(&qn_tree_leaf_of(at)->key, key)) {
        return qn_tree_hold(tree);
    }
    struct qn_tree_node *subtree = NULL;
    while (depth > 0) {
        depth -= 1;
        unsigned side = qn_tree_bit(key, depth);
        struct qn_tree_node *sibling = qn_tree_hold(path[depth]->children[1 - side]);
        subtree = side == 0 ? qn_tree_join(subtree, sibling) : qn_tree_join(sibling, subtree);
    }
    return subtree;
}

/* Recursion as deep as the tree. */
static struct qn_tree_node *build(const struct qn_tree_item *items, size_t count, size_t depth)
{
    size_t left = 0;

    if (count == 0) {
        return NULL;
    }
    if (count == 1) {
        return new_leaf(&items[0].key, items[0].value, items[0].extra);
    }
    QN_ASSERT(depth < KEY_BITS);
    while (left < count && qn_tree_bit(&items[left].key, depth) == 0) {
        left += 1;
    }
    return qn_tree_join(build(items, left, depth + 1),
                        build(items + left, count - left, depth + 1));
}

struct qn_tree_node *qn_tree_build(const struct qn_tree_item *items, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        QN_ASSERT(memcmp(items[i - 1].key.bytes, items[i].key.bytes, QN_HASH_LEN) < 0);
    }
    return build(items, count, depth);
}

struct qn_buf *qn_tree_get(const struct qn_tree_node *tree, const struct qn_hash *key,
                           struct qn_buf **extra)
{
    size_t depth = 0;

    while (tree != NULL && !tree->is_leaf) {
        tree = qn_tree_inner_of(tree)->children[qn_tree_bit(key, depth)];
        depth += 1;
    }
    if (tree == NULL || !qn_hash_equal(&qn_tree_leaf_of(tree)->key, key)) {
        return NULL;
    }
    if (extra != NULL) {
        *extra = qn_tree_leaf_of(tree)->extra;
    }
    return qn_tree_leaf_of(tree)->value;
}

typedef bool (*tree_visit)(void *context, const struct qn_hash *key, struct qn_buf *value,
                           struct qn_buf *extra);

static bool walk(const struct qn_tree_node *tree, tree_visit visit, void *context)
{
    if (tree == NULL) {
        return true;
    }
    if (tree->is_leaf) {
        const struct qn_tree_leaf *leaf = qn_tree_leaf_of(tree);
        return visit(context, &leaf->key, leaf->value, leaf->extra);
    }
    return walk(qn_tree_inner_of(tree)->children[0], visit, context) &&
           walk(qn_tree_inner_of(tree)->children[1], visit, context);
}

void qn_tree_walk(const struct qn_tree_node *tree,
                  bool (*visit)(void *context, const struct qn_hash *key, struct qn_buf *value,
                                struct qn_buf *extra),
                  void *context)
{
    (void)walk(tree, visit, context);
}
