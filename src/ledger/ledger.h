/* The ledger: blocks over the registry. Executes blocks on any recent parent, keeps the states of
 * blocks that are not final yet side by side, and moves the committed tip when consensus says so.
 *
 * Pure: no clock, no signatures verified inside. Whoever calls execute has verified the transactions'
 * signatures (qn_ledger_tx_checks says which). Single-threaded. */
#ifndef QN_LEDGER_H
#define QN_LEDGER_H

#include "ledger/genesis.h"
#include "ledger/registry_record.h"
#include "ledger/state_tree.h"
#include "ledger/storage.h"
#include "wire/transaction.h"

struct qn_ledger;

enum { QN_LEDGER_RECENT_MAX = 64 }; /* final blocks in memory: as far as storage may lag behind */

/* Heap; starts at block 0, or where storage left off. genesis and storage outlive it. */
QN_MUST_USE enum qn_err qn_ledger_new(struct qn_ledger **ledger, const struct qn_genesis *genesis,
                                      const struct qn_storage *storage);
void qn_ledger_free(struct qn_ledger *ledger);
/* Storage's head was put in place by a snapshot: goes on from there, with the state's tree that the caller
 * has (of which it takes a reference). Everything that was executed and all that pointed into the ledger
 * is gone. Errors as of qn_ledger_new; the ledger is then as it was. */
QN_MUST_USE enum qn_err qn_ledger_reload(struct qn_ledger *ledger, struct qn_tree_node *tree);

/* ---- transactions ---- */

/* A signature that must verify before a transaction may be executed. */
struct qn_tx_signature {
    struct qn_public_key key;
    enum qn_sign_kind kind;
    struct qn_hash digest;
    struct qn_span signature; /* into the transaction's bytes */
};
enum { QN_TX_SIGNATURES_MAX = 3 };

/* What remains to be checked of a transaction, slowly and by workers. */
struct qn_tx_checks {
    size_t signature_count; /* 1..QN_TX_SIGNATURES_MAX */
    struct qn_tx_signature signatures[QN_TX_SIGNATURES_MAX];
    bool has_ticket;
    struct qn_ticket ticket;
};

/* Precise verdict on a transaction against the committed state at this time: form, network, expiry,
 * entry, sequence, code, batch, path. QN_OK: it could go into the next block; *checks (may be NULL) then
 * says what is to be verified (into tx_bytes). Otherwise the error, and text (of QN_TEXT_LEN_MAX + 1, may
 * be NULL) explains it to a person, with names and numbers. */
QN_MUST_USE enum qn_err qn_ledger_check_tx(const struct qn_ledger *ledger,
                                           struct qn_tx_checks *checks, char *text,
                                           struct qn_span tx_bytes, qn_unix_ms unix_ms);
/* Like check_tx, against the state after this parent (known by execute), for the transactions of a
 * proposal; expiry is judged by the block's time. */
QN_MUST_USE enum qn_err qn_ledger_tx_checks(const struct qn_ledger *ledger,
                                            struct qn_tx_checks *checks,
                                            const struct qn_hash *parent, struct qn_span tx_bytes);

/* Where a transaction was committed. Remembers the last 65,536 committed ones at least.
 * QN_ERR_NOT_FOUND: never, or too long ago. */
QN_MUST_USE enum qn_err qn_ledger_find_tx(const struct qn_ledger *ledger, uint64_t *height,
                                          uint64_t *registry_index, const struct qn_hash *tx_id);

/* ---- blocks ---- */

/* Makes a block on a parent that was executed (or is the committed tip): takes those of the given
 * transactions, in order, that are valid there and fit. Its state is kept, as after execute. The block
 * has one reference, the caller's. time_ms is raised to parent time + 1 if it is not above it.
 * QN_ERR_NOT_FOUND: unknown parent. QN_ERR_FULL: as with execute. */
QN_MUST_USE enum qn_err qn_ledger_build(struct qn_ledger *ledger, struct qn_block **block,
                                        const struct qn_hash *parent, const struct qn_span *txs,
                                        size_t tx_count, qn_unix_ms time_ms);
/* Checks a block completely against its parent (header fields, roots, every transaction) and keeps its
 * state; again: no-op. unix_ms: now, against which the block's time may be ahead by
 * QN_CLOCK_SKEW_MS_MAX, or be 1 ms after its parent's, however far that is ahead; 0 skips that check (catch-up of
 * final blocks).
 * QN_ERR_NOT_FOUND: parent unknown. QN_ERR_WRONG_ROOT and others: invalid; nothing kept.
 * Holds 256 blocks that are not final; beyond, the lowest one without children makes room and must be
 * executed again if it is wanted after all. QN_ERR_FULL: they are one chain, and this would extend it:
 * twice as many blocks as consensus has views above the final one. */
