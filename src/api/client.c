#include "api/client.h"

#include "api/client_parse.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_LEN = 16384 };

/* One request under way. */
struct exchange {
    int fd;
    uint64_t deadline_ms;
    const char *server; /* for people */
    char *why;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    QN_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

QN_PRINTF(3, 4)
static enum qn_err explain(const struct exchange *x, enum qn_err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(x->why, QN_TEXT_LEN_MAX + 1, format, arguments);
    va_end(arguments);
    return err;
}

static enum qn_err explain_errno(const struct exchange *x, const char *what)
{
    return explain(x, QN_ERR_IO, "%s %s: %s", what, x->server, strerror(errno));
}

/* Waits until the socket can do this, or the time is up. */
static enum qn_err wait_for(const struct exchange *x, short events)
{
    for (;;) {
        uint64_t now = now_ms();
        if (now >= x->deadline_ms) {
            return explain(x, QN_ERR_TIMEOUT, "%s did not answer in time", x->server);
        }
        uint64_t left = x->deadline_ms - now;
        struct pollfd pollfd = {.fd = x->fd, .events = events};
        int ready = poll(&pollfd, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (ready > 0) {
            return QN_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return explain_errno(x, "waiting for");
        }
    }
}

static enum qn_err connect_address(struct exchange *x, const struct addrinfo *address)
{
    x->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (x->fd < 0) {
        return explain_errno(x, "cannot make a socket for");
    }
    if (connect(x->fd, address->ai_addr, address->ai_addrlen) == 0) {
        return QN_OK;
    }
    if (errno == EINPROGRESS || errno == EINTR) {
        enum qn_err err = wait_for(x, POLLOUT);
        if (err != QN_OK) {
            return err;
        }
        int error = 0;
        socklen_t error_len = sizeof error;
        if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0 && error == 0) {
            return QN_OK;
        }
        errno = error;
    }
    return explain_errno(x, "cannot connect to");
}

/* Tries the server's addresses in the resolver's order; the last failure is told. */
static enum qn_err connect_server(struct exchange *x, const struct qn_endpoint *server)
{
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;

    snprintf(port, sizeof port, "%u", (unsigned)server->port);
    /* Without a host and AI_PASSIVE the answer is the loopback addresses. */
    const char *host = qn_endpoint_is_localhost(server) ? NULL : server->host;
    int status = getaddrinfo(host, port, &hints, &addresses);
    if (status != 0) {
        return explain(x, QN_ERR_IO, "cannot resolve %s: %s", server->host, gai_strerror(status));
    }
    enum qn_err err = explain(x, QN_ERR_IO, "%s has no address", server->host);
    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        err = connect_address(x, at);
        if (err == QN_OK || err == QN_ERR_TIMEOUT) {
            break;
        }
        if (x->fd >= 0) {
            close(x->fd);
            x->fd = -1;
        }
    }
    freeaddrinfo(addresses);
    return err;
}

/* A server may answer, for instance 413, and close while we still send: that is no failure here, the
 * answer is read all the same. */
static enum qn_err send_all(const struct exchange *x, struct qn_span bytes)
{
    for (size_t sent = 0; sent < bytes.len;) {
        ssize_t count = send(x->fd, bytes.at + sent, bytes.len - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET) {
            return QN_OK;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return explain_errno(x, "cannot send to");
        }
        enum qn_err err = errno == EINTR ? QN_OK : wait_for(x, POLLOUT);
        if (err != QN_OK) {
            return err;
        }
    }
    return QN_OK;
}

/* Some bytes of the answer; *len 0: the server closed. */
static enum qn_err receive(const struct exchange *x, size_t *len, char *out, size_t capacity)
{
    for (;;) {
        ssize_t count = recv(x->fd, out, capacity, 0);
        if (count >= 0) {
            *len = (size_t)count;
            return QN_OK;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return explain_errno(x, "cannot read from");
        }
        enum qn_err err = errno == EINTR ? QN_OK : wait_for(x, POLLIN);
        if (err != QN_OK) {
            return err;
        }
    }
}

struct bytes {
    char *at;
    size_t len;
    size_t capacity;
};

/* Room for READ_LEN more and a NUL. */
static void make_room(struct bytes *bytes)
{
    if (bytes->capacity - bytes->len > READ_LEN) {
        return;
    }
    size_t capacity = bytes->capacity * 2 + READ_LEN + 1;
    char *at = realloc(bytes->at, capacity);
    QN_ASSERT(at != NULL);
    bytes->at = at;
    bytes->capacity = capacity;
}

static enum qn_err receive_head(const struct exchange *x, struct bytes *bytes,
                                struct qn_api_client_head *head, size_t *head_len)
{
    while ((*head_len = qn_api_client_head_end(bytes->at, bytes->len)) == 0) {
        size_t len = 0;
        if (bytes->len >= QN_API_CLIENT_HEAD_LEN_MAX) {
            return explain(x, QN_ERR_TOO_BIG, "%s sent a head without end", x->server);
        }
        make_room(bytes);
        enum qn_err err = receive(x, &len, bytes->at + bytes->len, READ_LEN);
        if (err != QN_OK) {
            return err;
        }
        if (len == 0) {
            return explain(x, QN_ERR_CLOSED, "%s closed without an answer", x->server);
        }
        bytes->len += len;
    }
    enum qn_err err = qn_api_client_head_parse(head, bytes->at, *head_len);
    if (err == QN_ERR_TOO_BIG) {
        return explain(x, err, "the answer of %s is over %d bytes", x->server,
                       QN_API_CLIENT_BODY_LEN_MAX);
    }
    return err == QN_OK ? err : explain(x, err, "the answer of %s is not HTTP/1.1", x->server);
}

