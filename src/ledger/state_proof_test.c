#include "ledger/state_tree.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEAVES = 400 };

/* A tree of random keys, two of which share all but the last bit. */
struct forest {
    struct qn_rng rng;
    struct qn_tree_node *tree;
    struct qn_hash root;
    struct qn_hash keys[LEAVES];
    struct qn_hash value_hashes[LEAVES];
};

static struct qn_hash random_hash(struct qn_rng *rng)
{
    struct qn_hash hash;

    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        hash.bytes[i] = (uint8_t)qn_rng_next(rng);
    }
    return hash;
}

static void plant(struct forest *forest)
{
    forest->rng = qn_test_rng();
    forest->tree = NULL;
    for (size_t i = 0; i < LEAVES; i++) {
        forest->keys[i] = random_hash(&forest->rng);
        if (i == 1) {
            forest->keys[1] = forest->keys[0];
            forest->keys[1].bytes[31] ^= 1;
        }
        struct qn_buf *value = qn_buf_copy((struct qn_span){(const uint8_t *)&i, sizeof i});
        struct qn_tree_node *next = qn_tree_put(forest->tree, &forest->keys[i], value, NULL);
        qn_tree_drop(forest->tree);
        forest->tree = next;
        forest->value_hashes[i] = qn_sha3(qn_buf_span(value));
        qn_buf_drop(value);
    }
    forest->root = qn_tree_root(forest->tree);
}

static void fell(struct forest *forest)
{
    qn_tree_drop(forest->tree);
}

/* Which kinds of claims a proof supports for this key: both must never be possible. */
static bool holds(const struct qn_tree_proof *proof, const struct forest *forest,
                  const struct qn_hash *key, const struct qn_hash *value_hash)
{
    return qn_tree_proof_holds(proof, &forest->root, key, value_hash);
}

static void every_leaf_is_proved_a_member_and_nothing_else(void **state)
{
    struct forest forest;

    (void)state;
    plant(&forest);
    for (size_t i = 0; i < LEAVES; i++) {
        struct qn_tree_proof proof;
        const struct qn_hash *other = &forest.keys[(i + 1) % LEAVES];
        qn_tree_prove(forest.tree, &proof, &forest.keys[i]);
        assert_true(holds(&proof, &forest, &forest.keys[i], &forest.value_hashes[i]));
        assert_false(holds(&proof, &forest, &forest.keys[i], NULL));
        assert_false(
            holds(&proof, &forest, &forest.keys[i], &forest.value_hashes[(i + 1) % LEAVES]));
        assert_false(holds(&proof, &forest, other, &forest.value_hashes[i]));
        /* It may show at most that a key beside it on its path is absent, never one that is there. */
        assert_false(holds(&proof, &forest, other, NULL));
    }
    fell(&forest);
}

static void every_absent_key_is_proved_absent_and_nothing_else(void **state)
{
    struct forest forest;
    size_t with_leaf = 0;

    (void)state;
    plant(&forest);
    for (size_t i = 0; i < 400; i++) {
        struct qn_tree_proof proof;
        struct qn_hash key = i % 2 == 0 ? random_hash(&forest.rng) : forest.keys[i];
        key.bytes[31] ^= i % 2 == 0 ? 0 : 0x80;
        qn_tree_prove(forest.tree, &proof, &key);
        assert_true(holds(&proof, &forest, &key, NULL));
        with_leaf += proof.has_leaf;
        for (size_t j = 0; j < LEAVES; j += 13) {
            assert_false(holds(&proof, &forest, &key, &forest.value_hashes[j]));
            assert_false(holds(&proof, &forest, &forest.keys[j], NULL));
        }
        if (proof.has_leaf) {
            assert_false(holds(&proof, &forest, &key, &proof.leaf_value_hash));
            assert_false(holds(&proof, &forest, &proof.leaf_key, NULL));
        }
    }
    assert_true(with_leaf > 0 && with_leaf < 400); /* both forms of absence were seen */
    fell(&forest);
}

/* Flips one bit of the hash and expects the proof to fail, then restores it. */
static void assert_bit_matters(struct forest *forest, struct qn_tree_proof *proof,
                               struct qn_hash *hash, const struct qn_hash *key,
                               const struct qn_hash *value_hash)
{
    size_t bit = (size_t)qn_rng_below(&forest->rng, 256);
    uint8_t *byte = &hash->bytes[bit / 8];

    *byte = (uint8_t)(*byte ^ (1U << bit % 8));
    assert_false(holds(proof, forest, key, value_hash));
    *byte = (uint8_t)(*byte ^ (1U << bit % 8));
}

