#include "ledger/storage.h"
#include "ledger/testing/chain.h"
#include "ledger/testing/storage_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_batch_keeps_order_and_references(void **state)
{
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *value = qn_buf_copy((struct qn_span){(const uint8_t *)"7", 1});
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

static void it_is_not_durable_and_shares_values(void **state)
{
    struct qn_storage storage;
    struct qn_span key = {(const uint8_t *)"k", 1};
    struct qn_buf *value = qn_buf_copy(key);
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *found = NULL;

    (void)state;
    qn_storage_memory_open(&storage);
    assert_false(storage.durable);
    qn_batch_put(batch, key, value);
    assert_int_equal(storage.apply(storage.context, batch), QN_OK);
    qn_batch_free(batch);
    assert_int_equal(storage.get(storage.context, &found, key), QN_OK);
    assert_ptr_equal(found, value);
    qn_buf_drop(found);
    storage.close(storage.context);
    assert_int_equal(value->references, 1);
    qn_buf_drop(value);
}

int main(int argc, char **argv)
{
    static struct qn_storage_opener memory = {qn_storage_memory_open};

    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        QN_STORAGE_CASES(&memory, NULL, NULL),
        cmocka_unit_test(a_batch_keeps_order_and_references),
        cmocka_unit_test(it_is_not_durable_and_shares_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
