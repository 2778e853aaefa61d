#include "ledger/mempool.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAPACITY = 8 };

/* A transaction of this node, with this code if code > 0, and its bytes. salt makes variants of it. */
static struct qn_buf *make(struct qn_tx *tx, uint8_t node, uint8_t code, uint8_t salt)
{
    const struct qn_suite *suite = qn_suite_find(QN_SUITE_MLDSA65);

    *tx = (struct qn_tx){.kind = code > 0 ? QN_TX_REGISTER : QN_TX_REVOKE, .sequence = 2};
    memset(tx->id.bytes, node, sizeof tx->id.bytes);
    if (code > 0) {
        tx->has_activation = true;
        tx->activation.code_key.spki_len =
            (uint16_t)(suite->spki_prefix_len + suite->public_key_len);
        memset(tx->activation.code_key.spki, code, tx->activation.code_key.spki_len);
    }
    uint8_t bytes[] = {node, code, salt}; /* the pool does not read them */
    return qn_buf_copy((struct qn_span){bytes, sizeof bytes});
}

static enum qn_err put(struct qn_mempool *pool, uint8_t node, uint8_t code, uint8_t salt)
{
    struct qn_tx tx;
    struct qn_buf *bytes = make(&tx, node, code, salt);
    struct qn_hash id = qn_tx_id(qn_buf_span(bytes));
    enum qn_err err = qn_mempool_put(pool, bytes, &id, &tx);

    qn_buf_drop(bytes);
    return err;
}

static struct qn_hash id_of(uint8_t node, uint8_t code, uint8_t salt)
{
    uint8_t bytes[] = {node, code, salt};

    return qn_tx_id((struct qn_span){bytes, sizeof bytes});
}

static void expect_nodes(const struct qn_mempool *pool, const char *nodes)
{
    struct qn_span txs[CAPACITY];
    size_t count = qn_mempool_take(pool, txs, CAPACITY);

    assert_int_equal(count, strlen(nodes));
    assert_int_equal(qn_mempool_count(pool), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(txs[i].at[0], nodes[i]);
    }
}

static void the_oldest_come_first(void **state)
{
    struct qn_mempool *pool = qn_mempool_new(CAPACITY);
    struct qn_span txs[2];

    (void)state;
    expect_nodes(pool, "");
    assert_int_equal(put(pool, 'c', 0, 0), QN_OK);
    assert_int_equal(put(pool, 'a', 0, 0), QN_OK);
    assert_int_equal(put(pool, 'b', 0, 0), QN_OK);
    expect_nodes(pool, "cab");
    assert_int_equal(qn_mempool_take(pool, txs, 2), 2);
    assert_int_equal(txs[0].at[0], 'c');
    assert_int_equal(txs[1].at[0], 'a');
    assert_int_equal(qn_mempool_take(pool, txs, 0), 0);
    struct qn_hash id = id_of('a', 0, 0);
    assert_true(qn_mempool_has(pool, &id));
    assert_true(qn_mempool_remove(pool, &id));
    assert_false(qn_mempool_has(pool, &id));
    assert_false(qn_mempool_remove(pool, &id));
    expect_nodes(pool, "cb");
    assert_int_equal(put(pool, 'a', 0, 0), QN_OK); /* again, now the youngest */
    expect_nodes(pool, "cba");
    qn_mempool_free(pool);
    qn_mempool_free(NULL);
}

static void one_per_transaction_node_and_code(void **state)
{
    struct qn_mempool *pool = qn_mempool_new(CAPACITY);

    (void)state;
    assert_int_equal(put(pool, 'a', 1, 0), QN_OK);
    assert_int_equal(put(pool, 'a', 1, 0), QN_ERR_DUPLICATE);
    assert_int_equal(put(pool, 'a', 1, 9), QN_ERR_BUSY); /* the same node and code */
    assert_int_equal(put(pool, 'a', 2, 0), QN_ERR_BUSY); /* the same node, another code */
    assert_int_equal(put(pool, 'a', 0, 0), QN_ERR_BUSY); /* the same node, another kind */
    assert_int_equal(put(pool, 'b', 1, 0), QN_ERR_BUSY); /* the same code */
    assert_int_equal(put(pool, 'b', 2, 0), QN_OK);
    expect_nodes(pool, "ab");
    struct qn_hash id = id_of('a', 1, 0);
    assert_true(qn_mempool_remove(pool, &id));
    assert_int_equal(put(pool, 'c', 1, 0), QN_OK); /* both are free again */
    assert_int_equal(put(pool, 'a', 0, 0), QN_OK);
    expect_nodes(pool, "bca");
    qn_mempool_free(pool);
}

