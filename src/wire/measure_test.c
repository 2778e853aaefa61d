#include "wire/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/testing/hex.h"

static void pong_repeats_the_nonce_and_may_tell_a_place(void **state)
{
    (void)state;
    struct qn_pong pong = {.nonce = 7};
    qn_assert_hex(qn_pong_encode(&pong), "A1 01 07");
    pong.at = (struct qn_coordinates){.x = -1, .y = 0, .z = 5000000, .height = 20, .error_ppm = 1};
    qn_assert_hex(qn_pong_encode(&pong), "A2 01 07 02 85 20 00 1A 004C4B40 14 01");
    struct qn_buf *buf = qn_pong_encode(&pong);
    struct qn_pong again = {0};
    assert_int_equal(qn_pong_decode(&again, qn_buf_span(buf)), QN_OK);
    assert_memory_equal(&again, &pong, sizeof pong);
    qn_buf_drop(buf);
}

static void a_place_out_of_bounds_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "A2 01 07 02 85 1A 004C4B41 00 00 00 01", /* an axis too far */
        "A2 01 07 02 85 3A 004C4B40 00 00 00 01", /* the same, negative */
        "A2 01 07 02 85 00 00 00 20 01",          /* a height below zero */
        "A2 01 07 02 85 00 00 00 00 00",          /* no error at all */
        "A2 01 07 02 85 00 00 00 00 1A 000F4241", /* more error than everything */
        "A2 01 07 02 84 00 00 00 01",             /* too few numbers */
        "A2 01 07 03 00",                         /* an unknown key */
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(bad); i++) {
        struct qn_pong pong;
        struct qn_buf *buf = qn_hex_buf(bad[i]);
        assert_int_equal(qn_pong_decode(&pong, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
}

static void an_answer_is_measured_or_not(void **state)
{
    (void)state;
    static const char *const bad[] = {"A2 01 00 02 01", "A2 01 01 02 00", "A1 01 00"};
    struct qn_rtt rtt = {.rtt_us = 1000, .samples = 3};
    qn_assert_hex(qn_rtt_encode(&rtt), "A2 01 19 03E8 02 03");
    for (size_t i = 0; i < QN_ARRAY_COUNT(bad); i++) {
        struct qn_buf *buf = qn_hex_buf(bad[i]);
        assert_int_equal(qn_rtt_decode(&rtt, qn_buf_span(buf)), QN_ERR_MALFORMED);
        assert_int_equal(rtt.rtt_us, 1000);
        qn_buf_drop(buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pong_repeats_the_nonce_and_may_tell_a_place),
        cmocka_unit_test(a_place_out_of_bounds_is_refused),
        cmocka_unit_test(an_answer_is_measured_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
