#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/signed.h"
#include "wire/testing/hex.h"

static enum qn_err decode(struct qn_signed *envelope, const char *hex, size_t payload_max)
{
    struct qn_buf *buf = qn_hex_buf(hex);
    enum qn_err err = qn_signed_decode(envelope, qn_buf_span(buf), payload_max);
    qn_buf_drop(buf); /* the spans are only looked at for their lengths here */
    return err;
}

static void payload_and_signature_are_found_in_place(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf("A2 01 43 A10102 02 42 BBCC");
    struct qn_signed envelope;
    assert_int_equal(qn_signed_decode(&envelope, qn_buf_span(buf), 3), QN_OK);
    assert_ptr_equal(envelope.payload.at, buf->bytes + 3);
    assert_int_equal(envelope.payload.len, 3);
    assert_ptr_equal(envelope.signature.at, buf->bytes + 8);
    assert_int_equal(envelope.signature.len, 2);
    qn_assert_hex(qn_signed_encode(envelope.payload, envelope.signature),
                  "A2 01 43 A10102 02 42 BBCC");
    qn_buf_drop(buf);
}

static void lengths_are_held_to_their_limits(void **state)
{
    (void)state;
    struct qn_signed envelope = {.payload = {NULL, 99}};
    assert_int_equal(decode(&envelope, "A2 01 44 00*4 02 41 00", 3), QN_ERR_MALFORMED);
    assert_int_equal(decode(&envelope, "A2 01 40 02 41 00", 3), QN_ERR_MALFORMED);
    assert_int_equal(decode(&envelope, "A2 01 41 00 02 40", 3), QN_ERR_MALFORMED);
    assert_int_equal(decode(&envelope, "A2 01 41 00 02 59 1214 00*4628", 3), QN_ERR_MALFORMED);
    assert_int_equal(envelope.payload.len, 99);
    assert_int_equal(decode(&envelope, "A2 01 41 00 02 59 1213 00*4627", 3), QN_OK);
    assert_int_equal(envelope.signature.len, QN_NODE_SIGNATURE_LEN_MAX);
}

static void another_form_is_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "",
        "A0",
        "A1 01 41 00",
        "A1 02 41 00",
        "A2 02 41 00 01 41 00",
        "A2 01 A0 02 41 00", /* the payload itself instead of its bytes */
        "A2 01 61 41 02 41 00",
        "A2 01 41 00 02 61 41",
        "A3 01 41 00 02 41 00 03 00",
        "A3 01 41 00 02 41 00 1880 00",
        "82 41 00 41 00",
        "A2 01 41 00 02 41 00 00",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        struct qn_signed envelope;
        if (decode(&envelope, forms[i], 99) != QN_ERR_MALFORMED) {
            fail_msg("%s was taken", forms[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_and_signature_are_found_in_place),
        cmocka_unit_test(lengths_are_held_to_their_limits),
        cmocka_unit_test(another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