QN_MUST_USE enum qn_err qn_ledger_execute(struct qn_ledger *ledger, struct qn_block *block,
                                          qn_unix_ms unix_ms);
/* Is the state after this block held (executed or committed tip)? */
bool qn_ledger_knows(const struct qn_ledger *ledger, const struct qn_hash *block_id);

/* What a commit changed, for whoever acts on it (links to close, clients to answer). */
struct qn_ledger_change {
    struct qn_hash tx_id;
    enum qn_tx_kind kind;
    bool in_effect; /* false: a motion that waits for more approvals */
    /* The entry that it is about: of ROTATE the old id, of EVIDENCE the voter; of ISSUE and VALIDATORS the
     * signer, for lack of another. */
    struct qn_node_id id;
    uint64_t index;              /* registry index of id */
    struct qn_node_id successor; /* ROTATE: the new id */
};
struct qn_ledger_commit {
    uint64_t height;
    struct qn_hash block_id;
    bool epoch_end; /* the committee of the next block is another one */
    size_t change_count;
    struct qn_ledger_change changes[QN_BLOCK_TXS_MAX];
    struct qn_batch *batch; /* to be persisted; the caller's to free */
};
/* Makes a child of the committed tip that is known (asserted: execute first) the new tip; drops states
 * that do not descend from it. cert: the encoded finalization certificate of this block, or NULL when a
 * later block's proves it. Batches are applied in this order; the last QN_LEDGER_RECENT_MAX blocks are
 * held in memory as well, so storage may lag behind by so many. */
void qn_ledger_commit(struct qn_ledger *ledger, struct qn_ledger_commit *commit,
                      const struct qn_hash *block_id, struct qn_buf *cert);

/* ---- reading the committed state ---- */

uint64_t qn_ledger_height(const struct qn_ledger *ledger);
/* Of the committed tip; valid until the next commit. */
const struct qn_header *qn_ledger_head(const struct qn_ledger *ledger);
struct qn_hash qn_ledger_head_id(const struct qn_ledger *ledger);
/* Bytes of a committed block and of its certificate, each with one reference; *cert is NULL if it
 * has none of its own. QN_ERR_NOT_FOUND beyond the tip or pruned. Height 0: the genesis block. */
QN_MUST_USE enum qn_err qn_ledger_block(const struct qn_ledger *ledger, struct qn_buf **block,
                                        struct qn_buf **cert, uint64_t height);

/* The committee and the epoch that vote on the block after the committed tip. The set is valid until a commit
 * that ends the epoch. */
const struct qn_validator_set *qn_ledger_validators(const struct qn_ledger *ledger);
uint64_t qn_ledger_epoch(const struct qn_ledger *ledger);
/* A copy of the committee of an epoch, up to the current one, for the caller to free, and the height of the
 * epoch's first block (may be NULL). QN_ERR_NOT_FOUND: not yet, or before the snapshot that this ledger
 * started from; outputs untouched. */
QN_MUST_USE enum qn_err qn_ledger_validators_at(const struct qn_ledger *ledger, uint64_t epoch,
                                                struct qn_validator_set *set,
                                                uint64_t *first_height);

/* Entry of the committed state. QN_ERR_NOT_FOUND; *entry untouched. */
QN_MUST_USE enum qn_err qn_ledger_entry(const struct qn_ledger *ledger,
                                        struct qn_registry_entry *entry,
                                        const struct qn_node_id *id);
QN_MUST_USE enum qn_err qn_ledger_entry_at(const struct qn_ledger *ledger,
                                           struct qn_registry_entry *entry, uint64_t index);
/* Entries ever registered (so valid indices are below it), and those now active (revoked ones not
 * counted; expired ones are, until somebody looks at their time). */
uint64_t qn_ledger_entry_count(const struct qn_ledger *ledger);
uint64_t qn_ledger_active_count(const struct qn_ledger *ledger);
/* Proof of the entry's presence or absence against the head's state_root; *entry_bytes is its hashed
 * encoding with one reference, or NULL if absent. */
void qn_ledger_prove(const struct qn_ledger *ledger, struct qn_tree_proof *proof,
                     struct qn_buf **entry_bytes, const struct qn_node_id *id);
const struct qn_genesis *qn_ledger_genesis(const struct qn_ledger *ledger);

#endif
