#include "api/exchange.h"

#include "api/testing/api_fixture.h"
#include "api/testing/raw_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_SIZE = 65536 };
static char text[TEXT_SIZE];

static int set_up(void **state)
{
    static struct qn_api_fixture fixture;
    qn_api_fixture_init(&fixture, 5, 3, NULL);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    qn_api_fixture_fini(*state);
    return 0;
}

#define HOST "Host: localhost\r\n"

/* One request on a connection of its own; the answer is in text. */
static unsigned ask(const struct qn_api_fixture *fixture, const char *request)
{
    int fd = qn_raw_connect(fixture->server);
    assert_true(qn_raw_send(fd, request));
    unsigned status = qn_raw_read_answer(fd, text, sizeof text);
    qn_raw_close(fd);
    return status;
}

static void expect_header(const char *line)
{
    if (strcasestr(text, line) == NULL) {
        fail_msg("no \"%s\" in:\n%s", line, text);
    }
}

/* ---- what HTTP says ---- */

static void answers_forbid_caches_and_sniffing(void **state)
{
    assert_int_equal(ask(*state, "GET /v1/status HTTP/1.1\r\n" HOST "\r\n"), 200);
    expect_header("\r\nContent-Type: application/json\r\n");
    expect_header("\r\nCache-Control: no-store\r\n");
    expect_header("\r\nX-Content-Type-Options: nosniff\r\n");
    assert_null(strcasestr(text, "\r\nAccess-Control-"));
}

static void unknown_paths_are_404(void **state)
{
    static const char *const paths[] = {
        "/",       "/v1",         "/v1/status/",    "/v1/registry/",  "/V1/status",
        "//livez", "/v1/blocks/", "/v1/blocks/1/2", "/livez%00xx%2f", "/v1/..%2f"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(paths); i++) {
        char request[128];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
        unsigned status = ask(*state, request);
        /* What stands behind an escaped NUL is dropped by the HTTP library. */
        bool is_nul = strstr(paths[i], "%00") != NULL;
        assert_int_equal(status, is_nul ? 200 : 404);
    }
    expect_header("\r\nContent-Type: application/problem+json\r\n");
    expect_header("\"code\":\"not_found\"");
}

static void other_methods_are_405_with_allow(void **state)
{
    assert_int_equal(ask(*state, "DELETE /v1/status HTTP/1.1\r\n" HOST "\r\n"), 405);
    expect_header("\r\nAllow: GET, HEAD\r\n");
    assert_int_equal(ask(*state, "OPTIONS /v1/registry HTTP/1.1\r\n" HOST "\r\n"), 405);
    expect_header("\r\nAllow: GET, HEAD, POST\r\n");
    assert_int_equal(ask(*state, "PUT /livez HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"),
                     405);
    expect_header("\"code\":\"method_not_allowed\"");
}

static void head_is_get_without_the_body(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);

    assert_true(qn_raw_send(fd, "HEAD /livez HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    qn_raw_read_all(fd, text, sizeof text);
    qn_raw_close(fd);
    assert_non_null(strstr(text, "HTTP/1.1 200 "));
    expect_header("\r\nContent-Length: 3\r\n");
    assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
}

static void bad_parameters_are_400(void **state)
{
    static const char *const paths[] = {
        "/v1/registry?limit=0",
        "/v1/registry?limit=1001",
        "/v1/registry?limit=-1",
        "/v1/registry?limit=",
        "/v1/registry?limit",
        "/v1/registry?limit=1x",
        "/v1/registry?from=07",
        "/v1/registry?from=99999999999999999999",
        "/v1/registry?form=1",
        "/v1/status?x=1",
        "/v1/blocks/tail",
        "/v1/blocks/-1",
        "/v1/blocks/00",
        "/v1/registry/abc",
        "/v1/blocks/18446744073709551616",
        "/v1/registry/zz00000000000000000000000000000000000000000000000000000000000000",
        "/v1/registry/00/proof",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(paths); i++) {
        json_t *json = qn_api_fixture_get(*state, paths[i], 400);
        qn_json_expect_text(json, "code", "invalid");
        json_decref(json);
    }
}

static void a_long_path_is_414(void **state)
{
    char request[QN_HOST_LEN_MAX + 4096];
    char path[2001];

    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\n" HOST "\r\n", path);
    assert_int_equal(ask(*state, request), 414);
}

static void an_endless_head_is_refused(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);
    bool is_open = qn_raw_send(fd, "GET /livez HTTP/1.1\r\n" HOST);

    for (unsigned i = 0; is_open && i < 10000; i++) {
        is_open = qn_raw_send(fd, "X-Filler: 0123456789012345678901234567890123456789\r\n");
    }
    qn_raw_read_all(fd, text, sizeof text);
    qn_raw_close(fd);
    assert_non_null(strstr(text, "HTTP/1.1 431 "));
}

