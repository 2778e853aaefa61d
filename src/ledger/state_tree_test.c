#include "ledger/state_tree.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The model: a sorted array, whose root is computed from nothing but the definition. */
enum { MODEL_MAX = 3000 };

struct model_leaf {
    struct qn_hash key;
    uint64_t value;
};

struct model {
    size_t count;
    struct model_leaf leaves[MODEL_MAX];
};

static struct qn_buf *value_buf(uint64_t value)
{
    return qn_buf_copy((struct qn_span){(const uint8_t *)&value, sizeof value});
}

static bool bit_of(const struct qn_hash *key, size_t depth)
{
    return (key->bytes[depth / 8] & (0x80U >> depth % 8)) != 0;
}

static struct qn_hash hash_of(uint8_t prefix, const struct qn_hash *a, const struct qn_hash *b)
{
    uint8_t bytes[65] = {prefix};

    memcpy(bytes + 1, a->bytes, 32);
    memcpy(bytes + 33, b->bytes, 32);
    return qn_sha3((struct qn_span){bytes, sizeof bytes});
}

/* leaves are sorted and agree in their first depth bits. */
static struct qn_hash model_root(const struct model_leaf *leaves, size_t count, size_t depth)
{
    if (count == 0) {
        return (struct qn_hash){0};
    }
    if (count == 1) {
        struct qn_span value = {(const uint8_t *)&leaves[0].value, sizeof leaves[0].value};
        struct qn_hash value_hash = qn_sha3(value);
        return hash_of(0, &leaves[0].key, &value_hash);
    }
    size_t left_count = 0;
    while (left_count < count && !bit_of(&leaves[left_count].key, depth)) {
        left_count += 1;
    }
    struct qn_hash left = model_root(leaves, left_count, depth + 1);
    struct qn_hash right = model_root(leaves + left_count, count - left_count, depth + 1);
    return hash_of(1, &left, &right);
}

static void model_put(struct model *model, const struct qn_hash *key, uint64_t value)
{
    size_t at = model->count;

    while (at > 0 && memcmp(model->leaves[at - 1].key.bytes, key->bytes, 32) >= 0) {
        at -= 1;
    }
    bool replaces = at < model->count && qn_hash_equal(&model->leaves[at].key, key);
    if (!replaces) {
        assert_true(model->count < MODEL_MAX);
        memmove(&model->leaves[at + 1], &model->leaves[at],
                (model->count - at) * sizeof model->leaves[0]);
        model->count += 1;
    }
    model->leaves[at] = (struct model_leaf){*key, value};
}

/* A new key, or one that shares a long prefix with a known one, or a known one. */
static struct qn_hash draw_key(struct qn_rng *rng, const struct model *model)
{
    uint64_t kind = qn_rng_below(rng, 8);
    struct qn_hash key;

    for (size_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = (uint8_t)qn_rng_next(rng);
    }
    if (kind < 6 || model->count == 0) {
        return key;
    }
    key = model->leaves[qn_rng_below(rng, model->count)].key;
    if (kind == 6) {
        size_t bit = (size_t)qn_rng_below(rng, 256);
        key.bytes[bit / 8] = (uint8_t)(key.bytes[bit / 8] ^ (1U << bit % 8));
    }
    return key;
}

static struct qn_tree_node *put(struct qn_tree_node *tree, const struct qn_hash *key,
                                uint64_t value)
{
    struct qn_buf *buf = value_buf(value);
    struct qn_tree_node *next = qn_tree_put(tree, key, buf, NULL);

    qn_buf_drop(buf);
    qn_tree_drop(tree);
    return next;
}

static void assert_root(const struct qn_tree_node *tree, const struct model *model)
{
    struct qn_hash expected = model_root(model->leaves, model->count, 0);
    struct qn_hash root = qn_tree_root(tree);

    assert_memory_equal(root.bytes, expected.bytes, sizeof root.bytes);
}

static void the_empty_tree_has_the_zero_root(void **state)
{
    struct qn_hash root = qn_tree_root(NULL);
    struct qn_hash key = {{1}};

    (void)state;
    assert_true(qn_hash_is_zero(&root));
    assert_null(qn_tree_get(NULL, &key, NULL));
    qn_tree_drop(NULL);
    assert_null(qn_tree_hold(NULL));
}

