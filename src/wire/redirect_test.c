#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/redirect.h"
#include "wire/testing/hex.h"

#define ENTRY(id, region) "A3 01 5820 " id "*32 02 82 63 3A3A31 192694 03 " region " "

static void redirect_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A1 01 82 " ENTRY("11", "02") ENTRY("22", "05");
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_redirect redirect;
    assert_int_equal(qn_redirect_decode(&redirect, qn_buf_span(buf)), QN_OK);
    assert_int_equal(redirect.count, 2);
    assert_int_equal(redirect.entries[0].id.bytes[31], 0x11);
    assert_string_equal(redirect.entries[0].endpoint.host, "::1");
    assert_int_equal(redirect.entries[0].endpoint.port, 9876);
    assert_int_equal(redirect.entries[0].region, QN_REGION_EUROPE);
    assert_int_equal(redirect.entries[1].region, QN_REGION_OCEANIA);
    qn_assert_hex(qn_redirect_encode(&redirect), hex);
    qn_buf_drop(buf);
}

static enum qn_err decode(const char *hex)
{
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_redirect redirect;
    enum qn_err err = qn_redirect_decode(&redirect, qn_buf_span(buf));
    qn_buf_drop(buf);
    return err;
}

static void redirect_holds_its_fields_to_their_limits(void **state)
{
    (void)state;
    assert_int_equal(decode("A1 01 80"), QN_ERR_MALFORMED); /* nobody */
    assert_int_equal(decode("A1 01 83 " ENTRY("11", "00") ENTRY("22", "00") ENTRY("33", "05")),
                     QN_OK);
    assert_int_equal(
        decode("A1 01 84 " ENTRY("11", "00") ENTRY("22", "00") ENTRY("33", "00") ENTRY("44", "00")),
        QN_ERR_MALFORMED);
    assert_int_equal(decode("A1 01 82 " ENTRY("11", "00") ENTRY("11", "01")), QN_ERR_MALFORMED);
    assert_int_equal(decode("A1 01 81 " ENTRY("11", "06")), QN_ERR_MALFORMED);
    assert_int_equal(decode("A2 01 81 " ENTRY("11", "00") "02 00"), QN_ERR_MALFORMED);
    assert_int_equal(decode("A2 01 81 " ENTRY("11", "00") "1880 00"), QN_OK); /* an extension */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirect_has_these_fields),
        cmocka_unit_test(redirect_holds_its_fields_to_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