static void foreign_host_names_are_403(void **state)
{
    assert_int_equal(ask(*state, "GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
    expect_header("\"code\":\"host_not_allowed\"");
    assert_int_equal(ask(*state, "GET /livez HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"),
                     403);
    assert_int_equal(ask(*state, "GET /livez HTTP/1.0\r\n\r\n"), 403);
    assert_int_equal(ask(*state, "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"), 200);
    assert_int_equal(ask(*state, "GET /livez HTTP/1.1\r\nHost: [::1]:8001\r\n\r\n"), 200);
}

static void everywhere_any_host_name_will_do(void **state)
{
    struct qn_fake_host *host = qn_fake_host_new(qn_fake_node_new(1, 0));
    struct qn_api *api = qn_fake_host_open_api(host, "0.0.0.0", &qn_api_test_limits);
    struct qn_endpoint server = *qn_api_listen(api);
    struct qn_api_fixture fixture = {.server = &server};

    (void)state;
    snprintf(server.host, sizeof server.host, "127.0.0.1");
    assert_int_equal(ask(&fixture, "GET /livez HTTP/1.1\r\nHost: node.example\r\n\r\n"), 200);
    qn_api_close(api);
    qn_fake_host_free(host);
}

static void a_connection_serves_many_requests(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);

    for (unsigned i = 0; i < 50; i++) {
        assert_true(qn_raw_send(fd, "GET /v1/blocks/head HTTP/1.1\r\n" HOST "\r\n"));
        assert_int_equal(qn_raw_read_answer(fd, text, sizeof text), 200);
    }
    /* Two at once. */
    assert_true(qn_raw_send(fd, "GET /livez HTTP/1.1\r\n" HOST "\r\n"
                                "GET /nowhere HTTP/1.1\r\n" HOST "\r\n"));
    qn_raw_read_all(fd, text, sizeof text);
    qn_raw_close(fd);
    assert_non_null(strstr(text, "HTTP/1.1 200 "));
    assert_non_null(strstr(text, "HTTP/1.1 404 "));
}

/* ---- bodies ---- */

/* Sends len bytes unless the server ends it; returns how many went out. */
static size_t send_filler(int fd, size_t len)
{
    static const uint8_t filler[65536];
    size_t sent = 0;
    while (sent < len && qn_raw_send_bytes(fd, filler, sizeof filler)) {
        sent += sizeof filler;
    }
    return sent;
}

#define POST_HEAD "POST /v1/registry HTTP/1.1\r\n" HOST "Content-Type: application/octet-stream\r\n"

static void ten_megabytes_are_413_at_once(void **state)
{
    struct qn_api_fixture *fixture = *state;
    enum { BODY_LEN = 10 * 1024 * 1024 };
    int fd = qn_raw_connect(fixture->server);

    assert_true(qn_raw_send(fd, POST_HEAD "Content-Length: 10485760\r\n\r\n"));
    /* The answer does not wait for the body. */
    assert_int_equal(qn_raw_read_answer(fd, text, sizeof text), 413);
    expect_header("\r\nConnection: close\r\n");
    expect_header("\"code\":\"too_big\"");
    assert_true(send_filler(fd, BODY_LEN) < BODY_LEN);
    qn_raw_close(fd);
}

static void a_client_that_sends_first_gets_its_413(void **state)
{
    struct qn_api_fixture *fixture = *state;
    size_t len = (size_t)10 * 1024 * 1024;
    uint8_t *body = qn_api_alloc(len, 1);
    json_t *json =
        qn_api_fixture_post(fixture, "application/octet-stream", (struct qn_span){body, len}, 413);
    qn_json_expect_text(json, "code", "too_big");
    json_decref(json);
    free(body);
}

static bool send_chunks(int fd, size_t count)
{
    char chunk[5000];
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "1000\r\n", 6);
    memcpy(chunk + 6 + 4096, "\r\n", 2);
    for (size_t i = 0; i < count; i++) {
        if (!qn_raw_send_bytes(fd, chunk, 6 + 4096 + 2)) {
            return false;
        }
    }
    return true;
}