static void roots_are_those_of_the_definition_after_random_puts(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct model *model = calloc(1, sizeof *model);
    struct qn_tree_node *tree = NULL;

    (void)state;
    assert_non_null(model);
    for (int i = 0; i < 3000; i++) {
        struct qn_hash key = draw_key(&rng, model);
        uint64_t value = qn_rng_next(&rng);
        tree = put(tree, &key, value);
        model_put(model, &key, value);
        if (i < 200 || i % 100 == 0) {
            assert_root(tree, model);
        }
    }
    assert_root(tree, model);
    for (size_t i = 0; i < model->count; i++) {
        const struct qn_buf *value = qn_tree_get(tree, &model->leaves[i].key, NULL);
        assert_non_null(value);
        assert_memory_equal(value->bytes, &model->leaves[i].value, sizeof(uint64_t));
    }
    qn_tree_drop(tree);
    free(model);
}

static void keys_that_differ_in_the_last_bit_stand_side_by_side(void **state)
{
    struct model *model = calloc(1, sizeof *model);
    struct qn_tree_node *tree = NULL;
    struct qn_hash key = {{0xab}};

    (void)state;
    assert_non_null(model);
    for (uint64_t i = 0; i < 4; i++) {
        key.bytes[31] = (uint8_t)i;
        tree = put(tree, &key, i);
        model_put(model, &key, i);
        assert_root(tree, model);
    }
    qn_tree_drop(tree);
    free(model);
}

static void the_order_of_puts_does_not_matter(void **state)
{
    enum { COUNT = 300 };
    struct qn_rng rng = qn_test_rng();
    struct model none = {0};
    struct qn_hash keys[COUNT];
    struct qn_tree_node *forward = NULL;
    struct qn_tree_node *shuffled = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        keys[i] = draw_key(&rng, &none);
        forward = put(forward, &keys[i], i);
    }
    size_t order[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t j = (size_t)qn_rng_below(&rng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (size_t i = 0; i < COUNT; i++) {
        shuffled = put(shuffled, &keys[order[i]], 12345); /* a value that is replaced below */
        shuffled = put(shuffled, &keys[order[i]], order[i]);
    }
    struct qn_hash a = qn_tree_root(forward);
    struct qn_hash b = qn_tree_root(shuffled);
    assert_true(qn_hash_equal(&a, &b));
    qn_tree_drop(forward);
    qn_tree_drop(shuffled);
}

static void a_version_is_unmoved_by_puts_into_it(void **state)
{
    enum { VERSIONS = 60 };
    struct qn_rng rng = qn_test_rng();
    struct model *model = calloc(1, sizeof *model);
    struct qn_tree_node *versions[VERSIONS] = {NULL};
    struct qn_hash roots[VERSIONS];

    (void)state;
    assert_non_null(model);
    roots[0] = qn_tree_root(NULL);
    for (size_t i = 1; i < VERSIONS; i++) {
        struct qn_hash key = draw_key(&rng, model);
        struct qn_buf *value = value_buf(i);
        model_put(model, &key, i);
        versions[i] = qn_tree_put(versions[i - 1], &key, value, NULL);
        roots[i] = qn_tree_root(versions[i]);
        qn_buf_drop(value);
        assert_root(versions[i], model);
    }
    /* Two futures of one version, side by side. */
    struct qn_hash key = draw_key(&rng, &(struct model){0});
    struct qn_tree_node *a = put(qn_tree_hold(versions[30]), &key, 1);
    struct qn_tree_node *b = put(qn_tree_hold(versions[30]), &key, 2);
    struct qn_hash a_root = qn_tree_root(a);
    struct qn_hash b_root = qn_tree_root(b);
    assert_false(qn_hash_equal(&a_root, &b_root));
    assert_null(qn_tree_get(versions[30], &key, NULL));
    qn_tree_drop(a);
    /* Versions dropped in any order leave the others whole. */
    for (size_t i = 0; i < VERSIONS; i += 2) {
        qn_tree_drop(versions[i]);
    }
    for (size_t i = 1; i < VERSIONS; i += 2) {
        struct qn_hash root = qn_tree_root(versions[i]);
        assert_true(qn_hash_equal(&root, &roots[i]));
        qn_tree_drop(versions[i]);
    }
    assert_int_equal(qn_tree_get(b, &key, NULL)->bytes[0], 2);
    qn_tree_drop(b);
    free(model);
}

static void extra_is_kept_and_not_hashed(void **state)
{
    struct qn_hash key = {{7}};
    struct qn_buf *value = value_buf(1);
    struct qn_buf *extra = value_buf(99);
    struct qn_tree_node *with = qn_tree_put(NULL, &key, value, extra);
    struct qn_tree_node *without = qn_tree_put(NULL, &key, value, NULL);
    struct qn_hash a = qn_tree_root(with);
    struct qn_hash b = qn_tree_root(without);
    struct qn_buf *found = NULL;

    (void)state;
    assert_true(qn_hash_equal(&a, &b));
    assert_ptr_equal(qn_tree_get(with, &key, &found), value);
    assert_ptr_equal(found, extra);
    assert_ptr_equal(qn_tree_get(without, &key, &found), value);
    assert_null(found);
    qn_tree_drop(with);
    qn_tree_drop(without);
    assert_int_equal(extra->references, 1);
    qn_buf_drop(extra);
    qn_buf_drop(value);
}

struct seen {
    const struct model *model;
    size_t count;
    size_t stop_after;
};

static bool see(void *context, const struct qn_hash *key, struct qn_buf *value,
                struct qn_buf *extra)
{
    struct seen *seen = context;

    assert_null(extra);
    assert_true(seen->count < seen->model->count);
    assert_true(qn_hash_equal(key, &seen->model->leaves[seen->count].key));
    assert_memory_equal(value->bytes, &seen->model->leaves[seen->count].value, sizeof(uint64_t));
    seen->count += 1;
    return seen->count != seen->stop_after;
}

static void walk_goes_in_ascending_order_until_told_to_stop(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct model *model = calloc(1, sizeof *model);
    struct qn_tree_node *tree = NULL;

    (void)state;
    assert_non_null(model);
    for (int i = 0; i < 200; i++) {
        struct qn_hash key = draw_key(&rng, model);
        uint64_t value = qn_rng_next(&rng);
        tree = put(tree, &key, value);
        model_put(model, &key, value);
    }
    struct seen all = {.model = model};
    qn_tree_walk(tree, see, &all);
    assert_int_equal(all.count, model->count);
    struct seen some = {.model = model, .stop_after = 17};
    qn_tree_walk(tree, see, &some);
    assert_int_equal(some.count, 17);
    struct seen none = {.model = model};
    qn_tree_walk(NULL, see, &none);
    assert_int_equal(none.count, 0);
    qn_tree_drop(tree);
    free(model);
}

static int compare_items(const void *a, const void *b)
{
    const struct qn_tree_item *left = a;
    const struct qn_tree_item *right = b;

    return memcmp(left->key.bytes, right->key.bytes, QN_HASH_LEN);
}

/* As many as a big registry has: what a restart does, against what years of blocks have done. */
static void a_tree_built_at_once_is_the_one_made_leaf_by_leaf(void **state)
{
    enum { LEAVES = 100000 };
    struct qn_rng rng = qn_test_rng();
    struct qn_tree_item *items = calloc(LEAVES, sizeof *items);
    struct qn_tree_node *tree = NULL;

    (void)state;
    assert_non_null(items);
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t value[8];
        for (size_t j = 0; j < QN_HASH_LEN; j++) {
            items[i].key.bytes[j] = (uint8_t)qn_rng_next(&rng);
        }
        memcpy(value, &i, sizeof value);
        items[i].value = qn_buf_copy((struct qn_span){value, sizeof value});
        struct qn_tree_node *next = qn_tree_put(tree, &items[i].key, items[i].value, NULL);
        qn_tree_drop(tree);
        tree = next;
    }
    qsort(items, LEAVES, sizeof *items, compare_items);
    struct qn_tree_node *built = qn_tree_build(items, LEAVES, 0);
    struct qn_hash root = qn_tree_root(tree);
    struct qn_hash built_root = qn_tree_root(built);
    assert_true(qn_hash_equal(&root, &built_root));
    qn_tree_drop(built);
    qn_tree_drop(tree);
    for (size_t i = 0; i < LEAVES; i++) {
        qn_buf_drop(items[i].value);
    }
    free(items);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_built_at_once_is_the_one_made_leaf_by_leaf),
        cmocka_unit_test(the_empty_tree_has_the_zero_root),
        cmocka_unit_test(roots_are_those_of_the_definition_after_random_puts),
        cmocka_unit_test(keys_that_differ_in_the_last_bit_stand_side_by_side),
        cmocka_unit_test(the_order_of_puts_does_not_matter),
        cmocka_unit_test(a_version_is_unmoved_by_puts_into_it),
        cmocka_unit_test(extra_is_kept_and_not_hashed),
        cmocka_unit_test(walk_goes_in_ascending_order_until_told_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
