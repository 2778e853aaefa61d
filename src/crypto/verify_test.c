#include "crypto/key.h"

#include "crypto/verify_cache.h"

#include <openssl/err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SUITES = 3, THREADS = 8 };

/* One key, digest and good signature per node suite; made once, only read by the tests. */
struct sample {
    enum qn_suite_id suite;
    struct qn_key *key;
    struct qn_hash digest;
    struct qn_signature signature;
};
static struct sample samples[SUITES];

static enum qn_err verify(const struct qn_public_key *key, const struct qn_hash *digest,
                          const uint8_t *signature, size_t len)
{
    return qn_verify(key, QN_SIGN_FINALIZE, digest, (struct qn_span){signature, len});
}

static enum qn_err verify_sample(const struct sample *sample)
{
    return verify(qn_key_public(sample->key), &sample->digest, sample->signature.bytes,
                  sample->signature.len);
}

static void a_flipped_bit_of_the_signature_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUITES; i++) {
        struct qn_signature changed = samples[i].signature;
        for (size_t at = 0; at < changed.len; at += 13) {
            changed.bytes[at] ^= (uint8_t)(1U << at % 8);
            assert_int_equal(verify(qn_key_public(samples[i].key), &samples[i].digest,
                                    changed.bytes, changed.len),
                             QN_ERR_BAD_SIGNATURE);
            changed.bytes[at] ^= (uint8_t)(1U << at % 8);
        }
        assert_int_equal(verify_sample(&samples[i]), QN_OK);
    }
}

static void a_flipped_bit_of_the_key_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUITES; i++) {
        struct qn_public_key changed = *qn_key_public(samples[i].key);
        for (size_t at = 22; at < changed.spki_len; at += 13) {
            changed.spki[at] ^= (uint8_t)(1U << at % 8);
            assert_int_equal(verify(&changed, &samples[i].digest, samples[i].signature.bytes,
                                    samples[i].signature.len),
                             QN_ERR_BAD_SIGNATURE);
            changed.spki[at] ^= (uint8_t)(1U << at % 8);
        }
    }
}

static void a_flipped_bit_of_the_digest_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUITES; i++) {
        struct qn_hash changed = samples[i].digest;
        for (size_t at = 0; at < sizeof changed.bytes; at++) {
            changed.bytes[at] ^= 1;
            assert_int_equal(verify(qn_key_public(samples[i].key), &changed,
                                    samples[i].signature.bytes, samples[i].signature.len),
                             QN_ERR_BAD_SIGNATURE);
            changed.bytes[at] ^= 1;
        }
    }
}

static void a_signature_of_another_length_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUITES; i++) {
        uint8_t longer[QN_NODE_SIGNATURE_LEN_MAX + 1] = {0};
        size_t len = samples[i].signature.len;
        memcpy(longer, samples[i].signature.bytes, len);
        const struct qn_public_key *key = qn_key_public(samples[i].key);
        assert_int_equal(verify(key, &samples[i].digest, longer, len + 1), QN_ERR_BAD_SIGNATURE);
        assert_int_equal(verify(key, &samples[i].digest, longer, len - 1), QN_ERR_BAD_SIGNATURE);
        assert_int_equal(verify(key, &samples[i].digest, NULL, 0), QN_ERR_BAD_SIGNATURE);
        assert_int_equal(verify(key, &samples[i].digest, longer, len), QN_OK);
    }
}

static void a_key_that_nobody_parsed_is_refused(void **state)
{
    struct qn_public_key changed = *qn_key_public(samples[0].key);
    const struct qn_signature *good = &samples[0].signature;

    (void)state;
    changed.suite = QN_SUITE_MLDSA87;
    assert_int_equal(verify(&changed, &samples[0].digest, good->bytes, 4627), QN_ERR_UNKNOWN_SUITE);
    changed.suite = QN_SUITE_SLHDSA128S;
    assert_int_equal(verify(&changed, &samples[0].digest, good->bytes, good->len),
                     QN_ERR_UNKNOWN_SUITE);
    changed.suite = 0;
    assert_int_equal(verify(&changed, &samples[0].digest, good->bytes, good->len),
                     QN_ERR_UNKNOWN_SUITE);
    changed = *qn_key_public(samples[0].key);
    changed.spki_len = UINT16_MAX;
    assert_int_equal(verify(&changed, &samples[0].digest, good->bytes, good->len),
                     QN_ERR_UNKNOWN_SUITE);
    changed = *qn_key_public(samples[0].key);
    changed.spki[0] ^= 1;
    assert_int_equal(verify(&changed, &samples[0].digest, good->bytes, good->len),
                     QN_ERR_UNKNOWN_SUITE);
}

static void a_failure_leaves_the_error_queue_as_it_was(void **state)
{
    struct qn_hash other = {{1}};

    (void)state;
    ERR_clear_error();
    assert_int_equal(verify(qn_key_public(samples[0].key), &other, samples[0].signature.bytes,
                            samples[0].signature.len),
                     QN_ERR_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 77);
    assert_int_equal(verify(qn_key_public(samples[0].key), &other, samples[0].signature.bytes,
                            samples[0].signature.len),
                     QN_ERR_BAD_SIGNATURE);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), 77);
    ERR_clear_error();
}

