/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/announce.h"
#include "wire/testing/hex.h"

static void record_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *payload = qn_hex_buf("A6 01 5820 11*32 02 18 2A 03 81 82 61 61 07 04 02 05 02 "
                                        "06 63 716E74");
    struct qn_buf *buf =
        qn_signed_encode(qn_buf_span(payload), (struct qn_span){(const uint8_t *)"\xBB", 1});
    struct qn_record record;
    struct qn_signed envelope;
    assert_int_equal(qn_record_decode(&record, &envelope, qn_buf_span(buf)), QN_OK);
    assert_int_equal(record.id.bytes[0], 0x11);
    assert_int_equal(record.sequence, 42);
    assert_int_equal(record.endpoint_count, 1);
    assert_string_equal(record.endpoints[0].host, "a");
    assert_int_equal(record.endpoints[0].port, 7);
    assert_int_equal(record.region, QN_REGION_EUROPE);
    assert_int_equal(record.roles, QN_ROLE_VALIDATOR);
    assert_string_equal(record.software, "qnt");
    assert_true(qn_span_equal(envelope.payload, qn_buf_span(payload)));
    assert_int_equal(envelope.signature.len, 1);

    uint8_t out[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_span written;
    assert_int_equal(qn_record_payload(&record, out, sizeof out, &written), QN_OK);
    assert_true(qn_span_equal(written, qn_buf_span(payload)));
    assert_int_equal(qn_record_payload(&record, out, payload->len - 1, &written), QN_ERR_TOO_BIG);
    qn_buf_drop(buf);
    qn_buf_drop(payload);
}

static void a_record_takes_no_extension(void **state)
{
    (void)state;
    struct qn_buf *payload =
        qn_hex_buf("A7 01 5820 11*32 02 18 2A 03 80 04 02 05 02 06 60 1880 00");
    struct qn_buf *buf =
        qn_signed_encode(qn_buf_span(payload), (struct qn_span){(const uint8_t *)"\xBB", 1});
    struct qn_record record;
    struct qn_signed envelope;
    assert_int_equal(qn_record_decode(&record, &envelope, qn_buf_span(buf)), QN_ERR_MALFORMED);
    qn_buf_drop(buf);
    qn_buf_drop(payload);
}

static void a_record_of_unencodable_content_is_refused(void **state)
{
    (void)state;
    uint8_t out[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_span written = {NULL, 99};
    struct qn_record record = {.software = "\xFF"};
    assert_int_equal(qn_record_payload(&record, out, sizeof out, &written), QN_ERR_INVALID);
    record = (struct qn_record){.endpoint_count = 1};
    assert_int_equal(qn_record_payload(&record, out, sizeof out, &written), QN_ERR_INVALID);
    assert_int_equal(written.len, 99);
}

static void the_largest_record_fits_its_limit(void **state)
{
    (void)state;
    uint8_t out[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_span written;
    struct qn_record record = {
        .sequence = UINT64_MAX,
        .endpoint_count = QN_ENDPOINTS_MAX,
        .region = QN_REGION_OCEANIA,
        .roles = UINT32_MAX,
    };
    for (size_t i = 0; i < QN_ENDPOINTS_MAX; i++) {
        memset(record.endpoints[i].host, 'h', QN_HOST_LEN_MAX);
        record.endpoints[i].port = UINT16_MAX;
    }
    memset(record.software, 's', QN_SOFTWARE_LEN_MAX);
    assert_int_equal(qn_record_payload(&record, out, sizeof out, &written), QN_OK);
}

static void announce_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf("A2 01 08 02 43 A1B2C3");
    struct qn_announce announce;
    assert_int_equal(qn_announce_decode(&announce, qn_buf_span(buf)), QN_OK);
    assert_int_equal(announce.hops, QN_ANNOUNCE_HOPS_MAX);
    assert_ptr_equal(announce.record.at, buf->bytes + 5);
    assert_int_equal(announce.record.len, 3);
    qn_assert_hex(qn_announce_encode(&announce), "A2 01 08 02 43 A1B2C3");
    qn_buf_drop(buf);

    static const char *const refused[] = {"A2 01 09 02 41 00", "A2 01 08 02 40"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(refused); i++) {
        buf = qn_hex_buf(refused[i]);
        assert_int_equal(qn_announce_decode(&announce, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
}

static void head_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf("A2 01 19 0100 02 5820 22*32");
    struct qn_head head;
    assert_int_equal(qn_head_decode(&head, qn_buf_span(buf)), QN_OK);
    assert_int_equal(head.height, 256);
    assert_int_equal(head.block_id.bytes[31], 0x22);
    qn_assert_hex(qn_head_encode(&head), "A2 01 19 0100 02 5820 22*32");
    qn_buf_drop(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_has_these_fields),
        cmocka_unit_test(a_record_takes_no_extension),
        cmocka_unit_test(a_record_of_unencodable_content_is_refused),
        cmocka_unit_test(the_largest_record_fits_its_limit),
        cmocka_unit_test(announce_has_these_fields),
        cmocka_unit_test(head_has_these_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
