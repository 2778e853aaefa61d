#include "ledger/activation.h"

#include "ledger/merkle.h"

_Static_assert((int)QN_ACTIVATION_PATH_MAX < (int)QN_MERKLE_PATH_MAX,
               "a code's path is a Merkle path");

struct qn_hash qn_activation_leaf(const struct qn_public_key *code_key)
{
    return qn_merkle_leaf(qn_public_key_span(code_key));
}

struct qn_hash qn_activation_root(const struct qn_hash *leaves, size_t count)
{
    return qn_merkle_root(leaves, count);
}

size_t qn_activation_path(struct qn_hash path[QN_ACTIVATION_PATH_MAX], const struct qn_hash *leaves,
                          size_t count, size_t index)
{
    QN_ASSERT(count <= (size_t)1 << QN_ACTIVATION_PATH_MAX);
    return qn_merkle_path(path, leaves, count, index);
}

bool qn_activation_path_holds(const struct qn_activation_batch *batch, const struct qn_hash *leaf,
                              uint32_t index, const struct qn_hash *path, size_t path_count)
{
    return qn_merkle_path_holds(&batch->root, leaf, batch->count, index, path, path_count);
}
