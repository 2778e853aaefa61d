/* Dialling: a name or an address to a connected socket, one address after the other. */
#include "net/clock.h"
#include "net/link.h"
#include "net/socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qn_dialling {
    uv_getaddrinfo_t request;
    struct qn_link *link; /* NULL: given up while the name was being resolved */
    bool is_resolving;
    bool has_expected_id;
    struct qn_node_id expected_id;
    struct sockaddr_storage addresses[QN_DIAL_ADDRESSES_MAX];
    socklen_t lens[QN_DIAL_ADDRESSES_MAX];
    size_t count;
    size_t next;
    int last_error;
    qn_time_us address_deadline_us;
};

static void take_addresses(struct qn_dialling *dialling, const struct addrinfo *found)
{
    while (found != NULL && dialling->count < QN_DIAL_ADDRESSES_MAX) {
        if (found->ai_family == AF_INET || found->ai_family == AF_INET6) {
            memcpy(&dialling->addresses[dialling->count], found->ai_addr, found->ai_addrlen);
            dialling->lens[dialling->count] = found->ai_addrlen;
            dialling->count += 1;
        }
        found = found->ai_next;
    }
}

static void connect_next(struct qn_link *link)
{
    struct qn_dialling *dialling = link->dialling;

    while (dialling->next < dialling->count) {
        size_t index = dialling->next;
        dialling->next += 1;
        int fd = qn_socket_connect(&dialling->addresses[index], dialling->lens[index]);
        if (fd < 0) {
            dialling->last_error = errno;
            continue;
        }
        if (!qn_link_attach(link, fd)) {
            dialling->last_error = EMFILE;
            continue;
        }
        dialling->address_deadline_us = qn_clock_now() + link->transport->limits.connect_timeout;
        qn_link_watch(link, UV_WRITABLE);
        return;
    }
    qn_link_fail(link, qn_socket_reason(dialling->last_error),
                 qn_socket_error_text(dialling->last_error));
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct qn_dialling *dialling = request->data;
    struct qn_link *link = dialling->link;

    dialling->is_resolving = false;
    if (link == NULL) {
        free(dialling);
    } else if (status != 0) {
        qn_link_fail(link, QN_CLOSE_RESOLVE, uv_strerror(status));
    } else {
        take_addresses(dialling, found);
        dialling->last_error = EADDRNOTAVAIL; /* unless an address tells otherwise */
        connect_next(link);
    }
    uv_freeaddrinfo(found);
}

static void resolve(struct qn_link *link, const char *host, const char *port)
{
    struct qn_dialling *dialling = link->dialling;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;

    if (getaddrinfo(host, port, &hints, &found) == 0) { /* an address: nobody has to be asked */
        take_addresses(dialling, found);
        freeaddrinfo(found);
        connect_next(link);
        return;
    }
    hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    dialling->request.data = dialling;
    int result =
        uv_getaddrinfo(link->transport->loop, &dialling->request, on_resolved, host, port, &hints);
    if (result != 0) {
        qn_link_fail(link, QN_CLOSE_RESOLVE, uv_strerror(result));
        return;
    }
    dialling->is_resolving = true;
}

void qn_transport_dial(struct qn_transport *transport, qn_dial_id dial,
                       const struct qn_endpoint *endpoint, const struct qn_node_id *expected_id,
                       bool pads)
{
    struct qn_link *link = transport->is_stopped ? NULL : qn_link_new(transport);

    if (link == NULL) {
        transport->sink.on_dial_failed(transport->sink.context, dial,
                                       transport->is_stopped ? QN_CLOSE_SHUTDOWN : QN_CLOSE_FULL);
        return;
    }
    struct qn_dialling *dialling = calloc(1, sizeof *dialling);
    QN_ASSERT(dialling != NULL);
    dialling->link = link;
    dialling->address_deadline_us = UINT64_MAX;
    dialling->has_expected_id = expected_id != NULL;
    if (expected_id != NULL) {
        dialling->expected_id = *expected_id;
    }
    link->dialling = dialling;
    link->dial = dial;
    link->pads = pads;
    link->remote = *endpoint;
    link->deadline_us = qn_clock_now() + transport->limits.handshake_timeout;
    char port[6];
    (void)snprintf(port, sizeof port, "%u", (unsigned)endpoint->port);
    /* Without a host and AI_PASSIVE the answer is the loopback addresses. */
    resolve(link, qn_endpoint_is_localhost(endpoint) ? NULL : endpoint->host, port);
}

void qn_dial_on_connected(struct qn_link *link)
{
    struct qn_dialling *dialling = link->dialling;
    int error = qn_socket_error(link->fd);

    if (error != 0) {
        dialling->last_error = error;
        qn_link_detach(link);
        connect_next(link);
        return;
    }
    bool has_expected_id = dialling->has_expected_id;
    struct qn_node_id expected_id = dialling->expected_id;
    qn_socket_describe(&link->remote, &dialling->addresses[dialling->next - 1]);
    qn_dial_free(link);
    qn_link_begin_handshake(link, true, has_expected_id ? &expected_id : NULL, link->deadline_us);
}

void qn_dial_check(struct qn_link *link, qn_time_us now)
{
    struct qn_dialling *dialling = link->dialling;

    if (now >= dialling->address_deadline_us) {
        dialling->last_error = ETIMEDOUT;
        dialling->address_deadline_us = UINT64_MAX;
        qn_link_detach(link);
        connect_next(link);
    }
}

void qn_dial_free(struct qn_link *link)
{
    struct qn_dialling *dialling = link->dialling;

    link->dialling = NULL;
    if (dialling != NULL && dialling->is_resolving) {
        dialling->link = NULL; /* freed when the resolver has answered */
        (void)uv_cancel((uv_req_t *)&dialling->request);
    } else {
        free(dialling);
    }
}
