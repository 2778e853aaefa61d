#include "crypto/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum qn_suite_id node_suites[] = {QN_SUITE_MLDSA65, QN_SUITE_MLDSA87,
                                               QN_SUITE_MLDSA44};

static void the_same_seed_gives_the_same_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        uint8_t seed[QN_SEED_LEN] = {1, 2, 3};
        struct qn_key *a = qn_key_from_seed(node_suites[i], seed);
        struct qn_key *b = qn_key_from_seed(node_suites[i], seed);
        seed[31] ^= 1;
        struct qn_key *other = qn_key_from_seed(node_suites[i], seed);
        assert_non_null(a);
        assert_true(qn_public_key_equal(qn_key_public(a), qn_key_public(b)));
        assert_false(qn_public_key_equal(qn_key_public(a), qn_key_public(other)));
        qn_key_free(a);
        qn_key_free(b);
        qn_key_free(other);
    }
}

static void a_generated_key_comes_back_from_its_seed(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        uint8_t seed[QN_SEED_LEN] = {0};
        uint8_t other_seed[QN_SEED_LEN] = {0};
        struct qn_key *made = qn_key_generate(node_suites[i], seed);
        struct qn_key *again = qn_key_from_seed(node_suites[i], seed);
        struct qn_key *other = qn_key_generate(node_suites[i], other_seed);
        assert_true(qn_public_key_equal(qn_key_public(made), qn_key_public(again)));
        assert_memory_not_equal(seed, other_seed, sizeof seed);
        assert_false(qn_public_key_equal(qn_key_public(made), qn_key_public(other)));
        qn_key_free(made);
        qn_key_free(again);
        qn_key_free(other);
    }
}

static void no_node_key_belongs_to_suite_4_or_an_unknown_one(void **state)
{
    static const uint8_t zero[QN_SEED_LEN];
    uint8_t seed[QN_SEED_LEN] = {7};

    (void)state;
    assert_null(qn_key_from_seed(QN_SUITE_SLHDSA128S, seed));
    assert_null(qn_key_from_seed((enum qn_suite_id)0, seed));
    assert_null(qn_key_from_seed((enum qn_suite_id)9, seed));
    assert_null(qn_key_generate(QN_SUITE_SLHDSA128S, seed));
    assert_memory_equal(seed, zero, sizeof seed); /* a secret is wiped on failure */
    assert_int_equal(ERR_peek_error(), 0);
}

static void the_public_key_is_the_one_tls_will_show(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        uint8_t seed[QN_SEED_LEN];
        unsigned char *der = NULL;
        struct qn_public_key parsed;
        struct qn_key *key = qn_key_generate(node_suites[i], seed);
        EVP_PKEY *pkey = qn_key_tls_handle(key);
        assert_true(EVP_PKEY_is_a(pkey, qn_suite_find(node_suites[i])->name));
        int len = i2d_PUBKEY(pkey, &der);
        assert_int_equal(qn_public_key_from_spki(&parsed, (struct qn_span){der, (size_t)len}),
                         QN_OK);
        assert_memory_equal(&parsed, qn_key_public(key), sizeof parsed);
        memset(&parsed, 0, sizeof parsed);
        assert_true(qn_public_key_of_tls(&parsed, pkey));
        assert_memory_equal(&parsed, qn_key_public(key), sizeof parsed);
        OPENSSL_free(der);
        qn_key_free(key);
    }
}

static void a_key_of_no_suite_is_none_of_a_node(void **state)
{
    static const char *const others[] = {"X25519", "ED25519", "SLH-DSA-SHA2-128f"};
    struct qn_public_key key = {.suite = 77};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(others); i++) {
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, others[i]);
        assert_non_null(pkey);
        assert_false(qn_public_key_of_tls(&key, pkey));
        EVP_PKEY_free(pkey);
    }
    assert_int_equal(key.suite, 77);
}

static void the_tls_stack_may_outlive_the_key(void **state)
{
    uint8_t seed[QN_SEED_LEN];

    (void)state;
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    EVP_PKEY *pkey = qn_key_tls_handle(key);
    assert_int_equal(EVP_PKEY_up_ref(pkey), 1);
    qn_key_free(key);
    assert_int_equal(EVP_PKEY_get_size(pkey), 3309);
    EVP_PKEY_free(pkey);
    qn_key_free(NULL);
}

static int setup(void **state)
{
    const char *why;

    (void)state;
    return qn_crypto_init(&why) == QN_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    qn_crypto_fini();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_key),
        cmocka_unit_test(a_generated_key_comes_back_from_its_seed),
        cmocka_unit_test(no_node_key_belongs_to_suite_4_or_an_unknown_one),
        cmocka_unit_test(the_public_key_is_the_one_tls_will_show),
        cmocka_unit_test(a_key_of_no_suite_is_none_of_a_node),
        cmocka_unit_test(the_tls_stack_may_outlive_the_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
