#include "api/server.h"

#include "api/testing/api_fixture.h"
#include "api/testing/raw_http.h"

#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

static void expect_header(const char *line)
{
    if (strcasestr(text, line) == NULL) {
        fail_msg("no \"%s\" in:\n%s", line, text);
    }
}

#define POST_HEAD "POST /v1/registry HTTP/1.1\r\n" HOST "Content-Type: application/octet-stream\r\n"

/* ---- time and room ---- */

static const struct qn_api_limits *short_limits(void)
{
    static struct qn_api_limits limits;
    limits = qn_api_test_limits;
    limits.receive_ms = 300;
    limits.send_ms = 300;
    return &limits;
}

static void a_trickling_sender_is_cut_off(void **state)
{
    struct qn_api_fixture fixture;
    (void)state;

    qn_api_fixture_init(&fixture, 1, 0, short_limits());
    int idle = qn_raw_connect(fixture.server);
    int fd = qn_raw_connect(fixture.server);
    bool is_open = qn_raw_send(fd, "GET /livez HTTP/1.1\r\n");
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    /* A byte every 20 ms never lets the connection look idle; the bound is ten times the limit. */
    for (unsigned i = 0; is_open && i < 1000; i++) {
        is_open = qn_raw_send(fd, "X") && poll(&pollfd, 1, 20) == 0;
    }
    assert_false(is_open);
    assert_true(qn_raw_wait_closed(idle));
    qn_raw_close(fd);
    qn_raw_close(idle);
    struct qn_api_client_answer answer;
    char why[QN_TEXT_LEN_MAX + 1];
    assert_int_equal(qn_api_client_get(&answer, fixture.server, "/metrics", 60000, why), QN_OK);
    assert_non_null(strstr(answer.body, "{reason=\"receive_timeout\"} 2\n"));
    qn_api_client_answer_fini(&answer);
    qn_api_fixture_fini(&fixture);
}

static void a_slow_reader_is_cut_off(void **state)
{
    struct qn_api_fixture fixture;
    (void)state;

    qn_api_fixture_init(&fixture, QN_FAKE_ENTRIES_MAX, 0, short_limits());
    int fd = qn_raw_connect_small(fixture.server);
    assert_true(qn_raw_send(fd, "GET /v1/registry?limit=1000 HTTP/1.1\r\n" HOST "\r\n"));
    /* Nothing is read until the server has given up: other requests go on meanwhile. */
    unsigned rounds = 0;
    for (bool is_cut = false; !is_cut && rounds < 100000; rounds++) {
        struct qn_api_client_answer answer;
        char why[QN_TEXT_LEN_MAX + 1];
        assert_int_equal(qn_api_client_get(&answer, fixture.server, "/metrics", 60000, why), QN_OK);
        is_cut = strstr(answer.body, "{reason=\"send_timeout\"} 1\n") != NULL;
        qn_api_client_answer_fini(&answer);
    }
    assert_true(rounds < 100000);
    assert_true(qn_raw_wait_closed(fd));
    qn_raw_close(fd);
    qn_api_fixture_fini(&fixture);
}

static void five_hundred_idle_connections_leave_room(void **state)
{
    enum { IDLE = 500 };
    struct qn_api_fixture *fixture = *state;
    int fds[IDLE];

    for (size_t i = 0; i < IDLE; i++) {
        fds[i] = qn_raw_connect(fixture->server);
    }
    json_t *json = qn_api_fixture_get(fixture, "/v1/status", 200);
    json_decref(json);
    /* They are connected for real: the first and the last are served as well. */
    for (size_t i = 0; i < IDLE; i += IDLE - 1) {
        assert_true(qn_raw_send(fds[i], "GET /livez HTTP/1.1\r\n" HOST "\r\n"));
        assert_int_equal(qn_raw_read_answer(fds[i], text, sizeof text), 200);
    }
    for (size_t i = 0; i < IDLE; i++) {
        qn_raw_close(fds[i]);
    }
}

