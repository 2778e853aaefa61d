#include "api/resources.h"

#include "api/testing/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static struct qn_api_fixture fixture;
    qn_api_fixture_init(&fixture, 1, 0, NULL);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    qn_api_fixture_fini(*state);
    return 0;
}

static struct qn_span span_of(const char *text)
{
    return (struct qn_span){(const uint8_t *)text, strlen(text)};
}

static const char as_bytes[] = "application/octet-stream";
static const char as_json[] = "application/json";

static void a_final_transaction_is_200_with_its_place(void **state)
{
    struct qn_span tx = span_of("any bytes");
    struct qn_hash id = qn_sha3(tx);
    json_t *json = qn_api_fixture_post(*state, as_bytes, tx, 200);

    qn_json_expect_text(json, "code", "ok");
    qn_json_expect_hex(json, "id", id.bytes);
    qn_json_expect_u64(json, "height", 4);
    qn_json_expect_u64(json, "index", 11);
    json_decref(json);
}

static void json_carries_the_same_bytes(void **state)
{
    struct qn_hash id = qn_sha3(span_of("any bytes"));
    json_t *json = qn_api_fixture_post(*state, "application/json;charset=utf-8",
                                       span_of("{\"transaction\": \"YW55IGJ5dGVz\"}"), 200);
    qn_json_expect_hex(json, "id", id.bytes);
    json_decref(json);
}

static void every_refusal_has_its_status_and_reason(void **state)
{
    static const struct {
        enum qn_err code;
        unsigned status;
        const char *name;
    } cases[] = {
        {QN_ERR_ALREADY_REGISTERED, 409, "already_registered"},
        {QN_ERR_CODE_USED, 409, "code_used"},
        {QN_ERR_DUPLICATE, 409, "duplicate"},
        {QN_ERR_WRONG_SEQUENCE, 409, "wrong_sequence"},
        {QN_ERR_REVOKED, 409, "revoked"},
        {QN_ERR_MALFORMED, 400, "malformed"},
        {QN_ERR_TOO_BIG, 413, "too_big"},
        {QN_ERR_BAD_SIGNATURE, 422, "bad_signature"},
        {QN_ERR_CODE_UNKNOWN, 422, "code_unknown"},
        {QN_ERR_CODE_REQUIRED, 422, "code_required"},
        {QN_ERR_CODE_EXPIRED, 422, "code_expired"},
        {QN_ERR_EXPIRED, 422, "expired"},
        {QN_ERR_WRONG_NETWORK, 422, "wrong_network"},
        {QN_ERR_NOT_REGISTERED, 422, "not_registered"},
        {QN_ERR_UNKNOWN_SUITE, 422, "unknown_suite"},
        {QN_ERR_BUSY, 503, "busy"},
        {QN_ERR_FULL, 503, "full"},
        {QN_ERR_NOT_READY, 503, "not_ready"},
        {QN_ERR_CLOSED, 503, "closed"},
        {QN_ERR_TIMEOUT, 504, "timeout"},
    };
    struct qn_api_fixture *fixture = *state;
    struct qn_span tx = span_of("refused bytes");
    struct qn_hash id = qn_sha3(tx);

    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        qn_fake_host_set_result(fixture->host, cases[i].code, "a precise reason", 0, 0);
        json_t *json = qn_api_fixture_post(fixture, as_bytes, tx, cases[i].status);
        qn_json_expect_text(json, "code", cases[i].name);
        qn_json_expect_text(json, "detail", "a precise reason");
        qn_json_expect_hex(json, "id", id.bytes);
        json_decref(json);
    }
}

static void a_refusal_without_words_gets_the_usual_ones(void **state)
{
    struct qn_api_fixture *fixture = *state;

    qn_fake_host_set_result(fixture->host, QN_ERR_CODE_USED, "", 0, 0);
    json_t *json = qn_api_fixture_post(fixture, as_bytes, span_of("x"), 409);
    qn_json_expect_text(json, "detail", qn_err_text(QN_ERR_CODE_USED));
    json_decref(json);
}

