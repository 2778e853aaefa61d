#include "ledger/genesis.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 6, PROBLEMS_MAX = 16 };

/* Six signed certificates, to be rearranged and broken. */
struct set {
    struct qn_key *keys[NODES];
    struct qn_genesis_cert certs[NODES];
    struct qn_buf *bytes[NODES];
    struct qn_genesis_parameters parameters;
    struct qn_genesis_problem problems[PROBLEMS_MAX];
    size_t problem_count;
    struct qn_genesis genesis;
};

static void set_init(struct set *set)
{
    *set = (struct set){.parameters = {.policy = QN_POLICY_OPEN}};
    for (unsigned i = 0; i < NODES; i++) {
        set->keys[i] = qn_kit_key(i + 1);
        set->certs[i] = qn_kit_cert(i + 1, set->keys[i]);
        set->bytes[i] = qn_kit_cert_sign(&set->certs[i], set->keys[i]);
    }
}

static void set_fini(struct set *set)
{
    for (size_t i = 0; i < NODES; i++) {
        qn_buf_drop(set->bytes[i]);
        qn_key_free(set->keys[i]);
    }
}

/* Signs certificate i again after a test changed it, with the key of node signer. */
static void resign(struct set *set, size_t i, size_t signer)
{
    qn_buf_drop(set->bytes[i]);
    set->bytes[i] = qn_kit_cert_sign(&set->certs[i], set->keys[signer]);
}

static enum qn_err init_of(struct set *set, const size_t *order, size_t count)
{
    struct qn_span spans[NODES + 1];

    for (size_t i = 0; i < count; i++) {
        spans[i] = qn_buf_span(set->bytes[order[i]]);
    }
    return qn_genesis_init(&set->genesis, set->problems, PROBLEMS_MAX, &set->problem_count, spans,
                           count, &set->parameters);
}

static const size_t in_order[] = {0, 1, 2, 3, 4, 5};

static struct qn_network_id id_of(struct set *set, const size_t *order, size_t count)
{
    assert_int_equal(init_of(set, order, count), QN_OK);
    assert_int_equal(set->problem_count, 0);
    struct qn_network_id id = set->genesis.network;
    qn_genesis_fini(&set->genesis);
    return id;
}

static void expect_problem(const struct set *set, size_t at, size_t index, enum qn_err err,
                           const char *text)
{
    assert_true(at < set->problem_count);
    assert_string_equal(set->problems[at].text, text);
    assert_int_equal(set->problems[at].index, index);
    assert_int_equal(set->problems[at].err, err);
}

static void the_order_of_certificates_does_not_matter(void **state)
{
    static const size_t shuffled[] = {3, 5, 0, 4, 2, 1};
    struct set set;

    (void)state;
    set_init(&set);
    struct qn_network_id a = id_of(&set, in_order, NODES);
    struct qn_network_id b = id_of(&set, shuffled, NODES);
    assert_true(qn_network_id_equal(&a, &b));
    assert_int_equal(init_of(&set, shuffled, NODES), QN_OK);
    for (unsigned i = 0; i < NODES; i++) {
        assert_int_equal(set.genesis.certs[i].bootstrap_id, i + 1);
        assert_true(
            qn_span_equal(qn_buf_span(set.genesis.cert_bytes[i]), qn_buf_span(set.bytes[i])));
        const struct qn_genesis_cert *cert = qn_genesis_by_number(&set.genesis, i + 1);
        assert_ptr_equal(cert, &set.genesis.certs[i]);
        struct qn_node_id id = qn_kit_id(set.keys[i]);
        assert_ptr_equal(qn_genesis_by_id(&set.genesis, &id), cert);
        assert_true(qn_validator_index(&set.genesis.validators, &id) >= 0);
    }
    assert_null(qn_genesis_by_number(&set.genesis, NODES + 1));
    assert_null(qn_genesis_by_number(&set.genesis, 0));
    assert_null(qn_genesis_by_id(&set.genesis, &(struct qn_node_id){{1}}));
    assert_int_equal(set.genesis.validators.count, NODES);
    assert_string_equal(set.genesis.name, QN_KIT_NETWORK);
    qn_genesis_fini(&set.genesis);
    set_fini(&set);
}

static void the_time_is_the_latest_not_before(void **state)
{
    struct set set;

    (void)state;
    set_init(&set);
    set.certs[2].not_before_ms = QN_KIT_TIME_MS + 5;
    resign(&set, 2, 2);
    assert_int_equal(init_of(&set, in_order, NODES), QN_OK);
    assert_int_equal(set.genesis.time_ms, QN_KIT_TIME_MS + 5);
    qn_genesis_fini(&set.genesis);
    set_fini(&set);
}