static void chunked_bodies_are_bounded_too(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);

    assert_true(qn_raw_send(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n"));
    assert_true(send_chunks(fd, 20)); /* 80 KiB */
    assert_true(qn_raw_send(fd, "0\r\n\r\n"));
    assert_int_equal(qn_raw_read_answer(fd, text, sizeof text), 413);
    qn_raw_close(fd);

    fd = qn_raw_connect(fixture->server);
    assert_true(qn_raw_send(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n"));
    assert_false(send_chunks(fd, 100000)); /* without end: cut off */
    qn_raw_close(fd);
}

static void a_body_may_come_in_pieces(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);

    assert_true(qn_raw_send(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n"));
    assert_true(send_chunks(fd, 2));
    assert_true(qn_raw_send(fd, "1\r\nx\r\n0\r\n\r\n"));
    assert_int_equal(qn_raw_read_answer(fd, text, sizeof text), 200);
    qn_raw_close(fd);
}

static void a_get_takes_no_body(void **state)
{
    assert_int_equal(ask(*state, "GET /livez HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"),
                     413);
}

/* What follows a head that was refused is no second request. */
static void a_refused_body_is_not_taken_for_a_request(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);

    assert_true(qn_raw_send(fd, "GET /nowhere HTTP/1.1\r\n" HOST "Content-Length: 40\r\n\r\n"
                                "GET /livez HTTP/1.1\r\n" HOST "\r\n"));
    qn_raw_read_all(fd, text, sizeof text);
    qn_raw_close(fd);
    assert_non_null(strstr(text, "HTTP/1.1 404 "));
    assert_null(strstr(text + 1, "HTTP/1.1 "));
}

static void other_content_types_are_415(void **state)
{
    assert_int_equal(ask(*state, "POST /v1/registry HTTP/1.1\r\n" HOST
                                 "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"),
                     415);
    assert_int_equal(
        ask(*state, "POST /v1/registry HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"), 415);
    assert_int_equal(ask(*state, "POST /v1/registry HTTP/1.1\r\n" HOST
                                 "Content-Type: application/octet-stream-x\r\n"
                                 "Content-Length: 1\r\n\r\nx"),
                     415);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_forbid_caches_and_sniffing),
        TEST(unknown_paths_are_404),
        TEST(other_methods_are_405_with_allow),
        TEST(head_is_get_without_the_body),
        TEST(bad_parameters_are_400),
        TEST(a_long_path_is_414),
        TEST(an_endless_head_is_refused),
        TEST(foreign_host_names_are_403),
        cmocka_unit_test(everywhere_any_host_name_will_do),
        TEST(a_connection_serves_many_requests),
        TEST(ten_megabytes_are_413_at_once),
        TEST(a_client_that_sends_first_gets_its_413),
        TEST(chunked_bodies_are_bounded_too),
        TEST(a_body_may_come_in_pieces),
        TEST(a_get_takes_no_body),
        TEST(a_refused_body_is_not_taken_for_a_request),
        TEST(other_content_types_are_415),
    };
    return cmocka_run_group_tests(tests, qn_api_tests_begin, qn_api_tests_end);
}
