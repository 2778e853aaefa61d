#include "crypto/backend.h"
#include "crypto/sign_params.h"
#include "crypto/verify_cache.h"

#include <openssl/err.h>

static enum qn_err verify_digest(EVP_PKEY_CTX *context, EVP_SIGNATURE *algorithm,
                                 struct qn_sign_params *params, const struct qn_hash *digest,
                                 struct qn_span signature)
{
    if (EVP_PKEY_verify_message_init(context, algorithm, params->list) != 1) {
        return QN_ERR_CRYPTO;
    }
    int result =
        EVP_PKEY_verify(context, signature.at, signature.len, digest->bytes, sizeof digest->bytes);
    if (result == 1) {
        return QN_OK;
    }
    return result == 0 ? QN_ERR_BAD_SIGNATURE : QN_ERR_CRYPTO;
}

/* A caller may have filled in *key itself, so it is held to the one encoding of its suite again. */
static bool is_well_formed(const struct qn_public_key *key)
{
    struct qn_public_key strict;

    return qn_public_key_from_spki(&strict, qn_public_key_span(key)) == QN_OK &&
           strict.suite == key->suite;
}

enum qn_err qn_verify(const struct qn_public_key *key, enum qn_sign_kind kind,
                      const struct qn_hash *digest, struct qn_span signature)
{
    struct qn_sign_params params;

    if (!is_well_formed(key)) {
        return QN_ERR_UNKNOWN_SUITE;
    }
    if (signature.len != qn_suite_find(key->suite)->signature_len) {
        return QN_ERR_BAD_SIGNATURE;
    }
    qn_sign_params_init(&params, kind, false);
    ERR_set_mark(); /* what fails here is not left for the next reader of the thread's errors */
    EVP_PKEY_CTX *context = qn_verify_cache_get(key);
    enum qn_err err = context == NULL ? QN_ERR_CRYPTO
                                      : verify_digest(context, qn_backend_signature(key->suite),
                                                      &params, digest, signature);
    ERR_pop_to_mark();
    return err;
}
