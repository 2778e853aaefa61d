/* Activation codes: what a Sybil must pay (DESIGN section 7).
 *
 * A code is a 32-byte seed that makes a one-time ML-DSA-65 key. The ledger holds the Merkle root of a batch
 * of the hashes of those keys. Text form of a code: "qna1" and base64url of {1: seed, 2: batch root,
 * 3: index, 4: [path hash]}: all that its holder needs, and a secret until used. */
#ifndef QN_ACTIVATION_H
#define QN_ACTIVATION_H

#include "ledger/genesis.h"
#include "wire/transaction.h"

/* Leaf: SHA3-256(0x00 || spki); inner: SHA3-256(0x01 || left || right); an odd node moves up alone. */
struct qn_hash qn_activation_leaf(const struct qn_public_key *code_key);
/* Root of count leaves. */
struct qn_hash qn_activation_root(const struct qn_hash *leaves, size_t count);
/* Path of the leaf at index, leaf side first (only levels at which it has a sibling).
 * Returns the number of hashes. */
size_t qn_activation_path(struct qn_hash path[QN_ACTIVATION_PATH_MAX], const struct qn_hash *leaves,
                          size_t count, size_t index);
/* Does this leaf with this path stand at index of a batch with this root and count? */
bool qn_activation_path_holds(const struct qn_activation_batch *batch, const struct qn_hash *leaf,
                              uint32_t index, const struct qn_hash *path, size_t path_count);

/* A decoded code; a secret: wipe it. */
struct qn_activation_code {
    uint8_t seed[QN_SEED_LEN];
    struct qn_hash batch_root;
    uint32_t index;
    uint8_t path_count;
    struct qn_hash path[QN_ACTIVATION_PATH_MAX];
};
enum { QN_ACTIVATION_CODE_TEXT_SIZE = 4 + QN_BASE64URL_SIZE(QN_ACTIVATION_CODE_LEN_MAX) };
/* text holds QN_ACTIVATION_CODE_TEXT_SIZE. */
QN_MUST_USE enum qn_err qn_activation_code_format(char *text,
                                                  const struct qn_activation_code *code);
QN_MUST_USE enum qn_err qn_activation_code_parse(struct qn_activation_code *code, const char *text);

#endif
