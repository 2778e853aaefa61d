#include "crypto/backend.h"
#include "crypto/private_key.h"
#include "crypto/sign_params.h"

#include <openssl/err.h>

/* A context per signature costs a thousandth of it; a cached one would keep the key's secret alive
 * after qn_key_free. */
static bool sign_digest(struct qn_signature *signature, const struct qn_key *key,
                        struct qn_sign_params *params, const struct qn_hash *digest)
{
    size_t len = sizeof signature->bytes;
    EVP_SIGNATURE *algorithm = qn_backend_signature(key->public_key.suite);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool is_signed =
        context != NULL && EVP_PKEY_sign_message_init(context, algorithm, params->list) == 1 &&
        EVP_PKEY_sign(context, signature->bytes, &len, digest->bytes, sizeof digest->bytes) == 1;

    EVP_PKEY_CTX_free(context);
    signature->len = (uint16_t)len;
    return is_signed;
}

static enum qn_err sign(struct qn_signature *signature, const struct qn_key *key,
                        enum qn_sign_kind kind, const struct qn_hash *digest, bool is_deterministic)
{
    struct qn_sign_params params;
    struct qn_signature made = {0};

    qn_sign_params_init(&params, kind, is_deterministic);
    ERR_set_mark(); /* what fails here is not left for the next reader of the thread's errors */
    bool is_signed = sign_digest(&made, key, &params, digest);
    ERR_pop_to_mark();
    if (!is_signed) {
        qn_wipe(signature, sizeof *signature);
        return QN_ERR_CRYPTO;
    }
    *signature = made;
    return QN_OK;
}

enum qn_err qn_sign(struct qn_signature *signature, const struct qn_key *key,
                    enum qn_sign_kind kind, const struct qn_hash *digest)
{
    return sign(signature, key, kind, digest, false);
}

enum qn_err qn_sign_deterministic(struct qn_signature *signature, const struct qn_key *key,
                                  enum qn_sign_kind kind, const struct qn_hash *digest)
{
    return sign(signature, key, kind, digest, true);
}
