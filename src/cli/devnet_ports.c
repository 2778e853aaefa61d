#include "cli/devnet_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char loopback[] = "127.0.0.1";

static enum qn_err fail(int fd, uint16_t port, char *why)
{
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "port %u of %s cannot be had: %s", (unsigned)port,
                   loopback, strerror(error));
    return QN_ERR_IO;
}

enum qn_err qn_devnet_port_hold(int *fd, struct qn_endpoint *endpoint, uint16_t port, char *why)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    int on = 1;
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Bound without SO_REUSEADDR, so that the port is really free; set afterwards, so that our node
     * may bind beside us. */
    if (made < 0 || bind(made, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        getsockname(made, (struct sockaddr *)&address, &len) != 0) {
        return fail(made, port, why);
    }
    *fd = made;
    *endpoint = (struct qn_endpoint){.port = ntohs(address.sin_port)};
    memcpy(endpoint->host, loopback, sizeof loopback);
    return QN_OK;
}

void qn_devnet_port_release(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}
