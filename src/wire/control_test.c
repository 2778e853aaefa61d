/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/control.h"
#include "wire/testing/hex.h"

#define HELLO_HEX                                                                                  \
    "A8 01 02 02 01 03 5820 11*32 04 82 82 61 61 19 2694 82 63 3A3A31 01 05 03 06 18 83 "          \
    "07 1B 0102030405060708 08 64 716E6574"

static void hello_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(HELLO_HEX);
    struct qn_hello hello;
    assert_int_equal(qn_hello_decode(&hello, qn_buf_span(buf)), QN_OK);
    assert_int_equal(hello.version, 2);
    assert_int_equal(hello.version_min, 1);
    assert_int_equal(hello.network.bytes[31], 0x11);
    assert_int_equal(hello.endpoint_count, 2);
    assert_string_equal(hello.endpoints[0].host, "a");
    assert_int_equal(hello.endpoints[0].port, 9876);
    assert_string_equal(hello.endpoints[1].host, "::1");
    assert_int_equal(hello.endpoints[1].port, 1);
    assert_int_equal(hello.region, QN_REGION_ASIA);
    assert_int_equal(hello.roles, QN_ROLES_ALL | 0x80); /* a newer node's bit is no fault */
    assert_true(hello.height == UINT64_C(0x0102030405060708));
    assert_string_equal(hello.software, "qnet");
    qn_assert_hex(qn_hello_encode(&hello), HELLO_HEX);
    qn_buf_drop(buf);
}

static void hello_may_say_where_the_receiver_is_seen(void **state)
{
    (void)state;
#define SEEN_HEX(map, endpoint)                                                                    \
    map " 01 01 02 01 03 5820 11*32 04 80 05 03 06 00 07 00 08 60" endpoint
    struct qn_buf *buf = qn_hex_buf(SEEN_HEX("A9", "09 82 63 3A3A31 19 2694"));
    struct qn_hello hello;
    assert_int_equal(qn_hello_decode(&hello, qn_buf_span(buf)), QN_OK);
    assert_true(hello.has_seen);
    assert_string_equal(hello.seen.host, "::1");
    assert_int_equal(hello.seen.port, 9876);
    qn_assert_hex(qn_hello_encode(&hello), SEEN_HEX("A9", "09 82 63 3A3A31 19 2694"));
    qn_buf_drop(buf);
    struct qn_buf *without = qn_hex_buf(SEEN_HEX("A8", ""));
    assert_int_equal(qn_hello_decode(&hello, qn_buf_span(without)), QN_OK);
    assert_false(hello.has_seen);
    qn_buf_drop(without);
    struct qn_buf *no_port = qn_hex_buf(SEEN_HEX("A9", "09 82 63 3A3A31 00"));
    assert_int_equal(qn_hello_decode(&hello, qn_buf_span(no_port)), QN_ERR_MALFORMED);
    qn_buf_drop(no_port);
#undef SEEN_HEX
}

static enum qn_err decode_hello(const char *hex)
{
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_hello hello;
    enum qn_err err = qn_hello_decode(&hello, qn_buf_span(buf));
    qn_buf_drop(buf);
    return err;
}

static void hello_holds_its_fields_to_their_limits(void **state)
{
    (void)state;
#define HELLO(version, network, endpoints, region, roles, software)                                \
    decode_hello("A8 01 " version " 02 01 03 " network " 04 " endpoints " 05 " region " 06 " roles \
                 " 07 00 08 " software)
    assert_int_equal(HELLO("01", "5820 11*32", "80", "05", "1AFFFFFFFF", "7840 41*64"), QN_OK);
    assert_int_equal(HELLO("1B0000000100000000", "5820 11*32", "80", "05", "00", "60"),
                     QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "581F 11*31", "80", "05", "00", "60"), QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "5821 11*33", "80", "05", "00", "60"), QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "5820 11*32", "80", "06", "00", "60"), QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "5820 11*32", "80", "05", "1B0000000100000000", "60"),
                     QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "5820 11*32", "80", "05", "00", "7841 41*65"), QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "5820 11*32", "80", "05", "00", "61 00"), QN_ERR_MALFORMED);
    assert_int_equal(HELLO("01", "5820 11*32", "85 82614101 82614101 82614101 82614101 82614101",
                           "05", "00", "60"),
                     QN_ERR_MALFORMED);
#undef HELLO
}

static void goodbye_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf("A2 01 02 02 63 627965");
    struct qn_goodbye goodbye;
    assert_int_equal(qn_goodbye_decode(&goodbye, qn_buf_span(buf)), QN_OK);
    assert_int_equal(goodbye.reason, QN_CLOSE_WRONG_NETWORK);
    assert_string_equal(goodbye.text, "bye");
    qn_assert_hex(qn_goodbye_encode(&goodbye), "A2 01 02 02 63 627965");
    qn_buf_drop(buf);
}

static void goodbye_takes_reasons_of_a_newer_node_and_text_to_its_limit(void **state)
{
    (void)state;
    struct qn_goodbye goodbye;
    struct qn_buf *longest = qn_hex_buf("A2 01 1AFFFFFFFF 02 78C8 41*200");
    assert_int_equal(qn_goodbye_decode(&goodbye, qn_buf_span(longest)), QN_OK);
    assert_int_equal(goodbye.reason, UINT32_MAX);
    assert_int_equal(strlen(goodbye.text), QN_TEXT_LEN_MAX);
    qn_buf_drop(longest);
    struct qn_buf *longer = qn_hex_buf("A2 01 00 02 78C9 41*201");
    assert_int_equal(qn_goodbye_decode(&goodbye, qn_buf_span(longer)), QN_ERR_MALFORMED);
    qn_buf_drop(longer);
}

static void ping_has_a_nonce_and_empty_has_nothing(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf("A1 01 1B FF00FF00FF00FF01");
    struct qn_ping ping;
    assert_int_equal(qn_ping_decode(&ping, qn_buf_span(buf)), QN_OK);
    assert_true(ping.nonce == UINT64_C(0xFF00FF00FF00FF01));
    qn_assert_hex(qn_ping_encode(&ping), "A1 01 1B FF00FF00FF00FF01");
    qn_buf_drop(buf);
    qn_assert_hex(qn_empty_encode(), "A0");
    assert_int_equal(qn_empty_decode((struct qn_span){(const uint8_t *)"\x80", 1}),
                     QN_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_has_these_fields),
        cmocka_unit_test(hello_may_say_where_the_receiver_is_seen),
        cmocka_unit_test(hello_holds_its_fields_to_their_limits),
        cmocka_unit_test(goodbye_has_these_fields),
        cmocka_unit_test(goodbye_takes_reasons_of_a_newer_node_and_text_to_its_limit),
        cmocka_unit_test(ping_has_a_nonce_and_empty_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
