/* A small name server on the loopback interface answers questions for service records. */
#include "net/dns_seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"

enum { ANSWER_MAX = 512, QUESTIONS_MAX = 16 };

struct name_server {
    int fd;
    int stop[2]; /* a byte in it ends the thread */
    pthread_t thread;
    struct sockaddr_in address;
    char question[64]; /* labels of the last name asked for, as sent */
    unsigned questions;
    uint16_t record_count; /* that the answer says to have */
    uint8_t records[ANSWER_MAX];
    size_t records_len;
};

static void put(struct name_server *server, const void *bytes, size_t len)
{
    assert_true(server->records_len + len <= sizeof server->records);
    memcpy(server->records + server->records_len, bytes, len);
    server->records_len += len;
}

/* A service record of the name in the question; target in labels: "\x09localhost". */
static void put_service(struct name_server *server, uint8_t priority, uint16_t port,
                        const char *target)
{
    size_t len = strlen(target) + 1;
    uint8_t head[] = {0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, (uint8_t)(6 + len)};
    uint8_t data[] = {0, priority, 0, 0, (uint8_t)(port >> 8), (uint8_t)port};
    put(server, head, sizeof head);
    put(server, data, sizeof data);
    put(server, target, len);
    server->record_count += 1;
}

static void answer(struct name_server *server)
{
    uint8_t message[ANSWER_MAX + 512];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t len = recvfrom(server->fd, message, ANSWER_MAX, 0, (struct sockaddr *)&from, &from_len);
    if (len < 12) {
        return;
    }
    size_t end = 12; /* of the question: labels, an empty one, type and class */
    while (end < (size_t)len && message[end] != 0) {
        end += 1U + message[end];
    }
    end += 5;
    if (end > (size_t)len) {
        return;
    }
    (void)snprintf(server->question, sizeof server->question, "%.*s", (int)(end - 12),
                   (const char *)message + 12);
    server->questions += 1;
    message[2] = 0x84; /* an answer, by authority */
    message[3] = server->record_count == 0 ? 3 : 0;
    message[7] = (uint8_t)server->record_count;
    memset(message + 8, 0, 4);
    memcpy(message + end, server->records, server->records_len);
    (void)sendto(server->fd, message, end + server->records_len, 0, (struct sockaddr *)&from,
                 from_len);
}

static void *serve(void *context)
{
    struct name_server *server = context;
    struct pollfd fds[2] = {{server->fd, POLLIN, 0}, {server->stop[0], POLLIN, 0}};
    while (server->questions < QUESTIONS_MAX && poll(fds, 2, 30000) > 0 && fds[1].revents == 0) {
        answer(server);
    }
    return NULL;
}

static void start(struct name_server *server)
{
    socklen_t len = sizeof server->address;
    server->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&server->address, len), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&server->address, &len), 0);
    assert_int_equal(pipe(server->stop), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct name_server *server)
{
    assert_int_equal(write(server->stop[1], "", 1), 1);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->fd);
    close(server->stop[0]);
    close(server->stop[1]);
}

static const struct qn_endpoint nowhere = {.host = "seed.invalid", .port = 9876};

static void service_records_give_hosts_and_ports(void **state)
{
    (void)state;
    struct name_server server = {0};
    struct qn_dns_answer found;
    put_service(&server, 20, 7002, "\x09localhost");
    put_service(&server, 10, 7001, "\x09localhost");
    start(&server);
    qn_dns_look_up(&found, &nowhere, &server.address);
    stop(&server);
    assert_string_equal(server.question, "\x05_qnet\x04_tcp\x04seed\x07invalid");
    assert_true(found.count >= 2);
    assert_int_equal(found.endpoints[0].port, 7001); /* the lower number goes first */
    assert_int_equal(found.endpoints[found.count - 1].port, 7002);
    for (size_t i = 0; i < found.count; i++) {
        bool is_loopback = strcmp(found.endpoints[i].host, "127.0.0.1") == 0 ||
                           strcmp(found.endpoints[i].host, "::1") == 0;
        assert_true(is_loopback);
    }
}

static void without_service_records_the_name_itself_is_looked_up(void **state)
{
    (void)state;
    struct name_server server = {0};
    struct qn_dns_answer found;
    struct qn_endpoint seed = {.host = "localhost", .port = 7003};
    start(&server);
    qn_dns_look_up(&found, &seed, &server.address);
    stop(&server);
    assert_true(found.count >= 1);
    assert_int_equal(found.endpoints[0].port, 7003);
}

static void no_service_no_port_and_garbage_give_nothing(void **state)
{
    (void)state;
    struct qn_dns_answer found;
    struct name_server none = {0};
    put_service(&none, 1, 7001, ""); /* ".": no such service here */
    put_service(&none, 1, 0, "\x09localhost");
    start(&none);
    qn_dns_look_up(&found, &nowhere, &none.address);
    stop(&none);
    assert_int_equal(found.count, 0);

    struct name_server garbage = {.record_count = 7};
    put(&garbage, "\xc0\x0c\x00\x21\x00\x01\xff\xff", 8);
    start(&garbage);
    qn_dns_look_up(&found, &nowhere, &garbage.address);
    stop(&garbage);
    assert_int_equal(found.count, 0);
}

static void more_records_than_are_followed_are_left_out(void **state)
{
    (void)state;
    struct name_server server = {0};
    struct qn_dns_answer found;
    for (unsigned i = 0; i < 2 * QN_DNS_TARGETS_MAX; i++) {
        put_service(&server, (uint8_t)(100 - i), (uint16_t)(7000 + i), "\x09localhost");
    }
    start(&server);
    qn_dns_look_up(&found, &nowhere, &server.address);
    stop(&server);
    assert_in_range(found.count, QN_DNS_TARGETS_MAX, QN_DNS_ADDRESSES_MAX);
    for (size_t i = 0; i < found.count; i++) { /* the ones with the lowest numbers */
        assert_in_range(found.endpoints[i].port, 7000 + QN_DNS_TARGETS_MAX,
                        7000 + 2 * QN_DNS_TARGETS_MAX - 1);
    }
}

/* ---- on a thread of the pool ---- */

struct told {
    unsigned times;
    unsigned seed;
    size_t count;
};

static void on_done(void *context, unsigned seed, const struct qn_dns_answer *answer_)
{
    struct told *told = context;
    told->times += 1;
    told->seed = seed;
    told->count = answer_->count;
}

static void an_answer_comes_on_the_loop_and_none_after_stop(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct told told = {0};
    struct qn_endpoint seed = {.host = "localhost", .port = 7001};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct qn_dns_seeds *seeds = qn_dns_seeds_new(&loop, on_done, &told);
    qn_dns_seeds_ask(seeds, 3, &seed);
    qn_dns_seeds_ask(seeds, 4, &seed); /* meanwhile */
    assert_int_equal(told.times, 1);
    assert_int_equal(told.seed, 4);
    assert_int_equal(told.count, 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(told.times, 2);
    assert_int_equal(told.seed, 3);
    assert_in_range(told.count, 1, QN_DNS_ADDRESSES_MAX);
    qn_dns_seeds_ask(seeds, 5, &seed);
    qn_dns_seeds_stop(seeds);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(told.times, 2);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_records_give_hosts_and_ports),
        cmocka_unit_test(without_service_records_the_name_itself_is_looked_up),
        cmocka_unit_test(no_service_no_port_and_garbage_give_nothing),
        cmocka_unit_test(more_records_than_are_followed_are_left_out),
        cmocka_unit_test(an_answer_comes_on_the_loop_and_none_after_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