static void assert_tampering_fails(struct forest *forest, struct qn_tree_proof *proof,
                                   const struct qn_hash *key, const struct qn_hash *value_hash)
{
    size_t count = proof->sibling_count;

    assert_true(holds(proof, forest, key, value_hash));
    for (size_t i = 0; i < count; i++) {
        assert_bit_matters(forest, proof, &proof->siblings[i], key, value_hash);
    }
    if (proof->has_leaf) {
        assert_bit_matters(forest, proof, &proof->leaf_key, key, value_hash);
        assert_bit_matters(forest, proof, &proof->leaf_value_hash, key, value_hash);
    }
    assert_bit_matters(forest, proof, &forest->root, key, value_hash);
    proof->has_leaf = !proof->has_leaf;
    assert_false(holds(proof, forest, key, value_hash));
    proof->has_leaf = !proof->has_leaf;
    proof->sibling_count = count - 1;
    assert_false(holds(proof, forest, key, value_hash));
    proof->sibling_count = count + 1;
    proof->siblings[count] = (struct qn_hash){0};
    assert_false(holds(proof, forest, key, value_hash));
    proof->siblings[count] = proof->siblings[count - 1];
    assert_false(holds(proof, forest, key, value_hash));
    proof->sibling_count = QN_PROOF_DEPTH_MAX + 1;
    assert_false(holds(proof, forest, key, value_hash));
    proof->sibling_count = count;
    assert_true(holds(proof, forest, key, value_hash));
}

static void tampering_with_any_part_makes_a_proof_fail(void **state)
{
    struct forest forest;

    (void)state;
    plant(&forest);
    for (size_t i = 2; i < LEAVES; i += 7) {
        struct qn_tree_proof proof = {0};
        qn_tree_prove(forest.tree, &proof, &forest.keys[i]);
        assert_tampering_fails(&forest, &proof, &forest.keys[i], &forest.value_hashes[i]);
        struct qn_hash absent = random_hash(&forest.rng);
        qn_tree_prove(forest.tree, &proof, &absent);
        assert_tampering_fails(&forest, &proof, &absent, NULL);
    }
    fell(&forest);
}

/* The leaf of another branch cannot stand for the place of key, however genuine it is. */
static void a_leaf_off_the_path_does_not_prove_absence(void **state)
{
    struct forest forest;
    struct qn_tree_proof proof;
    struct qn_hash key;

    (void)state;
    plant(&forest);
    qn_tree_prove(forest.tree, &proof, &forest.keys[5]);
    assert_true(proof.sibling_count > 3);
    key = forest.keys[5];
    key.bytes[0] ^= 0x80; /* leaves the path at the first bit */
    assert_false(holds(&proof, &forest, &key, NULL));
    key = forest.keys[5];
    key.bytes[31] ^= 1; /* leaves it below the leaf */
    assert_true(holds(&proof, &forest, &key, NULL));
    fell(&forest);
}

/* Even in a tree that was made wrong, a leaf that stands where its key does not belong proves nothing. */
static void a_misplaced_leaf_proves_nothing(void **state)
{
    struct qn_tree_proof proof = {.sibling_count = 1, .has_leaf = true};
    struct qn_hash absent = {{0x01}}; /* goes left */
    uint8_t leaf[65] = {0};
    uint8_t inner[65] = {1};

    (void)state;
    memset(proof.siblings[0].bytes, 0x33, 32);
    memset(proof.leaf_key.bytes, 0xf0, 32); /* belongs to the right */
    memset(proof.leaf_value_hash.bytes, 0x44, 32);
    memcpy(leaf + 1, proof.leaf_key.bytes, 32);
    memcpy(leaf + 33, proof.leaf_value_hash.bytes, 32);
    struct qn_hash leaf_hash = qn_sha3((struct qn_span){leaf, sizeof leaf});
    memcpy(inner + 1, leaf_hash.bytes, 32); /* but stands on the left */
    memcpy(inner + 33, proof.siblings[0].bytes, 32);
    struct qn_hash root = qn_sha3((struct qn_span){inner, sizeof inner});
    assert_false(qn_tree_proof_holds(&proof, &root, &absent, NULL));
    assert_false(qn_tree_proof_holds(&proof, &root, &proof.leaf_key, &proof.leaf_value_hash));
}