/* The hash of the documented array, made by hand. */
static void the_network_id_is_the_hash_of_the_documented_array(void **state)
{
    struct set set;
    uint8_t *bytes = malloc(100000);
    struct qn_writer w;
    struct qn_span span;

    (void)state;
    assert_non_null(bytes);
    set_init(&set);
    struct qn_network_id id = id_of(&set, in_order, 4);
    qn_writer_init(&w, bytes, 100000);
    qn_write_array(&w, 3);
    qn_write_text(&w, "qnet/1/genesis");
    qn_write_array(&w, 4);
    for (size_t i = 0; i < 4; i++) {
        qn_write_bytes(&w, set.bytes[i]->bytes, set.bytes[i]->len);
    }
    static const uint8_t open_policy[] = {0xa2, 0x01, 0x02, 0x02, 0x80}; /* {1: 2, 2: []} */
    qn_write_bytes(&w, open_policy, sizeof open_policy);
    assert_int_equal(qn_writer_done(&w, &span), QN_OK);
    struct qn_hash hash = qn_sha3(span);
    assert_memory_equal(id.bytes, hash.bytes, sizeof id.bytes);
    free(bytes);
    set_fini(&set);
}

static void everything_that_differs_makes_another_network(void **state)
{
    struct set set;
    struct qn_network_id ids[7];
    size_t count = 0;

    (void)state;
    set_init(&set);
    ids[count++] = id_of(&set, in_order, 5);
    ids[count++] = id_of(&set, in_order, 6);
    set.parameters.policy = QN_POLICY_CODES;
    ids[count++] = id_of(&set, in_order, 5);
    set.parameters.batch_count = 1;
    set.parameters.batches[0] = (struct qn_activation_batch){.root = {{1}}, .count = 10};
    ids[count++] = id_of(&set, in_order, 5);
    set.parameters.batches[0].count = 11;
    ids[count++] = id_of(&set, in_order, 5);
    set.parameters.batches[0].expires_ms = 1;
    ids[count++] = id_of(&set, in_order, 5);
    set.certs[1].not_before_ms += 1;
    resign(&set, 1, 1);
    ids[count++] = id_of(&set, in_order, 5);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(qn_network_id_equal(&ids[i], &ids[j]));
        }
    }
    set_fini(&set);
}

static void the_order_of_batches_does_not_matter(void **state)
{
    struct set set;

    (void)state;
    set_init(&set);
    set.parameters.batch_count = 3;
    for (uint8_t i = 0; i < 3; i++) {
        set.parameters.batches[i] = (struct qn_activation_batch){.root = {{i}}, .count = i + 1U};
    }
    struct qn_network_id a = id_of(&set, in_order, 4);
    struct qn_activation_batch last = set.parameters.batches[2];
    set.parameters.batches[2] = set.parameters.batches[0];
    set.parameters.batches[0] = last;
    struct qn_network_id b = id_of(&set, in_order, 4);
    assert_true(qn_network_id_equal(&a, &b));
    set_fini(&set);
}

static void three_certificates_are_too_few(void **state)
{
    struct set set;

    (void)state;
    set_init(&set);
    assert_int_equal(init_of(&set, in_order, 3), QN_ERR_INVALID);
    assert_int_equal(set.problem_count, 1);
    expect_problem(&set, 0, SIZE_MAX, QN_ERR_INVALID,
                   "3 genesis certificates given, at least 4 are needed");
    assert_int_equal(init_of(&set, in_order, 0), QN_ERR_INVALID);
    expect_problem(&set, 0, SIZE_MAX, QN_ERR_INVALID,
                   "0 genesis certificates given, at least 4 are needed");
    set_fini(&set);
}

static void a_duplicated_certificate_is_told(void **state)
{
    static const size_t doubled[] = {0, 1, 2, 3, 1};
    struct set set;

    (void)state;
    set_init(&set);
    assert_int_equal(init_of(&set, doubled, 5), QN_ERR_INVALID);
    assert_int_equal(set.problem_count, 1);
    expect_problem(&set, 0, 4, QN_ERR_DUPLICATE,
                   "bootstrap id 002: the same node is already number 2 of the certificates given");
    set_fini(&set);
}

