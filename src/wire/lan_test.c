#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/lan.h"
#include "wire/testing/hex.h"

#define BEACON(version, asks, port)                                                                \
    "A5 01 " version " 02 " asks " 03 5820 11*32 04 5820 22*32 05 42 " port

static enum qn_err decode(struct qn_lan_beacon *beacon, const char *hex)
{
    struct qn_buf *buf = qn_hex_buf(hex);
    enum qn_err err = qn_lan_beacon_decode(beacon, qn_buf_span(buf));
    qn_buf_drop(buf);
    return err;
}

static void a_beacon_has_these_fields(void **state)
{
    (void)state;
    struct qn_lan_beacon beacon;
    uint8_t bytes[QN_LAN_BEACON_LEN];
    assert_int_equal(decode(&beacon, BEACON("01", "F4", "2694")), QN_OK);
    assert_false(beacon.asks);
    assert_int_equal(beacon.network.bytes[31], 0x11);
    assert_int_equal(beacon.id.bytes[0], 0x22);
    assert_int_equal(beacon.port, 9876);
    qn_lan_beacon_encode(bytes, &beacon);
    qn_assert_hex(qn_buf_copy((struct qn_span){bytes, sizeof bytes}), BEACON("01", "F4", "2694"));
}

/* What a question asks for cannot be longer than the question. */
static void all_beacons_have_one_length(void **state)
{
    (void)state;
    static const char *const valid[] = {BEACON("01", "F5", "0000"), BEACON("01", "F5", "0001"),
                                        BEACON("01", "F4", "FFFF")};
    struct qn_lan_beacon beacon;
    for (size_t i = 0; i < QN_ARRAY_COUNT(valid); i++) {
        struct qn_buf *buf = qn_hex_buf(valid[i]);
        assert_int_equal(buf->len, QN_LAN_BEACON_LEN);
        assert_int_equal(qn_lan_beacon_decode(&beacon, qn_buf_span(buf)), QN_OK);
        qn_buf_drop(buf);
    }
}

static void what_is_no_beacon_is_refused(void **state)
{
    (void)state;
    struct qn_lan_beacon beacon;
    assert_int_equal(decode(&beacon, BEACON("01", "F4", "0000")), QN_ERR_MALFORMED); /* no port */
    assert_int_equal(decode(&beacon, BEACON("00", "F4", "0001")), QN_ERR_MALFORMED);
    assert_int_equal(decode(&beacon, BEACON("02", "F4", "0001")), QN_ERR_MALFORMED);
    assert_int_equal(decode(&beacon, BEACON("01", "01", "0001")), QN_ERR_MALFORMED);
    assert_int_equal(decode(&beacon, BEACON("01", "F4", "0001") " 00"), QN_ERR_MALFORMED);
    assert_int_equal(decode(&beacon, "A0"), QN_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beacon_has_these_fields),
        cmocka_unit_test(all_beacons_have_one_length),
        cmocka_unit_test(what_is_no_beacon_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
