#include "crypto/key.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* OpenSSL's allocator with a look at every block that is given back: does it hold the seed? */
enum { HEADER_LEN = 16 };

static uint8_t watched[QN_SEED_LEN];
static bool is_watching;
static unsigned blocks_with_seed;

static size_t block_len(const uint8_t *block)
{
    size_t len;

    memcpy(&len, block - HEADER_LEN, sizeof len);
    return len;
}

static void look_for_seed(const uint8_t *block)
{
    size_t len = block_len(block);

    for (size_t at = 0; is_watching && at + QN_SEED_LEN <= len; at++) {
        blocks_with_seed += memcmp(block + at, watched, QN_SEED_LEN) == 0 ? 1 : 0;
    }
}

static void *watch_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    uint8_t *start = malloc(len + HEADER_LEN);
    if (start == NULL) {
        return NULL;
    }
    memcpy(start, &len, sizeof len);
    return start + HEADER_LEN;
}

static void watch_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (block != NULL) {
        look_for_seed(block);
        free((uint8_t *)block - HEADER_LEN);
    }
}

static void *watch_realloc(void *block, size_t len, const char *file, int line)
{
    void *moved = watch_malloc(len, file, line);

    if (moved != NULL && block != NULL) {
        size_t old_len = block_len(block);
        memcpy(moved, block, old_len < len ? old_len : len);
        watch_free(block, file, line);
    }
    return moved;
}

static void the_watch_sees_a_seed_that_is_not_wiped(void **state)
{
    (void)state;
    memset(watched, 0xc3, sizeof watched);
    blocks_with_seed = 0;
    is_watching = true;
    uint8_t *block = OPENSSL_malloc(100);
    memset(block, 0, 100);
    memcpy(block + 33, watched, sizeof watched);
    OPENSSL_free(block);
    is_watching = false;
    assert_int_equal(blocks_with_seed, 1);
}

static void no_freed_block_holds_the_seed(void **state)
{
    static const enum qn_suite_id suites[] = {QN_SUITE_MLDSA65, QN_SUITE_MLDSA87, QN_SUITE_MLDSA44};
    struct qn_hash digest = {{0}};

    (void)state;
    blocks_with_seed = 0;
    for (size_t i = 0; i < QN_ARRAY_COUNT(suites); i++) {
        struct qn_signature signature;
        for (size_t at = 0; at < sizeof watched; at++) {
            watched[at] = (uint8_t)(at * 7 + i);
        }
        is_watching = true;
        struct qn_key *key = qn_key_from_seed(suites[i], watched);
        assert_int_equal(qn_sign(&signature, key, QN_SIGN_RECORD, &digest), QN_OK);
        qn_key_free(key);
        is_watching = false;
    }
    assert_int_equal(blocks_with_seed, 0);
}

static void wipe_overwrites_and_takes_nothing(void **state)
{
    uint8_t secret[40];

    (void)state;
    memset(secret, 0xee, sizeof secret);
    qn_wipe(secret, 39);
    for (size_t i = 0; i < 39; i++) {
        assert_int_equal(secret[i], 0);
    }
    assert_int_equal(secret[39], 0xee);
    qn_wipe(secret, 0);
    assert_int_equal(secret[39], 0xee);
}

static void secrets_are_equal_only_in_every_byte(void **state)
{
    uint8_t a[32] = {1};
    uint8_t b[32] = {1};

    (void)state;
    assert_true(qn_secret_equal(a, b, sizeof a));
    b[31] ^= 0x80;
    assert_false(qn_secret_equal(a, b, sizeof a));
    assert_true(qn_secret_equal(a, b, 31));
    assert_true(qn_secret_equal(a, b, 0));
}

static void random_bytes_fill_the_whole_length_and_no_more(void **state)
{
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};

    (void)state;
    qn_random_bytes(a, 63);
    qn_random_bytes(b, 63);
    assert_memory_not_equal(a, b, 16);
    assert_memory_not_equal(a + 47, b + 47, 16); /* equal by chance once in 2^128 */
    assert_int_equal(a[63], 0);
    qn_random_bytes(a, 0);
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
    /* Before OpenSSL's first allocation. */
    if (CRYPTO_set_mem_functions(watch_malloc, watch_realloc, watch_free) != 1) {
        return EXIT_FAILURE;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watch_sees_a_seed_that_is_not_wiped),
        cmocka_unit_test(no_freed_block_holds_the_seed),
        cmocka_unit_test(wipe_overwrites_and_takes_nothing),
        cmocka_unit_test(secrets_are_equal_only_in_every_byte),
        cmocka_unit_test(random_bytes_fill_the_whole_length_and_no_more),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
