#include "crypto/argon2.h"

#include "crypto/backend.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum { PASSWORD_LEN = QN_HASH_LEN + 8 };

static void make_password(uint8_t password[PASSWORD_LEN], const struct qn_ticket *ticket)
{
    memcpy(password, ticket->id.bytes, QN_HASH_LEN);
    for (size_t i = 0; i < 8; i++) {
        password[QN_HASH_LEN + i] = (uint8_t)(ticket->expires_ms >> (8 * (7 - i)));
    }
}

static enum qn_err derive(struct qn_hash *out, const struct qn_ticket *ticket)
{
    uint8_t password[PASSWORD_LEN];
    uint8_t nonce[QN_TICKET_NONCE_LEN];
    uint32_t one = 1;
    uint32_t memory_kib = ticket->memory_kib;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "ARGON2ID", NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);

    make_password(password, ticket);
    memcpy(nonce, ticket->nonce, sizeof nonce);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password, sizeof password),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, nonce, sizeof nonce),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &one),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_THREADS, &one),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ARGON2_LANES, &one),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ARGON2_MEMCOST, &memory_kib),
        OSSL_PARAM_construct_end(),
    };
    int done = context == NULL ? 0 : EVP_KDF_derive(context, out->bytes, QN_HASH_LEN, params);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done == 1 ? QN_OK : QN_ERR_CRYPTO;
}

enum qn_err qn_ticket_zero_bits(const struct qn_ticket *ticket, unsigned *bits)
{
    struct qn_hash hash;
    unsigned count = 0;

    QN_ASSERT(ticket->memory_kib >= QN_TICKET_MEMORY_KIB_MIN &&
              ticket->memory_kib <= QN_TICKET_MEMORY_KIB_MAX);
    enum qn_err err = derive(&hash, ticket);
    if (err != QN_OK) {
        return err;
    }
    while (count < 8 * QN_HASH_LEN && (hash.bytes[count / 8] >> (7 - count % 8) & 1) == 0) {
        count += 1;
    }
    *bits = count;
    return QN_OK;
}

enum qn_err qn_ticket_check(const struct qn_ticket *ticket)
{
    unsigned bits = 0;
    enum qn_err err = qn_ticket_zero_bits(ticket, &bits);

    if (err != QN_OK) {
        return err;
    }
    return bits >= ticket->bits ? QN_OK : QN_ERR_BAD_WORK;
}

static void next_nonce(struct qn_ticket *ticket)
{
    for (size_t i = 0; i < QN_TICKET_NONCE_LEN; i++) {
        ticket->nonce[i] += 1;
        if (ticket->nonce[i] != 0) {
            return;
        }
    }
}

enum qn_err qn_ticket_search(struct qn_ticket *ticket, unsigned tries)
{
    enum qn_err err = qn_ticket_check(ticket);

    QN_ASSERT(tries > 0);
    for (unsigned i = 1; i < tries && err == QN_ERR_BAD_WORK; i++) {
        next_nonce(ticket);
        err = qn_ticket_check(ticket);
    }
    if (err == QN_ERR_BAD_WORK) {
        next_nonce(ticket);
    }
    return err;
}

unsigned qn_ticket_tries(uint32_t memory_kib)
{
    enum { KIB_IN_ALL = 8192, TRIES_MAX = 64 };
    uint32_t tries = KIB_IN_ALL / memory_kib;

    return tries == 0 ? 1 : tries > TRIES_MAX ? TRIES_MAX : (unsigned)tries;
}
