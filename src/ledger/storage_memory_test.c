#include "base/rng.h"
#include "ledger/storage.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MODEL_MAX = 600, KEY_LEN_MAX = 4, STEPS = 4000 };

/* The model: a sorted array of short keys, so that prefixes and repeats are frequent. */
struct pair {
    size_t key_len;
    uint8_t key[QN_STORAGE_KEY_LEN_MAX];
    uint64_t value;
};

struct model {
    size_t count;
    struct pair pairs[MODEL_MAX];
};

static int compare_pairs(const struct pair *a, const struct pair *b)
{
    size_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, shorter);

    return order != 0 ? order : (int)a->key_len - (int)b->key_len;
}

static size_t lower_bound(const struct model *model, const struct pair *pair)
{
    size_t at = 0;

    while (at < model->count && compare_pairs(&model->pairs[at], pair) < 0) {
        at += 1;
    }
    return at;
}

static bool model_has(const struct model *model, size_t at, const struct pair *pair)
{
    return at < model->count && compare_pairs(&model->pairs[at], pair) == 0;
}

static void model_put(struct model *model, const struct pair *pair)
{
    size_t at = lower_bound(model, pair);

    if (!model_has(model, at, pair)) {
        assert_true(model->count < MODEL_MAX);
        memmove(&model->pairs[at + 1], &model->pairs[at],
                (model->count - at) * sizeof model->pairs[0]);
        model->count += 1;
    }
    model->pairs[at] = *pair;
}

static void model_delete(struct model *model, const struct pair *pair)
{
    size_t at = lower_bound(model, pair);

    if (model_has(model, at, pair)) {
        model->count -= 1;
        memmove(&model->pairs[at], &model->pairs[at + 1],
                (model->count - at) * sizeof model->pairs[0]);
    }
}

static struct pair draw_pair(struct qn_rng *rng)
{
    struct pair pair = {.key_len = 1 + (size_t)qn_rng_below(rng, KEY_LEN_MAX)};

    for (size_t i = 0; i < pair.key_len; i++) {
        pair.key[i] = (uint8_t)(qn_rng_below(rng, 4) * 85); /* 0, 0x55, 0xaa, 0xff */
    }
    pair.value = qn_rng_next(rng);
    return pair;
}

static struct qn_span key_span(const struct pair *pair)
{
    return (struct qn_span){pair->key, pair->key_len};
}

static struct qn_buf *value_buf(uint64_t value)
{
    return qn_buf_copy((struct qn_span){(const uint8_t *)&value, sizeof value});
}

struct seen {
    const struct model *model;
    size_t at;
    size_t left;
};

static bool see(void *context, struct qn_span key, struct qn_buf *value)
{
    struct seen *seen = context;

    assert_true(seen->at < seen->model->count);
    assert_true(qn_span_equal(key, key_span(&seen->model->pairs[seen->at])));
    assert_memory_equal(value->bytes, &seen->model->pairs[seen->at].value, sizeof(uint64_t));
    seen->at += 1;
    seen->left -= 1;
    return seen->left > 0;
}

static void expect_walk(const struct qn_storage *storage, const struct model *model,
                        const struct pair *first, size_t limit)
{
    struct seen seen = {.model = model, .at = lower_bound(model, first), .left = limit};
    size_t available = model->count - seen.at;

    assert_int_equal(storage->walk(storage->context, key_span(first), see, &seen), QN_OK);
    assert_int_equal(limit - seen.left, available < limit ? available : limit);
}

static void expect_get(const struct qn_storage *storage, const struct model *model,
                       const struct pair *pair)
{
    size_t at = lower_bound(model, pair);
    struct qn_buf *value = NULL;
    enum qn_err err = storage->get(storage->context, &value, key_span(pair));

    if (!model_has(model, at, pair)) {
        assert_int_equal(err, QN_ERR_NOT_FOUND);
        assert_null(value);
        return;
    }
    assert_int_equal(err, QN_OK);
    assert_memory_equal(value->bytes, &model->pairs[at].value, sizeof(uint64_t));
    qn_buf_drop(value);
}

