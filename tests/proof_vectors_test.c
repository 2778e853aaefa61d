/* The verifier of include/qnet/verify.h, held to the vectors of tests/vectors/proofs. */
#include "qnet/verify_openssl.h"

#include "base/rng.h"
#include "wire/testing/run.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    SETS_MAX = 4,
    CERTIFICATES_MAX = 8,
    FLIPS = 150, /* of each proof */
    TRUNCATIONS = 2000,
};

struct bytes {
    uint8_t *at;
    size_t len;
};

struct set {
    const char *name;
    size_t count;
    struct qnet_span certificates[CERTIFICATES_MAX];
    uint8_t memory[CERTIFICATES_MAX][QNET_CERTIFICATE_LEN_MAX];
    struct qnet_trust trust;
};

static struct qnet_verify_crypto crypto;
static json_t *vectors;
static struct set sets[SETS_MAX];
static size_t set_count;

static json_t *get(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (value == NULL) {
        fail_msg("no %s in the vectors", key);
    }
    return value;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(get(object, key));
}

static uint64_t number_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(get(object, key));
}

static void path_of(char *path, size_t size, const char *name)
{
    (void)snprintf(path, size, "tests/vectors/proofs/%s", name);
}

static struct bytes read_file(const char *name)
{
    char path[256];
    char file_name[128];
    (void)snprintf(file_name, sizeof file_name, "%s.cbor", name);
    path_of(path, sizeof path, file_name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct bytes bytes = {malloc(1U << 20), 0};
    assert_non_null(bytes.at);
    bytes.len = fread(bytes.at, 1, 1U << 20, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void read_set(struct set *set, const char *name, const json_t *texts)
{
    set->name = name;
    set->count = json_array_size(texts);
    assert_true(set->count <= CERTIFICATES_MAX);
    for (size_t i = 0; i < set->count; i++) {
        assert_int_equal(qnet_certificate_from_text(&set->certificates[i], set->memory[i],
                                                    sizeof set->memory[i],
                                                    json_string_value(json_array_get(texts, i))),
                         QNET_VERIFY_OK);
    }
    size_t bad = 0;
    assert_int_equal(qnet_trust_init(&set->trust, &bad, &crypto, set->certificates, set->count),
                     QNET_VERIFY_OK);
}

static const struct set *set_named(const char *name)
{
    for (size_t i = 0; i < set_count; i++) {
        if (strcmp(sets[i].name, name) == 0) {
            return &sets[i];
        }
    }
    fail_msg("no set of certificates %s", name);
    return NULL;
}

static int set_up(void **state)
{
    char path[256];
    const char *name;
    json_t *texts;

    (void)state;
    path_of(path, sizeof path, "proofs.json");
    vectors = json_load_file(path, 0, NULL);
    if (vectors == NULL || !qnet_verify_openssl_open(&crypto)) {
        return -1;
    }
    json_object_foreach(get(vectors, "genesis"), name, texts)
    {
        read_set(&sets[set_count], name, texts);
        set_count += 1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(vectors);
    qnet_verify_openssl_close(&crypto);
    return 0;
}

static void assert_hex(const uint8_t *bytes, const json_t *object, const char *key)
{
    char text[2 * QNET_HASH_LEN + 1];
    qn_hex_encode(text, bytes, QNET_HASH_LEN);
    assert_string_equal(text, text_of(object, key));
}

static void assert_entry(const struct qnet_entry *entry, const json_t *expected)
{
    assert_int_equal(entry->index, number_of(expected, "index"));
    assert_int_equal(entry->suite, number_of(expected, "suite"));
    assert_int_equal(entry->region, number_of(expected, "region"));
    assert_int_equal(entry->roles, number_of(expected, "roles"));
    assert_string_equal(entry->host, text_of(expected, "host"));
    assert_int_equal(entry->port, number_of(expected, "port"));
    assert_int_equal(entry->sequence, number_of(expected, "sequence"));
    assert_int_equal(entry->registered_height, number_of(expected, "registered_height"));
    assert_int_equal(entry->changed_height, number_of(expected, "changed_height"));
    assert_int_equal(entry->revoke_reason, number_of(expected, "revoke_reason"));
    assert_int_equal(entry->code_class, number_of(expected, "code_class"));
    assert_int_equal(entry->valid_until_ms,
                     strtoull(text_of(expected, "valid_until_ms"), NULL, 10));
    assert_hex(entry->key_hash, expected, "key_hash");
    assert_hex(entry->successor, expected, "successor");
    assert_int_equal(entry->equivocated_height, number_of(expected, "equivocated_height"));
}

static void assert_verdict(const struct qnet_verdict *verdict, const json_t *expected)
{
    assert_int_equal(verdict->is_member, json_is_true(get(expected, "member")));
    assert_string_equal(qnet_entry_state_name(verdict->state), text_of(expected, "state"));
    assert_int_equal(verdict->height, number_of(expected, "height"));
    assert_int_equal(verdict->time_ms, number_of(expected, "time_ms"));
    assert_int_equal(verdict->epoch, number_of(expected, "epoch"));
    assert_int_equal(verdict->certified_height, number_of(expected, "certified_height"));
    assert_int_equal(verdict->certified_epoch, number_of(expected, "certified_epoch"));
    assert_int_equal(verdict->signature_count, number_of(expected, "signatures"));
    assert_hex(verdict->node_id, expected, "node_id");
    assert_hex(verdict->network, expected, "network");
    assert_hex(verdict->block_id, expected, "block_id");
    assert_hex(verdict->state_root, expected, "state_root");
    if (verdict->is_member) {
        assert_entry(&verdict->entry, get(expected, "entry"));
    }
}

static void valid_proofs_hold_and_say_what_they_should(void **state)
{
    size_t i;
    json_t *vector;

    (void)state;
    json_array_foreach(get(vectors, "valid"), i, vector)
    {
        struct qnet_verdict verdict;
        struct bytes proof = read_file(text_of(vector, "name"));
        enum qnet_verify_status status =
            qnet_proof_verify(&verdict, &set_named(text_of(vector, "genesis"))->trust, &crypto,
                              proof.at, proof.len, NULL);
        if (status != QNET_VERIFY_OK) {
            fail_msg("%s: %s", text_of(vector, "name"), qnet_verify_text(status));
        }
        assert_verdict(&verdict, get(vector, "verdict"));
        free(proof.at);
    }
    assert_true(i >= 12);
}

static const char *genesis_of(const char *name)
{
    size_t i;
    json_t *vector;

    json_array_foreach(get(vectors, "valid"), i, vector)
    {
        if (strcmp(text_of(vector, "name"), name) == 0) {
            return text_of(vector, "genesis");
        }
    }
    fail_msg("no valid proof %s", name);
    return NULL;
}

/* The valid proof with the vector's change. */
static struct bytes changed(const json_t *vector)
{
    struct bytes base = read_file(text_of(vector, "of"));
    const char *hex = text_of(vector, "in");
    size_t at = (size_t)number_of(vector, "at");
    size_t out = (size_t)number_of(vector, "out");
    size_t in = strlen(hex) / 2;
    struct bytes result = {malloc(base.len - out + in + 1), base.len - out + in};

    assert_non_null(result.at);
    memcpy(result.at, base.at, at);
    assert_int_equal(qn_hex_decode(result.at + at, in, hex), QN_OK);
    memcpy(result.at + at + in, base.at + at + out, base.len - at - out);
    free(base.at);
    return result;
}

static void invalid_proofs_fail_for_their_reason(void **state)
{
    size_t i;
    json_t *vector;

    (void)state;
    json_array_foreach(get(vectors, "invalid"), i, vector)
    {
        struct qnet_verdict verdict;
        struct qnet_verdict before;
        struct bytes proof = changed(vector);
        memset(&verdict, 0xa5, sizeof verdict);
        memset(&before, 0xa5, sizeof before);
        enum qnet_verify_status status =
            qnet_proof_verify(&verdict, &set_named(genesis_of(text_of(vector, "of")))->trust,
                              &crypto, proof.at, proof.len, NULL);
        if (strcmp(qnet_verify_name(status), text_of(vector, "error")) != 0) {
            fail_msg("%s: %s instead of %s", text_of(vector, "name"), qnet_verify_name(status),
                     text_of(vector, "error"));
        }
        assert_memory_equal(&verdict, &before, sizeof verdict);
        free(proof.at);
    }
    assert_true(i >= 35);
}

/* What holds after a change says the same of another id: absence is often that of several ids. */
static bool speaks_of_another(const struct qnet_verdict *verdict,
                              const struct qnet_verdict *original)
{
    return !verdict->is_member && !original->is_member &&
           memcmp(verdict->node_id, original->node_id, QNET_HASH_LEN) != 0;
}

static void check_flips(const char *name, struct bytes proof, const struct qnet_trust *trust,
                        struct qn_rng *rng)
{
    struct qnet_verdict original;
    struct qnet_verdict verdict;
    size_t stride = proof.len / FLIPS + 1;

    assert_int_equal(qnet_proof_verify(&original, trust, &crypto, proof.at, proof.len, NULL),
                     QNET_VERIFY_OK);
    for (size_t at = (size_t)qn_rng_below(rng, stride); at < proof.len; at += stride) {
        uint8_t bit = (uint8_t)(1U << qn_rng_below(rng, 8));
        proof.at[at] ^= bit;
        enum qnet_verify_status status =
            qnet_proof_verify(&verdict, trust, &crypto, proof.at, proof.len, NULL);
        if (status == QNET_VERIFY_OK && !speaks_of_another(&verdict, &original)) {
            fail_msg("%s: byte %zu ^ %u is not noticed", name, at, (unsigned)bit);
        }
        proof.at[at] ^= bit;
    }
}

static void a_changed_bit_is_noticed(void **state)
{
    struct qn_rng rng = qn_test_rng();
    size_t i;
    json_t *vector;

    (void)state;
    json_array_foreach(get(vectors, "valid"), i, vector)
    {
        struct bytes proof = read_file(text_of(vector, "name"));
        check_flips(text_of(vector, "name"), proof, &set_named(text_of(vector, "genesis"))->trust,
                    &rng);
        free(proof.at);
    }
}

static void truncations_are_malformed(void **state)
{
    struct qn_rng rng = qn_test_rng();
    size_t i;
    json_t *vector;
    struct qnet_verdict verdict;

    (void)state;
    json_array_foreach(get(vectors, "valid"), i, vector)
    {
        struct bytes proof = read_file(text_of(vector, "name"));
        const struct qnet_trust *trust = &set_named(text_of(vector, "genesis"))->trust;
        size_t stride = proof.len / TRUNCATIONS + 1;
        for (size_t len = (size_t)qn_rng_below(&rng, stride); len < proof.len; len += stride) {
            assert_int_equal(qnet_proof_verify(&verdict, trust, &crypto, proof.at, len, NULL),
                             QNET_VERIFY_MALFORMED);
        }
        free(proof.at);
    }
}

static void another_network_or_id_is_an_error(void **state)
{
    struct qnet_verdict verdict;
    struct bytes proof = read_file("member");
    struct qnet_trust trust = set_named("mldsa65")->trust;
    uint8_t other[QNET_HASH_LEN] = {1};

    (void)state;
    assert_int_equal(qnet_proof_verify(&verdict, &set_named("mldsa87")->trust, &crypto, proof.at,
                                       proof.len, NULL),
                     QNET_VERIFY_NETWORK);
    assert_int_equal(qnet_proof_verify(&verdict, &trust, &crypto, proof.at, proof.len, other),
                     QNET_VERIFY_NODE_ID);
    assert_int_equal(qnet_proof_verify(&verdict, &trust, &crypto, proof.at, proof.len, NULL),
                     QNET_VERIFY_OK);
    qnet_trust_pin(&trust, verdict.network);
    assert_int_equal(
        qnet_proof_verify(&verdict, &trust, &crypto, proof.at, proof.len, verdict.node_id),
        QNET_VERIFY_OK);
    qnet_trust_pin(&trust, other);
    assert_int_equal(qnet_proof_verify(&verdict, &trust, &crypto, proof.at, proof.len, NULL),
                     QNET_VERIFY_NETWORK);
    free(proof.at);
}

static void certificates_may_come_in_any_order(void **state)
{
    struct set *set = &sets[0];
    struct qnet_trust trust;
    struct qnet_span reversed[CERTIFICATES_MAX];

    (void)state;
    for (size_t i = 0; i < set->count; i++) {
        reversed[i] = set->certificates[set->count - 1 - i];
    }
    assert_int_equal(qnet_trust_init(&trust, NULL, &crypto, reversed, set->count), QNET_VERIFY_OK);
    for (size_t i = 0; i < set->count; i++) {
        assert_ptr_equal(trust.certificates[i].at, set->trust.certificates[i].at);
        assert_memory_equal(trust.members[i].id, set->trust.members[i].id, QNET_HASH_LEN);
    }
}

/* The status, and which certificate it is about. */
static enum qnet_verify_status trust_status(const struct qnet_span *certificates, size_t count,
                                            size_t *bad)
{
    struct qnet_trust trust;
    *bad = SIZE_MAX;
    return qnet_trust_init(&trust, bad, &crypto, certificates, count);
}

static void wrong_certificates_are_named(void **state)
{
    const struct set *set = set_named("mldsa65");
    struct qnet_span certificates[QNET_COMMITTEE_MAX + 1];
    uint8_t copy[QNET_CERTIFICATE_LEN_MAX];
    size_t bad;

    (void)state;
    memcpy(certificates, set->certificates, set->count * sizeof certificates[0]);
    assert_int_equal(trust_status(certificates, 3, &bad), QNET_VERIFY_GENESIS_COUNT);
    assert_int_equal(bad, 3);
    assert_int_equal(trust_status(certificates, QNET_COMMITTEE_MAX + 1, &bad),
                     QNET_VERIFY_GENESIS_COUNT);

    memcpy(copy, certificates[2].at, certificates[2].len);
    certificates[2].at = copy;
    copy[certificates[2].len - 1] ^= 1; /* in its signature */
    assert_int_equal(trust_status(certificates, 4, &bad), QNET_VERIFY_GENESIS_SIGNATURE);
    assert_int_equal(bad, 2);
    certificates[2].len -= 1;
    assert_int_equal(trust_status(certificates, 4, &bad), QNET_VERIFY_GENESIS_MALFORMED);
    assert_int_equal(bad, 2);
    certificates[2] = certificates[0];
    assert_int_equal(trust_status(certificates, 4, &bad), QNET_VERIFY_GENESIS_DUPLICATE);
    assert_int_equal(bad, 2);
}

static bool failing_sha3(void *context, uint8_t digest[QNET_HASH_LEN],
                         const struct qnet_span *parts, size_t part_count)
{
    unsigned *left = context;
    if (*left == 0) {
        return false;
    }
    *left -= 1;
    return crypto.sha3_256(crypto.context, digest, parts, part_count);
}

static enum qnet_check passing_verify(void *context, struct qnet_span key,
                                      const char *context_string,
                                      const uint8_t digest[QNET_HASH_LEN],
                                      struct qnet_span signature)
{
    (void)context;
    (void)key;
    (void)context_string;
    (void)digest;
    (void)signature;
    return QNET_CHECK_HOLDS;
}

static enum qnet_check erring_verify(void *context, struct qnet_span key,
                                     const char *context_string,
                                     const uint8_t digest[QNET_HASH_LEN],
                                     struct qnet_span signature)
{
    (void)passing_verify(context, key, context_string, digest, signature);
    return QNET_CHECK_ERROR;
}

static void a_failing_library_is_never_a_verdict(void **state)
{
    struct bytes proof = read_file("past-across-epochs");
    const struct qnet_trust *trust = &set_named("mldsa65")->trust;
    struct qnet_verdict verdict;
    unsigned calls = 0;
    enum qnet_verify_status status;

    (void)state;
    do {
        unsigned left = calls;
        struct qnet_verify_crypto failing = {&left, failing_sha3, passing_verify};
        status = qnet_proof_verify(&verdict, trust, &failing, proof.at, proof.len, NULL);
        assert_true(status == QNET_VERIFY_CRYPTO || status == QNET_VERIFY_OK);
        calls += 1;
    } while (status != QNET_VERIFY_OK);
    assert_true(calls > 30); /* each of its hashes failed once */
    struct qnet_verify_crypto erring = {crypto.context, crypto.sha3_256, erring_verify};
    assert_int_equal(qnet_proof_verify(&verdict, trust, &erring, proof.at, proof.len, NULL),
                     QNET_VERIFY_CRYPTO);
    free(proof.at);
}

static void states_follow_the_time(void **state)
{
    struct bytes proof = read_file("member-expired");
    struct qnet_verdict verdict;

    (void)state;
    assert_int_equal(qnet_proof_verify(&verdict, &set_named("mldsa65")->trust, &crypto, proof.at,
                                       proof.len, NULL),
                     QNET_VERIFY_OK);
    uint64_t until = verdict.entry.valid_until_ms;
    assert_int_equal(qnet_verdict_state_at(&verdict, until - 1), QNET_ENTRY_ACTIVE);
    assert_int_equal(qnet_verdict_state_at(&verdict, until), QNET_ENTRY_EXPIRED);
    free(proof.at);
}

static void every_status_has_its_words(void **state)
{
    (void)state;
#define CHECK_STATUS(name, number, short_name, text)                                               \
    assert_string_equal(qnet_verify_name(QNET_VERIFY_##name), short_name);                         \
    assert_string_equal(qnet_verify_text(QNET_VERIFY_##name), text);                               \
    assert_int_equal(QNET_VERIFY_##name, number);
    QNET_VERIFY_LIST(CHECK_STATUS)
#undef CHECK_STATUS
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_proofs_hold_and_say_what_they_should),
        cmocka_unit_test(invalid_proofs_fail_for_their_reason),
        cmocka_unit_test(a_changed_bit_is_noticed),
        cmocka_unit_test(truncations_are_malformed),
        cmocka_unit_test(another_network_or_id_is_an_error),
        cmocka_unit_test(certificates_may_come_in_any_order),
        cmocka_unit_test(wrong_certificates_are_named),
        cmocka_unit_test(a_failing_library_is_never_a_verdict),
        cmocka_unit_test(states_follow_the_time),
        cmocka_unit_test(every_status_has_its_words),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests_name("proof vectors", tests, set_up, tear_down);
}
