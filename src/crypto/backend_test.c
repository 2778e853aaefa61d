#include "crypto/backend.h"

#include "crypto/key.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void init_may_come_twice_and_again_after_fini(void **state)
{
    const char *why = NULL;

    (void)state;
    assert_int_equal(qn_crypto_init(&why), QN_OK);
    assert_int_equal(qn_crypto_init(&why), QN_OK);
    (void)qn_sha3((struct qn_span){NULL, 0});
    qn_crypto_fini();
    assert_int_equal(qn_crypto_init(&why), QN_OK);
    (void)qn_sha3((struct qn_span){NULL, 0});
    qn_crypto_fini();
    qn_crypto_fini();
    assert_null(why);
}

static void init_names_what_the_library_lacks(void **state)
{
    const char *why = NULL;

    (void)state;
    /* As if no provider offered anything. */
    assert_int_equal(EVP_set_default_properties(NULL, "provider=none"), 1);
    assert_int_equal(qn_crypto_init(&why), QN_ERR_CRYPTO);
    assert_non_null(strstr(why, "SHA3-256"));
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
    assert_int_equal(qn_crypto_init(&why), QN_OK);
    qn_crypto_fini();
}

static void only_node_suites_have_a_signature_algorithm(void **state)
{
    const char *why;

    (void)state;
    assert_int_equal(qn_crypto_init(&why), QN_OK);
    assert_null(qn_backend_signature(0));
    assert_non_null(qn_backend_signature(QN_SUITE_MLDSA65));
    assert_non_null(qn_backend_signature(QN_SUITE_MLDSA87));
    assert_non_null(qn_backend_signature(QN_SUITE_MLDSA44));
    assert_null(qn_backend_signature(QN_SUITE_SLHDSA128S));
    qn_crypto_fini();
}

static jmp_buf after_assert;

static void jump(const char *message)
{
    (void)message;
    longjmp(after_assert, 1);
}

static void hashing_before_init_stops_the_program(void **state)
{
    (void)state;
    qn_assert_hook = jump;
    if (setjmp(after_assert) == 0) {
        (void)qn_sha3((struct qn_span){NULL, 0});
        fail_msg("hashed with nothing");
    }
    qn_assert_hook = NULL;
    qn_crypto_thread_fini();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_may_come_twice_and_again_after_fini),
        cmocka_unit_test(init_names_what_the_library_lacks),
        cmocka_unit_test(only_node_suites_have_a_signature_algorithm),
        cmocka_unit_test(hashing_before_init_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
