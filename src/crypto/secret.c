#include "crypto/key.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

void qn_wipe(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}

void qn_random_bytes(uint8_t *bytes, size_t len)
{
    QN_ASSERT(len <= INT_MAX);
    QN_ASSERT(RAND_bytes(bytes, (int)len) == 1);
}

bool qn_secret_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
