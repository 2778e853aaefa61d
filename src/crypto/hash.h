/* SHA3-256 and the identities that are hashes. */
#ifndef QN_HASH_H
#define QN_HASH_H

#include "base/base.h"
#include "base/limits.h"

struct qn_hash {
    uint8_t bytes[QN_HASH_LEN];
};
/* SHA3-256 of the DER SubjectPublicKeyInfo. */
struct qn_node_id {
    uint8_t bytes[QN_HASH_LEN];
};
/* SHA3-256 over the genesis certificates and parameters (ledger/genesis.h). */
struct qn_network_id {
    uint8_t bytes[QN_HASH_LEN];
};

enum { QN_ID_TEXT_SIZE = 2 * QN_HASH_LEN + 1, QN_SHORT_ID_TEXT_SIZE = 9 };

bool qn_hash_equal(const struct qn_hash *a, const struct qn_hash *b);
bool qn_hash_is_zero(const struct qn_hash *hash);
bool qn_node_id_equal(const struct qn_node_id *a, const struct qn_node_id *b);
int qn_node_id_compare(const struct qn_node_id *a, const struct qn_node_id *b);
bool qn_network_id_equal(const struct qn_network_id *a, const struct qn_network_id *b);

/* 8 hex digits for people; text holds QN_SHORT_ID_TEXT_SIZE. Returns text. */
const char *qn_node_id_short(char *text, const struct qn_node_id *id);

struct qn_hash qn_sha3(struct qn_span bytes);
/* SHA3-256 over the parts one after the other; the caller makes the parts self-delimiting. */
struct qn_hash qn_sha3_parts(const struct qn_span *parts, size_t part_count);

#endif
