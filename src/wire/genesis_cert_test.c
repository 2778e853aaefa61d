/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "wire/genesis_cert.h"
#include "wire/testing/hex.h"

/* ML-DSA-44 (RFC 9881), and the other two by their lengths and last OID byte. */
#define SPKI_44 "30820532300B060960864801650304031103820521 00 77*1312"
#define SPKI_65 "308207B2300B0609608648016503040312038207A1 00 77*1952"
#define SPKI_87 "30820A32300B060960864801650304031303820A21 00 77*2592"
#define ENDPOINT "82 61 61 07"

#define PAYLOAD(name, id, suite, spki, region, endpoints)                                          \
    "A7 01 " name " 02 " id " 03 " suite " 04 " spki " 05 " region " 06 " endpoints " 07 18 64"
#define GOOD_PAYLOAD PAYLOAD("63 6E6574", "1903E7", "03", "590536" SPKI_44, "05", "81" ENDPOINT)

/* Decodes a certificate with this payload and a signature of one byte. */
static enum qn_err decode(struct qn_genesis_cert *cert, const char *payload_hex)
{
    struct qn_buf *payload = qn_hex_buf(payload_hex);
    struct qn_buf *buf =
        qn_signed_encode(qn_buf_span(payload), (struct qn_span){(const uint8_t *)"\xBB", 1});
    struct qn_signed envelope;
    enum qn_err err = qn_genesis_cert_decode(cert, &envelope, qn_buf_span(buf));
    if (err == QN_OK) {
        assert_true(qn_span_equal(envelope.payload, qn_buf_span(payload)));
        assert_int_equal(envelope.signature.len, 1);
    }
    qn_buf_drop(buf);
    qn_buf_drop(payload);
    return err;
}

static void a_certificate_has_these_fields(void **state)
{
    (void)state;
    struct qn_genesis_cert cert;
    assert_int_equal(decode(&cert, GOOD_PAYLOAD), QN_OK);
    assert_string_equal(cert.network, "net");
    assert_int_equal(cert.bootstrap_id, 999);
    assert_int_equal(cert.key.suite, QN_SUITE_MLDSA44);
    assert_int_equal(cert.key.spki_len, 1334);
    assert_int_equal(cert.key.spki[1333], 0x77);
    assert_int_equal(cert.region, QN_REGION_OCEANIA);
    assert_int_equal(cert.endpoint_count, 1);
    assert_string_equal(cert.endpoints[0].host, "a");
    assert_int_equal(cert.endpoints[0].port, 7);
    assert_int_equal(cert.not_before_ms, 100);

    uint8_t out[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span written;
    assert_int_equal(qn_genesis_cert_payload(&cert, out, sizeof out, &written), QN_OK);
    qn_assert_hex(qn_buf_copy(written), GOOD_PAYLOAD);
    assert_int_equal(qn_genesis_cert_payload(&cert, out, 100, &written), QN_ERR_TOO_BIG);
}

static void every_suite_that_nodes_may_have_is_taken(void **state)
{
    (void)state;
    struct qn_genesis_cert cert;
    assert_int_equal(
        decode(&cert, PAYLOAD("61 6E", "01", "01", "5907B6" SPKI_65, "00", "81" ENDPOINT)), QN_OK);
    assert_int_equal(cert.key.suite, QN_SUITE_MLDSA65);
    assert_int_equal(
        decode(&cert, PAYLOAD("61 6E", "01", "02", "590A36" SPKI_87, "00", "81" ENDPOINT)), QN_OK);
    assert_int_equal(cert.key.suite, QN_SUITE_MLDSA87);
}

static void a_field_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        PAYLOAD("60", "01", "03", "590536" SPKI_44, "05", "81" ENDPOINT),            /* no name */
        PAYLOAD("7821 41*33", "01", "03", "590536" SPKI_44, "05", "81" ENDPOINT),    /* long name */
        PAYLOAD("63 6E6574", "00", "03", "590536" SPKI_44, "05", "81" ENDPOINT),     /* id 0 */
        PAYLOAD("63 6E6574", "1903E8", "03", "590536" SPKI_44, "05", "81" ENDPOINT), /* id 1000 */
        PAYLOAD("63 6E6574", "01", "03", "590536" SPKI_44, "06", "81" ENDPOINT),     /* region */
        PAYLOAD("63 6E6574", "01", "03", "590536" SPKI_44, "05", "80"), /* no endpoint */
        PAYLOAD("63 6E6574", "01", "03", "590536" SPKI_44, "05",
                "85" ENDPOINT ENDPOINT ENDPOINT ENDPOINT ENDPOINT),
        "A8 01 61 6E 02 01 03 03 04 590536" SPKI_44 " 05 05 06 81" ENDPOINT " 07 18 64 1880 00",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(payloads); i++) {
        struct qn_genesis_cert cert;
        if (decode(&cert, payloads[i]) != QN_ERR_MALFORMED) {
            fail_msg("payload %zu was taken", i);
        }
    }
}

static void the_suite_is_the_keys_own(void **state)
{
    (void)state;
    struct qn_genesis_cert cert;
    static const char *const others[] = {"00", "01", "02", "04", "18FF"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(others); i++) {
        char payload[512];
        (void)snprintf(payload, sizeof payload, "%s%s%s", "A7 01 63 6E6574 02 01 03 ", others[i],
                       " 04 590536" SPKI_44 " 05 05 06 81" ENDPOINT " 07 18 64");
        assert_int_equal(decode(&cert, payload), QN_ERR_MALFORMED);
    }
}

static void a_key_of_no_known_suite_is_told_apart_from_bad_form(void **state)
{
    (void)state;
    struct qn_genesis_cert cert;
    /* An Ed25519 key; an ML-DSA key one byte short; the same, with a bad region besides. */
    assert_int_equal(
        decode(&cert, PAYLOAD("61 6E", "01", "03", "582C 302A300506032B6570032100 77*32", "05",
                              "81" ENDPOINT)),
        QN_ERR_UNKNOWN_SUITE);
    assert_int_equal(decode(&cert, PAYLOAD("61 6E", "01", "03",
                                           "590535 30820532300B060960864801650304031103820521 00 "
                                           "77*1311",
                                           "05", "81" ENDPOINT)),
                     QN_ERR_UNKNOWN_SUITE);
    assert_int_equal(
        decode(&cert, PAYLOAD("61 6E", "01", "03", "582C 302A300506032B6570032100 77*32", "06",
                              "81" ENDPOINT)),
        QN_ERR_MALFORMED);
}

static void a_certificate_above_its_limit_is_refused(void **state)
{
    (void)state;
    uint8_t payload[QN_GENESIS_CERT_LEN_MAX] = {0};
    struct qn_buf *buf =
        qn_signed_encode((struct qn_span){payload, sizeof payload}, (struct qn_span){payload, 1});
    struct qn_genesis_cert cert;
    struct qn_signed envelope;
    assert_int_equal(qn_genesis_cert_decode(&cert, &envelope, qn_buf_span(buf)), QN_ERR_MALFORMED);
    qn_buf_drop(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_has_these_fields),
        cmocka_unit_test(every_suite_that_nodes_may_have_is_taken),
        cmocka_unit_test(a_field_beyond_its_limit_is_refused),
        cmocka_unit_test(the_suite_is_the_keys_own),
        cmocka_unit_test(a_key_of_no_known_suite_is_told_apart_from_bad_form),
        cmocka_unit_test(a_certificate_above_its_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
