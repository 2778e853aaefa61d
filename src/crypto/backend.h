/* OpenSSL's algorithms, fetched once by qn_crypto_init. For this folder only.
 *
 * The pointers change only in qn_crypto_init and qn_crypto_fini; between them any thread reads. */
#ifndef QN_BACKEND_H
#define QN_BACKEND_H

#include "crypto/suite.h"

#include <openssl/evp.h>

/* Stops the program if qn_crypto_init was not called. */
const EVP_MD *qn_backend_sha3(void);
/* The signature algorithm of suite 1, 2 or 3; NULL for any other. */
EVP_SIGNATURE *qn_backend_signature(unsigned suite_id);

/* What the files of this folder keep per thread. */
void qn_hash_thread_fini(void);
void qn_verify_thread_fini(void);

#endif
