#include "api/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 511 };

static int bind_address(const struct addrinfo *address)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    /* The port stays usable while old connections linger; two live listeners are still refused. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool name_of(struct qn_endpoint *bound, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t address_len = sizeof address;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    char text[NI_MAXHOST + NI_MAXSERV + 4];

    if (getsockname(fd, (struct sockaddr *)&address, &address_len) != 0 ||
        getnameinfo((struct sockaddr *)&address, address_len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return false;
    }
    snprintf(text, sizeof text, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return qn_endpoint_parse_local(bound, text) == QN_OK;
}

enum qn_err qn_api_listener_open(int *fd, struct qn_endpoint *bound,
                                 const struct qn_endpoint *listen, char *why)
{
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *addresses = NULL;

    snprintf(port, sizeof port, "%u", (unsigned)listen->port);
    const char *host = qn_endpoint_is_localhost(listen) ? "127.0.0.1" : listen->host;
    int status = getaddrinfo(host, port, &hints, &addresses);
    if (status != 0) {
        snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot listen on %s: %s", listen->host,
                 gai_strerror(status));
        return QN_ERR_IO;
    }
    int found = bind_address(addresses);
    int error = errno;
    freeaddrinfo(addresses);
    if (found < 0) {
        snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot listen on %s port %s: %s", listen->host, port,
                 strerror(error));
        return QN_ERR_IO;
    }
    if (!name_of(bound, found)) {
        snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot name the address of %s port %s", listen->host,
                 port);
        close(found);
        return QN_ERR_IO;
    }
    *fd = found;
    return QN_OK;
}
