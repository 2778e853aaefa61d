#include "ledger/testing/finality.h"

#include "wire/vote.h"

static const struct qn_key *key_of(const struct qn_validator *member, struct qn_key *const *keys,
                                   size_t key_count)
{
    for (size_t i = 0; i < key_count; i++) {
        if (qn_public_key_equal(qn_key_public(keys[i]), &member->key)) {
            return keys[i];
        }
    }
    QN_ASSERT(!"a member whose key the test does not have");
    return NULL;
}

struct qn_buf *qn_finality_cert(const struct qn_validator_set *set, struct qn_key *const *keys,
                                size_t key_count, const struct qn_block *block)
{
    struct qn_cert cert = {.kind = QN_VOTE_FINALIZE,
                           .epoch = block->header.epoch,
                           .view = block->header.height,
                           .parent_view = block->header.height - 1,
                           .block_id = block->id,
                           .bitmap_len = (set->count + 7U) / 8U,
                           .signature_count = qn_quorum(set->count)};
    struct qn_signature signatures[QN_CERT_SIGNATURES_MAX];
    struct qn_hash digest = qn_cert_digest(&cert, &block->header.network);

    for (size_t i = 0; i < cert.signature_count; i++) {
        const struct qn_key *key = key_of(&set->members[i], keys, key_count);
        cert.bitmap[i / 8] |= (uint8_t)(1U << i % 8);
        QN_ASSERT(qn_sign_deterministic(&signatures[i], key, QN_SIGN_FINALIZE, &digest) == QN_OK);
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    return qn_cert_encode(&cert);
}
