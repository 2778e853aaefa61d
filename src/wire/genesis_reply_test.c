#include "wire/genesis_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/frame.h"
#include "wire/testing/hex.h"

#define LAST "A4 01 02 02 04 03 82 41 C3 42 C4C4 05 43 D1D2D3"
#define PAGE "A4 01 01 02 18 64 03 81 41 C1 04 19 2000"

static void the_last_page_has_the_parameters(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(LAST);
    struct qn_genesis_reply reply;
    assert_int_equal(qn_genesis_reply_decode(&reply, qn_buf_span(buf)), QN_OK);
    assert_int_equal(reply.from, 2);
    assert_int_equal(reply.count, 4);
    assert_int_equal(reply.cert_count, 2);
    assert_ptr_equal(reply.certs[1].at, buf->bytes + 10);
    assert_int_equal(reply.certs[1].len, 2);
    assert_int_equal(reply.wanted, 0);
    assert_int_equal(reply.parameters.len, 3);
    struct qn_buf *again = NULL;
    assert_int_equal(qn_genesis_reply_encode(&again, &reply), QN_OK);
    qn_assert_hex(again, LAST);
    qn_buf_drop(buf);
}

static void a_page_before_it_says_what_the_rest_takes(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(PAGE);
    struct qn_genesis_reply reply;
    assert_int_equal(qn_genesis_reply_decode(&reply, qn_buf_span(buf)), QN_OK);
    assert_int_equal(reply.count, 100);
    assert_int_equal(reply.wanted, 8192);
    assert_int_equal(reply.parameters.len, 0);
    struct qn_buf *again = NULL;
    assert_int_equal(qn_genesis_reply_encode(&again, &reply), QN_OK);
    qn_assert_hex(again, PAGE);
    qn_buf_drop(buf);
}

static void what_is_beyond_the_limits_is_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "A4 01 00 02 03 03 80 04 10",                          /* three certificates in all */
        "A4 01 02 02 04 03 83 41 C3 41 C4 41 C5 05 41 D1",     /* more than there are */
        "A4 01 02 02 04 03 81 41 C3 05 41 D1",                 /* an end before the last */
        "A4 01 02 02 04 03 82 41 C3 40 05 41 D1",              /* an empty one */
        "A4 01 02 02 04 03 82 41 C3 59 2001 C2*8193 05 41 D1", /* one too long */
        "A4 01 02 02 04 03 82 41 C3 41 C4 05 40",              /* no parameters */
        "A4 01 02 02 04 03 82 41 C3 41 C4 05 590401 D1*1025",
        "A4 01 00 02 04 03 80 04 0F",                      /* less than any request has */
        "A4 01 00 02 04 03 80 04 19 8001",                 /* more than any may have */
        "A5 01 02 02 04 03 82 41 C3 41 C4 04 10 05 41 D1", /* both */
        "A3 01 02 02 04 03 82 41 C3 41 C4",                /* neither */
        "A4 01 00 02 18 65 03 80 04 10",
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

static void a_request_is_padded_with_zeros(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "A0",
        "A1 01 00",
        "A2 01 00 02 4F 00*15",         /* too few */
        "A2 01 00 02 50 00*15 01",      /* not zeros */
        "A2 01 00 02 59 8001 00*32769", /* too many */
        "A2 01 18 65 02 50 00*16",
    };
    struct qn_get_genesis get;
    struct qn_buf *buf = qn_hex_buf("A2 01 03 02 50 00*16");
    assert_int_equal(qn_get_genesis_decode(&get, qn_buf_span(buf)), QN_OK);
    assert_int_equal(get.from, 3);
    assert_int_equal(get.padding_len, QN_GENESIS_PADDING_MIN);
    qn_buf_drop(buf);
    for (size_t i = 0; i < QN_ARRAY_COUNT(refused); i++) {
        buf = qn_hex_buf(refused[i]);
        if (qn_get_genesis_decode(&get, qn_buf_span(buf)) != QN_ERR_MALFORMED) {
            fail_msg("%s was taken", refused[i]);
        }
        qn_buf_drop(buf);
    }
}