static void all_problems_are_told_at_once(void **state)
{
    struct set set;

    (void)state;
    set_init(&set);
    set.bytes[0]->bytes[set.bytes[0]->len - 1] ^= 1; /* a bad signature */
    (void)snprintf(set.certs[1].network, sizeof set.certs[1].network, "other\n");
    resign(&set, 1, 1);
    set.certs[2].bootstrap_id = 1; /* an id twice */
    resign(&set, 2, 2);
    set.certs[3].key = set.certs[1].key; /* a key twice */
    resign(&set, 3, 1);
    resign(&set, 4, 5);         /* signed by somebody else */
    set.bytes[5]->bytes[0] = 0; /* no certificate at all */
    set.parameters.policy = (enum qn_activation_policy)9;
    set.parameters.batch_count = 2;
    set.parameters.batches[0].count = 0;
    set.parameters.batches[1].count = 1;
    assert_int_equal(init_of(&set, in_order, NODES), QN_ERR_INVALID);
    expect_problem(&set, 0, 0, QN_ERR_BAD_SIGNATURE,
                   "bootstrap id 001: the self-signature is wrong (the signature does not verify)");
    expect_problem(
        &set, 1, 1, QN_ERR_WRONG_NETWORK,
        "bootstrap id 002: its network is \"other\\x0a\", that of bootstrap id 001 is \"kit\"");
    expect_problem(
        &set, 2, 2, QN_ERR_DUPLICATE,
        "bootstrap id 001: another node, number 1 of the certificates given, has this id");
    expect_problem(
        &set, 3, 3, QN_ERR_DUPLICATE,
        "bootstrap id 004: its key is that of bootstrap id 002; each node needs its own");
    expect_problem(&set, 4, 4, QN_ERR_BAD_SIGNATURE,
                   "bootstrap id 005: the self-signature is wrong (the signature does not verify)");
    expect_problem(&set, 5, 5, QN_ERR_MALFORMED,
                   "not a genesis certificate (malformed: not the one canonical encoding)");
    expect_problem(&set, 6, SIZE_MAX, QN_ERR_INVALID,
                   "activation policy 9 is none of codes, open and work");
    expect_problem(&set, 7, SIZE_MAX, QN_ERR_INVALID,
                   "activation batch 00000000 has 0 codes, 1 to 16777216 are possible");
    expect_problem(&set, 8, SIZE_MAX, QN_ERR_DUPLICATE, "activation batch 00000000 is given twice");
    assert_int_equal(set.problem_count, 9);
    set_fini(&set);
}

static void problems_beyond_the_capacity_are_counted_not_kept(void **state)
{
    struct set set;
    struct qn_span spans[NODES] = {{0}};
    struct qn_genesis_problem problem = {.index = 77};
    struct qn_genesis untouched = {.cert_count = 99};

    (void)state;
    set_init(&set);
    assert_int_equal(
        qn_genesis_init(&untouched, &problem, 1, &set.problem_count, spans, NODES, &set.parameters),
        QN_ERR_INVALID);
    assert_int_equal(set.problem_count, NODES);
    assert_int_equal(problem.index, 0);
    assert_int_equal(
        qn_genesis_init(&untouched, NULL, 0, &set.problem_count, spans, NODES, &set.parameters),
        QN_ERR_INVALID);
    assert_int_equal(untouched.cert_count, 99);
    set_fini(&set);
}

static void more_certificates_than_validators_are_too_many(void **state)
{
    struct set set;
    struct qn_span spans[QN_GENESIS_CERTS_MAX + 1];

    (void)state;
    set_init(&set);
    for (size_t i = 0; i < QN_ARRAY_COUNT(spans); i++) {
        spans[i] = qn_buf_span(set.bytes[0]);
    }
    assert_int_equal(qn_genesis_init(&set.genesis, set.problems, 1, &set.problem_count, spans,
                                     QN_ARRAY_COUNT(spans), &set.parameters),
                     QN_ERR_INVALID);
    expect_problem(&set, 0, SIZE_MAX, QN_ERR_TOO_BIG,
                   "101 genesis certificates given, at most 100 are possible");
    set.parameters.batch_count = QN_ACTIVATION_BATCHES_MAX + 1;
    assert_int_equal(init_of(&set, in_order, NODES), QN_ERR_INVALID);
    expect_problem(&set, 0, SIZE_MAX, QN_ERR_TOO_BIG,
                   "9 activation batches given, at most 8 are possible");
    set_fini(&set);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_certificates_does_not_matter),
        cmocka_unit_test(the_time_is_the_latest_not_before),
        cmocka_unit_test(the_network_id_is_the_hash_of_the_documented_array),
        cmocka_unit_test(everything_that_differs_makes_another_network),
        cmocka_unit_test(the_order_of_batches_does_not_matter),
        cmocka_unit_test(three_certificates_are_too_few),
        cmocka_unit_test(a_duplicated_certificate_is_told),
        cmocka_unit_test(all_problems_are_told_at_once),
        cmocka_unit_test(problems_beyond_the_capacity_are_counted_not_kept),
        cmocka_unit_test(more_certificates_than_validators_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
