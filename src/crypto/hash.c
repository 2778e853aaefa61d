#include "crypto/hash.h"

#include "crypto/backend.h"

#include <string.h>

enum { SHORT_ID_LEN = 4 };

/* Reused, because making a context costs more than hashing a small message. */
static _Thread_local EVP_MD_CTX *thread_context;

bool qn_hash_equal(const struct qn_hash *a, const struct qn_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool qn_hash_is_zero(const struct qn_hash *hash)
{
    static const struct qn_hash zero;

    return qn_hash_equal(hash, &zero);
}

bool qn_node_id_equal(const struct qn_node_id *a, const struct qn_node_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int qn_node_id_compare(const struct qn_node_id *a, const struct qn_node_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool qn_network_id_equal(const struct qn_network_id *a, const struct qn_network_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *qn_node_id_short(char *text, const struct qn_node_id *id)
{
    qn_hex_encode(text, id->bytes, SHORT_ID_LEN);
    return text;
}

struct qn_hash qn_sha3(struct qn_span bytes)
{
    return qn_sha3_parts(&bytes, 1);
}

/* A digest fails only for want of memory or of qn_crypto_init, so nobody has to check a result. */
struct qn_hash qn_sha3_parts(const struct qn_span *parts, size_t part_count)
{
    struct qn_hash hash;

    if (thread_context == NULL) {
        thread_context = EVP_MD_CTX_new();
        QN_ASSERT(thread_context != NULL);
    }
    QN_ASSERT(EVP_DigestInit_ex2(thread_context, qn_backend_sha3(), NULL) == 1);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].len > 0) {
            QN_ASSERT(EVP_DigestUpdate(thread_context, parts[i].at, parts[i].len) == 1);
        }
    }
    QN_ASSERT(EVP_DigestFinal_ex(thread_context, hash.bytes, NULL) == 1);
    return hash;
}

void qn_hash_thread_fini(void)
{
    EVP_MD_CTX_free(thread_context);
    thread_context = NULL;
}