/* Twice round more keys than the cache holds, so that entries leave and come back. */
static void more_keys_than_the_cache_holds_verify_right(void **state)
{
    enum { KEYS = QN_VERIFY_CACHE_MAX + 5 };
    struct sample *many = calloc(KEYS, sizeof *many);

    (void)state;
    assert_non_null(many);
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t seed[QN_SEED_LEN];
        many[i] = (struct sample){.suite = QN_SUITE_MLDSA44,
                                  .key = qn_key_generate(QN_SUITE_MLDSA44, seed)};
        assert_int_equal(
            qn_sign(&many[i].signature, many[i].key, QN_SIGN_FINALIZE, &many[i].digest), QN_OK);
    }
    for (size_t i = 0; i < (size_t)2 * KEYS; i++) {
        const struct sample *one = &many[i % KEYS];
        const struct sample *next = &many[(i + 1) % KEYS];
        assert_int_equal(verify_sample(one), QN_OK);
        assert_int_equal(verify(qn_key_public(one->key), &one->digest, next->signature.bytes,
                                next->signature.len),
                         QN_ERR_BAD_SIGNATURE);
    }
    for (size_t i = 0; i < KEYS; i++) {
        qn_key_free(many[i].key);
    }
    free(many);
}

static void a_key_in_steady_use_stays_imported(void **state)
{
    const struct qn_public_key *used = qn_key_public(samples[0].key);
    struct qn_public_key passing = *used;

    (void)state;
    const EVP_PKEY_CTX *context = qn_verify_cache_get(used);
    for (unsigned i = 0; i < 3 * QN_VERIFY_CACHE_MAX; i++) {
        passing.spki[100] = (uint8_t)i;
        passing.spki[101] = (uint8_t)(i >> 8 | 0x80);
        assert_non_null(qn_verify_cache_get(&passing));
        assert_ptr_equal(qn_verify_cache_get(used), context);
    }
}

static void *verify_and_sign_often(void *argument)
{
    size_t *wrong = argument;

    for (size_t i = 0; i < 30; i++) {
        const struct sample *sample = &samples[i % SUITES];
        struct qn_hash other = sample->digest;
        struct qn_signature signature;
        other.bytes[i] ^= 1;
        *wrong += verify_sample(sample) != QN_OK ? 1 : 0;
        *wrong += verify(qn_key_public(sample->key), &other, sample->signature.bytes,
                         sample->signature.len) != QN_ERR_BAD_SIGNATURE
                      ? 1
                      : 0;
        *wrong += qn_sign(&signature, sample->key, QN_SIGN_FINALIZE, &other) != QN_OK ? 1 : 0;
        *wrong +=
            verify(qn_key_public(sample->key), &other, signature.bytes, signature.len) != QN_OK ? 1
                                                                                                : 0;
    }
    qn_crypto_thread_fini();
    *wrong += verify_sample(&samples[0]) != QN_OK ? 1 : 0; /* usable again afterwards */
    qn_crypto_thread_fini();
    return NULL;
}

static void threads_verify_and_sign_in_parallel(void **state)
{
    pthread_t threads[THREADS];
    size_t wrong[THREADS] = {0};

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, verify_and_sign_often, &wrong[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
}

static int setup(void **state)
{
    static const enum qn_suite_id suites[SUITES] = {QN_SUITE_MLDSA65, QN_SUITE_MLDSA87,
                                                    QN_SUITE_MLDSA44};
    const char *why;

    (void)state;
    if (qn_crypto_init(&why) != QN_OK) {
        return -1;
    }
    for (size_t i = 0; i < SUITES; i++) {
        uint8_t seed[QN_SEED_LEN];
        samples[i].suite = suites[i];
        samples[i].key = qn_key_generate(suites[i], seed);
        qn_random_bytes(samples[i].digest.bytes, QN_HASH_LEN);
        if (qn_sign(&samples[i].signature, samples[i].key, QN_SIGN_FINALIZE, &samples[i].digest) !=
            QN_OK) {
            return -1;
        }
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUITES; i++) {
        qn_key_free(samples[i].key);
    }
    qn_crypto_fini();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_of_the_signature_is_bad),
        cmocka_unit_test(a_flipped_bit_of_the_key_is_bad),
        cmocka_unit_test(a_flipped_bit_of_the_digest_is_bad),
        cmocka_unit_test(a_signature_of_another_length_is_bad),
        cmocka_unit_test(a_key_that_nobody_parsed_is_refused),
        cmocka_unit_test(a_failure_leaves_the_error_queue_as_it_was),
        cmocka_unit_test(more_keys_than_the_cache_holds_verify_right),
        cmocka_unit_test(a_key_in_steady_use_stays_imported),
        cmocka_unit_test(threads_verify_and_sign_in_parallel),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
