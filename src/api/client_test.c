#include "api/client.h"

#include "api/client_parse.h"
#include "api/testing/api_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that gives one connection these bytes, whatever it is asked, then waits for the client to go
 * or closes. */
struct server {
    struct qn_endpoint endpoint;
    int listen_fd;
    pthread_t thread;
    const char *head;
    size_t filler_len; /* bytes of 'x' behind the head */
    bool stays_open;
};

static void *serve_once(void *argument)
{
    const struct server *server = argument;
    static char filler[65536];
    char request[4096];
    int fd = accept(server->listen_fd, NULL, NULL);

    memset(filler, 'x', sizeof filler);
    (void)!recv(fd, request, sizeof request, 0);
    bool is_open = send(fd, server->head, strlen(server->head), MSG_NOSIGNAL) >= 0;
    for (size_t sent = 0; is_open && sent < server->filler_len;) {
        size_t left = server->filler_len - sent;
        ssize_t len = send(fd, filler, left < sizeof filler ? left : sizeof filler, MSG_NOSIGNAL);
        is_open = len > 0;
        sent += is_open ? (size_t)len : 0;
    }
    while (is_open && server->stays_open && recv(fd, request, sizeof request, 0) > 0) {
    }
    close(fd);
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    server->listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listen_fd, 1), 0);
    assert_int_equal(getsockname(server->listen_fd, (struct sockaddr *)&address, &len), 0);
    server->endpoint.port = ntohs(address.sin_port);
    strcpy(server->endpoint.host, "127.0.0.1");
    assert_int_equal(pthread_create(&server->thread, NULL, serve_once, server), 0);
}

static void server_stop(struct server *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->listen_fd);
}

static char why[QN_TEXT_LEN_MAX + 1];

/* What the client makes of these bytes. */
static enum qn_err get_of(struct qn_api_client_answer *answer, const char *head, size_t filler_len,
                          bool stays_open, unsigned timeout_ms)
{
    struct server server = {.head = head, .filler_len = filler_len, .stays_open = stays_open};
    server_start(&server);
    enum qn_err err = qn_api_client_get(answer, &server.endpoint, "/", timeout_ms, why);
    server_stop(&server);
    return err;
}

static void an_answer_is_taken_as_announced(void **state)
{
    struct qn_api_client_answer answer;
    (void)state;

    assert_int_equal(get_of(&answer,
                            "HTTP/1.1 418 Teapot\r\ncontent-type:\t application/json;x=y \r\n"
                            "CONTENT-LENGTH: 2\r\n\r\n{}",
                            0, true, 20000),
                     QN_OK);
    assert_int_equal(answer.status, 418);
    assert_string_equal(answer.content_type, "application/json");
    assert_int_equal(answer.body_len, 2);
    assert_string_equal(answer.body, "{}");
    qn_api_client_answer_fini(&answer);
    assert_null(answer.body);
}

static void without_length_the_end_is_the_end(void **state)
{
    struct qn_api_client_answer answer;
    (void)state;

    assert_int_equal(get_of(&answer, "HTTP/1.0 200 OK\r\n\r\n", 100000, false, 20000), QN_OK);
    assert_int_equal(answer.body_len, 100000);
    assert_string_equal(answer.content_type, "");
    qn_api_client_answer_fini(&answer);
}

static void bad_answers_are_errors(void **state)
{
    static const struct {
        enum qn_err err;
        const char *head;
        size_t filler_len;
    } cases[] = {
        {QN_ERR_CLOSED, "", 0},
        {QN_ERR_CLOSED, "HTTP/1.1 200 OK\r\n", 0},
        {QN_ERR_CLOSED, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
         0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/2 200 OK\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 100 Continue\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 2000 OK\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "HTTP/1.1 200 OK\r\n: nothing\r\n\r\n", 0},
        {QN_ERR_MALFORMED, "SSH-2.0-OpenSSH\r\n\r\n", 0},
        {QN_ERR_TOO_BIG, "HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n", 0},
        {QN_ERR_TOO_BIG, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", 0},
        {QN_ERR_TOO_BIG, "HTTP/1.1 200 OK\r\n\r\n", QN_API_CLIENT_BODY_LEN_MAX + 200000},
        {QN_ERR_TOO_BIG, "HTTP/1.1 200 OK\r\nX: ", 1000000},
    };
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_api_client_answer answer = {.status = 7};
        why[0] = '\0';
        enum qn_err err = get_of(&answer, cases[i].head, cases[i].filler_len, false, 20000);
        if (err != cases[i].err) {
            fail_msg("%s: %s (%s)", cases[i].head, qn_err_name(err), why);
        }
        assert_int_equal(answer.status, 7);
        assert_true(strlen(why) > 0);
    }
}

