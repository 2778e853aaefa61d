/* Networks and identities for benchmarks: genesis nodes with keys of their own, many entries of nodes that
 * nobody runs, and signed transactions. */
#ifndef QN_BENCH_IDENTITIES_H
#define QN_BENCH_IDENTITIES_H

#include "base/rng.h"
#include "ledger/genesis.h"
#include "ledger/state.h"
#include "wire/transaction.h"

enum { BENCH_GENESIS_MAX = 16 };

struct bench_network {
    struct qn_genesis genesis;
    size_t count;
    struct qn_key *keys[BENCH_GENESIS_MAX]; /* in the order of genesis.validators */
};
/* Policy open. Fini frees the keys. */
void bench_network_init(struct bench_network *network, size_t genesis_count);
void bench_network_fini(struct bench_network *network);

struct qn_key *bench_key(void);
/* Random bytes in the form of an ML-DSA-65 key: as good as a real one wherever nothing is verified. */
struct qn_public_key bench_random_public_key(struct qn_rng *rng);
struct qn_registry_entry bench_entry(const struct qn_public_key *key, uint64_t index);

/* A registration at this time. The signature is real if key is there, else right in length only. One
 * reference, the caller's. */
struct qn_buf *bench_register(const struct qn_network_id *network,
                              const struct qn_public_key *public_key, const struct qn_key *key,
                              qn_unix_ms unix_ms);
struct qn_buf *bench_sign_tx(const struct qn_tx *tx, const struct qn_key *key);

#endif
