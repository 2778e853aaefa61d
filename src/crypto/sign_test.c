#include "crypto/key.h"

#include "crypto/private_key.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum qn_suite_id node_suites[] = {QN_SUITE_MLDSA65, QN_SUITE_MLDSA87,
                                               QN_SUITE_MLDSA44};
static const enum qn_sign_kind kinds[] = {
    QN_SIGN_GENESIS,  QN_SIGN_RECORD,  QN_SIGN_TRANSACTION, QN_SIGN_ACTIVATE, QN_SIGN_NOTARIZE,
    QN_SIGN_FINALIZE, QN_SIGN_NULLIFY, QN_SIGN_RECOVER,     QN_SIGN_ROTATE,
};
static const struct qn_hash digest = {{0xd1, 0x9e}};

static struct qn_key *key_of(enum qn_suite_id suite)
{
    static const uint8_t seed[QN_SEED_LEN] = {9, 9, 9};
    struct qn_key *key = qn_key_from_seed(suite, seed);

    assert_non_null(key);
    return key;
}

static struct qn_span span_of(const struct qn_signature *signature)
{
    return (struct qn_span){signature->bytes, signature->len};
}

static void a_signature_verifies_under_its_key_kind_and_digest(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        struct qn_signature signature;
        struct qn_key *key = key_of(node_suites[i]);
        assert_int_equal(qn_sign(&signature, key, QN_SIGN_NOTARIZE, &digest), QN_OK);
        assert_int_equal(signature.len, qn_suite_find(node_suites[i])->signature_len);
        for (size_t at = signature.len; at < sizeof signature.bytes; at++) {
            assert_int_equal(signature.bytes[at], 0);
        }
        assert_int_equal(
            qn_verify(qn_key_public(key), QN_SIGN_NOTARIZE, &digest, span_of(&signature)), QN_OK);
        qn_key_free(key);
    }
}

static void a_signature_of_one_kind_fails_under_every_other(void **state)
{
    (void)state;
    struct qn_key *key = key_of(QN_SUITE_MLDSA65);
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        struct qn_signature signature;
        assert_int_equal(qn_sign(&signature, key, kinds[i], &digest), QN_OK);
        for (size_t j = 0; j < QN_ARRAY_COUNT(kinds); j++) {
            assert_int_equal(qn_verify(qn_key_public(key), kinds[j], &digest, span_of(&signature)),
                             i == j ? QN_OK : QN_ERR_BAD_SIGNATURE);
        }
    }
    qn_key_free(key);
}

static void every_kind_has_its_own_context(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        assert_int_equal(strncmp(qn_sign_kind_context(kinds[i]), "qnet/1/", 7), 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(qn_sign_kind_context(kinds[i]), qn_sign_kind_context(kinds[j]));
        }
    }
    assert_string_equal(qn_sign_kind_context(QN_SIGN_NOTARIZE), "qnet/1/notarize");
}

static void the_digest_binds_the_network(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct qn_span span = {bytes, sizeof bytes};
    struct qn_network_id network = {{5}};
    struct qn_network_id other = {{6}};
    struct qn_network_id zero = {{0}};
    struct qn_signature signature;

    (void)state;
    struct qn_key *key = key_of(QN_SUITE_MLDSA65);
    struct qn_hash ours = qn_signing_digest(&network, span);
    struct qn_hash theirs = qn_signing_digest(&other, span);
    assert_int_equal(qn_sign(&signature, key, QN_SIGN_RECORD, &ours), QN_OK);
    assert_int_equal(qn_verify(qn_key_public(key), QN_SIGN_RECORD, &ours, span_of(&signature)),
                     QN_OK);
    assert_int_equal(qn_verify(qn_key_public(key), QN_SIGN_RECORD, &theirs, span_of(&signature)),
                     QN_ERR_BAD_SIGNATURE);
    struct qn_hash none = qn_signing_digest(NULL, span);
    struct qn_hash zeros = qn_signing_digest(&zero, span);
    assert_true(qn_hash_equal(&none, &zeros));
    assert_false(qn_hash_equal(&none, &ours));
    qn_key_free(key);
}

static void ordinary_signatures_are_hedged_and_the_others_repeat(void **state)
{
    struct qn_signature a;
    struct qn_signature b;

    (void)state;
    struct qn_key *key = key_of(QN_SUITE_MLDSA44);
    assert_int_equal(qn_sign(&a, key, QN_SIGN_RECORD, &digest), QN_OK);
    assert_int_equal(qn_sign(&b, key, QN_SIGN_RECORD, &digest), QN_OK);
    assert_memory_not_equal(a.bytes, b.bytes, a.len);
    assert_int_equal(qn_sign_deterministic(&a, key, QN_SIGN_RECORD, &digest), QN_OK);
    assert_int_equal(qn_sign_deterministic(&b, key, QN_SIGN_RECORD, &digest), QN_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(qn_verify(qn_key_public(key), QN_SIGN_RECORD, &digest, span_of(&a)), QN_OK);
    qn_key_free(key);
}

static void a_failed_signature_is_wiped_and_leaves_no_error_behind(void **state)
{
    static const struct qn_signature zero;
    struct qn_signature signature;

    (void)state;
    struct qn_key *key = key_of(QN_SUITE_MLDSA65);
    struct qn_key broken = *key;
    broken.public_key.suite = QN_SUITE_MLDSA44; /* another algorithm than that of the EVP_PKEY */
    memset(&signature, 0x33, sizeof signature);
    assert_int_equal(qn_sign(&signature, &broken, QN_SIGN_RECORD, &digest), QN_ERR_CRYPTO);
    assert_memory_equal(&signature, &zero, sizeof zero);
    assert_int_equal(ERR_peek_error(), 0);
    qn_key_free(key);
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
        cmocka_unit_test(a_signature_verifies_under_its_key_kind_and_digest),
        cmocka_unit_test(a_signature_of_one_kind_fails_under_every_other),
        cmocka_unit_test(every_kind_has_its_own_context),
        cmocka_unit_test(the_digest_binds_the_network),
        cmocka_unit_test(ordinary_signatures_are_hedged_and_the_others_repeat),
        cmocka_unit_test(a_failed_signature_is_wiped_and_leaves_no_error_behind),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
