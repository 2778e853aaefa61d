/* A small network for tests: genesis nodes with fixed keys and signed certificates, activation codes, and
 * signed transactions. The same arguments make the same bytes. Everything a test wants wrong it changes
 * before signing. qn_test_start or qn_test_init (wire/testing/run.h) comes first. */
#ifndef QN_LEDGER_KIT_H
#define QN_LEDGER_KIT_H

#include "ledger/activation.h"
#include "ledger/genesis.h"
#include "wire/transaction.h"

enum { QN_KIT_GENESIS_MAX = 16, QN_KIT_CODES_MAX = 64 };

/* Time of block 0; transactions made by the kit expire QN_KIT_TX_LIFETIME_MS after the time given. */
#define QN_KIT_TIME_MS ((qn_unix_ms)1700000000000U)
#define QN_KIT_TX_LIFETIME_MS 600000U
#define QN_KIT_NETWORK "kit"
#define QN_KIT_CODE_CLASS 7U
enum { QN_KIT_WORK_BITS = 6, QN_KIT_WORK_MEMORY_KIB = 8 }; /* of the policy work: cheap */

struct qn_kit {
    struct qn_genesis genesis;
    size_t genesis_count;
    struct qn_key *genesis_keys[QN_KIT_GENESIS_MAX]; /* of bootstrap ids 1, 2, ... */
    size_t code_count;
    struct qn_hash code_leaves[QN_KIT_CODES_MAX];
    struct qn_activation_batch batch; /* of all codes; in genesis if there are any */
};

struct qn_kit_options {
    size_t genesis_count; /* 4..QN_KIT_GENESIS_MAX */
    enum qn_activation_policy policy;
    size_t code_count;           /* 0..QN_KIT_CODES_MAX */
    qn_unix_ms codes_expires_ms; /* 0: never */
};

void qn_kit_init(struct qn_kit *kit, const struct qn_kit_options *options);
void qn_kit_fini(struct qn_kit *kit);

/* The key number of a series of fixed ML-DSA-65 keys; the caller frees it. Genesis nodes have numbers 1,
 * 2, ..., so others begin at 1000. */
struct qn_key *qn_kit_key(unsigned number);
struct qn_node_id qn_kit_id(const struct qn_key *key);
/* What a genesis node says of itself, to be changed or signed. */
struct qn_genesis_cert qn_kit_cert(unsigned bootstrap_id, const struct qn_key *key);
/* An encoded, signed certificate. One reference, the caller's. */
struct qn_buf *qn_kit_cert_sign(const struct qn_genesis_cert *cert, const struct qn_key *key);

/* The code at index < code_count, as its holder gets it. */
struct qn_activation_code qn_kit_code(const struct qn_kit *kit, uint32_t index);

/* Unsigned transactions; unix_ms is the time of their maker. */
struct qn_tx qn_kit_register(const struct qn_kit *kit, const struct qn_key *key,
                             qn_unix_ms unix_ms);
struct qn_tx qn_kit_update(const struct qn_kit *kit, const struct qn_node_id *id, uint64_t sequence,
                           qn_unix_ms unix_ms);
struct qn_tx qn_kit_revoke(const struct qn_kit *kit, const struct qn_node_id *id, uint64_t sequence,
                           qn_unix_ms unix_ms);
/* Adds the code at index with its path and its signature over tx->id. */
void qn_kit_use_code(const struct qn_kit *kit, struct qn_tx *tx, uint32_t index);
/* An encoded transaction with this key's signature. One reference, the caller's. */
struct qn_buf *qn_kit_tx_sign(const struct qn_tx *tx, const struct qn_key *key);
/* The same with a signature that does not verify, without the cost of making one: for what is judged
 * before signatures are. salt makes different bytes. */
struct qn_buf *qn_kit_tx_fake(const struct qn_tx *tx, uint8_t salt);

#endif
