#include "ledger/merkle.h"

static const uint8_t leaf_prefix = 0;
static const uint8_t inner_prefix = 1;

struct qn_hash qn_merkle_leaf(struct qn_span data)
{
    struct qn_span parts[] = {{&leaf_prefix, 1}, data};

    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

struct qn_hash qn_merkle_inner(const struct qn_hash *left, const struct qn_hash *right)
{
    struct qn_span parts[] = {
        {&inner_prefix, 1}, {left->bytes, QN_HASH_LEN}, {right->bytes, QN_HASH_LEN}};

    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

/* The left subtree of count > 1 leaves is the largest full one that leaves something on the right:
 * exactly what joining pairs level by level makes. */
static size_t left_count(size_t count)
{
    size_t left = 1;

    while (left < count - left) {
        left *= 2;
    }
    return left;
}

/* Recursion as deep as the tree: QN_MERKLE_PATH_MAX at most. */
struct qn_hash qn_merkle_root(const struct qn_hash *leaves, size_t count)
{
    if (count == 0) {
        return (struct qn_hash){0};
    }
    if (count == 1) {
        return leaves[0];
    }
    size_t split = left_count(count);
    struct qn_hash left = qn_merkle_root(leaves, split);
    struct qn_hash right = qn_merkle_root(leaves + split, count - split);
    return qn_merkle_inner(&left, &right);
}

size_t qn_merkle_path(struct qn_hash *path, const struct qn_hash *leaves, size_t count,
                      size_t index)
{
    QN_ASSERT(index < count);
    if (count == 1) {
        return 0;
    }
    size_t split = left_count(count);
    size_t len;
    if (index < split) {
        len = qn_merkle_path(path, leaves, split, index);
        path[len] = qn_merkle_root(leaves + split, count - split);
    } else {
        len = qn_merkle_path(path, leaves + split, count - split, index - split);
        path[len] = qn_merkle_root(leaves, split);
    }
    return len + 1;
}

bool qn_merkle_path_holds(const struct qn_hash *root, const struct qn_hash *leaf, size_t count,
                          size_t index, const struct qn_hash *path, size_t path_count)
{
    struct qn_hash hash = *leaf;
    size_t used = 0;

    if (index >= count) {
        return false;
    }
    for (size_t last = count - 1; last > 0; last /= 2, index /= 2) {
        if (index % 2 == 0 && index == last) {
            continue; /* odd one out: moves up alone */
        }
        if (used == path_count) {
            return false;
        }
        const struct qn_hash *sibling = &path[used];
        hash = index % 2 == 0 ? qn_merkle_inner(&hash, sibling) : qn_merkle_inner(sibling, &hash);
        used += 1;
    }
    return used == path_count && qn_hash_equal(&hash, root);
}
