#include "crypto/backend.h"

#include "base/pool.h"
#include "crypto/key.h"

#include <openssl/err.h>
#include <openssl/opensslv.h>

/* Raw public keys came with 3.2, ML-DSA and the hybrid ML-KEM groups with 3.5. */
#if OPENSSL_VERSION_NUMBER < 0x30500000L
#error "QNet needs OpenSSL 3.5 or later"
#endif

enum { NODE_SUITE_MAX = QN_SUITE_MLDSA44 };

static struct {
    EVP_MD *sha3;
    EVP_SIGNATURE *signatures[NODE_SUITE_MAX + 1]; /* by suite id */
} backend;

static bool can_agree_on_keys(const char *group)
{
    EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, group, NULL);
    EVP_KEM *kem = EVP_KEM_fetch(NULL, group, NULL);
    bool can = keymgmt != NULL && kem != NULL;

    EVP_KEYMGMT_free(keymgmt);
    EVP_KEM_free(kem);
    return can;
}

/* NULL, or the name of the first algorithm that is missing. */
static const char *fetch_all(void)
{
    backend.sha3 = EVP_MD_fetch(NULL, "SHA3-256", NULL);
    if (backend.sha3 == NULL) {
        return "OpenSSL has no SHA3-256";
    }
    for (unsigned id = 1; id <= NODE_SUITE_MAX; id++) {
        const struct qn_suite *suite = qn_suite_find(id);
        backend.signatures[id] = EVP_SIGNATURE_fetch(NULL, suite->name, NULL);
        if (backend.signatures[id] == NULL) {
            return "OpenSSL has no ML-DSA (FIPS 204): 3.5 or later is needed";
        }
        if (!can_agree_on_keys(suite->tls_group)) {
            return "OpenSSL has no hybrid ML-KEM (FIPS 203) groups: 3.5 or later is needed";
        }
    }
    return NULL;
}

enum qn_err qn_crypto_init(const char **why)
{
    if (backend.sha3 != NULL) {
        return QN_OK;
    }
    if (OpenSSL_version_num() < OPENSSL_VERSION_NUMBER) {
        *why = "the OpenSSL library is older than the one QNet was built with";
        return QN_ERR_CRYPTO;
    }
    ERR_set_mark();
    const char *missing = fetch_all();
    ERR_pop_to_mark();
    if (missing != NULL) {
        qn_crypto_fini();
        *why = missing;
        return QN_ERR_CRYPTO;
    }
    return QN_OK;
}

void qn_crypto_thread_fini(void)
{
    qn_hash_thread_fini();
    qn_verify_thread_fini();
    qn_pool_thread_fini();
}

void qn_crypto_fini(void)
{
    qn_crypto_thread_fini();
    for (size_t i = 0; i < QN_ARRAY_COUNT(backend.signatures); i++) {
        EVP_SIGNATURE_free(backend.signatures[i]);
        backend.signatures[i] = NULL;
    }
    EVP_MD_free(backend.sha3);
    backend.sha3 = NULL;
}

const EVP_MD *qn_backend_sha3(void)
{
    QN_ASSERT(backend.sha3 != NULL);
    return backend.sha3;
}

EVP_SIGNATURE *qn_backend_signature(unsigned suite_id)
{
    QN_ASSERT(backend.sha3 != NULL);
    return suite_id <= NODE_SUITE_MAX ? backend.signatures[suite_id] : NULL;
}
