#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/frame.h"
#include "wire/genesis_reply.h"
#include "wire/testing/hex.h"

#define HEX "A2 01 84 41 C1 42 C2C2 41 C3 41 C4 02 43 D1D2D3"

static void a_reply_has_certificates_and_parameters(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(HEX);
    struct qn_genesis_reply reply;
    assert_int_equal(qn_genesis_reply_decode(&reply, qn_buf_span(buf)), QN_OK);
    assert_int_equal(reply.cert_count, 4);
    assert_ptr_equal(reply.certs[1].at, buf->bytes + 6);
    assert_int_equal(reply.certs[1].len, 2);
    assert_int_equal(reply.parameters.len, 3);
    struct qn_buf *again = NULL;
    assert_int_equal(qn_genesis_reply_encode(&again, &reply), QN_OK);
    qn_assert_hex(again, HEX);
    qn_buf_drop(buf);
}

static void what_is_beyond_the_limits_is_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "A2 01 83 41 C1 41 C2 41 C3 02 43 D1D2D3",             /* three certificates */
        "A2 01 84 41 C1 40 41 C3 41 C4 02 43 D1D2D3",          /* an empty one */
        "A2 01 84 41 C1 59 2001 C2*8193 41 C3 41 C4 02 41 D1", /* one too long */
        "A2 01 84 41 C1 41 C2 41 C3 41 C4 02 40",              /* no parameters */
        "A2 01 84 41 C1 41 C2 41 C3 41 C4 02 590401 D1*1025",
        "A2 01 98 65 40*101 02 41 D1",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        struct qn_buf *buf = qn_hex_buf(forms[i]);
        struct qn_genesis_reply reply;
        if (qn_genesis_reply_decode(&reply, qn_buf_span(buf)) != QN_ERR_MALFORMED) {
            fail_msg("%s was taken", forms[i]);
        }
        qn_buf_drop(buf);
    }
}

static void the_largest_reply_has_exactly_its_limit(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_GENESIS_CERT_LEN_MAX];
    struct qn_genesis_reply reply = {
        .cert_count = QN_GENESIS_CERTS_MAX,
        .parameters = {bytes, QN_GENESIS_PARAMETERS_LEN_MAX},
    };
    for (size_t i = 0; i < reply.cert_count; i++) {
        reply.certs[i] = (struct qn_span){bytes, sizeof bytes};
    }
    struct qn_buf *buf = NULL;
    assert_int_equal(qn_genesis_reply_encode(&buf, &reply), QN_OK);
    assert_int_equal(buf->len, qn_kind_find(QN_GENESIS)->len_max);
    struct qn_genesis_reply decoded;
    assert_int_equal(qn_genesis_reply_decode(&decoded, qn_buf_span(buf)), QN_OK);
    assert_int_equal(decoded.cert_count, QN_GENESIS_CERTS_MAX);
    qn_buf_drop(buf);
}

static void parts_above_a_message_are_too_big(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_MESSAGE_LEN_MAX / 4];
    struct qn_genesis_reply reply = {.cert_count = 4, .parameters = {bytes, 1}};
    for (size_t i = 0; i < reply.cert_count; i++) {
        reply.certs[i] = (struct qn_span){bytes, sizeof bytes};
    }
    struct qn_buf *buf = NULL;
    assert_int_equal(qn_genesis_reply_encode(&buf, &reply), QN_ERR_TOO_BIG);
    assert_null(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_has_certificates_and_parameters),
        cmocka_unit_test(what_is_beyond_the_limits_is_refused),
        cmocka_unit_test(the_largest_reply_has_exactly_its_limit),
        cmocka_unit_test(parts_above_a_message_are_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
