#include "api/testing/raw_http.h"

#include "api/client_parse.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 20000 };

static int connect_with(const struct qn_endpoint *server, int receive_buffer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, server->host, &address.sin_addr), 1);
    if (receive_buffer > 0) {
        assert_int_equal(
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0);
    }
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int qn_raw_connect(const struct qn_endpoint *server)
{
    return connect_with(server, 0);
}

int qn_raw_connect_small(const struct qn_endpoint *server)
{
    return connect_with(server, 2048);
}

bool qn_raw_send_bytes(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool qn_raw_send(int fd, const char *text)
{
    return qn_raw_send_bytes(fd, text, strlen(text));
}

/* 0: closed (or reset); fails the test if nothing happens. */
static size_t read_some(int fd, char *out, size_t size)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
    ssize_t count = recv(fd, out, size, 0);
    return count > 0 ? (size_t)count : 0;
}

size_t qn_raw_read_all(int fd, char *out, size_t size)
{
    size_t len = 0;
    while (len + 1 < size) {
        size_t count = read_some(fd, out + len, size - 1 - len);
        if (count == 0) {
            break;
        }
        len += count;
    }
    out[len] = '\0';
    return len;
}

unsigned qn_raw_read_answer(int fd, char *out, size_t size)
{
    struct qn_api_client_head head;
    size_t len = 0;
    size_t head_len = 0;

    for (;;) {
        head_len = qn_api_client_head_end(out, len);
        if (head_len > 0) {
            assert_int_equal(qn_api_client_head_parse(&head, out, head_len), QN_OK);
            assert_true(head.has_length);
            if (len >= head_len + head.length) {
                break;
            }
        }
        assert_true(len + 1 < size);
        size_t count = read_some(fd, out + len, size - 1 - len);
        if (count == 0) {
            return 0;
        }
        len += count;
    }
    out[len] = '\0';
    return head.status;
}

bool qn_raw_wait_closed(int fd)
{
    char dropped[4096];
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    for (;;) {
        if (poll(&pollfd, 1, WAIT_MS) != 1) {
            return false;
        }
        if (recv(fd, dropped, sizeof dropped, 0) <= 0) {
            return true;
        }
    }
}

void qn_raw_close(int fd)
{
    close(fd);
}

void qn_raw_abort(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}