static void the_smallest_trees_prove_too(void **state)
{
    struct qn_hash key = {{1}};
    struct qn_hash other = {{2}};
    struct qn_hash root = qn_tree_root(NULL);
    struct qn_tree_proof proof;
    struct qn_buf *value = qn_buf_copy((struct qn_span){key.bytes, 32});
    struct qn_hash value_hash = qn_sha3(qn_buf_span(value));

    (void)state;
    qn_tree_prove(NULL, &proof, &key);
    assert_int_equal(proof.sibling_count, 0);
    assert_true(qn_tree_proof_holds(&proof, &root, &key, NULL));
    assert_false(qn_tree_proof_holds(&proof, &root, &key, &value_hash));

    struct qn_tree_node *tree = qn_tree_put(NULL, &key, value, NULL);
    root = qn_tree_root(tree);
    qn_tree_prove(tree, &proof, &key);
    assert_true(qn_tree_proof_holds(&proof, &root, &key, &value_hash));
    assert_true(qn_tree_proof_holds(&proof, &root, &other, NULL));
    qn_tree_drop(tree);
    qn_buf_drop(value);
}

static void proofs_are_short_and_at_worst_within_the_limit(void **state)
{
    struct forest forest;
    struct qn_tree_proof proof = {0};
    uint8_t *out = malloc(QN_PROOF_LEN_MAX);
    struct qn_span bytes;

    (void)state;
    assert_non_null(out);
    plant(&forest);
    for (size_t i = 2; i < LEAVES; i++) {
        qn_tree_prove(forest.tree, &proof, &forest.keys[i]);
        assert_true(proof.sibling_count < 32); /* log2(400) and some luck */
    }
    /* Keys 0 and 1 share 255 bits: the deepest proof there is. */
    qn_tree_prove(forest.tree, &proof, &forest.keys[1]);
    assert_int_equal(proof.sibling_count, QN_PROOF_DEPTH_MAX);
    assert_true(holds(&proof, &forest, &forest.keys[1], &forest.value_hashes[1]));
    assert_int_equal(qn_tree_proof_encode(&proof, out, QN_PROOF_LEN_MAX, &bytes), QN_OK);
    assert_true(bytes.len > (size_t)34 * QN_PROOF_DEPTH_MAX);
    assert_int_equal(qn_tree_proof_encode(&proof, out, bytes.len - 1, &bytes), QN_ERR_TOO_BIG);
    free(out);
    fell(&forest);
}

static void encoded_proofs_come_back_whole(void **state)
{
    struct forest forest;
    uint8_t out[2048];

    (void)state;
    plant(&forest);
    for (size_t i = 2; i < 60; i++) {
        struct qn_hash key = i % 2 == 0 ? forest.keys[i] : random_hash(&forest.rng);
        const struct qn_hash *value_hash = i % 2 == 0 ? &forest.value_hashes[i] : NULL;
        struct qn_tree_proof proof;
        struct qn_tree_proof back;
        struct qn_span bytes;
        qn_tree_prove(forest.tree, &proof, &key);
        assert_int_equal(qn_tree_proof_encode(&proof, out, sizeof out, &bytes), QN_OK);
        assert_int_equal(qn_tree_proof_decode(&back, bytes), QN_OK);
        assert_true(holds(&back, &forest, &key, value_hash));
        /* No shorter and no longer encoding is taken. */
        for (size_t len = 0; len < bytes.len; len++) {
            assert_int_equal(qn_tree_proof_decode(&back, (struct qn_span){out, len}),
                             QN_ERR_MALFORMED);
        }
        out[bytes.len] = 0;
        assert_int_equal(qn_tree_proof_decode(&back, (struct qn_span){out, bytes.len + 1}),
                         QN_ERR_MALFORMED);
    }
    fell(&forest);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leaf_is_proved_a_member_and_nothing_else),
        cmocka_unit_test(every_absent_key_is_proved_absent_and_nothing_else),
        cmocka_unit_test(tampering_with_any_part_makes_a_proof_fail),
        cmocka_unit_test(a_leaf_off_the_path_does_not_prove_absence),
        cmocka_unit_test(a_misplaced_leaf_proves_nothing),
        cmocka_unit_test(the_smallest_trees_prove_too),
        cmocka_unit_test(proofs_are_short_and_at_worst_within_the_limit),
        cmocka_unit_test(encoded_proofs_come_back_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
