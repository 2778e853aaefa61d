#include "crypto/key.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum qn_suite_id node_suites[] = {QN_SUITE_MLDSA65, QN_SUITE_MLDSA87,
                                               QN_SUITE_MLDSA44};

/* An encoding of this suite; the raw key is arbitrary, since every byte string of its length is a
 * key. buf holds one byte more. */
static size_t make_spki(uint8_t buf[QN_SPKI_LEN_MAX + 1], enum qn_suite_id id)
{
    const struct qn_suite *suite = qn_suite_find(id);
    size_t len = suite->spki_prefix_len + suite->public_key_len;

    memset(buf, 0x5a, QN_SPKI_LEN_MAX + 1);
    memcpy(buf, suite->spki_prefix, suite->spki_prefix_len);
    return len;
}

static void expect_unknown(const uint8_t *bytes, size_t len)
{
    struct qn_public_key key;
    struct qn_public_key before;

    memset(&key, 0x33, sizeof key);
    before = key;
    assert_int_equal(qn_public_key_from_spki(&key, (struct qn_span){bytes, len}),
                     QN_ERR_UNKNOWN_SUITE);
    assert_memory_equal(&key, &before, sizeof key);
}

static void the_one_encoding_of_a_suite_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        uint8_t buf[QN_SPKI_LEN_MAX + 1];
        struct qn_public_key key;
        size_t len = make_spki(buf, node_suites[i]);
        memset(&key, 0x33, sizeof key);
        assert_int_equal(qn_public_key_from_spki(&key, (struct qn_span){buf, len}), QN_OK);
        assert_int_equal(key.suite, node_suites[i]);
        assert_int_equal(qn_public_key_span(&key).len, len);
        assert_memory_equal(key.spki, buf, len);
        for (size_t at = len; at < sizeof key.spki; at++) {
            assert_int_equal(key.spki[at], 0);
        }
    }
}

static void a_truncated_or_longer_encoding_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        uint8_t buf[QN_SPKI_LEN_MAX + 1];
        size_t len = make_spki(buf, node_suites[i]);
        expect_unknown(buf, len - 1);
        expect_unknown(buf, len + 1);
        expect_unknown(buf, qn_suite_find(node_suites[i])->spki_prefix_len);
        expect_unknown(buf, 5);
        expect_unknown(buf, 0);
    }
    expect_unknown(NULL, 0);
}

/* So is a NULL parameter, a longer form of a length, an unused bit: all differ in the prefix. */
static void every_other_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        uint8_t buf[QN_SPKI_LEN_MAX + 1];
        size_t len = make_spki(buf, node_suites[i]);
        size_t prefix_len = qn_suite_find(node_suites[i])->spki_prefix_len;
        for (size_t bit = 0; bit < 8 * prefix_len; bit++) {
            buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
            expect_unknown(buf, len);
            buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void the_length_of_one_suite_with_the_oid_of_another_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        for (size_t j = 0; j < QN_ARRAY_COUNT(node_suites); j++) {
            uint8_t buf[QN_SPKI_LEN_MAX + 1];
            uint8_t other[QN_SPKI_LEN_MAX + 1];
            size_t len = make_spki(buf, node_suites[i]);
            (void)make_spki(other, node_suites[j]);
            if (i != j) {
                buf[16] = other[16]; /* the last number of the OID */
                expect_unknown(buf, len);
                memcpy(buf, other, 22);
                expect_unknown(buf, len);
            }
        }
    }
}

static void expect_unknown_pkey(EVP_PKEY *pkey)
{
    unsigned char *der = NULL;

    assert_non_null(pkey);
    int len = i2d_PUBKEY(pkey, &der);
    assert_true(len > 0);
    expect_unknown(der, (size_t)len);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}

static void keys_of_other_algorithms_are_refused(void **state)
{
    (void)state;
    expect_unknown_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
    expect_unknown_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    expect_unknown_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    expect_unknown_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "ML-KEM-768"));
    expect_unknown_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "SLH-DSA-SHA2-128s"));
}

static void keys_differ_by_any_bit_and_so_do_their_ids(void **state)
{
    uint8_t buf[QN_SPKI_LEN_MAX + 1];
    struct qn_public_key a;
    struct qn_public_key b;

    (void)state;
    size_t len = make_spki(buf, QN_SUITE_MLDSA65);
    assert_int_equal(qn_public_key_from_spki(&a, (struct qn_span){buf, len}), QN_OK);
    assert_int_equal(qn_public_key_from_spki(&b, (struct qn_span){buf, len}), QN_OK);
    struct qn_node_id id_a = qn_public_key_id(&a);
    struct qn_node_id id_b = qn_public_key_id(&b);
    struct qn_hash hash = qn_sha3((struct qn_span){buf, len});
    assert_true(qn_public_key_equal(&a, &b));
    assert_true(qn_node_id_equal(&id_a, &id_b));
    assert_memory_equal(id_a.bytes, hash.bytes, sizeof hash.bytes);
    b.spki[len - 1] ^= 1;
    id_b = qn_public_key_id(&b);
    assert_false(qn_public_key_equal(&a, &b));
    assert_false(qn_node_id_equal(&id_a, &id_b));
}

static void a_key_may_be_read_from_its_own_bytes(void **state)
{
    uint8_t buf[QN_SPKI_LEN_MAX + 1];
    struct qn_public_key key;

    (void)state;
    size_t len = make_spki(buf, QN_SUITE_MLDSA44);
    assert_int_equal(qn_public_key_from_spki(&key, (struct qn_span){buf, len}), QN_OK);
    assert_int_equal(qn_public_key_from_spki(&key, qn_public_key_span(&key)), QN_OK);
    assert_memory_equal(key.spki, buf, len);
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
        cmocka_unit_test(the_one_encoding_of_a_suite_is_taken),
        cmocka_unit_test(a_truncated_or_longer_encoding_is_refused),
        cmocka_unit_test(every_other_prefix_is_refused),
        cmocka_unit_test(the_length_of_one_suite_with_the_oid_of_another_is_refused),
        cmocka_unit_test(keys_of_other_algorithms_are_refused),
        cmocka_unit_test(keys_differ_by_any_bit_and_so_do_their_ids),
        cmocka_unit_test(a_key_may_be_read_from_its_own_bytes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