static void bad_json_is_400(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "\"YW55\"",
        "{}",
        "{\"transaction\": 1}",
        "{\"transaction\": \"YW55\", \"more\": 1}",
        "{\"transaction\": \"YW55\", \"transaction\": \"YW55\"}",
        "{\"transaction\": \"YW55\"} x",
        "{\"transaction\": \"YW5=\"}",
        "{\"transaction\": \"YW\\u00005\"}",
        "{\"transaction\": \"\"}",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(bodies); i++) {
        json_t *json = qn_api_fixture_post(*state, as_json, span_of(bodies[i]), 400);
        qn_json_expect_text(json, "code", "malformed");
        json_decref(json);
    }
}

static void deep_nesting_is_refused(void **state)
{
    size_t len = QN_API_BODY_LEN_MAX;
    char *body = qn_api_alloc(len + 1, 1);

    memset(body, '[', len);
    json_decref(qn_api_fixture_post(*state, as_json, (struct qn_span){(uint8_t *)body, len}, 400));
    free(body);
}

static void transactions_have_their_own_limit(void **state)
{
    size_t len = QN_TX_LEN_MAX + 1;
    uint8_t *bytes = qn_api_alloc(len, 1);
    char *text = qn_api_alloc(QN_BASE64URL_SIZE(len), 1);
    size_t body_size = QN_BASE64URL_SIZE(len) + 32;
    char *body = qn_api_alloc(body_size, 1);

    json_decref(qn_api_fixture_post(*state, as_bytes, (struct qn_span){bytes, len}, 413));
    json_decref(qn_api_fixture_post(*state, as_bytes, (struct qn_span){bytes, len - 1}, 200));
    json_decref(qn_api_fixture_post(*state, as_bytes, (struct qn_span){bytes, 0}, 400));
    qn_base64url_encode(text, bytes, len);
    snprintf(body, body_size, "{\"transaction\":\"%s\"}", text);
    json_decref(qn_api_fixture_post(*state, as_json, span_of(body), 413));
    free(body);
    free(text);
    free(bytes);
}

struct submitter {
    const struct qn_api_fixture *fixture;
    pthread_t thread;
    unsigned status;
};

static void *submit_one(void *argument)
{
    struct submitter *submitter = argument;
    struct qn_api_client_answer answer = {0};
    char why[QN_TEXT_LEN_MAX + 1];

    if (qn_api_client_post(&answer, submitter->fixture->server, "/v1/registry", as_bytes,
                           span_of("held"), 60000, why) == QN_OK) {
        submitter->status = answer.status;
    }
    qn_api_client_answer_fini(&answer);
    return NULL;
}

static void submissions_wait_without_holding_others_up(void **state)
{
    enum { COUNT = 10 };
    struct qn_api_fixture *fixture = *state;
    struct submitter submitters[COUNT];

    qn_fake_host_hold_submissions(fixture->host);
    for (size_t i = 0; i < COUNT; i++) {
        submitters[i] = (struct submitter){.fixture = fixture};
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_one, &submitters[i]),
                         0);
    }
    assert_true(qn_fake_host_wait_held(fixture->host, COUNT));
    json_decref(qn_api_fixture_get(fixture, "/v1/status", 200));
    qn_fake_host_release_submissions(fixture->host);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(pthread_join(submitters[i].thread, NULL), 0);
        assert_int_equal(submitters[i].status, 200);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_final_transaction_is_200_with_its_place),
        TEST(json_carries_the_same_bytes),
        TEST(every_refusal_has_its_status_and_reason),
        TEST(a_refusal_without_words_gets_the_usual_ones),
        TEST(bad_json_is_400),
        TEST(deep_nesting_is_refused),
        TEST(transactions_have_their_own_limit),
        TEST(submissions_wait_without_holding_others_up),
    };
    return cmocka_run_group_tests(tests, qn_api_tests_begin, qn_api_tests_end);
}
