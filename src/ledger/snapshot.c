#include "ledger/snapshot.h"

#include "ledger/registry_record.h"
#include "ledger/state.h"
#include "ledger/tree_node.h"

#include <string.h>

_Static_assert((int)QN_STATE_PROOF_LEN_MAX == (int)QN_PROOF_LEN_MAX, "a proof fits in a manifest");

/* Bit number i of a prefix, the first being 0. */
static unsigned prefix_bit(struct qn_prefix prefix, size_t i)
{
    return prefix.bits >> (prefix.depth - 1U - i) & 1U;
}

static bool is_below(const struct qn_hash *key, struct qn_prefix prefix, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        if (qn_tree_bit(key, i) != prefix_bit(prefix, i)) {
            return false;
        }
    }
    return true;
}

/* ---- making ---- */

struct collect {
    struct qn_snapshot *reply;
    size_t bytes;
    size_t bytes_max;
    bool overflow;
};

static bool collect_leaf(void *context, const struct qn_hash *key, struct qn_buf *value,
                         struct qn_buf *extra)
{
    struct collect *collect = context;
    size_t extra_len = extra == NULL ? 0 : extra->len;

    collect->bytes += QN_HASH_LEN + value->len + extra_len + 16;
    if (collect->bytes > collect->bytes_max ||
        collect->reply->chunk.leaf_count == QN_SNAPSHOT_LEAVES_MAX) {
        collect->overflow = true;
        return false;
    }
    struct qn_snapshot_leaf *leaf =
        &collect->reply->chunk.leaves[collect->reply->chunk.leaf_count++];
    *leaf = (struct qn_snapshot_leaf){.key = *key, .value = qn_buf_span(value)};
    if (extra != NULL) {
        leaf->extra = qn_buf_span(extra);
    }
    return true;
}

static enum qn_err split(struct qn_snapshot *reply, const struct qn_tree_node *at,
                         struct qn_prefix prefix)
{
    QN_ASSERT(at != NULL); /* it has more leaves than fit */
    if (at->is_leaf || prefix.depth == QN_SNAPSHOT_DEPTH_MAX) {
        return QN_ERR_TOO_BIG;
    }
    reply->chunk.has_leaves = false;
    reply->chunk.leaf_count = 0;
    reply->chunk.has_children = true;
    reply->chunk.children[0] = qn_tree_root(qn_tree_inner_of(at)->children[0]);
    reply->chunk.children[1] = qn_tree_root(qn_tree_inner_of(at)->children[1]);
    return QN_OK;
}

enum qn_err qn_snapshot_chunk_make(struct qn_snapshot *reply, const struct qn_tree_node *tree,
                                   struct qn_prefix prefix, const struct qn_hash *held,
                                   size_t bytes_max)
{
    const struct qn_tree_node *at = tree;
    size_t depth = 0;

    reply->part = QN_SNAPSHOT_CHUNK;
    reply->chunk.leaf_count = 0;
    reply->chunk.has_children = false;
    while (depth < prefix.depth && at != NULL && !at->is_leaf) {
        unsigned side = prefix_bit(prefix, depth);
        reply->chunk.siblings[depth] = qn_tree_root(qn_tree_inner_of(at)->children[1 - side]);
        at = qn_tree_inner_of(at)->children[side];
        depth += 1;
    }
    reply->chunk.sibling_count = depth;
    struct qn_hash root = qn_tree_root(at);
    reply->chunk.has_leaves = held == NULL || !qn_hash_equal(&root, held);
    if (!reply->chunk.has_leaves) {
        return QN_OK;
    }
    struct collect collect = {
        .reply = reply,
        .bytes_max = bytes_max < QN_CHUNK_LEN_MAX ? bytes_max : QN_CHUNK_LEN_MAX,
    };
    qn_tree_walk(at, collect_leaf, &collect);
    return collect.overflow ? split(reply, at, prefix) : QN_OK;
}

/* ---- checking ---- */

/* What stands beside a leaf is not hashed with it: an entry fixes its key by a hash of its own, all other
 * leaves have nothing. */
static bool extra_fits(const struct qn_snapshot_leaf *leaf)
{
    struct qn_registry_entry entry;
    struct qn_public_key key;

    if (qn_registry_entry_decode(&entry, leaf->value) == QN_OK) {
        struct qn_hash entry_key = qn_state_entry_key(&entry.id);
        if (qn_hash_equal(&entry_key, &leaf->key)) {
            struct qn_hash hash = qn_sha3(leaf->extra);
            return qn_hash_equal(&hash, &entry.key_hash) &&
                   qn_public_key_from_spki(&key, leaf->extra) == QN_OK;
        }
    }
    return leaf->extra.len == 0;
}