static enum qn_err receive_body(const struct exchange *x, struct bytes *bytes,
                                const struct qn_api_client_head *head, size_t head_len)
{
    for (;;) {
        size_t body_len = bytes->len - head_len;
        if (head->has_length && body_len >= head->length) {
            return body_len == head->length
                       ? QN_OK
                       : explain(x, QN_ERR_MALFORMED, "%s sent more than it announced", x->server);
        }
        if (body_len > QN_API_CLIENT_BODY_LEN_MAX) {
            return explain(x, QN_ERR_TOO_BIG, "the answer of %s is over %d bytes", x->server,
                           QN_API_CLIENT_BODY_LEN_MAX);
        }
        size_t len = 0;
        make_room(bytes);
        enum qn_err err = receive(x, &len, bytes->at + bytes->len, READ_LEN);
        if (err != QN_OK) {
            return err;
        }
        if (len == 0) {
            return head->has_length
                       ? explain(x, QN_ERR_CLOSED, "%s closed in mid-answer", x->server)
                       : QN_OK;
        }
        bytes->len += len;
    }
}

static enum qn_err receive_answer(const struct exchange *x, struct qn_api_client_answer *answer)
{
    struct bytes bytes = {0};
    struct qn_api_client_head head = {0};
    size_t head_len = 0;

    make_room(&bytes);
    enum qn_err err = receive_head(x, &bytes, &head, &head_len);
    if (err == QN_OK) {
        err = receive_body(x, &bytes, &head, head_len);
    }
    if (err != QN_OK) {
        free(bytes.at);
        return err;
    }
    size_t body_len = bytes.len - head_len;
    memmove(bytes.at, bytes.at + head_len, body_len);
    bytes.at[body_len] = '\0';
    *answer = (struct qn_api_client_answer){
        .status = head.status, .body = bytes.at, .body_len = body_len};
    memcpy(answer->content_type, head.content_type, sizeof answer->content_type);
    return QN_OK;
}

/* Printable ASCII without spaces: nothing in it can end the line or begin another field. */
static bool is_plain(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return text[0] != '\0';
}

static enum qn_err run(struct qn_api_client_answer *answer, const struct qn_endpoint *server,
                       const char *head, struct qn_span body, unsigned timeout_ms, char *why)
{
    char name[QN_ENDPOINT_TEXT_SIZE];
    struct exchange x = {.fd = -1, .server = qn_endpoint_format(name, server), .why = why};

    x.deadline_ms = now_ms() + timeout_ms;
    enum qn_err err = connect_server(&x, server);
    if (err == QN_OK) {
        err = send_all(&x, (struct qn_span){(const uint8_t *)head, strlen(head)});
    }
    if (err == QN_OK) {
        err = send_all(&x, body);
    }
    if (err == QN_OK) {
        err = receive_answer(&x, answer);
    }
    if (x.fd >= 0) {
        close(x.fd);
    }
    return err;
}

enum { HEAD_SIZE = 4096 };

/* content_type NULL: there is no body. */
static enum qn_err ask(struct qn_api_client_answer *answer, const struct qn_endpoint *server,
                       const char *method, const char *path, const char *content_type,
                       struct qn_span body, unsigned timeout_ms, char *why)
{
    char head[HEAD_SIZE];
    char name[QN_ENDPOINT_TEXT_SIZE];
    int len;

    qn_endpoint_format(name, server);
    if (path[0] != '/' || !is_plain(path) || (content_type != NULL && !is_plain(content_type))) {
        snprintf(why, QN_TEXT_LEN_MAX + 1, "not a path that can be asked for");
        return QN_ERR_INVALID;
    }
    if (content_type == NULL) {
        len = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                       method, path, name);
    } else {
        len = snprintf(head, sizeof head,
                       "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                       "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                       method, path, name, content_type, body.len);
    }
    if (len < 0 || (size_t)len >= sizeof head) {
        snprintf(why, QN_TEXT_LEN_MAX + 1, "the path is too long");
        return QN_ERR_INVALID;
    }
    return run(answer, server, head, body, timeout_ms, why);
}

enum qn_err qn_api_client_get(struct qn_api_client_answer *answer, const struct qn_endpoint *server,
                              const char *path, unsigned timeout_ms, char *why)
{
    return ask(answer, server, "GET", path, NULL, (struct qn_span){NULL, 0}, timeout_ms, why);
}

enum qn_err qn_api_client_delete(struct qn_api_client_answer *answer,
                                 const struct qn_endpoint *server, const char *path,
                                 unsigned timeout_ms, char *why)
{
    return ask(answer, server, "DELETE", path, NULL, (struct qn_span){NULL, 0}, timeout_ms, why);
}

enum qn_err qn_api_client_post(struct qn_api_client_answer *answer,
                               const struct qn_endpoint *server, const char *path,
                               const char *content_type, struct qn_span body, unsigned timeout_ms,
                               char *why)
{
    return ask(answer, server, "POST", path, content_type, body, timeout_ms, why);
}

void qn_api_client_answer_fini(struct qn_api_client_answer *answer)
{
    free(answer->body);
    *answer = (struct qn_api_client_answer){0};
}