static void beyond_the_limit_the_oldest_idle_one_goes(void **state)
{
    enum { MAX = 8, OPENED = 40 };
    struct qn_api_limits limits = qn_api_test_limits;
    struct qn_api_fixture fixture;
    int fds[OPENED];

    (void)state;
    limits.connections = MAX;
    qn_api_fixture_init(&fixture, 1, 0, &limits);
    for (size_t i = 0; i < OPENED; i++) {
        fds[i] = qn_raw_connect(fixture.server);
        if (i == 0) { /* has been served: its idle time begins anew, still the oldest */
            assert_true(qn_raw_send(fds[i], "GET /livez HTTP/1.1\r\n" HOST "\r\n"));
            assert_int_equal(qn_raw_read_answer(fds[i], text, sizeof text), 200);
        }
    }
    for (size_t i = 0; i < OPENED - MAX; i++) {
        assert_true(qn_raw_wait_closed(fds[i]));
        qn_raw_close(fds[i]);
    }
    for (size_t i = OPENED - MAX; i < OPENED; i++) {
        assert_true(qn_raw_send(fds[i], "GET /livez HTTP/1.1\r\n" HOST "\r\n"));
        assert_int_equal(qn_raw_read_answer(fds[i], text, sizeof text), 200);
        qn_raw_close(fds[i]);
    }
    qn_api_fixture_fini(&fixture);
}

static void elsewhere_than_on_loopback_an_address_has_its_share(void **state)
{
    enum { SHARE = 4 };
    struct qn_api_limits limits = qn_api_test_limits;
    struct qn_fake_host *host = qn_fake_host_new(qn_fake_node_new(1, 0));
    int fds[SHARE + 1];

    (void)state;
    limits.connections_per_address = SHARE;
    struct qn_api *api = qn_fake_host_open_api(host, "0.0.0.0", &limits);
    struct qn_endpoint server = *qn_api_listen(api);
    snprintf(server.host, sizeof server.host, "127.0.0.1");
    for (size_t i = 0; i < SHARE; i++) {
        fds[i] = qn_raw_connect(&server);
        assert_true(qn_raw_send(fds[i], "GET /livez HTTP/1.1\r\n" HOST "\r\n"));
        assert_int_equal(qn_raw_read_answer(fds[i], text, sizeof text), 200);
    }
    fds[SHARE] = qn_raw_connect(&server);
    assert_true(qn_raw_wait_closed(fds[SHARE]));
    for (size_t i = 0; i < QN_ARRAY_COUNT(fds); i++) {
        qn_raw_close(fds[i]);
    }
    qn_api_close(api);
    qn_fake_host_free(host);
}

static void large_answers_have_a_budget(void **state)
{
    struct qn_api_limits limits = qn_api_test_limits;
    struct qn_api_fixture fixture;

    (void)state;
    limits.answer_bytes = 500000;
    qn_api_fixture_init(&fixture, 1, 0, &limits);
    json_t *json = qn_api_fixture_get(&fixture, "/v1/registry?limit=1000", 503);
    qn_json_expect_text(json, "code", "busy");
    json_decref(json);
    /* Many times over: what is given back is given back. */
    for (unsigned i = 0; i < 100; i++) {
        json = qn_api_fixture_get(&fixture, "/v1/registry?limit=100", 200);
        json_decref(json);
    }
    qn_api_fixture_fini(&fixture);
}

/* ---- the loop and the end ---- */

static void a_client_that_goes_away_hurts_nobody(void **state)
{
    enum { CLIENTS = 20 };
    struct qn_api_fixture *fixture = *state;
    int fds[CLIENTS];

    qn_fake_host_pause(fixture->host);
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = qn_raw_connect(fixture->server);
        assert_true(qn_raw_send(fds[i], i % 2 == 0 ? "GET /v1/status HTTP/1.1\r\n" HOST "\r\n"
                                                   : POST_HEAD "Content-Length: 3\r\n\r\nabc"));
    }
    assert_true(qn_fake_host_wait_queued(fixture->host, CLIENTS));
    for (size_t i = 0; i < CLIENTS; i++) {
        if (i % 3 == 0) {
            qn_raw_close(fds[i]);
        } else {
            qn_raw_abort(fds[i]);
        }
    }
    qn_fake_host_resume(fixture->host);
    json_t *json = qn_api_fixture_get(fixture, "/v1/status", 200);
    json_decref(json);
}

