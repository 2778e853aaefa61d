#include "cli/certificate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

qn_unix_ms qn_cli_unix_ms(void)
{
    struct timespec now;
    QN_ASSERT(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (qn_unix_ms)now.tv_sec * 1000U + (qn_unix_ms)now.tv_nsec / 1000000U;
}

enum qn_err qn_certificate_sign(char *text, struct qn_genesis_cert *cert, const struct qn_key *key)
{
    uint8_t bytes[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;

    cert->key = *qn_key_public(key);
    enum qn_err err = qn_genesis_cert_payload(cert, bytes, sizeof bytes, &payload);
    if (err != QN_OK) {
        return err;
    }
    struct qn_hash digest = qn_signing_digest(NULL, payload);
    err = qn_sign(&signature, key, QN_SIGN_GENESIS, &digest);
    if (err != QN_OK) {
        return err;
    }
    struct qn_buf *envelope =
        qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
    struct qn_genesis_cert decoded;
    struct qn_signed parts;
    /* What does not decode again is refused here rather than by every node. */
    err = qn_genesis_cert_decode(&decoded, &parts, qn_buf_span(envelope));
    if (err == QN_OK) {
        qn_base64url_encode(text, envelope->bytes, envelope->len);
    }
    qn_buf_drop(envelope);
    return err == QN_OK ? QN_OK : QN_ERR_INVALID;
}

static void fill_code(struct qn_code_batch *made, const struct qn_hash *leaves, size_t index)
{
    struct qn_activation_code *code = &made->codes[index];
    code->batch_root = made->batch.root;
    code->index = (uint32_t)index;
    code->path_count = (uint8_t)qn_activation_path(code->path, leaves, made->count, index);
}

void qn_code_batch_init(struct qn_code_batch *made, size_t count, uint32_t class,
                        qn_unix_ms expires_ms)
{
    enum { BATCH_LEN_MAX = 128 };
    uint8_t bytes[BATCH_LEN_MAX];
    struct qn_span span;
    QN_ASSERT(count > 0 && count <= QN_BATCH_CODES_MAX);
    *made = (struct qn_code_batch){.count = count};
    made->codes = calloc(count, sizeof *made->codes);
    struct qn_hash *leaves = calloc(count, sizeof *leaves);
    QN_ASSERT(made->codes != NULL && leaves != NULL);

    for (size_t i = 0; i < count; i++) {
        struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, made->codes[i].seed);
        QN_ASSERT(key != NULL);
        leaves[i] = qn_activation_leaf(qn_key_public(key));
        qn_key_free(key);
    }
    made->batch = (struct qn_activation_batch){
        .root = qn_activation_root(leaves, count),
        .count = (uint32_t)count,
        .class = class,
        .expires_ms = expires_ms,
    };
    for (size_t i = 0; i < count; i++) {
        fill_code(made, leaves, i);
    }
    enum qn_err err = qn_activation_batch_encode(&made->batch, bytes, sizeof bytes, &span);
    QN_ASSERT(err == QN_OK);
    qn_base64url_encode(made->text, span.at, span.len);
    free(leaves);
}

void qn_code_batch_fini(struct qn_code_batch *made)
{
    if (made->codes != NULL) {
        qn_wipe(made->codes, made->count * sizeof *made->codes);
    }
    free(made->codes);
    *made = (struct qn_code_batch){0};
}
