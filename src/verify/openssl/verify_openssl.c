#include "qnet/verify_openssl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { ALGORITHMS = 3, CONTEXT_STRING_LEN_MAX = 255 };

struct backend {
    EVP_MD *sha3;
    EVP_MD_CTX *hashing;
    EVP_SIGNATURE *algorithms[ALGORITHMS];
};

static const char *const names[ALGORITHMS] = {"ML-DSA-65", "ML-DSA-87", "ML-DSA-44"};

static bool sha3_256(void *context, uint8_t digest[QNET_HASH_LEN], const struct qnet_span *parts,
                     size_t part_count)
{
    const struct backend *backend = context;
    unsigned len = 0;

    if (EVP_DigestInit_ex2(backend->hashing, backend->sha3, NULL) != 1) {
        return false;
    }
    for (size_t i = 0; i < part_count; i++) {
        if (EVP_DigestUpdate(backend->hashing, parts[i].at, parts[i].len) != 1) {
            return false;
        }
    }
    return EVP_DigestFinal_ex(backend->hashing, digest, &len) == 1 && len == QNET_HASH_LEN;
}

static EVP_SIGNATURE *algorithm_of(const struct backend *backend, const EVP_PKEY *key)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (EVP_PKEY_is_a(key, names[i]) == 1) {
            return backend->algorithms[i];
        }
    }
    return NULL;
}

static enum qnet_check verify_with(EVP_PKEY_CTX *context, EVP_SIGNATURE *algorithm,
                                   const char *context_string, const uint8_t digest[QNET_HASH_LEN],
                                   struct qnet_span signature)
{
    char copy[CONTEXT_STRING_LEN_MAX];
    size_t len = strlen(context_string);

    if (len > sizeof copy) {
        return QNET_CHECK_ERROR;
    }
    memcpy(copy, context_string, len);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING, copy, len),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_PKEY_verify_message_init(context, algorithm, params) != 1) {
        return QNET_CHECK_ERROR;
    }
    /* A signature of the wrong length is an error to some versions, and never one of ours. */
    return EVP_PKEY_verify(context, signature.at, signature.len, digest, QNET_HASH_LEN) == 1
               ? QNET_CHECK_HOLDS
               : QNET_CHECK_FAILS;
}

static enum qnet_check verify(void *context, struct qnet_span key, const char *context_string,
                              const uint8_t digest[QNET_HASH_LEN], struct qnet_span signature)
{
    const struct backend *backend = context;
    const unsigned char *at = key.at;
    enum qnet_check result = QNET_CHECK_ERROR;

    ERR_set_mark(); /* what fails here is not left for the next reader of the thread's errors */
    EVP_PKEY *imported = d2i_PUBKEY(NULL, &at, (long)key.len);
    EVP_SIGNATURE *algorithm = imported == NULL ? NULL : algorithm_of(backend, imported);
    EVP_PKEY_CTX *verifying =
        algorithm == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, imported, NULL);
    if (verifying != NULL) {
        result = verify_with(verifying, algorithm, context_string, digest, signature);
    }
    EVP_PKEY_CTX_free(verifying);
    EVP_PKEY_free(imported);
    ERR_pop_to_mark();
    return result;
}

static void backend_free(struct backend *backend)
{
    if (backend == NULL) {
        return;
    }
    for (size_t i = 0; i < ALGORITHMS; i++) {
        EVP_SIGNATURE_free(backend->algorithms[i]);
    }
    EVP_MD_CTX_free(backend->hashing);
    EVP_MD_free(backend->sha3);
    free(backend);
}

bool qnet_verify_openssl_open(struct qnet_verify_crypto *crypto)
{
    struct backend *backend = calloc(1, sizeof *backend);

    if (backend == NULL) {
        return false;
    }
    backend->sha3 = EVP_MD_fetch(NULL, "SHA3-256", NULL);
    backend->hashing = EVP_MD_CTX_new();
    bool is_whole = backend->sha3 != NULL && backend->hashing != NULL;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        backend->algorithms[i] = EVP_SIGNATURE_fetch(NULL, names[i], NULL);
        is_whole = is_whole && backend->algorithms[i] != NULL;
    }
    if (!is_whole) {
        backend_free(backend);
        return false;
    }
    *crypto =
        (struct qnet_verify_crypto){.context = backend, .sha3_256 = sha3_256, .verify = verify};
    return true;
}

void qnet_verify_openssl_close(struct qnet_verify_crypto *crypto)
{
    backend_free(crypto->context);
    *crypto = (struct qnet_verify_crypto){0};
}
