/* Known answers made by another implementation: tests/vectors/mldsa.txt, which says how. */
#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VECTORS = 3, LINE_SIZE = 2 * QN_NODE_SIGNATURE_LEN_MAX + 64, MESSAGE_LEN = 17 };

struct vector {
    enum qn_suite_id suite;
    uint8_t seed[QN_SEED_LEN];
    uint8_t node_id[QN_HASH_LEN];
    struct qn_signature signature;
};

/* In the order of the file. */
static struct vector vectors[VECTORS] = {
    {.suite = QN_SUITE_MLDSA65}, {.suite = QN_SUITE_MLDSA87}, {.suite = QN_SUITE_MLDSA44}};
static struct qn_network_id network;
static uint8_t message[MESSAGE_LEN];
static struct qn_hash digest;

/* The value of the next line with this name. */
static bool read_hex(FILE *file, const char *name, uint8_t *bytes, size_t len)
{
    static char line[LINE_SIZE];
    size_t name_len = strlen(name);

    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, name_len) == 0 && line[name_len] == ' ') {
            line[strcspn(line, "\n")] = '\0';
            return qn_hex_decode(bytes, len, line + name_len + 1) == QN_OK;
        }
    }
    return false;
}

static bool read_vectors(FILE *file)
{
    if (!read_hex(file, "network", network.bytes, sizeof network.bytes) ||
        !read_hex(file, "message", message, sizeof message) ||
        !read_hex(file, "digest", digest.bytes, sizeof digest.bytes)) {
        return false;
    }
    for (size_t i = 0; i < VECTORS; i++) {
        struct vector *vector = &vectors[i];
        vector->signature.len = (uint16_t)qn_suite_find(vector->suite)->signature_len;
        if (!read_hex(file, "seed", vector->seed, sizeof vector->seed) ||
            !read_hex(file, "node_id", vector->node_id, sizeof vector->node_id) ||
            !read_hex(file, "signature", vector->signature.bytes, vector->signature.len)) {
            return false;
        }
    }
    return true;
}

static void the_digest_is_the_one_made_elsewhere(void **state)
{
    (void)state;
    struct qn_hash ours = qn_signing_digest(&network, (struct qn_span){message, sizeof message});
    assert_memory_equal(ours.bytes, digest.bytes, sizeof digest.bytes);
}

static void a_seed_gives_the_known_node_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct qn_key *key = qn_key_from_seed(vectors[i].suite, vectors[i].seed);
        assert_non_null(key);
        struct qn_node_id id = qn_public_key_id(qn_key_public(key));
        assert_memory_equal(id.bytes, vectors[i].node_id, sizeof id.bytes);
        qn_key_free(key);
    }
}

static void a_signature_made_elsewhere_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct qn_key *key = qn_key_from_seed(vectors[i].suite, vectors[i].seed);
        struct qn_span signature = {vectors[i].signature.bytes, vectors[i].signature.len};
        const struct qn_public_key *public_key = qn_key_public(key);
        assert_int_equal(qn_verify(public_key, QN_SIGN_NOTARIZE, &digest, signature), QN_OK);
        assert_int_equal(qn_verify(public_key, QN_SIGN_FINALIZE, &digest, signature),
                         QN_ERR_BAD_SIGNATURE);
        qn_key_free(key);
    }
}

static void a_deterministic_signature_is_the_same_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct qn_signature ours;
        struct qn_key *key = qn_key_from_seed(vectors[i].suite, vectors[i].seed);
        assert_int_equal(qn_sign_deterministic(&ours, key, QN_SIGN_NOTARIZE, &digest), QN_OK);
        assert_int_equal(ours.len, vectors[i].signature.len);
        assert_memory_equal(ours.bytes, vectors[i].signature.bytes, ours.len);
        qn_key_free(key);
    }
}

static int setup(void **state)
{
    char path[4096];
    const char *why;
    const char *source_dir = getenv("QNET_SOURCE_DIR");

    (void)state;
    (void)snprintf(path, sizeof path, "%s/tests/vectors/mldsa.txt",
                   source_dir != NULL ? source_dir : ".");
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_error("cannot open %s\n", path);
        return -1;
    }
    bool is_read = read_vectors(file);
    (void)fclose(file);
    return is_read && qn_crypto_init(&why) == QN_OK ? 0 : -1;
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
        cmocka_unit_test(the_digest_is_the_one_made_elsewhere),
        cmocka_unit_test(a_seed_gives_the_known_node_id),
        cmocka_unit_test(a_signature_made_elsewhere_verifies),
        cmocka_unit_test(a_deterministic_signature_is_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