static void change(struct qn_batch *batch, struct model *model, struct qn_rng *rng)
{
    struct pair pair = draw_pair(rng);

    if (qn_rng_below(rng, 3) == 0) {
        qn_batch_delete(batch, key_span(&pair));
        model_delete(model, &pair);
    } else {
        struct qn_buf *value = value_buf(pair.value);
        qn_batch_put(batch, key_span(&pair), value);
        qn_buf_drop(value);
        model_put(model, &pair);
    }
}

static void it_is_an_ordered_map_under_random_batches(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct model *model = calloc(1, sizeof *model);
    struct qn_storage storage;

    (void)state;
    assert_non_null(model);
    qn_storage_memory_open(&storage);
    assert_false(storage.durable);
    for (int i = 0; i < STEPS; i++) {
        struct qn_batch *batch = qn_batch_new();
        for (uint64_t left = qn_rng_below(&rng, 6); left > 0; left--) {
            change(batch, model, &rng);
        }
        assert_int_equal(storage.apply(storage.context, batch), QN_OK);
        qn_batch_free(batch);
        struct pair pair = draw_pair(&rng);
        expect_get(&storage, model, &pair);
        if (i % 16 == 0) {
            expect_walk(&storage, model, &pair,
                        1 + (size_t)qn_rng_below(&rng, (uint64_t)2 * MODEL_MAX));
        }
    }
    expect_walk(&storage, model, &(struct pair){.key_len = 1}, MODEL_MAX);
    storage.close(storage.context);
    free(model);
}

static void a_batch_keeps_order_and_references(void **state)
{
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *value = value_buf(7);
    struct qn_span a = {(const uint8_t *)"a", 1};
    struct qn_span long_key = {(const uint8_t *)"0123456789012345678901234567890123456789"
                                                "012345678901234567890123",
                               QN_STORAGE_KEY_LEN_MAX};
    struct qn_span key;
    struct qn_buf *at;

    (void)state;
    qn_batch_put(batch, long_key, value);
    qn_batch_delete(batch, a);
    for (size_t i = 0; i < 40; i++) { /* beyond its first capacity */
        qn_batch_put(batch, a, value);
    }
    assert_int_equal(qn_batch_count(batch), 42);
    assert_int_equal(value->references, 42);
    qn_batch_at(batch, 0, &key, &at);
    assert_true(qn_span_equal(key, long_key));
    assert_ptr_equal(at, value);
    qn_batch_at(batch, 1, &key, &at);
    assert_true(qn_span_equal(key, a));
    assert_null(at);
    qn_batch_free(batch);
    assert_int_equal(value->references, 1);
    qn_buf_drop(value);
    qn_batch_free(NULL);
}

static void the_last_operation_on_a_key_wins(void **state)
{
    struct qn_storage storage;
    struct qn_batch *batch = qn_batch_new();
    struct qn_span key = {(const uint8_t *)"k", 1};
    struct qn_buf *one = value_buf(1);
    struct qn_buf *two = value_buf(2);
    struct qn_buf *found = NULL;

    (void)state;
    qn_storage_memory_open(&storage);
    qn_batch_put(batch, key, one);
    qn_batch_delete(batch, key);
    qn_batch_put(batch, key, one);
    qn_batch_put(batch, key, two);
    assert_int_equal(storage.apply(storage.context, batch), QN_OK);
    qn_batch_free(batch);
    assert_int_equal(storage.get(storage.context, &found, key), QN_OK);
    assert_ptr_equal(found, two);
    assert_int_equal(one->references, 1);
    qn_buf_drop(found);
    qn_buf_drop(one);
    storage.close(storage.context);
    assert_int_equal(two->references, 1);
    qn_buf_drop(two);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_an_ordered_map_under_random_batches),
        cmocka_unit_test(a_batch_keeps_order_and_references),
        cmocka_unit_test(the_last_operation_on_a_key_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
