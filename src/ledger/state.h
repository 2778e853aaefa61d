/* What the ledger knows after a block, as leaves of one state tree, so that state_root commits to all
 * of it. Leaf keys and values:
 *
 *   entry     SHA3-256(node id)                              registry_record.h; extra: the key's spki
 *   used code SHA3-256("qnet/1/code" || leaf of the code)    {1: node id, 2: height}
 *   counters  SHA3-256("qnet/1/meta")                        {1: next index, 2: active count}
 *   batch     SHA3-256("qnet/1/batch" || root)               {1: batch, 2: height}: issued later
 *   committee SHA3-256("qnet/1/committee")                   committee.h
 *   motions   motion.h
 *
 * Keys of each kind hash inputs of another length than all others, so none can be aimed at another. */
#ifndef QN_STATE_H
#define QN_STATE_H

#include "ledger/genesis.h"
#include "ledger/registry_record.h"
#include "ledger/state_tree.h"

/* Registry indices are below this: 16.7 million identities. */
#define QN_REGISTRY_ENTRIES_MAX ((uint64_t)1 << 24)

struct qn_counters {
    uint64_t next_index;   /* entries ever registered */
    uint64_t active_count; /* those not revoked */
};

/* Owns one reference to tree. */
struct qn_state {
    struct qn_tree_node *tree;
    struct qn_counters counters; /* in the tree only after qn_state_put_counters */
    /* Keys of the leaves put since this version was made, in that order; one may be there twice. */
    size_t touched_count;
    size_t touched_capacity;
    struct qn_hash *touched; /* owned */
};

/* Who used a code, and when. */
struct qn_code_use {
    struct qn_node_id id;
    uint64_t height;
};

struct qn_hash qn_state_entry_key(const struct qn_node_id *id);
struct qn_hash qn_state_code_key(const struct qn_hash *code_leaf);
struct qn_hash qn_state_counters_key(void);
/* SHA3-256(domain || hash). */
struct qn_hash qn_state_key(const char *domain, const uint8_t hash[QN_HASH_LEN]);
struct qn_hash qn_state_committee_key(void);

/* The genesis nodes as entries 0, 1, ... in the order of their bootstrap ids. */
void qn_state_init_genesis(struct qn_state *state, const struct qn_genesis *genesis);
/* A version of its own that shares all nodes; nothing is touched yet. */
void qn_state_copy(struct qn_state *copy, const struct qn_state *state);
void qn_state_fini(struct qn_state *state);

/* QN_ERR_NOT_FOUND; outputs untouched. */
QN_MUST_USE enum qn_err qn_state_entry(const struct qn_state *state,
                                       struct qn_registry_entry *entry,
                                       const struct qn_node_id *id);
QN_MUST_USE enum qn_err qn_state_code_use(const struct qn_state *state, struct qn_code_use *use,
                                          const struct qn_hash *code_leaf);
/* Any leaf; takes over the references to value and extra (may be NULL). */
void qn_state_put(struct qn_state *state, const struct qn_hash *key, struct qn_buf *value,
                  struct qn_buf *extra);
void qn_state_put_entry(struct qn_state *state, const struct qn_registry_entry *entry);
void qn_state_put_code_use(struct qn_state *state, const struct qn_hash *code_leaf,
                           const struct qn_code_use *use);
/* A batch that the committee issued, at this height. QN_ERR_NOT_FOUND; outputs untouched. */
QN_MUST_USE enum qn_err qn_state_batch(const struct qn_state *state,
                                       struct qn_activation_batch *batch, uint64_t *height,
                                       const struct qn_hash *root);
void qn_state_put_batch(struct qn_state *state, const struct qn_activation_batch *batch,
                        uint64_t height);
void qn_state_put_counters(struct qn_state *state);
/* Takes the counters from the tree. QN_ERR_MALFORMED: they are not there. */
QN_MUST_USE enum qn_err qn_state_load_counters(struct qn_state *state);
/* An entry from a leaf. QN_ERR_MALFORMED, QN_ERR_UNKNOWN_SUITE: not one. */
QN_MUST_USE enum qn_err qn_state_entry_decode(struct qn_registry_entry *entry,
                                              const struct qn_buf *value,
                                              const struct qn_buf *extra);

#endif
