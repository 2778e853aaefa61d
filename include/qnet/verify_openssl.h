/* SHA3-256 and ML-DSA for qnet/verify.h from OpenSSL 3.5 or later. */
#ifndef QNET_VERIFY_OPENSSL_H
#define QNET_VERIFY_OPENSSL_H

#include "qnet/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fetches the algorithms from OpenSSL's default library context. False: it lacks one of them, or memory; nothing
 * is held then. What is filled in serves one thread at a time, until it is closed. */
bool qnet_verify_openssl_open(struct qnet_verify_crypto *crypto);
void qnet_verify_openssl_close(struct qnet_verify_crypto *crypto);

#ifdef __cplusplus
}
#endif

#endif
