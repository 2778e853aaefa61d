/* Certificates over blocks, signed by the committee that a kit holds the keys of. */
#ifndef QN_LEDGER_FINALITY_H
#define QN_LEDGER_FINALITY_H

#include "ledger/testing/ledger_kit.h"
#include "wire/block.h"
#include "wire/validator_set.h"

/* A finalization certificate by the first q members of set; keys in any order, all of set's among them.
 * One reference, the caller's. */
struct qn_buf *qn_finality_cert(const struct qn_validator_set *set, struct qn_key *const *keys,
                                size_t key_count, const struct qn_block *block);

#endif