static void the_largest_body_passes(void **state)
{
    struct qn_api_client_answer answer;
    (void)state;

    assert_int_equal(get_of(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n",
                            QN_API_CLIENT_BODY_LEN_MAX, true, 60000),
                     QN_OK);
    assert_int_equal(answer.body_len, QN_API_CLIENT_BODY_LEN_MAX);
    qn_api_client_answer_fini(&answer);
}

static void silence_ends_with_the_time_out(void **state)
{
    struct qn_api_client_answer answer = {0};
    (void)state;

    assert_int_equal(get_of(&answer, "", 0, true, 50), QN_ERR_TIMEOUT);
    assert_non_null(strstr(why, "did not answer in time"));
    assert_int_equal(get_of(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", 0, true, 50),
                     QN_ERR_TIMEOUT);
}

static void nobody_there_is_an_io_error(void **state)
{
    struct qn_api_client_answer answer = {0};
    struct server server = {.head = ""};
    (void)state;

    server_start(&server); /* a port that was free a moment ago */
    assert_int_equal(qn_api_client_get(&answer, &server.endpoint, "/", 20000, why), QN_ERR_CLOSED);
    server_stop(&server);
    assert_int_equal(qn_api_client_get(&answer, &server.endpoint, "/", 20000, why), QN_ERR_IO);
    assert_non_null(strstr(why, "Connection refused"));
    struct qn_endpoint nowhere = {.host = "no.such.host.invalid", .port = 80};
    assert_int_equal(qn_api_client_get(&answer, &nowhere, "/", 20000, why), QN_ERR_IO);
    assert_non_null(strstr(why, "cannot resolve no.such.host.invalid"));
}

static void a_path_cannot_smuggle_a_line(void **state)
{
    static const char *const paths[] = {"", "v1", "/a b", "/a\r\nX: y", "/\x7f", "/\xc3\xa9"};
    struct qn_api_client_answer answer = {0};
    struct qn_endpoint nowhere = {.host = "127.0.0.1", .port = 1};
    char path[5000];
    (void)state;

    for (size_t i = 0; i < QN_ARRAY_COUNT(paths); i++) {
        assert_int_equal(qn_api_client_get(&answer, &nowhere, paths[i], 1000, why), QN_ERR_INVALID);
    }
    memset(path, '/', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(qn_api_client_get(&answer, &nowhere, path, 1000, why), QN_ERR_INVALID);
    assert_int_equal(qn_api_client_post(&answer, &nowhere, "/", "text/plain\r\nX: y",
                                        (struct qn_span){NULL, 0}, 1000, why),
                     QN_ERR_INVALID);
}

static void the_real_server_is_understood(void **state)
{
    struct qn_api_fixture fixture;
    (void)state;

    qn_api_fixture_init(&fixture, 1, 0, NULL);
    json_decref(qn_api_fixture_get(&fixture, "/v1/status", 200));
    json_decref(qn_api_fixture_get(&fixture, "/nowhere", 404));
    uint8_t bytes[3] = {1, 2, 3};
    json_decref(qn_api_fixture_post(&fixture, "application/octet-stream",
                                    (struct qn_span){bytes, sizeof bytes}, 200));
    struct qn_api_client_answer answer;
    struct qn_endpoint by_name = *fixture.server;
    snprintf(by_name.host, sizeof by_name.host, "localhost");
    /* Whichever of its addresses answers. */
    assert_int_equal(qn_api_client_get(&answer, &by_name, "/livez", 20000, why), QN_OK);
    qn_api_client_answer_fini(&answer);
    qn_api_fixture_fini(&fixture);
}

static void an_ipv6_address_works_too(void **state)
{
    struct qn_fake_host *host = qn_fake_host_new(qn_fake_node_new(1, 0));
    struct qn_api_config config = {
        .listen = {.host = "::1"}, .host = qn_fake_host_interface(host), .software = "qnet/0.1.0"};
    struct qn_api_client_answer answer;
    struct qn_api *api = NULL;

    (void)state;
    if (qn_api_open(&api, &config, why) == QN_OK) {
        assert_string_equal(qn_api_listen(api)->host, "::1");
        assert_int_equal(qn_api_client_get(&answer, qn_api_listen(api), "/livez", 20000, why),
                         QN_OK);
        assert_int_equal(answer.status, 200);
        qn_api_client_answer_fini(&answer);
        qn_api_close(api);
    } else {
        print_message("no IPv6 here: %s\n", why);
    }
    qn_fake_host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_taken_as_announced),
        cmocka_unit_test(without_length_the_end_is_the_end),
        cmocka_unit_test(bad_answers_are_errors),
        cmocka_unit_test(the_largest_body_passes),
        cmocka_unit_test(silence_ends_with_the_time_out),
        cmocka_unit_test(nobody_there_is_an_io_error),
        cmocka_unit_test(a_path_cannot_smuggle_a_line),
        cmocka_unit_test(the_real_server_is_understood),
        cmocka_unit_test(an_ipv6_address_works_too),
    };
    return cmocka_run_group_tests(tests, qn_api_tests_begin, qn_api_tests_end);
}
