/* What a private key is, for key.c and sign.c only. */
#ifndef QN_PRIVATE_KEY_H
#define QN_PRIVATE_KEY_H

#include "crypto/key.h"

#include <openssl/evp.h>

struct qn_key {
    struct qn_public_key public_key;
    EVP_PKEY *pkey; /* the only place that holds the secret; shared with the TLS contexts */
};

#endif
