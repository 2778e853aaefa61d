#include "verify/parts.h"

#include <string.h>

bool qn_proof_hash_equal(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, QNET_HASH_LEN) == 0;
}

bool qn_proof_sha3(const struct qnet_verify_crypto *crypto, uint8_t digest[QNET_HASH_LEN],
                   struct qnet_span bytes)
{
    return crypto->sha3_256(crypto->context, digest, &bytes, 1);
}

bool qn_proof_inner(const struct qnet_verify_crypto *crypto, uint8_t digest[QNET_HASH_LEN],
                    const uint8_t *left, const uint8_t *right)
{
    static const uint8_t inner_prefix = 1;
    const struct qnet_span parts[] = {
        {&inner_prefix, 1}, {left, QNET_HASH_LEN}, {right, QNET_HASH_LEN}};
    return crypto->sha3_256(crypto->context, digest, parts, QN_ARRAY_COUNT(parts));
}
