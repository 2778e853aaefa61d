#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/testing/run.h"
#include "wire/testing/sample.h"
#include "wire/validator_set.h"

static struct qn_public_key *make_keys(size_t count)
{
    struct qn_sampler s = {.size = QN_SAMPLE_RANDOM};
    struct qn_public_key *keys = calloc(count, sizeof *keys);
    assert_non_null(keys);
    qn_rng_init(&s.rng, 1);
    for (size_t i = 0; i < count; i++) {
        keys[i] = qn_sample_public_key(&s);
    }
    return keys;
}

static void members_are_sorted_and_found_by_id(void **state)
{
    (void)state;
    static const size_t counts[] = {4, 5, 37, QN_VALIDATORS_MAX};
    for (size_t c = 0; c < QN_ARRAY_COUNT(counts); c++) {
        struct qn_public_key *keys = make_keys(counts[c]);
        struct qn_validator_set set;
        assert_int_equal(qn_validator_set_init(&set, keys, counts[c]), QN_OK);
        assert_int_equal(set.count, counts[c]);
        for (size_t i = 1; i < set.count; i++) {
            assert_true(qn_node_id_compare(&set.members[i - 1].id, &set.members[i].id) < 0);
        }
        for (size_t i = 0; i < counts[c]; i++) {
            struct qn_node_id id = qn_public_key_id(&keys[i]);
            int index = qn_validator_index(&set, &id);
            assert_in_range(index, 0, counts[c] - 1);
            assert_true(qn_public_key_equal(&set.members[index].key, &keys[i]));
            assert_true(qn_node_id_equal(&set.members[index].id, &id));
            id.bytes[31] ^= 1;
            assert_int_equal(qn_validator_index(&set, &id), -1);
        }
        struct qn_node_id lowest = {{0}};
        struct qn_node_id highest;
        memset(highest.bytes, 0xFF, sizeof highest.bytes);
        assert_int_equal(qn_validator_index(&set, &lowest), -1);
        assert_int_equal(qn_validator_index(&set, &highest), -1);
        qn_validator_set_fini(&set);
        free(keys);
    }
}

static void too_few_too_many_and_the_same_twice_are_refused(void **state)
{
    (void)state;
    struct qn_public_key *keys = make_keys(QN_VALIDATORS_MAX + 1);
    struct qn_validator_set set = {.count = 7};
    assert_int_equal(qn_validator_set_init(&set, keys, 0), QN_ERR_INVALID);
    assert_int_equal(qn_validator_set_init(&set, keys, 3), QN_ERR_INVALID);
    assert_int_equal(qn_validator_set_init(&set, keys, QN_VALIDATORS_MAX + 1), QN_ERR_INVALID);
    keys[3] = keys[0];
    assert_int_equal(qn_validator_set_init(&set, keys, 5), QN_ERR_DUPLICATE);
    assert_int_equal(set.count, 7);
    free(keys);
}

/* CONSENSUS.md, quorum: two quorums share an honest member, and all honest ones make one. */
static void the_quorum_is_safe_and_live_for_every_size(void **state)
{
    (void)state;
    static const unsigned known[] = {[4] = 3, [5] = 4, [6] = 5, [7] = 5, [8] = 6, [10] = 7};
    for (unsigned n = 4; n <= QN_VALIDATORS_MAX; n++) {
        unsigned f = qn_fault_limit(n);
        unsigned q = qn_quorum(n);
        assert_true(3 * f < n && n <= 3 * (f + 1));
        assert_true(2 * q > n + f);
        assert_true(q <= n - f);
        if (n < QN_ARRAY_COUNT(known) && known[n] != 0) {
            assert_int_equal(q, known[n]);
        }
    }
}

static void the_hash_is_of_suites_and_ids_in_order(void **state)
{
    (void)state;
    struct qn_public_key *keys = make_keys(4);
    struct qn_validator_set set;
    assert_int_equal(qn_validator_set_init(&set, keys, 4), QN_OK);
    uint8_t bytes[1 + 4 * (2 + 2 + QN_HASH_LEN)];
    uint8_t *at = bytes;
    *at++ = 0x84;
    for (size_t i = 0; i < 4; i++) {
        *at++ = 0x82;
        *at++ = set.members[i].key.suite;
        *at++ = 0x58;
        *at++ = 0x20;
        memcpy(at, set.members[i].id.bytes, QN_HASH_LEN);
        at += QN_HASH_LEN;
    }
    struct qn_hash expected = qn_sha3((struct qn_span){bytes, sizeof bytes});
    struct qn_hash hash = qn_validator_set_hash(&set);
    assert_true(qn_hash_equal(&hash, &expected));

    /* The order in which the keys were given does not matter. */
    struct qn_public_key first = keys[0];
    struct qn_validator_set same;
    keys[0] = keys[2];
    keys[2] = first;
    assert_int_equal(qn_validator_set_init(&same, keys, 4), QN_OK);
    hash = qn_validator_set_hash(&same);
    assert_true(qn_hash_equal(&hash, &expected));
    qn_validator_set_fini(&same);
    qn_validator_set_fini(&set);
    free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_sorted_and_found_by_id),
        cmocka_unit_test(too_few_too_many_and_the_same_twice_are_refused),
        cmocka_unit_test(the_quorum_is_safe_and_live_for_every_size),
        cmocka_unit_test(the_hash_is_of_suites_and_ids_in_order),
    };
    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
