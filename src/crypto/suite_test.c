#include "crypto/suite.h"

#include "base/limits.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_der_prefix_is_the_one_openssl_writes(void **state)
{
    size_t count;
    const struct qn_suite *suites = qn_suite_list(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        unsigned char *der = NULL;
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, suites[i].name);
        assert_non_null(key);
        int len = i2d_PUBKEY(key, &der);
        assert_int_equal(len, suites[i].spki_prefix_len + suites[i].public_key_len);
        assert_memory_equal(der, suites[i].spki_prefix, suites[i].spki_prefix_len);
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
}

static void lengths_are_those_of_openssl(void **state)
{
    size_t count;
    const struct qn_suite *suites = qn_suite_list(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, suites[i].name);
        assert_int_equal(EVP_PKEY_get_size(key), suites[i].signature_len);
        EVP_PKEY_free(key);
    }
}

static void lengths_are_within_the_limits(void **state)
{
    size_t count;
    const struct qn_suite *suites = qn_suite_list(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_true(suites[i].spki_prefix_len + suites[i].public_key_len <= QN_SPKI_LEN_MAX);
        assert_true(suites[i].signature_len <= (suites[i].tls_sigalg != NULL
                                                    ? (size_t)QN_NODE_SIGNATURE_LEN_MAX
                                                    : (size_t)QN_SIGNATURE_LEN_MAX));
    }
}

static void the_list_is_in_order_of_numbers(void **state)
{
    size_t count;
    const struct qn_suite *suites = qn_suite_list(&count);

    (void)state;
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(suites[i].id, i + 1);
        assert_ptr_equal(qn_suite_find((unsigned)(i + 1)), &suites[i]);
    }
    assert_null(qn_suite_find(0));
    assert_null(qn_suite_find(5));
    assert_null(qn_suite_find(257)); /* 1 in its low byte */
}

static void a_suite_is_found_by_either_name(void **state)
{
    (void)state;
    assert_int_equal(qn_suite_by_name("ML-DSA-65")->id, QN_SUITE_MLDSA65);
    assert_int_equal(qn_suite_by_name("ml-dsa-87")->id, QN_SUITE_MLDSA87);
    assert_int_equal(qn_suite_by_name("mldsa44")->id, QN_SUITE_MLDSA44);
    assert_int_equal(qn_suite_by_name("slh-dsa-sha2-128s")->id, QN_SUITE_SLHDSA128S);
    assert_null(qn_suite_by_name("ML-DSA-6"));
    assert_null(qn_suite_by_name("ML-DSA-655"));
    assert_null(qn_suite_by_name("ed25519"));
    assert_null(qn_suite_by_name(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_der_prefix_is_the_one_openssl_writes),
        cmocka_unit_test(lengths_are_those_of_openssl),
        cmocka_unit_test(lengths_are_within_the_limits),
        cmocka_unit_test(the_list_is_in_order_of_numbers),
        cmocka_unit_test(a_suite_is_found_by_either_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
