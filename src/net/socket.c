#include "net/socket.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    UNSENT_MAX = 32768,
    BACKLOG = 1024,
    PORT_TEXT_SIZE = 6,
    SILENCE_S_MAX = 5, /* before the first byte */
};

void qn_socket_describe(struct qn_endpoint *endpoint, const struct sockaddr_storage *address)
{
    *endpoint = (struct qn_endpoint){0};
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, endpoint->host, sizeof endpoint->host);
        endpoint->port = ntohs(v4.sin_port);
        return;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        (void)inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], endpoint->host, sizeof endpoint->host);
    } else {
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, endpoint->host, sizeof endpoint->host);
    }
    endpoint->port = ntohs(v6.sin6_port);
}

/* Each of them makes things better, none is needed. */
static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

void qn_socket_tune(int fd, int send_buffer_len)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
    if (send_buffer_len > 0) {
        set_option(fd, SOL_SOCKET, SO_SNDBUF, send_buffer_len);
    }
}

int qn_socket_connect(const struct sockaddr_storage *address, socklen_t len)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)address, len) != 0 && errno != EINPROGRESS) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int qn_socket_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static bool bind_and_listen(int fd, const struct addrinfo *info)
{
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    /* In TLS the client speaks first. One that does not is kept by the kernel, which has cheaper
     * places for it, and syncookies when those are full. */
    set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, SILENCE_S_MAX);
    if (info->ai_family == AF_INET6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
    return bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

static int listen_on(const struct addrinfo *info)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && !bind_and_listen(fd, info)) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool describe_own(int fd, struct qn_endpoint *bound)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return false;
    }
    qn_socket_describe(bound, &address);
    return true;
}

int qn_socket_listen(const struct qn_endpoint *endpoint, struct qn_endpoint *bound,
                     const char **error_text)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[PORT_TEXT_SIZE];

    (void)snprintf(port, sizeof port, "%u", (unsigned)endpoint->port);
    const char *host = qn_endpoint_is_localhost(endpoint) ? "127.0.0.1" : endpoint->host;
    int result = getaddrinfo(host, port, &hints, &found);
    if (result != 0) {
        *error_text = "the host is neither an address of this machine nor a name of one";
        return -1;
    }
    int fd = listen_on(found);
    int error = errno;
    freeaddrinfo(found);
    if (fd >= 0 && !describe_own(fd, bound)) {
        error = errno;
        (void)close(fd);
        fd = -1;
    }
    errno = error;
    return fd;
}

enum qn_close_reason qn_socket_reason(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return QN_CLOSE_REFUSED;
    case ETIMEDOUT:
        return QN_CLOSE_HANDSHAKE_TIMEOUT;
    case ECONNRESET:
        return QN_CLOSE_PEER_CLOSED;
    default:
        return QN_CLOSE_IO;
    }
}

const char *qn_socket_error_text(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "address already in use";
    case EACCES:
        return "permission denied: ports below 1024 need a privilege";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    case ECONNREFUSED:
        return "connection refused";
    case ETIMEDOUT:
        return "connection timed out";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    default: {
        const char *text = strerrordesc_np(error);
        return text != NULL ? text : "unknown error";
    }
    }
}
