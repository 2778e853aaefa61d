#include "cli/devnet_ports.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Binds like a node (reuse) or like anybody else, and listens. -1 if it may not. */
static int try_listen(uint16_t port, bool reuse)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = reuse ? 1 : 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0) {
        return fd;
    }
    (void)close(fd);
    return -1;
}

static void a_held_port_is_free_for_a_node_and_for_nobody_else(void **state)
{
    int held = -1;
    struct qn_endpoint endpoint;
    char why[QN_TEXT_LEN_MAX + 1];

    (void)state;
    assert_int_equal(qn_devnet_port_hold(&held, &endpoint, 0, why), QN_OK);
    assert_true(endpoint.port > 0);
    assert_string_equal(endpoint.host, "127.0.0.1");
    assert_int_equal(try_listen(endpoint.port, false), -1);
    int fd = try_listen(endpoint.port, true);
    assert_true(fd >= 0);
    /* Once a node listens, not even a second node gets it. */
    assert_int_equal(try_listen(endpoint.port, true), -1);
    (void)close(fd);
    qn_devnet_port_release(&held);
    assert_int_equal(held, -1);
    qn_devnet_port_release(&held);
}

static void a_port_in_use_is_told_with_its_number(void **state)
{
    int held = -1;
    int second = -1;
    struct qn_endpoint endpoint;
    struct qn_endpoint other = {.port = 7};
    char why[QN_TEXT_LEN_MAX + 1];
    char number[16];

    (void)state;
    assert_int_equal(qn_devnet_port_hold(&held, &endpoint, 0, why), QN_OK);
    assert_int_equal(qn_devnet_port_hold(&second, &other, endpoint.port, why), QN_ERR_IO);
    assert_int_equal(second, -1);
    assert_int_equal(other.port, 7);
    (void)qn_endpoint_format(number, &(struct qn_endpoint){.host = "", .port = endpoint.port});
    assert_non_null(strstr(why, number + 1));
    assert_non_null(strstr(why, "in use"));
    qn_devnet_port_release(&held);
    assert_int_equal(qn_devnet_port_hold(&second, &other, endpoint.port, why), QN_OK);
    qn_devnet_port_release(&second);
}

static void many_held_ports_are_distinct(void **state)
{
    enum { COUNT = 100 };
    int held[COUNT];
    struct qn_endpoint endpoints[COUNT];
    char why[QN_TEXT_LEN_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(qn_devnet_port_hold(&held[i], &endpoints[i], 0, why), QN_OK);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(endpoints[i].port, endpoints[j].port);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        qn_devnet_port_release(&held[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_port_is_free_for_a_node_and_for_nobody_else),
        cmocka_unit_test(a_port_in_use_is_told_with_its_number),
        cmocka_unit_test(many_held_ports_are_distinct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
