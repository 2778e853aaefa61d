/* How the ledger lies in storage. Numbers in keys are 8 bytes, big-endian, so that they sort.
 *
 *   'b' height     block, encoded
 *   'c' height     finalization certificate, encoded
 *   't' tx id      {1: height, 2: registry index}
 *   'e' leaf key   {1: value, 2: extra (may lack)}: a leaf of the state tree that is not as in genesis
 *   's' ...         a snapshot on its way here: snapshot_store.h
 *   'm' level index, 'l', 'l' height   history_store.h, past_state.h
 *   'n' epoch      {1: height of its first block, 2: [spki of a member, in their order]}; not of epoch 0
 *   'v' epoch view kind, 'w'   own votes: node/vote_log.h
 *   'x' target     a ban by the operator: peer/bans.h
 *   'k' page       the address book: peer/address_book.h
 *   'h'            {1: height, 2: block id, 3: [peak of the history before that block],
 *                   4: transactions kept under 't', 5: height of the oldest of them or below} */
#ifndef QN_STORE_KEYS_H
#define QN_STORE_KEYS_H

#include "ledger/history.h"
#include "ledger/storage.h"
#include "wire/validator_set.h"

enum qn_store_kind {
    QN_STORE_BLOCK = 'b',
    QN_STORE_CERT = 'c',
    QN_STORE_TX = 't',
    QN_STORE_LEAF = 'e',
    QN_STORE_EPOCH = 'n',
    QN_STORE_HEAD = 'h',
    QN_STORE_SNAPSHOT = 's', /* snapshot_store.h */
    QN_STORE_HISTORY = 'm',
    QN_STORE_PAST = 'l',
    QN_STORE_VOTE = 'v',
    QN_STORE_VOTE_HEAD = 'w',
    QN_STORE_BAN = 'x',
    QN_STORE_BOOK = 'k',
};

struct qn_store_key {
    uint8_t len;
    uint8_t bytes[1 + QN_HASH_LEN];
};
struct qn_store_key qn_store_key_height(enum qn_store_kind kind, uint64_t height);
struct qn_store_key qn_store_key_hash(enum qn_store_kind kind, const struct qn_hash *hash);
/* The kind alone: the head's key, and where a walk over a kind begins. */
struct qn_store_key qn_store_key_kind(enum qn_store_kind kind);
static inline struct qn_span qn_store_key_span(const struct qn_store_key *key)
{
    return (struct qn_span){key->bytes, key->len};
}
/* The inverses: false if span is not a key of this kind. */
bool qn_store_key_is_height(uint64_t *height, enum qn_store_kind kind, struct qn_span key);
bool qn_store_key_is_hash(struct qn_hash *hash, enum qn_store_kind kind, struct qn_span key);

struct qn_store_tx {
    uint64_t height;
    uint64_t registry_index;
};
struct qn_buf *qn_store_tx_encode(const struct qn_store_tx *tx);
QN_MUST_USE enum qn_err qn_store_tx_decode(struct qn_store_tx *tx, struct qn_span bytes);

/* extra.at NULL: none. */
struct qn_store_leaf {
    struct qn_span value;
    struct qn_span extra;
};
struct qn_buf *qn_store_leaf_encode(const struct qn_store_leaf *leaf);
QN_MUST_USE enum qn_err qn_store_leaf_decode(struct qn_store_leaf *leaf, struct qn_span bytes);

/* The committee of an epoch. Decoded: the set is the caller's to free. */
struct qn_store_epoch {
    uint64_t first_height;
    struct qn_validator_set set;
};
struct qn_buf *qn_store_epoch_encode(const struct qn_store_epoch *epoch);
QN_MUST_USE enum qn_err qn_store_epoch_decode(struct qn_store_epoch *epoch, struct qn_span bytes);

struct qn_store_head {
    uint64_t height;
    struct qn_hash block_id;
    struct qn_history history; /* before that block: its count is height */
    uint64_t tx_count;
    uint64_t tx_first_height;
};
struct qn_buf *qn_store_head_encode(const struct qn_store_head *head);
QN_MUST_USE enum qn_err qn_store_head_decode(struct qn_store_head *head, struct qn_span bytes);

#endif