static void a_full_pool_says_so_and_stays_as_it_is(void **state)
{
    struct qn_mempool *pool = qn_mempool_new(CAPACITY);

    (void)state;
    for (unsigned i = 0; i < CAPACITY; i++) {
        assert_int_equal(put(pool, (uint8_t)('a' + i), (uint8_t)i, 0), QN_OK);
    }
    assert_int_equal(put(pool, 'z', 0, 0), QN_ERR_FULL);
    assert_int_equal(put(pool, 'a', 0, 0), QN_ERR_DUPLICATE);
    expect_nodes(pool, "abcdefgh");
    struct qn_hash id = id_of('h', 7, 0);
    assert_true(qn_mempool_remove(pool, &id));
    assert_int_equal(put(pool, 'z', 0, 0), QN_OK);
    expect_nodes(pool, "abcdefgz");
    qn_mempool_free(pool);
}

static void an_overdue_transaction_is_given_once(void **state)
{
    (void)state;
    struct qn_mempool *pool = qn_mempool_new(8);
    struct qn_span txs[8];
    assert_int_equal(put(pool, 'a', 0, 0), QN_OK);
    assert_int_equal(put(pool, 'b', 0, 0), QN_OK);
    assert_int_equal(qn_mempool_overdue(pool, txs, 8), 0); /* just come */
    assert_int_equal(put(pool, 'c', 0, 0), QN_OK);
    assert_int_equal(qn_mempool_overdue(pool, txs, 1), 1); /* no room for the second */
    struct qn_hash first = qn_tx_id(txs[0]);
    struct qn_hash expected = id_of('a', 0, 0);
    assert_true(qn_hash_equal(&first, &expected));
    assert_int_equal(qn_mempool_overdue(pool, txs, 8), 1);
    assert_int_equal(qn_mempool_overdue(pool, txs, 8), 1); /* 'c' was not looked at before */
    struct qn_hash last = qn_tx_id(txs[0]);
    expected = id_of('c', 0, 0);
    assert_true(qn_hash_equal(&last, &expected));
    assert_int_equal(qn_mempool_overdue(pool, txs, 8), 0);
    expect_nodes(pool, "abc");
    qn_mempool_free(pool);
}

static void references_are_kept_and_given_back(void **state)
{
    struct qn_mempool *pool = qn_mempool_new(CAPACITY);
    struct qn_tx tx;
    struct qn_buf *bytes = make(&tx, 'a', 1, 0);
    struct qn_hash id = qn_tx_id(qn_buf_span(bytes));

    (void)state;
    assert_int_equal(qn_mempool_put(pool, bytes, &id, &tx), QN_OK);
    assert_int_equal(bytes->references, 2);
    assert_int_equal(qn_mempool_put(pool, bytes, &id, &tx), QN_ERR_DUPLICATE);
    assert_int_equal(bytes->references, 2);
    qn_mempool_free(pool);
    assert_int_equal(bytes->references, 1);
    qn_buf_drop(bytes);
}

struct sweep {
    const char *keep;
    char asked[CAPACITY + 1];
    char dropped[CAPACITY + 1];
    size_t asked_count;
    size_t dropped_count;
};

static enum qn_err keep(void *context, struct qn_span tx_bytes)
{
    struct sweep *sweep = context;
    char node = (char)tx_bytes.at[0];

    sweep->asked[sweep->asked_count] = node;
    sweep->asked_count += 1;
    return strchr(sweep->keep, node) != NULL ? QN_OK : QN_ERR_CODE_USED;
}

