/* Signatures of the harness: a keyed hash by default, ML-DSA where a test asks for it. */
#include "consensus/testing/harness_state.h"

#include <string.h>

enum { MOCK_KEY_LEN = 40 };

static struct qn_hash mock_signature(const struct qn_public_key *key, enum qn_sign_kind kind,
                                     const struct qn_hash *digest)
{
    uint8_t kind_byte = (uint8_t)kind;
    struct qn_span parts[] = {{(const uint8_t *)"mock", 4},
                              {key->spki, key->spki_len},
                              {&kind_byte, 1},
                              {digest->bytes, sizeof digest->bytes}};

    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

void harness_keys_init(struct harness *h)
{
    struct qn_public_key keys[HARNESS_VALIDATORS_MAX] = {0};
    struct qn_key *real[HARNESS_VALIDATORS_MAX] = {0};

    for (unsigned i = 0; i < h->config.n; i++) {
        if (h->config.real_signatures) {
            uint8_t seed[QN_SEED_LEN] = {(uint8_t)(i + 1), (uint8_t)h->config.seed};
            real[i] = qn_key_from_seed(QN_SUITE_MLDSA44, seed);
            QN_ASSERT(real[i] != NULL);
            keys[i] = *qn_key_public(real[i]);
        } else {
            keys[i].suite = QN_SUITE_MLDSA65;
            keys[i].spki_len = MOCK_KEY_LEN;
            keys[i].spki[0] = (uint8_t)(i + 1);
        }
    }
    QN_ASSERT(qn_validator_set_init(&h->validators, keys, h->config.n) == QN_OK);
    for (unsigned i = 0; i < h->config.n && h->config.real_signatures; i++) {
        struct qn_node_id id = qn_public_key_id(qn_key_public(real[i]));
        h->keys[qn_validator_index(&h->validators, &id)] = real[i];
    }
}

void harness_keys_fini(struct harness *h)
{
    for (unsigned i = 0; i < h->config.n; i++) {
        if (h->keys[i] != NULL) {
            qn_key_free(h->keys[i]);
        }
    }
    qn_validator_set_fini(&h->validators);
}

void harness_sign(const struct harness *h, struct qn_signature *signature, int validator,
                  enum qn_sign_kind kind, const struct qn_hash *digest)
{
    if (h->config.real_signatures) {
        QN_ASSERT(qn_sign_deterministic(signature, h->keys[validator], kind, digest) == QN_OK);
        return;
    }
    struct qn_hash mock = mock_signature(&h->validators.members[validator].key, kind, digest);
    memset(signature, 0, sizeof *signature);
    signature->len = sizeof mock.bytes;
    memcpy(signature->bytes, mock.bytes, sizeof mock.bytes);
}

bool harness_verify(const struct harness *h, int validator, enum qn_sign_kind kind,
                    const struct qn_hash *digest, struct qn_span signature)
{
    const struct qn_public_key *key = &h->validators.members[validator].key;

    if (h->config.real_signatures) {
        return qn_verify(key, kind, digest, signature) == QN_OK;
    }
    struct qn_hash mock = mock_signature(key, kind, digest);
    return qn_span_equal(signature, (struct qn_span){mock.bytes, sizeof mock.bytes});
}
