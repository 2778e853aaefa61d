/* Keys, signatures and their purposes.
 *
 * Whatever is signed is a 32-byte digest: SHA3-256(network id || canonical bytes), under the FIPS
 * 204 context string "qnet/1/<kind>". So a signature is bound to its purpose and to its network.
 * All functions may run in several threads at once, except init and fini. */
#ifndef QN_KEY_H
#define QN_KEY_H

#include "base/base.h"
#include "base/limits.h"
#include "crypto/hash.h"
#include "crypto/suite.h"

enum qn_sign_kind {
    QN_SIGN_GENESIS = 1, /* genesis certificate; network id all zero: it is what defines the id */
    QN_SIGN_RECORD,      /* peer record */
    QN_SIGN_TRANSACTION, /* any transaction, by the key of its node or signer */
    QN_SIGN_ACTIVATE,    /* activation code over the node id */
    QN_SIGN_NOTARIZE,
    QN_SIGN_FINALIZE,
    QN_SIGN_NULLIFY,
    QN_SIGN_RECOVER,
    QN_SIGN_ROTATE, /* a new key over the node id that it replaces */
};

/* "qnet/1/notarize" and so on; static. */
const char *qn_sign_kind_context(enum qn_sign_kind kind);

struct qn_public_key {
    uint8_t suite; /* enum qn_suite_id */
    uint16_t spki_len;
    uint8_t spki[QN_SPKI_LEN_MAX]; /* DER SubjectPublicKeyInfo; bytes beyond spki_len are zero */
};

struct qn_signature {
    uint16_t len;
    uint8_t bytes[QN_NODE_SIGNATURE_LEN_MAX];
};

/* Takes a DER SubjectPublicKeyInfo of suite 1, 2 or 3, whose prefix and length must match exactly.
 * QN_ERR_UNKNOWN_SUITE  any other key (RSA, Ed25519, SLH-DSA, ...); *key is untouched. */
QN_MUST_USE enum qn_err qn_public_key_from_spki(struct qn_public_key *key, struct qn_span spki);
struct qn_node_id qn_public_key_id(const struct qn_public_key *key);
bool qn_public_key_equal(const struct qn_public_key *a, const struct qn_public_key *b);
static inline struct qn_span qn_public_key_span(const struct qn_public_key *key)
{
    return (struct qn_span){key->spki, key->spki_len};
}

/* What a signature covers; network may be NULL only for QN_SIGN_GENESIS (then 32 zero bytes). */
struct qn_hash qn_signing_digest(const struct qn_network_id *network, struct qn_span bytes);

/* A private key. Heap, opaque; its seed is wiped on free. */
struct qn_key;

/* Makes the key of this suite from its 32-byte seed (FIPS 204 section 6.1). NULL on failure. */
struct qn_key *qn_key_from_seed(enum qn_suite_id suite, const uint8_t seed[QN_SEED_LEN]);
/* A fresh random key; seed receives its seed and the caller wipes it. NULL on failure. */
struct qn_key *qn_key_generate(enum qn_suite_id suite, uint8_t seed[QN_SEED_LEN]);
void qn_key_free(struct qn_key *key);
const struct qn_public_key *qn_key_public(const struct qn_key *key);
/* The EVP_PKEY for TLS, owned by key; as void so that only net/ needs OpenSSL's headers. */
void *qn_key_tls_handle(const struct qn_key *key);
/* The key that an EVP_PKEY of TLS holds. False: it is of no suite that nodes have; *key is untouched. */
bool qn_public_key_of_tls(struct qn_public_key *key, const void *handle);

/* Signs a digest. QN_ERR_CRYPTO: *signature is wiped. */
QN_MUST_USE enum qn_err qn_sign(struct qn_signature *signature, const struct qn_key *key,
                                enum qn_sign_kind kind, const struct qn_hash *digest);
/* Like qn_sign, but the same inputs give the same bytes (FIPS 204 section 3.4, rnd all zero): for
 * the simulator and tests. Weaker against fault attacks, so never for a key that matters. */
QN_MUST_USE enum qn_err qn_sign_deterministic(struct qn_signature *signature,
                                              const struct qn_key *key, enum qn_sign_kind kind,
                                              const struct qn_hash *digest);
/* QN_OK, QN_ERR_BAD_SIGNATURE (also for a wrong length), QN_ERR_UNKNOWN_SUITE, QN_ERR_CRYPTO. */
QN_MUST_USE enum qn_err qn_verify(const struct qn_public_key *key, enum qn_sign_kind kind,
                                  const struct qn_hash *digest, struct qn_span signature);

/* Loads algorithms and checks that the library has all that QNet needs (ML-DSA, ML-KEM, RPK).
 * Called once before anything else of this module. QN_ERR_CRYPTO: *why says what is missing. */
QN_MUST_USE enum qn_err qn_crypto_init(const char **why);
/* Frees what this thread cached (digest context, imported public keys, pieces of base/pool.h). Each thread that hashed or
 * verified calls it before it ends; it may use the module again afterwards. */
void qn_crypto_thread_fini(void);
/* Undoes qn_crypto_init, the calling thread's cache included; when no other thread uses the module
 * any more. */
void qn_crypto_fini(void);

/* Overwrites a secret so that the compiler cannot drop it. */
void qn_wipe(void *secret, size_t len);
/* Cryptographically strong bytes; stops the program if the system gives none. Never in the core. */
void qn_random_bytes(uint8_t *bytes, size_t len);
/* Constant-time comparison. */
bool qn_secret_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif
