#include "ledger/past_state.h"

#include "ledger/state.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HEIGHTS = 300, LEAVES_MAX = 24, KEYS = 200 };

/* A state with a made-up past, all of whose versions are held beside it. */
struct model {
    struct qn_storage storage;
    struct qn_past past;
    struct qn_rng rng;
    uint64_t height;
    struct qn_tree_node *trees[HEIGHTS + 1];
};

static struct qn_hash key_of(uint64_t number)
{
    return qn_sha3((struct qn_span){(const uint8_t *)&number, sizeof number});
}

static struct qn_tree_node *with_leaf(struct qn_tree_node *tree, const struct qn_hash *key,
                                      uint64_t value)
{
    struct qn_buf *buf = qn_buf_copy((struct qn_span){(const uint8_t *)&value, sizeof value});
    struct qn_tree_node *next = qn_tree_put(tree, key, buf, NULL);

    qn_buf_drop(buf);
    qn_tree_drop(tree);
    return next;
}

static void model_init(struct model *model, struct qn_rng rng)
{
    *model = (struct model){.rng = rng};
    qn_storage_memory_open(&model->storage);
    assert_int_equal(qn_past_init(&model->past, &model->storage, 0), QN_OK);
}

static void model_fini(struct model *model)
{
    qn_past_fini(&model->past);
    for (size_t i = 0; i <= model->height; i++) {
        qn_tree_drop(model->trees[i]);
    }
    model->storage.close(model->storage.context);
}

static void apply(struct model *model, struct qn_batch *batch)
{
    assert_int_equal(model->storage.apply(model->storage.context, batch), QN_OK);
    qn_batch_free(batch);
}

/* A block that changes so many leaves, some of them new, some twice. */
static struct qn_batch *add_block(struct model *model, size_t leaf_count)
{
    struct qn_hash keys[LEAVES_MAX];
    struct qn_batch *batch = qn_batch_new();
    struct qn_tree_node *before = model->trees[model->height];
    struct qn_tree_node *tree = qn_tree_hold(before);

    assert_true(leaf_count <= LEAVES_MAX);
    for (size_t i = 0; i < leaf_count; i++) {
        keys[i] = key_of(qn_rng_below(&model->rng, KEYS));
        tree = with_leaf(tree, &keys[i], qn_rng_next(&model->rng));
    }
    model->height += 1;
    model->trees[model->height] = tree;
    qn_past_note(&model->past, batch, model->height, before, keys, leaf_count);
    return batch;
}

/* Asks until it is there. */
static struct qn_tree_node *ask(struct model *model, uint64_t height, size_t *calls)
{
    struct qn_tree_node *tree = NULL;
    uint64_t left = 0;
    uint64_t left_before = UINT64_MAX;
    enum qn_err err;

    *calls = 0;
    do {
        err = qn_past_tree(&model->past, &tree, model->trees[model->height], model->height, height,
                           &left);
        *calls += 1;
        assert_true(err == QN_OK || (err == QN_ERR_BUSY && left < left_before));
        left_before = left;
    } while (err == QN_ERR_BUSY);
    return tree;
}

static void check_height(struct model *model, uint64_t height)
{
    size_t calls;
    struct qn_tree_node *tree = ask(model, height, &calls);
    struct qn_hash root = qn_tree_root(tree);
    struct qn_hash expected = qn_tree_root(model->trees[height]);

    assert_true(qn_hash_equal(&root, &expected));
    qn_tree_drop(tree);
}

static void every_past_state_can_be_had(void **state)
{
    struct model model;

    (void)state;
    model_init(&model, qn_test_rng());
    for (size_t i = 0; i < HEIGHTS; i++) {
        bool is_idle = qn_rng_below(&model.rng, 3) == 0;
        apply(&model, add_block(&model, is_idle ? 0 : 1 + qn_rng_below(&model.rng, LEAVES_MAX)));
    }
    for (uint64_t height = 0; height <= HEIGHTS; height += 37) { /* upwards: each from the tip */
        check_height(&model, height);
    }
    for (size_t i = 0; i < 100; i++) {
        check_height(&model, qn_rng_below(&model.rng, HEIGHTS + 1));
    }
    model_fini(&model);
}

static void one_call_does_so_much_and_no_more(void **state)
{
    struct model model;
    size_t calls;

    (void)state;
    model_init(&model, qn_test_rng());
    for (size_t i = 0; i < HEIGHTS; i++) {
        apply(&model, add_block(&model, LEAVES_MAX));
    }
    qn_tree_drop(ask(&model, 0, &calls));
    /* A block's leaves count once each, though it may have put them twice. */
    assert_true(calls >= HEIGHTS * LEAVES_MAX / 2 / (QN_PAST_LEAVES_PER_CALL + LEAVES_MAX));
    assert_true(calls <= HEIGHTS * LEAVES_MAX / QN_PAST_LEAVES_PER_CALL + 1);
    qn_tree_drop(ask(&model, 0, &calls));
    assert_int_equal(calls, 1); /* it was kept */
    qn_tree_drop(ask(&model, 5, &calls));
    qn_tree_drop(ask(&model, 0, &calls));
    assert_int_equal(calls, 1); /* still: there is room for two */
    model_fini(&model);
}

static void changes_that_storage_lacks_are_undone_as_well(void **state)
{
    struct model model;
    struct qn_batch *held[QN_PAST_UNSTORED_MAX];
    size_t count = QN_PAST_UNSTORED_MAX;

    (void)state;
    model_init(&model, qn_test_rng());
    for (size_t i = 0; i < 20; i++) {
        apply(&model, add_block(&model, 3));
    }
    for (size_t i = 0; i < count; i++) {
        held[i] = add_block(&model, 3);
    }
    for (uint64_t height = model.height + 1; height-- > 0;) {
        check_height(&model, height);
    }
    for (size_t i = 0; i < count; i++) {
        qn_batch_free(held[i]);
    }
    model_fini(&model);
}

static void reopen(struct model *model)
{
    qn_past_fini(&model->past);
    assert_int_equal(qn_past_init(&model->past, &model->storage, model->height), QN_OK);
}

static void a_restart_knows_the_same_past(void **state)
{
    struct model model;

    (void)state;
    model_init(&model, qn_test_rng());
    apply(&model, add_block(&model, 0)); /* an empty first block is enough to begin */
    reopen(&model);
    for (size_t i = 0; i < 50; i++) {
        apply(&model, add_block(&model, i % 3));
    }
    reopen(&model);
    for (uint64_t height = 0; height <= model.height; height++) {
        check_height(&model, height);
    }
    model_fini(&model);
}

static void nothing_before_a_snapshot_can_be_had(void **state)
{
    struct model model;
    struct qn_batch *batch = qn_batch_new();
    struct qn_tree_node *tree = NULL;
    uint64_t left = 0;

    (void)state;
    model_init(&model, qn_test_rng());
    for (size_t i = 0; i < 10; i++) {
        apply(&model, add_block(&model, 3));
    }
    qn_past_put_start(batch, model.height); /* as if these ten had been somebody else's */
    apply(&model, batch);
    reopen(&model);
    for (size_t i = 0; i < 10; i++) {
        apply(&model, add_block(&model, 3));
    }
    for (uint64_t height = 10; height <= model.height; height++) {
        check_height(&model, height);
    }
    assert_int_equal(qn_past_tree(&model.past, &tree, model.trees[20], 20, 9, &left),
                     QN_ERR_NOT_FOUND);
    model_fini(&model);
}

