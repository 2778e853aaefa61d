#include "api/testing/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENT_TIMEOUT_MS = 60000 };

const struct qn_api_limits qn_api_test_limits = {
    .connections = 512,
    .connections_per_address = 64,
    .receive_ms = 60000,
    .send_ms = 60000,
    .close_ms = 10000,
    .answer_bytes = (size_t)64 * 1024 * 1024,
};

void qn_api_fixture_init(struct qn_api_fixture *fixture, size_t entry_count, size_t peer_count,
                         const struct qn_api_limits *limits)
{
    fixture->node = qn_fake_node_new(entry_count, peer_count);
    fixture->host = qn_fake_host_new(fixture->node);
    fixture->api = qn_fake_host_open_api(fixture->host, "127.0.0.1",
                                         limits == NULL ? &qn_api_test_limits : limits);
    fixture->server = qn_api_listen(fixture->api);
}

void qn_api_fixture_fini(struct qn_api_fixture *fixture)
{
    qn_api_close(fixture->api);
    qn_fake_host_free(fixture->host);
}

static json_t *parse(struct qn_api_client_answer *answer, unsigned status)
{
    json_error_t error;

    assert_int_equal(answer->status, status);
    bool is_problem = status >= 400 && strcmp(answer->content_type, "application/json") != 0;
    assert_string_equal(answer->content_type,
                        is_problem ? "application/problem+json" : "application/json");
    json_t *json = json_loadb(answer->body, answer->body_len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        fail_msg("not JSON: %s", error.text);
    }
    if (is_problem) {
        qn_json_expect_u64(json, "status", status);
        qn_json_expect_text(json, "type", "about:blank");
        assert_true(json_string_length(qn_json_at(json, "title")) > 0);
        assert_true(json_string_length(qn_json_at(json, "detail")) > 0);
        assert_true(json_string_length(qn_json_at(json, "code")) > 0);
    }
    qn_api_client_answer_fini(answer);
    return json;
}

json_t *qn_api_fixture_get(const struct qn_api_fixture *fixture, const char *path, unsigned status)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    if (qn_api_client_get(&answer, fixture->server, path, CLIENT_TIMEOUT_MS, why) != QN_OK) {
        fail_msg("GET %s: %s", path, why);
    }
    return parse(&answer, status);
}

json_t *qn_api_fixture_post(const struct qn_api_fixture *fixture, const char *type,
                            struct qn_span body, unsigned status)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    if (qn_api_client_post(&answer, fixture->server, "/v1/registry", type, body, CLIENT_TIMEOUT_MS,
                           why) != QN_OK) {
        fail_msg("POST: %s", why);
    }
    return parse(&answer, status);
}

const json_t *qn_json_at(const json_t *json, const char *path)
{
    const char *at = path;
    while (*at != '\0') {
        char name[64];
        size_t len = strcspn(at, ".");
        assert_true(len < sizeof name);
        memcpy(name, at, len);
        name[len] = '\0';
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(name, NULL, 10))
                                   : json_object_get(json, name);
        if (json == NULL) {
            fail_msg("%s is missing", path);
        }
        at += len + (at[len] == '.' ? 1 : 0);
    }
    return json;
}

void qn_json_expect_text(const json_t *json, const char *path, const char *value)
{
    assert_true(json_is_string(qn_json_at(json, path)));
    assert_string_equal(json_string_value(qn_json_at(json, path)), value);
}

void qn_json_expect_u64(const json_t *json, const char *path, uint64_t value)
{
    assert_true(json_is_integer(qn_json_at(json, path)));
    assert_int_equal(json_integer_value(qn_json_at(json, path)), value);
}

void qn_json_expect_bool(const json_t *json, const char *path, bool value)
{
    assert_true(json_is_boolean(qn_json_at(json, path)));
    assert_int_equal(json_is_true(qn_json_at(json, path)), value);
}

void qn_json_expect_null(const json_t *json, const char *path)
{
    if (!json_is_null(qn_json_at(json, path))) {
        fail_msg("%s is not null", path);
    }
}

void qn_json_expect_hex(const json_t *json, const char *path, const uint8_t bytes[QN_HASH_LEN])
{
    char text[QN_ID_TEXT_SIZE];
    qn_hex_encode(text, bytes, QN_HASH_LEN);
    qn_json_expect_text(json, path, text);
}

void qn_json_expect_bytes(const json_t *json, const char *path, struct qn_span bytes)
{
    const char *text = json_string_value(qn_json_at(json, path));
    size_t capacity = bytes.len + 1;
    uint8_t *decoded = qn_api_alloc(capacity, 1);
    size_t len = 0;

    assert_non_null(text);
    assert_int_equal(qn_base64url_decode(decoded, capacity, &len, text), QN_OK);
    assert_int_equal(len, bytes.len);
    assert_memory_equal(decoded, bytes.at, len);
    free(decoded);
}

int qn_api_tests_begin(void **state)
{
    const char *why = NULL;
    (void)state;
    return qn_crypto_init(&why) == QN_OK ? 0 : -1;
}

int qn_api_tests_end(void **state)
{
    (void)state;
    qn_crypto_fini();
    return 0;
}
