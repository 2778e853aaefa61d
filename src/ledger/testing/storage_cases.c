#include "ledger/testing/storage_cases.h"

#include "base/rng.h"
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

static void open_given(void **state, struct qn_storage *storage)
{
    const struct qn_storage_opener *opener = *state;

    opener->open(storage);
}

void qn_storage_is_an_ordered_map_under_random_batches(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct model *model = calloc(1, sizeof *model);
    struct qn_storage storage;

    assert_non_null(model);
    open_given(state, &storage);
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

void qn_storage_lets_the_last_operation_on_a_key_win(void **state)
{
    struct qn_storage storage;
    struct qn_batch *batch = qn_batch_new();
    struct qn_span key = {(const uint8_t *)"k", 1};
    struct qn_buf *one = value_buf(1);
    struct qn_buf *two = value_buf(2);
    struct qn_buf *found = NULL;

    open_given(state, &storage);
    qn_batch_put(batch, key, one);
    qn_batch_delete(batch, key);
    qn_batch_put(batch, key, one);
    qn_batch_put(batch, key, two);
    assert_int_equal(storage.apply(storage.context, batch), QN_OK);
    qn_batch_free(batch);
    assert_int_equal(storage.get(storage.context, &found, key), QN_OK);
    assert_true(qn_span_equal(qn_buf_span(found), qn_buf_span(two)));
    qn_buf_drop(found);
    assert_int_equal(one->references, 1);
    qn_buf_drop(one);
    storage.close(storage.context);
    assert_int_equal(two->references, 1);
    qn_buf_drop(two);
}

static struct qn_buf *sized_value(size_t len, uint8_t fill)
{
    struct qn_buf *value = qn_buf_new(len);

    for (size_t i = 0; i < len; i++) {
        value->bytes[i] = (uint8_t)(fill + i % 251);
    }
    return value;
}

/* From nothing to beyond the largest block, and keys up to their limit. */
void qn_storage_keeps_values_of_every_size(void **state)
{
    static const size_t lens[] = {0, 1, 8, 2000, 2040, 4096, 65536, 3 << 20};
    uint8_t key[QN_STORAGE_KEY_LEN_MAX] = {0x7f};
    struct qn_storage storage;

    open_given(state, &storage);
    for (size_t round = 0; round < 2; round++) { /* the second one replaces each by another size */
        for (size_t i = 0; i < QN_ARRAY_COUNT(lens); i++) {
            size_t len = lens[(i + round) % QN_ARRAY_COUNT(lens)];
            struct qn_span name = {key, i == 0 ? sizeof key : 1 + i};
            struct qn_batch *batch = qn_batch_new();
            struct qn_buf *value = sized_value(len, (uint8_t)i);
            struct qn_buf *found = NULL;
            qn_batch_put(batch, name, value);
            assert_int_equal(storage.apply(storage.context, batch), QN_OK);
            qn_batch_free(batch);
            assert_int_equal(storage.get(storage.context, &found, name), QN_OK);
            assert_true(qn_span_equal(qn_buf_span(found), qn_buf_span(value)));
            qn_buf_drop(found);
            qn_buf_drop(value);
        }
    }
    storage.close(storage.context);
}

static bool get_within(void *context, struct qn_span key, struct qn_buf *value)
{
    const struct qn_storage *storage = context;
    struct qn_buf *found = NULL;

    assert_int_equal(storage->get(storage->context, &found, key), QN_OK);
    assert_true(qn_span_equal(qn_buf_span(found), qn_buf_span(value)));
    qn_buf_drop(found);
    return true;
}

void qn_storage_can_be_read_within_a_walk(void **state)
{
    struct qn_storage storage;
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *value = value_buf(5);

    open_given(state, &storage);
    qn_batch_put(batch, (struct qn_span){(const uint8_t *)"a", 1}, value);
    qn_batch_put(batch, (struct qn_span){(const uint8_t *)"b", 1}, value);
    assert_int_equal(storage.apply(storage.context, batch), QN_OK);
    qn_batch_free(batch);
    qn_buf_drop(value);
    assert_int_equal(storage.walk(storage.context, (struct qn_span){(const uint8_t *)"a", 1},
                                  get_within, &storage),
                     QN_OK);
    storage.close(storage.context);
}