static void dropped(void *context, const struct qn_hash *tx_id, enum qn_err why)
{
    struct sweep *sweep = context;

    assert_int_equal(why, QN_ERR_CODE_USED);
    for (unsigned i = 0; i < CAPACITY; i++) {
        struct qn_hash id = id_of((uint8_t)('a' + i), (uint8_t)i, 0);
        if (qn_hash_equal(&id, tx_id)) {
            sweep->dropped[sweep->dropped_count] = (char)('a' + i);
        }
    }
    sweep->dropped_count += 1;
}

static void a_sweep_asks_for_each_and_drops_the_rest(void **state)
{
    static const char *const keeps[] = {"abcdefgh", "bdfh", "adeh", "h", "a", ""};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(keeps); i++) {
        struct qn_mempool *pool = qn_mempool_new(CAPACITY);
        struct sweep sweep = {.keep = keeps[i]};
        for (unsigned j = 0; j < CAPACITY; j++) {
            assert_int_equal(put(pool, (uint8_t)('a' + j), (uint8_t)j, 0), QN_OK);
        }
        qn_mempool_sweep(pool, keep, dropped, &sweep, CAPACITY);
        assert_string_equal(sweep.asked, "abcdefgh");
        assert_int_equal(sweep.dropped_count, CAPACITY - strlen(keeps[i]));
        for (size_t j = 0; j < sweep.dropped_count; j++) {
            assert_null(strchr(keeps[i], sweep.dropped[j]));
        }
        expect_nodes(pool, keeps[i]);
        qn_mempool_free(pool);
    }
}

/* Random steps beside an array. */
static void it_behaves_like_a_list_under_random_steps(void **state)
{
    struct qn_rng rng = qn_test_rng();
    struct qn_mempool *pool = qn_mempool_new(CAPACITY);
    char list[CAPACITY + 1] = "";

    (void)state;
    for (int step = 0; step < 5000; step++) {
        uint8_t node = (uint8_t)('a' + qn_rng_below(&rng, 12));
        char *at = strchr(list, node);
        size_t len = strlen(list);
        if (qn_rng_below(&rng, 2) == 0) {
            enum qn_err err = put(pool, node, node, 0);
            assert_int_equal(err, at != NULL        ? QN_ERR_DUPLICATE
                                  : len == CAPACITY ? QN_ERR_FULL
                                                    : QN_OK);
            if (err == QN_OK) {
                list[len] = (char)node;
                list[len + 1] = '\0';
            }
        } else {
            struct qn_hash id = id_of(node, node, 0);
            assert_int_equal(qn_mempool_remove(pool, &id), at != NULL);
            if (at != NULL) {
                memmove(at, at + 1, strlen(at));
            }
        }
        expect_nodes(pool, list);
    }
    qn_mempool_free(pool);
}

static void a_sweep_looks_at_no_more_than_it_was_told(void **state)
{
    struct qn_mempool *pool = qn_mempool_new(CAPACITY);
    struct sweep sweep = {.keep = "b"};

    (void)state;
    for (unsigned j = 0; j < 5; j++) {
        assert_int_equal(put(pool, (uint8_t)('a' + j), (uint8_t)j, 0), QN_OK);
    }
    qn_mempool_sweep(pool, keep, dropped, &sweep, 3);
    assert_string_equal(sweep.asked, "abc");
    expect_nodes(pool, "bde");
    qn_mempool_free(pool);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_come_first),
        cmocka_unit_test(one_per_transaction_node_and_code),
        cmocka_unit_test(a_full_pool_says_so_and_stays_as_it_is),
        cmocka_unit_test(an_overdue_transaction_is_given_once),
        cmocka_unit_test(references_are_kept_and_given_back),
        cmocka_unit_test(a_sweep_asks_for_each_and_drops_the_rest),
        cmocka_unit_test(a_sweep_looks_at_no_more_than_it_was_told),
        cmocka_unit_test(it_behaves_like_a_list_under_random_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