/* A newcomer that asks for everything, paying for each answer what the one before named. Returns the requests. */
static unsigned fetch(size_t count, size_t cert_len, size_t parameters_len)
{
    static const uint8_t bytes[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span certs[QN_GENESIS_CERTS_MAX];
    struct qn_span parameters = {bytes, parameters_len};
    struct qn_get_genesis get = {.padding_len = QN_GENESIS_PADDING_MIN};
    struct qn_genesis_reply reply = {.wanted = 1};
    unsigned requests = 0;
    for (size_t i = 0; i < count; i++) {
        certs[i] = (struct qn_span){bytes, cert_len};
    }
    while (reply.wanted != 0) { /* each round but the first brings a certificate, or ends it */
        struct qn_buf *request = qn_get_genesis_encode(&get);
        struct qn_buf *answer = NULL;
        qn_genesis_reply_cut(&reply, certs, count, parameters, get.from, request->len);
        assert_int_equal(reply.from, get.from);
        assert_int_equal(qn_genesis_reply_encode(&answer, &reply), QN_OK);
        assert_true(answer->len <= request->len);
        assert_int_equal(qn_genesis_reply_decode(&reply, qn_buf_span(answer)), QN_OK);
        assert_true(requests == 0 || reply.cert_count > 0 || reply.wanted == 0);
        get.from += reply.cert_count;
        get.padding_len = reply.wanted;
        requests += 1;
        qn_buf_drop(request);
        qn_buf_drop(answer);
    }
    assert_int_equal(get.from, count);
    assert_int_equal(reply.parameters.len, parameters_len);
    return requests;
}

static void no_answer_is_longer_than_its_request_and_all_is_got(void **state)
{
    (void)state;
    assert_int_equal(fetch(4, 1, 1), 2);
    assert_int_equal(fetch(4, 5350, 5), 2); /* of ML-DSA-65 */
    assert_int_equal(fetch(6, 5350, QN_GENESIS_PARAMETERS_LEN_MAX), 3);
    assert_int_equal(fetch(QN_GENESIS_CERTS_MAX, 5350, 5), 18);
    assert_int_equal(
        fetch(QN_GENESIS_CERTS_MAX, QN_GENESIS_CERT_LEN_MAX, QN_GENESIS_PARAMETERS_LEN_MAX), 35);
    for (size_t len = 4000; len < 4100; len++) { /* around the largest padding */
        (void)fetch(8, len, 5);
    }
}

static void who_asks_beyond_the_last_gets_the_end(void **state)
{
    (void)state;
    static const uint8_t byte = 1;
    const struct qn_span one = {&byte, 1};
    const struct qn_span certs[QN_GENESIS_MIN] = {one, one, one, one};
    struct qn_genesis_reply reply;
    qn_genesis_reply_cut(&reply, certs, QN_GENESIS_MIN, one, QN_GENESIS_CERTS_MAX, 21);
    assert_int_equal(reply.from, QN_GENESIS_MIN);
    assert_int_equal(reply.cert_count, 0);
    assert_int_equal(reply.wanted, 0);
    assert_int_equal(reply.parameters.len, 1);
}

static void parts_above_a_message_are_too_big(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_GENESIS_CERT_LEN_MAX];
    struct qn_genesis_reply reply = {
        .count = 4, .cert_count = 4, .parameters = {bytes, QN_GENESIS_PARAMETERS_LEN_MAX}};
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
        cmocka_unit_test(the_last_page_has_the_parameters),
        cmocka_unit_test(a_page_before_it_says_what_the_rest_takes),
        cmocka_unit_test(what_is_beyond_the_limits_is_refused),
        cmocka_unit_test(a_request_is_padded_with_zeros),
        cmocka_unit_test(no_answer_is_longer_than_its_request_and_all_is_got),
        cmocka_unit_test(who_asks_beyond_the_last_gets_the_end),
        cmocka_unit_test(parts_above_a_message_are_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