static enum qn_err check_leaves(const struct qn_snapshot *reply, struct qn_prefix prefix)
{
    /* Above its place there is but one leaf, or none. */
    if (reply->chunk.sibling_count < prefix.depth && reply->chunk.leaf_count > 1) {
        return QN_ERR_MALFORMED;
    }
    for (size_t i = 0; i < reply->chunk.leaf_count; i++) {
        const struct qn_snapshot_leaf *leaf = &reply->chunk.leaves[i];
        bool ascends =
            i == 0 || memcmp(leaf[-1].key.bytes, leaf->key.bytes, sizeof leaf->key.bytes) < 0;
        if (!ascends || !is_below(&leaf->key, prefix, reply->chunk.sibling_count) ||
            !extra_fits(leaf)) {
            return QN_ERR_MALFORMED;
        }
    }
    return QN_OK;
}

static struct qn_tree_node *build(const struct qn_snapshot *reply)
{
    static const struct qn_tree_item none;
    struct qn_tree_item items[QN_SNAPSHOT_LEAVES_MAX];
    size_t count = reply->chunk.leaf_count;

    items[0] = none; /* nobody reads it if there is no leaf, but gcc cannot tell */
    for (size_t i = 0; i < count; i++) {
        const struct qn_snapshot_leaf *leaf = &reply->chunk.leaves[i];
        items[i] = none;
        items[i].key = leaf->key;
        items[i].value = qn_buf_copy(leaf->value);
        items[i].extra = leaf->extra.len > 0 ? qn_buf_copy(leaf->extra) : NULL;
    }
    struct qn_tree_node *subtree = qn_tree_build(items, count, reply->chunk.sibling_count);
    for (size_t i = 0; i < count; i++) {
        qn_buf_drop(items[i].value);
        qn_buf_drop(items[i].extra);
    }
    return subtree;
}

static bool leads_to(const struct qn_snapshot *reply, struct qn_hash hash, struct qn_prefix prefix,
                     const struct qn_hash *state_root)
{
    for (size_t depth = reply->chunk.sibling_count; depth > 0; depth--) {
        const struct qn_hash *sibling = &reply->chunk.siblings[depth - 1];
        hash = prefix_bit(prefix, depth - 1) == 0 ? qn_tree_inner_hash(&hash, sibling)
                                                  : qn_tree_inner_hash(sibling, &hash);
    }
    return qn_hash_equal(&hash, state_root);
}

/* A leaf that stands higher belongs to one of the places below it only. Takes over the reference. */
static struct qn_tree_node *only_below(struct qn_tree_node *subtree,
                                       const struct qn_snapshot *reply, struct qn_prefix prefix)
{
    if (reply->chunk.leaf_count == 1 &&
        !is_below(&reply->chunk.leaves[0].key, prefix, prefix.depth)) {
        qn_tree_drop(subtree);
        return NULL;
    }
    return subtree;
}

static enum qn_err check_content(struct qn_chunk *chunk, const struct qn_snapshot *reply,
                                 struct qn_prefix prefix, const struct qn_hash *state_root)
{
    enum qn_err err = check_leaves(reply, prefix);

    if (err != QN_OK) {
        return err;
    }
    struct qn_tree_node *subtree = build(reply);
    if (!leads_to(reply, qn_tree_root(subtree), prefix, state_root)) {
        qn_tree_drop(subtree);
        return QN_ERR_WRONG_ROOT;
    }
    *chunk =
        (struct qn_chunk){.kind = QN_CHUNK_LEAVES, .subtree = only_below(subtree, reply, prefix)};
    return QN_OK;
}

enum qn_err qn_snapshot_chunk_rebuild(struct qn_tree_node **subtree,
                                      const struct qn_snapshot *reply, struct qn_prefix prefix)
{
    if (reply->part != QN_SNAPSHOT_CHUNK || !reply->chunk.has_leaves ||
        reply->chunk.sibling_count > prefix.depth || check_leaves(reply, prefix) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    *subtree = only_below(build(reply), reply, prefix);
    return QN_OK;
}

enum qn_err qn_snapshot_chunk_check(struct qn_chunk *chunk, const struct qn_snapshot *reply,
                                    struct qn_prefix prefix, const struct qn_hash *state_root,
                                    const struct qn_hash *held)
{
    if (reply->part != QN_SNAPSHOT_CHUNK || reply->chunk.sibling_count > prefix.depth) {
        return QN_ERR_MALFORMED;
    }
    if (reply->chunk.has_leaves) {
        return check_content(chunk, reply, prefix, state_root);
    }
    if (reply->chunk.has_children) {
        struct qn_hash inner =
            qn_tree_inner_hash(&reply->chunk.children[0], &reply->chunk.children[1]);
        bool can_split =
            reply->chunk.sibling_count == prefix.depth && prefix.depth < QN_SNAPSHOT_DEPTH_MAX;
        if (!can_split) {
            return QN_ERR_MALFORMED;
        }
        *chunk = (struct qn_chunk){.kind = QN_CHUNK_SPLIT};
        return leads_to(reply, inner, prefix, state_root) ? QN_OK : QN_ERR_WRONG_ROOT;
    }
    if (held == NULL) {
        return QN_ERR_MALFORMED;
    }
    *chunk = (struct qn_chunk){.kind = QN_CHUNK_AS_HELD};
    return leads_to(reply, *held, prefix, state_root) ? QN_OK : QN_ERR_WRONG_ROOT;
}
