/* Byte by byte, from the figures of RFC 6887 and RFC 6886. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "net/port_map_codec.h"
#include "wire/testing/hex.h"

#define NONCE "0102030405060708090A0B0C"
#define CLIENT "00000000000000000000FFFFC0000202" /* 192.0.2.2 */
#define ANY_V4 "00000000000000000000FFFF00000000"
#define EXTERNAL "00000000000000000000FFFFC6336407" /* 198.51.100.7 */

static const struct qn_port_map_request request = {
    .lifetime_s = 7200,
    .nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    .client = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2}, 9876},
};

static void assert_bytes(const uint8_t *bytes, size_t len, const char *hex)
{
    struct qn_buf *wanted = qn_hex_buf(hex);
    assert_int_equal(len, wanted->len);
    assert_memory_equal(bytes, wanted->bytes, len);
    qn_buf_drop(wanted);
}

static enum qn_err decode(struct qn_port_map_answer *answer, const char *hex)
{
    struct qn_buf *bytes = qn_hex_buf(hex);
    uint8_t *exact = malloc(bytes->len); /* so that a sanitizer sees what is read beyond it */
    assert_non_null(exact);
    memcpy(exact, bytes->bytes, bytes->len);
    enum qn_err err = qn_port_map_decode(answer, (struct qn_span){exact, bytes->len});
    free(exact);
    qn_buf_drop(bytes);
    return err;
}

static void requests_have_these_bytes(void **state)
{
    (void)state;
    uint8_t out[QN_PORT_MAP_REQUEST_LEN];
    struct qn_port_map_request again = request;
    assert_bytes(out, qn_pcp_encode_map(out, &request),
                 "02 01 0000 00001C20" CLIENT NONCE "06 000000 2694 0000" ANY_V4);
    memcpy(again.wished.ip, request.client.ip, sizeof again.wished.ip);
    again.wished.port = 40000;
    assert_bytes(out, qn_pcp_encode_map(out, &again),
                 "02 01 0000 00001C20" CLIENT NONCE "06 000000 2694 9C40" CLIENT);
    assert_bytes(out, qn_pmp_encode_address(out), "00 00");
    assert_bytes(out, qn_pmp_encode_map(out, &again), "00 02 0000 2694 9C40 00001C20");
    again.lifetime_s = 0;
    assert_bytes(out, qn_pmp_encode_map(out, &again), "00 02 0000 2694 0000 00000000");
}

static void answers_of_pcp_have_these_fields(void **state)
{
    (void)state;
    struct qn_port_map_answer answer;
    assert_int_equal(decode(&answer, "02 81 00 00 00000E10 00000064 000000000000000000000000" NONCE
                                     "06 000000 2694 9C40" EXTERNAL),
                     QN_OK);
    assert_int_equal(answer.kind, QN_PCP_MAP);
    assert_int_equal(answer.result, QN_PORT_MAP_SUCCESS);
    assert_int_equal(answer.lifetime_s, 3600);
    assert_int_equal(answer.epoch_s, 100);
    assert_memory_equal(answer.nonce, request.nonce, sizeof answer.nonce);
    assert_int_equal(answer.internal_port, 9876);
    assert_int_equal(answer.external.port, 40000);
    assert_int_equal(answer.external.ip[15], 7);
    assert_int_equal(decode(&answer, "02 80 00 00 00000000 00000005 000000000000000000000000"),
                     QN_OK);
    assert_int_equal(answer.kind, QN_PCP_ANNOUNCE);
    assert_int_equal(answer.epoch_s, 5);
    assert_int_equal(decode(&answer, "01 81 00 01 00000708 00000005 000000000000000000000000"),
                     QN_OK);
    assert_int_equal(answer.version, 1);
    assert_int_equal(answer.result, QN_PORT_MAP_UNSUPP_VERSION);
}

static void answers_of_nat_pmp_have_these_fields(void **state)
{
    (void)state;
    struct qn_port_map_answer answer;
    assert_int_equal(decode(&answer, "00 80 0000 00000064 C6336407"), QN_OK);
    assert_int_equal(answer.kind, QN_PMP_ADDRESS);
    assert_int_equal(answer.external.ip[10], 0xff);
    assert_int_equal(answer.external.ip[12], 198);
    assert_int_equal(decode(&answer, "00 82 0000 00000064 2694 9C40 00000E10"), QN_OK);
    assert_int_equal(answer.kind, QN_PMP_MAP);
    assert_int_equal(answer.internal_port, 9876);
    assert_int_equal(answer.external.port, 40000);
    assert_int_equal(answer.lifetime_s, 3600);
    assert_int_equal(decode(&answer, "00 81 0001 00000064"), QN_OK); /* to a request in PCP */
    assert_int_equal(answer.kind, QN_PMP_OTHER);
    assert_int_equal(answer.result, QN_PORT_MAP_UNSUPP_VERSION);
    assert_int_equal(decode(&answer, "00 82 0004 00000064 0000 0000 00000000"), QN_OK);
    assert_string_equal(qn_port_map_result_name(answer.result), "no_resources");
}

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "02",
        "00 00",
        "00 80 0000 00000064",                                    /* no address in it */
        "00 82 0000 00000064 2694 9C40 00000E10 00",              /* a byte too many */
        "00 02 0000 2694 0000 00001C20",                          /* a request */
        "00 81 0000 00000064",                                    /* UDP */
        "02 81 00 00 00000E10 00000064 000000000000000000000000", /* nothing after the head */
        "02 81 00 00 00000E10 00000064 000000000000000000000000" NONCE
        "11 000000 2694 9C40" EXTERNAL, /* UDP */
        "02 01 00 00 00000E10 00000064 000000000000000000000000" NONCE
        "06 000000 2694 9C40" EXTERNAL, /* a request */
        "02 82 00 00 00000E10 00000064 000000000000000000000000" NONCE
        "06 000000 2694 9C40" EXTERNAL, /* PEER */
        "03 81 00 00 00000E10 00000064 000000000000000000000000" NONCE
        "06 000000 2694 9C40" EXTERNAL, /* a version to come */
        "02 81 00 00 00000E10 00000064 000000000000000000000000" NONCE
        "06 000000 2694 9C40" EXTERNAL "00",     /* not in words of 32 bits */
        "02 81 00 00 00000E10 00000064 00*1100", /* too long */
    };
    struct qn_port_map_answer answer = {.epoch_s = 42};
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        assert_int_equal(decode(&answer, wrong[i]), QN_ERR_MALFORMED);
    }
    assert_int_equal(qn_port_map_decode(&answer, (struct qn_span){NULL, 0}), QN_ERR_MALFORMED);
    assert_int_equal(answer.epoch_s, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_these_bytes),
        cmocka_unit_test(answers_of_pcp_have_these_fields),
        cmocka_unit_test(answers_of_nat_pmp_have_these_fields),
        cmocka_unit_test(what_is_no_answer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
