/* Imported public keys of this thread, the least recently used one replaced first: validators' keys
 * verify again and again, and importing a key costs 6 % of a verification. */
#ifndef QN_VERIFY_CACHE_H
#define QN_VERIFY_CACHE_H

#include "crypto/key.h"

#include <openssl/evp.h>

enum { QN_VERIFY_CACHE_MAX = 128 }; /* keys a thread, about 12 KB each once used */

_Static_assert((int)QN_VALIDATORS_MAX < (int)QN_VERIFY_CACHE_MAX,
               "a committee's keys stay imported");

/* A context for this well-formed key, valid until the thread's next call; NULL on failure. */
EVP_PKEY_CTX *qn_verify_cache_get(const struct qn_public_key *key);

#endif
