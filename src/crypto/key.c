#include "crypto/private_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* Suite 4 has no 32-byte seed and belongs to no node. */
static const struct qn_suite *node_suite(enum qn_suite_id id)
{
    const struct qn_suite *suite = qn_suite_find(id);

    return suite != NULL && suite->tls_sigalg != NULL ? suite : NULL;
}

/* The EVP_PKEY keeps its own copy of the seed, which OpenSSL wipes when it frees the key. */
static EVP_PKEY *pkey_from_seed(const struct qn_suite *suite, const uint8_t *seed)
{
    uint8_t copy[QN_SEED_LEN]; /* OSSL_PARAM wants it writable */
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, suite->name, NULL);

    memcpy(copy, seed, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, copy, sizeof copy),
        OSSL_PARAM_construct_end(),
    };
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        pkey = NULL;
    }
    qn_wipe(copy, sizeof copy);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static bool read_public_key(struct qn_public_key *key, const struct qn_suite *suite,
                            const EVP_PKEY *pkey)
{
    size_t len = suite->public_key_len;
    struct qn_public_key made = {
        .suite = (uint8_t)suite->id,
        .spki_len = (uint16_t)(suite->spki_prefix_len + suite->public_key_len),
    };

    memcpy(made.spki, suite->spki_prefix, suite->spki_prefix_len);
    if (EVP_PKEY_get_raw_public_key(pkey, made.spki + suite->spki_prefix_len, &len) != 1 ||
        len != suite->public_key_len) {
        return false;
    }
    *key = made;
    return true;
}

struct qn_key *qn_key_from_seed(enum qn_suite_id suite_id, const uint8_t seed[QN_SEED_LEN])
{
    const struct qn_suite *suite = node_suite(suite_id);
    struct qn_key *key = suite != NULL ? calloc(1, sizeof *key) : NULL;

    if (key == NULL) {
        return NULL;
    }
    ERR_set_mark();
    key->pkey = pkey_from_seed(suite, seed);
    bool is_made = key->pkey != NULL && read_public_key(&key->public_key, suite, key->pkey);
    ERR_pop_to_mark();
    if (!is_made) {
        qn_key_free(key);
        return NULL;
    }
    return key;
}

struct qn_key *qn_key_generate(enum qn_suite_id suite, uint8_t seed[QN_SEED_LEN])
{
    QN_ASSERT(RAND_priv_bytes(seed, QN_SEED_LEN) == 1);
    struct qn_key *key = qn_key_from_seed(suite, seed);

    if (key == NULL) {
        qn_wipe(seed, QN_SEED_LEN);
    }
    return key;
}

void qn_key_free(struct qn_key *key)
{
    if (key == NULL) {
        return;
    }
    EVP_PKEY_free(key->pkey);
    free(key);
}

const struct qn_public_key *qn_key_public(const struct qn_key *key)
{
    return &key->public_key;
}

void *qn_key_tls_handle(const struct qn_key *key)
{
    return key->pkey;
}

bool qn_public_key_of_tls(struct qn_public_key *key, const void *handle)
{
    size_t count = 0;
    const struct qn_suite *suites = qn_suite_list(&count);

    for (size_t i = 0; i < count; i++) {
        const struct qn_suite *suite = node_suite(suites[i].id);
        if (suite != NULL && EVP_PKEY_is_a(handle, suite->name) == 1) {
            return read_public_key(key, suite, handle);
        }
    }
    return false;
}
