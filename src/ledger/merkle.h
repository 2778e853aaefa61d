/* Merkle tree over an ordered list: of activation codes, of a block's transactions.
 *
 * Leaf = SHA3-256(0x00 || data), inner = SHA3-256(0x01 || left || right); pairs join from the left and an
 * odd node moves up alone. So index and count alone fix the shape of a path. */
#ifndef QN_MERKLE_H
#define QN_MERKLE_H

#include "crypto/hash.h"

enum { QN_MERKLE_PATH_MAX = 64 }; /* hashes: one a level */

struct qn_hash qn_merkle_leaf(struct qn_span data);
struct qn_hash qn_merkle_inner(const struct qn_hash *left, const struct qn_hash *right);
/* Root of count leaf hashes; zero for none. */
struct qn_hash qn_merkle_root(const struct qn_hash *leaves, size_t count);
/* Siblings of the leaf at index < count, leaf side first; path holds one hash a level. Returns how many. */
size_t qn_merkle_path(struct qn_hash *path, const struct qn_hash *leaves, size_t count,
                      size_t index);
/* Is this leaf at index of the list of count with this root? Every hash of the path must be used. */
bool qn_merkle_path_holds(const struct qn_hash *root, const struct qn_hash *leaf, size_t count,
                          size_t index, const struct qn_hash *path, size_t path_count);

#endif
