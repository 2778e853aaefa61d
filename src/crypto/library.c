#include "crypto/library.h"

#include <openssl/crypto.h>

const char *qn_crypto_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