static void a_client_that_goes_away_in_mid_body_leaves_nothing(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int fd = qn_raw_connect(fixture->server);

    assert_true(qn_raw_send(fd, POST_HEAD "Content-Length: 1000\r\n\r\nabc"));
    qn_raw_abort(fd);
    json_t *json = qn_api_fixture_get(fixture, "/v1/status", 200);
    json_decref(json);
}

enum { ASKERS = 8, ROUNDS = 50 };

static void *ask_often(void *argument)
{
    const struct qn_api_fixture *fixture = argument;
    static const char *const paths[] = {"/v1/status", "/v1/blocks/head", "/v1/registry",
                                        "/livez",     "/v1/peers",       "/metrics"};
    uintptr_t failures = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        struct qn_api_client_answer answer = {0};
        char why[QN_TEXT_LEN_MAX + 1];
        const char *path = paths[i % QN_ARRAY_COUNT(paths)];
        if (qn_api_client_get(&answer, fixture->server, path, 60000, why) != QN_OK ||
            answer.status != 200 || answer.body_len == 0) {
            failures++;
        }
        qn_api_client_answer_fini(&answer);
    }
    return (void *)failures;
}

static void concurrent_requests_are_all_answered(void **state)
{
    struct qn_api_fixture *fixture = *state;
    pthread_t threads[ASKERS];

    for (size_t i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, fixture), 0);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        void *failures = NULL;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
}

