/* A ledger on a kit's genesis and memory storage, with the steps that tests repeat. */
#ifndef QN_LEDGER_CHAIN_H
#define QN_LEDGER_CHAIN_H

#include "ledger/ledger.h"
#include "ledger/testing/ledger_kit.h"
#include "wire/testing/run.h"

struct qn_chain {
    struct qn_kit kit;
    struct qn_storage storage;
    struct qn_ledger *ledger;
};

void qn_chain_init(struct qn_chain *chain, const struct qn_kit_options *options);
void qn_chain_fini(struct qn_chain *chain);
/* Ends the ledger and makes it again from what storage holds. */
QN_MUST_USE enum qn_err qn_chain_reopen(struct qn_chain *chain);

/* The time that a transaction for the next block is made at: one second after the tip. */
qn_unix_ms qn_chain_now(const struct qn_chain *chain);
/* A block on any parent with these transactions, whose references it takes over. Those that do not fit are
 * left out. The caller drops the block. */
struct qn_block *qn_chain_build(struct qn_chain *chain, const struct qn_hash *parent,
                                struct qn_buf *const *txs, size_t tx_count);
/* Commits an executed block and applies its batch to storage. commit may be NULL; its batch is gone. */
void qn_chain_commit(struct qn_chain *chain, struct qn_ledger_commit *commit,
                     const struct qn_hash *block_id, struct qn_buf *cert);
/* Builds on the tip, commits, persists; takes over the references of txs. Returns how many went in. */
size_t qn_chain_add(struct qn_chain *chain, struct qn_ledger_commit *commit,
                    struct qn_buf *const *txs, size_t tx_count);
/* The same with one transaction, which must go in. */
void qn_chain_add_one(struct qn_chain *chain, struct qn_buf *tx);

/* A block with its header changed and encoded again, for blocks that must be refused. */
struct qn_block *qn_chain_forge(const struct qn_block *block, const struct qn_header *header);

/* Random bytes that are a well-formed ML-DSA-65 key which nobody holds. */
struct qn_public_key qn_chain_random_key(struct qn_rng *rng);

#endif
