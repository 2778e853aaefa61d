#include "ledger/state_tree.h"
#include "ledger/tree_node.h"
#include "wire/cbor.h"

void qn_tree_prove(const struct qn_tree_node *tree, struct qn_tree_proof *proof,
                   const struct qn_hash *key)
{
    size_t depth = 0;

    while (tree != NULL && !tree->is_leaf) {
        const struct qn_tree_inner *inner = qn_tree_inner_of(tree);
        unsigned side = qn_tree_bit(key, depth);
        QN_ASSERT(depth < QN_PROOF_DEPTH_MAX);
        proof->siblings[depth] = qn_tree_root(inner->children[1 - side]);
        depth += 1;
        tree = inner->children[side];
    }
    proof->sibling_count = depth;
    proof->has_leaf = tree != NULL;
    proof->leaf_key = tree == NULL ? (struct qn_hash){0} : qn_tree_leaf_of(tree)->key;
    proof->leaf_value_hash = tree == NULL ? (struct qn_hash){0} : qn_tree_leaf_of(tree)->value_hash;
}

/* Does the leaf of the proof stand on the path of key, so that key could only be here? */
static bool leaf_is_on_path(const struct qn_tree_proof *proof, const struct qn_hash *key)
{
    for (size_t depth = 0; depth < proof->sibling_count; depth++) {
        if (qn_tree_bit(&proof->leaf_key, depth) != qn_tree_bit(key, depth)) {
            return false;
        }
    }
    return true;
}

static bool leaf_proves(const struct qn_tree_proof *proof, const struct qn_hash *key,
                        const struct qn_hash *value_hash)
{
    if (value_hash != NULL) {
        return proof->has_leaf && qn_hash_equal(&proof->leaf_key, key) &&
               qn_hash_equal(&proof->leaf_value_hash, value_hash);
    }
    if (!proof->has_leaf) {
        return true;
    }
    return !qn_hash_equal(&proof->leaf_key, key) && leaf_is_on_path(proof, key);
}

bool qn_tree_proof_holds(const struct qn_tree_proof *proof, const struct qn_hash *root,
                         const struct qn_hash *key, const struct qn_hash *value_hash)
{
    if (proof->sibling_count > QN_PROOF_DEPTH_MAX || !leaf_proves(proof, key, value_hash)) {
        return false;
    }
    struct qn_hash hash = {0};
    if (proof->has_leaf) {
        hash = qn_tree_leaf_hash(&proof->leaf_key, &proof->leaf_value_hash);
    }
    for (size_t depth = proof->sibling_count; depth > 0; depth--) {
        const struct qn_hash *sibling = &proof->siblings[depth - 1];
        hash = qn_tree_bit(key, depth - 1) == 0 ? qn_tree_inner_hash(&hash, sibling)
                                                : qn_tree_inner_hash(sibling, &hash);
    }
    return qn_hash_equal(&hash, root);
}

enum qn_err qn_tree_proof_encode(const struct qn_tree_proof *proof, uint8_t *out, size_t capacity,
                                 struct qn_span *bytes)
{
    struct qn_writer w;

    QN_ASSERT(proof->sibling_count <= QN_PROOF_DEPTH_MAX);
    qn_writer_init(&w, out, capacity);
    qn_write_map(&w, proof->has_leaf ? 3 : 1);
    qn_write_key(&w, 1);
    qn_write_array(&w, proof->sibling_count);
    for (size_t i = 0; i < proof->sibling_count; i++) {
        qn_write_bytes(&w, proof->siblings[i].bytes, QN_HASH_LEN);
    }
    if (proof->has_leaf) {
        qn_write_key(&w, 2);
        qn_write_bytes(&w, proof->leaf_key.bytes, QN_HASH_LEN);
        qn_write_key(&w, 3);
        qn_write_bytes(&w, proof->leaf_value_hash.bytes, QN_HASH_LEN);
    }
    return qn_writer_done(&w, bytes);
}

/* Reads into *proof, which is then only worth something if nothing failed. */
static void read_proof(struct qn_reader *in, struct qn_tree_proof *proof)
{
    struct qn_map_reader map = qn_read_map(in);

    qn_read_key(in, &map, 1);
    proof->sibling_count = qn_read_array(in, 0, QN_PROOF_DEPTH_MAX);
    for (size_t i = 0; i < proof->sibling_count; i++) {
        qn_read_fixed(in, proof->siblings[i].bytes, QN_HASH_LEN);
    }
    proof->has_leaf = qn_read_key_if(in, &map, 2);
    if (proof->has_leaf) {
        qn_read_fixed(in, proof->leaf_key.bytes, QN_HASH_LEN);
        qn_read_key(in, &map, 3);
        qn_read_fixed(in, proof->leaf_value_hash.bytes, QN_HASH_LEN);
    }
    qn_read_map_end(in, &map);
}

enum qn_err qn_tree_proof_decode(struct qn_tree_proof *proof, struct qn_span bytes)
{
    struct qn_tree_proof result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    read_proof(&in, &result);
    enum qn_err err = qn_reader_done(&in);
    if (err != QN_OK) {
        return err;
    }
    *proof = result;
    return QN_OK;
}