/* Each record with one byte less or none at all: an error, and never another state. */
static void broken_records_are_errors(void **state)
{
    struct model model;

    (void)state;
    model_init(&model, qn_test_rng());
    for (size_t i = 0; i < 5; i++) {
        apply(&model, add_block(&model, 3));
    }
    for (uint8_t height = 1; height <= 5; height++) {
        uint8_t key[9] = {'l', 0, 0, 0, 0, 0, 0, 0, height};
        struct qn_span key_span = {key, sizeof key};
        struct qn_buf *bytes = NULL;
        struct qn_tree_node *tree = NULL;
        uint64_t left = 0;
        assert_int_equal(model.storage.get(model.storage.context, &bytes, key_span), QN_OK);
        struct qn_buf *shorter = qn_buf_copy((struct qn_span){bytes->bytes, bytes->len - 1});
        for (int is_gone = 0; is_gone < 2; is_gone++) {
            struct qn_batch *batch = qn_batch_new();
            if (is_gone == 0) {
                qn_batch_put(batch, key_span, shorter);
            } else {
                qn_batch_delete(batch, key_span);
            }
            apply(&model, batch);
            reopen(&model);
            assert_int_equal(qn_past_tree(&model.past, &tree, model.trees[5], 5, 0, &left),
                             QN_ERR_MALFORMED);
        }
        struct qn_batch *batch = qn_batch_new();
        qn_batch_put(batch, key_span, bytes);
        apply(&model, batch);
        qn_buf_drop(shorter);
        qn_buf_drop(bytes);
    }
    reopen(&model);
    check_height(&model, 0);
    model_fini(&model);
}

static void removing_leaves_the_tree_of_the_others(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct qn_tree_node *versions[KEYS + 1] = {NULL};
    size_t order[KEYS];

    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        struct qn_hash key = key_of(i);
        versions[i + 1] = with_leaf(qn_tree_hold(versions[i]), &key, i);
        order[i] = i;
    }
    /* Backwards, each removal is the version before; a strange key changes nothing. */
    struct qn_tree_node *tree = qn_tree_hold(versions[KEYS]);
    for (size_t i = KEYS; i-- > 0;) {
        struct qn_hash key = key_of(i);
        struct qn_hash strange = key_of(KEYS + i);
        struct qn_tree_node *same = qn_tree_remove(tree, &strange);
        assert_ptr_equal(same, tree);
        qn_tree_drop(same);
        struct qn_tree_node *next = qn_tree_remove(tree, &key);
        qn_tree_drop(tree);
        tree = next;
        struct qn_hash root = qn_tree_root(tree);
        struct qn_hash expected = qn_tree_root(versions[i]);
        assert_true(qn_hash_equal(&root, &expected));
    }
    assert_null(tree);
    /* In any order, to the empty tree, against a tree put together anew now and then. */
    tree = qn_tree_hold(versions[KEYS]);
    for (size_t left = KEYS; left > 0; left--) {
        size_t pick = (size_t)qn_rng_below(&rng, left);
        struct qn_hash key = key_of(order[pick]);
        order[pick] = order[left - 1];
        struct qn_tree_node *next = qn_tree_remove(tree, &key);
        qn_tree_drop(tree);
        tree = next;
        struct qn_tree_node *anew = NULL;
        for (size_t i = 0; i + 1 < left; i++) {
            struct qn_hash other = key_of(order[i]);
            anew = with_leaf(anew, &other, order[i]);
        }
        struct qn_hash root = qn_tree_root(tree);
        struct qn_hash expected = qn_tree_root(anew);
        assert_true(qn_hash_equal(&root, &expected));
        qn_tree_drop(anew);
    }
    assert_null(tree);
    for (size_t i = 0; i <= KEYS; i++) {
        qn_tree_drop(versions[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_past_state_can_be_had),
        cmocka_unit_test(one_call_does_so_much_and_no_more),
        cmocka_unit_test(changes_that_storage_lacks_are_undone_as_well),
        cmocka_unit_test(a_restart_knows_the_same_past),
        cmocka_unit_test(nothing_before_a_snapshot_can_be_had),
        cmocka_unit_test(broken_records_are_errors),
        cmocka_unit_test(removing_leaves_the_tree_of_the_others),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests_name("past state", tests, NULL, NULL);
}
