/* An entry, or none, in the state tree: ledger/state_tree.h says how the tree is made. */
#include "verify/parts.h"

#include <string.h>

static unsigned bit(const uint8_t *key, size_t depth)
{
    return (key[depth / 8] >> (7 - depth % 8)) & 1U;
}

/* Does the leaf stand on the path of key, so that key could only be here? */
static bool is_on_path(const uint8_t *leaf_key, const uint8_t *key, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        if (bit(leaf_key, i) != bit(key, i)) {
            return false;
        }
    }
    return true;
}

static bool leaf_proves(const struct qn_proof_state_path *path, const uint8_t *key,
                        const uint8_t *value_hash)
{
    if (value_hash != NULL) {
        return path->has_leaf && qn_proof_hash_equal(path->leaf_key, key) &&
               qn_proof_hash_equal(path->leaf_value_hash, value_hash);
    }
    return !path->has_leaf || (!qn_proof_hash_equal(path->leaf_key, key) &&
                               is_on_path(path->leaf_key, key, path->siblings.count));
}

static bool leaf_hash(const struct qnet_verify_crypto *crypto,
                      const struct qn_proof_state_path *path, uint8_t hash[QNET_HASH_LEN])
{
    static const uint8_t leaf_prefix = 0;
    if (!path->has_leaf) {
        memset(hash, 0, QNET_HASH_LEN);
        return true;
    }
    const struct qnet_span parts[] = {
        {&leaf_prefix, 1}, {path->leaf_key, QNET_HASH_LEN}, {path->leaf_value_hash, QNET_HASH_LEN}};
    return crypto->sha3_256(crypto->context, hash, parts, QN_ARRAY_COUNT(parts));
}

/* The siblings come root side first, and are needed leaf side first. */
static bool root_of(const struct qnet_verify_crypto *crypto, const struct qn_proof_state_path *path,
                    const uint8_t *key, uint8_t root[QNET_HASH_LEN])
{
    uint8_t siblings[QN_PROOF_DEPTH_MAX][QNET_HASH_LEN];
    struct qn_proof_hashes hashes = path->siblings;

    for (size_t i = 0; i < hashes.count; i++) {
        qn_proof_next_hash(&hashes, siblings[i]);
    }
    if (!leaf_hash(crypto, path, root)) {
        return false;
    }
    for (size_t depth = hashes.count; depth-- > 0;) {
        bool is_right = bit(key, depth) != 0;
        const uint8_t *sibling = siblings[depth];
        if (!qn_proof_inner(crypto, root, is_right ? sibling : root, is_right ? root : sibling)) {
            return false;
        }
    }
    return true;
}

enum qnet_verify_status qn_proof_check_state(const struct qn_proof_check *check,
                                             const struct qn_proof_bundle *bundle)
{
    uint8_t key[QNET_HASH_LEN];
    uint8_t value_hash[QNET_HASH_LEN];
    uint8_t root[QNET_HASH_LEN];
    bool is_member = bundle->entry_bytes.at != NULL;

    if (is_member && !qn_proof_hash_equal(bundle->entry_id, bundle->node_id)) {
        return QNET_VERIFY_ENTRY;
    }
    if (!qn_proof_sha3(check->crypto, key, (struct qnet_span){bundle->node_id, QNET_HASH_LEN}) ||
        (is_member && !qn_proof_sha3(check->crypto, value_hash, bundle->entry_bytes))) {
        return QNET_VERIFY_CRYPTO;
    }
    if (!leaf_proves(&bundle->path, key, is_member ? value_hash : NULL)) {
        return QNET_VERIFY_STATE;
    }
    if (!root_of(check->crypto, &bundle->path, key, root)) {
        return QNET_VERIFY_CRYPTO;
    }
    return qn_proof_hash_equal(root, bundle->header.state_root) ? QNET_VERIFY_OK
                                                                : QNET_VERIFY_STATE;
}
