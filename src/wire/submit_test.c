/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/frame.h"
#include "wire/testing/hex.h"
#include "wire/transaction.h"

static void submit_and_tx_carry_a_transaction(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf("A2 01 04 02 43 A1B2C3");
    struct qn_submit submit;
    assert_int_equal(qn_submit_decode(&submit, qn_buf_span(buf)), QN_OK);
    assert_int_equal(submit.hops, QN_SUBMIT_HOPS_MAX);
    assert_ptr_equal(submit.tx.at, buf->bytes + 5);
    qn_assert_hex(qn_submit_encode(&submit), "A2 01 04 02 43 A1B2C3");
    qn_assert_hex(qn_tx_message_encode(submit.tx), "A1 02 43 A1B2C3");
    qn_buf_drop(buf);

    buf = qn_hex_buf("A1 02 43 A1B2C3");
    struct qn_span tx;
    assert_int_equal(qn_tx_message_decode(&tx, qn_buf_span(buf)), QN_OK);
    assert_ptr_equal(tx.at, buf->bytes + 3);
    assert_int_equal(tx.len, 3);
    qn_buf_drop(buf);
}

static void their_limits_hold(void **state)
{
    (void)state;
    static const char *const submits[] = {"A2 01 05 02 41 00", "A2 01 00 02 40",
                                          "A2 01 00 02 594001 00*16385", "A1 02 41 00"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(submits); i++) {
        struct qn_buf *buf = qn_hex_buf(submits[i]);
        struct qn_submit submit;
        assert_int_equal(qn_submit_decode(&submit, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
    static const char *const txs[] = {"A1 02 40", "A1 02 594001 00*16385", "A1 01 41 00",
                                      "A2 01 00 02 41 00"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(txs); i++) {
        struct qn_buf *buf = qn_hex_buf(txs[i]);
        struct qn_span tx;
        assert_int_equal(qn_tx_message_decode(&tx, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
}

static void the_largest_have_exactly_their_limits(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_TX_LEN_MAX];
    struct qn_span tx = {bytes, sizeof bytes};
    struct qn_buf *buf = qn_submit_encode(&(struct qn_submit){QN_SUBMIT_HOPS_MAX, tx});
    assert_int_equal(buf->len, qn_kind_find(QN_SUBMIT)->len_max);
    qn_buf_drop(buf);
    buf = qn_tx_message_encode(tx);
    assert_int_equal(buf->len, qn_kind_find(QN_TX)->len_max);
    qn_buf_drop(buf);
}

#define RESULT(code) "A5 01 " code " 02 62 6F6B 03 5820 33*32 04 07 05 08"

static void a_result_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(RESULT("2E"));
    struct qn_submit_result result;
    assert_int_equal(qn_submit_result_decode(&result, qn_buf_span(buf)), QN_OK);
    assert_int_equal(result.code, QN_ERR_CODE_USED);
    assert_string_equal(result.text, "ok");
    assert_int_equal(result.tx_id.bytes[0], 0x33);
    assert_int_equal(result.height, 7);
    assert_int_equal(result.index, 8);
    qn_assert_hex(qn_submit_result_encode(&result), RESULT("2E"));
    qn_buf_drop(buf);
}

static void a_code_is_zero_or_negative_and_may_be_new(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum qn_err err;
        int code;
    } cases[] = {
        {RESULT("00"), QN_OK, 0},
        {RESULT("20"), QN_OK, -1},
        {RESULT("38FE"), QN_OK, -255},
        {RESULT("38FF"), QN_ERR_MALFORMED, 0},
        {RESULT("01"), QN_ERR_MALFORMED, 0},
        {RESULT("3BFFFFFFFFFFFFFFFF"), QN_ERR_MALFORMED, 0},
        {RESULT("F4"), QN_ERR_MALFORMED, 0},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_buf *buf = qn_hex_buf(cases[i].hex);
        struct qn_submit_result result;
        assert_int_equal(qn_submit_result_decode(&result, qn_buf_span(buf)), cases[i].err);
        if (cases[i].err == QN_OK) {
            assert_int_equal(result.code, cases[i].code);
        }
        qn_buf_drop(buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submit_and_tx_carry_a_transaction),
        cmocka_unit_test(their_limits_hold),
        cmocka_unit_test(the_largest_have_exactly_their_limits),
        cmocka_unit_test(a_result_has_these_fields),
        cmocka_unit_test(a_code_is_zero_or_negative_and_may_be_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