static void close_answers_what_is_under_way_with_503(void **state)
{
    struct qn_api_fixture *fixture = *state;
    int queued = qn_raw_connect(fixture->server);
    int idle = qn_raw_connect(fixture->server);
    int held = qn_raw_connect(fixture->server);

    qn_fake_host_hold_submissions(fixture->host);
    assert_true(qn_raw_send(held, POST_HEAD "Content-Length: 3\r\n\r\nabc"));
    assert_true(qn_fake_host_wait_held(fixture->host, 1));
    qn_fake_host_pause(fixture->host);
    assert_true(qn_raw_send(queued, "GET /v1/status HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(qn_fake_host_wait_queued(fixture->host, 1));
    qn_api_close(fixture->api); /* while the loop stands still */
    fixture->api = NULL;
    assert_int_equal(qn_raw_read_answer(queued, text, sizeof text), 503);
    expect_header("\"code\":\"closed\"");
    expect_header("\r\nRetry-After: 1\r\n");
    assert_int_equal(qn_raw_read_answer(held, text, sizeof text), 503);
    assert_true(qn_raw_wait_closed(idle));
    qn_raw_close(queued);
    qn_raw_close(held);
    qn_raw_close(idle);
    /* The loop finds both abandoned later, which the leak checker sees to. */
}

static void a_stopped_loop_means_503(void **state)
{
    struct qn_api_fixture *fixture = *state;

    qn_fake_host_stop(fixture->host);
    json_t *json = qn_api_fixture_get(fixture, "/v1/status", 503);
    qn_json_expect_text(json, "code", "closed");
    json_decref(json);
}

static void *close_api(void *argument)
{
    qn_api_close(argument);
    return NULL;
}

static bool is_closing(struct qn_api *api)
{
    pthread_mutex_lock(&api->mutex);
    bool closing = api->is_closing;
    pthread_mutex_unlock(&api->mutex);
    return closing;
}

static void close_lets_answers_out_and_nothing_new_in(void **state)
{
    struct qn_api_fixture fixture;
    pthread_t closer;
    (void)state;

    qn_api_fixture_init(&fixture, QN_FAKE_ENTRIES_MAX, 0, NULL);
    int slow = qn_raw_connect_small(fixture.server);
    int late = qn_raw_connect(fixture.server);
    assert_true(qn_raw_send(slow, "GET /v1/registry?limit=1000 HTTP/1.1\r\n" HOST "\r\n"));
    struct pollfd begun = {.fd = slow, .events = POLLIN};
    assert_int_equal(poll(&begun, 1, 20000), 1);
    assert_int_equal(pthread_create(&closer, NULL, close_api, fixture.api), 0);
    /* The slow reader keeps the API there until it has read all. */
    while (!is_closing(fixture.api)) {
        assert_int_equal(sched_yield(), 0);
    }
    fixture.api = NULL;
    assert_true(qn_raw_send(late, "GET /v1/status HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(qn_raw_read_answer(late, text, sizeof text), 503);
    expect_header("\"code\":\"closed\"");
    qn_raw_close(late);

    size_t size = (size_t)8 * 1024 * 1024;
    char *page = qn_api_alloc(size, 1);
    assert_int_equal(qn_raw_read_answer(slow, page, size), 200);
    free(page);
    qn_raw_close(slow);
    assert_int_equal(pthread_join(closer, NULL), 0);
    qn_api_fixture_fini(&fixture);
}

static void close_amid_traffic_is_orderly(void **state)
{
    struct qn_api_fixture *fixture = *state;
    struct qn_endpoint server = *fixture->server;
    struct qn_api_fixture asked = {.server = &server};
    pthread_t askers[ASKERS];
    pthread_t closer;

    for (size_t i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_create(&askers[i], NULL, ask_often, &asked), 0);
    }
    assert_int_equal(pthread_create(&closer, NULL, close_api, fixture->api), 0);
    fixture->api = NULL;
    assert_int_equal(pthread_join(closer, NULL), 0);
    for (size_t i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(askers[i], NULL), 0);
    }
}

static void a_port_in_use_is_told_by_name(void **state)
{
    struct qn_api_fixture *fixture = *state;
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api *api = NULL;
    struct qn_api_config config = {.listen = *fixture->server,
                                   .host = qn_fake_host_interface(fixture->host),
                                   .software = "qnet/0.1.0"};
    char expected[128];

    assert_int_equal(qn_api_open(&api, &config, why), QN_ERR_IO);
    assert_null(api);
    snprintf(expected, sizeof expected,
             "cannot listen on 127.0.0.1 port %u: Address already in use", fixture->server->port);
    assert_string_equal(why, expected);

    snprintf(config.listen.host, sizeof config.listen.host, "no.such.host.invalid");
    assert_int_equal(qn_api_open(&api, &config, why), QN_ERR_IO);
    assert_non_null(strstr(why, "no.such.host.invalid"));
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    qn_api_close(NULL);
}

/* Two descriptors for each connection: both ends are here. */
static int begin(void **state)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 4096) {
        limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return -1;
        }
    }
    return qn_api_tests_begin(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trickling_sender_is_cut_off),
        cmocka_unit_test(a_slow_reader_is_cut_off),
        TEST(five_hundred_idle_connections_leave_room),
        cmocka_unit_test(beyond_the_limit_the_oldest_idle_one_goes),
        cmocka_unit_test(elsewhere_than_on_loopback_an_address_has_its_share),
        cmocka_unit_test(large_answers_have_a_budget),
        TEST(a_client_that_goes_away_hurts_nobody),
        TEST(a_client_that_goes_away_in_mid_body_leaves_nothing),
        TEST(concurrent_requests_are_all_answered),
        TEST(close_answers_what_is_under_way_with_503),
        TEST(a_stopped_loop_means_503),
        cmocka_unit_test(close_lets_answers_out_and_nothing_new_in),
        TEST(close_amid_traffic_is_orderly),
        TEST(a_port_in_use_is_told_by_name),
        cmocka_unit_test(closing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, begin, qn_api_tests_end);
}
