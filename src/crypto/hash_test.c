#include "crypto/hash.h"

#include "crypto/key.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct qn_span span_of(const char *text)
{
    return (struct qn_span){(const uint8_t *)text, strlen(text)};
}

static void expect_hash(struct qn_hash hash, const char *hex)
{
    char text[QN_ID_TEXT_SIZE];

    qn_hex_encode(text, hash.bytes, sizeof hash.bytes);
    assert_string_equal(text, hex);
}

/* FIPS 202's examples: nothing, "abc", and 200 bytes of a3, which is more than one block. */
static void sha3_gives_the_known_answers(void **state)
{
    uint8_t a3[200];

    (void)state;
    memset(a3, 0xa3, sizeof a3);
    expect_hash(qn_sha3((struct qn_span){NULL, 0}),
                "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    expect_hash(qn_sha3(span_of("abc")),
                "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    expect_hash(qn_sha3((struct qn_span){a3, sizeof a3}),
                "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
}

static void parts_hash_like_their_concatenation(void **state)
{
    const struct qn_span parts[] = {span_of("a"), {NULL, 0}, span_of("bc")};

    (void)state;
    struct qn_hash whole = qn_sha3(span_of("abc"));
    struct qn_hash in_parts = qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
    assert_true(qn_hash_equal(&whole, &in_parts));
    whole = qn_sha3((struct qn_span){NULL, 0});
    in_parts = qn_sha3_parts(NULL, 0);
    assert_true(qn_hash_equal(&whole, &in_parts));
}

static void ids_compare_as_bytes(void **state)
{
    struct qn_node_id low = {{0}};
    struct qn_node_id high = {{0}};
    struct qn_network_id network = {{0}};
    struct qn_network_id other = {{0}};

    (void)state;
    assert_true(qn_node_id_equal(&low, &high));
    assert_int_equal(qn_node_id_compare(&low, &high), 0);
    low.bytes[31] = 0x7f;
    high.bytes[31] = 0x80; /* unsigned */
    assert_false(qn_node_id_equal(&low, &high));
    assert_true(qn_node_id_compare(&low, &high) < 0);
    assert_true(qn_node_id_compare(&high, &low) > 0);
    assert_true(qn_network_id_equal(&network, &other));
    other.bytes[31] = 1;
    assert_false(qn_network_id_equal(&network, &other));
}

static void only_a_hash_of_zeros_is_zero(void **state)
{
    struct qn_hash hash = {{0}};

    (void)state;
    assert_true(qn_hash_is_zero(&hash));
    hash.bytes[31] = 1;
    assert_false(qn_hash_is_zero(&hash));
}

static void the_short_id_is_its_first_eight_digits(void **state)
{
    struct qn_node_id id = {{0xab, 0x12, 0xcd, 0x34, 0xff}};
    char text[QN_SHORT_ID_TEXT_SIZE];

    (void)state;
    assert_string_equal(qn_node_id_short(text, &id), "ab12cd34");
}

static void *hash_often(void *argument)
{
    size_t *wrong = argument;
    struct qn_hash expected = qn_sha3(span_of("abc"));

    for (int i = 0; i < 2000; i++) {
        struct qn_hash other = qn_sha3(span_of("other"));
        struct qn_hash hash = qn_sha3(span_of("abc"));
        *wrong += !qn_hash_equal(&hash, &expected) || qn_hash_equal(&hash, &other) ? 1 : 0;
    }
    qn_crypto_thread_fini();
    return NULL;
}

static void threads_hash_independently(void **state)
{
    pthread_t threads[8];
    size_t wrong[8] = {0};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &wrong[i]), 0);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
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
        cmocka_unit_test(sha3_gives_the_known_answers),
        cmocka_unit_test(parts_hash_like_their_concatenation),
        cmocka_unit_test(ids_compare_as_bytes),
        cmocka_unit_test(only_a_hash_of_zeros_is_zero),
        cmocka_unit_test(the_short_id_is_its_first_eight_digits),
        cmocka_unit_test(threads_hash_independently),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
