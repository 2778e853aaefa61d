/* Accepting links, never more at a time than the transport's limits allow. */
#include "net/clock.h"
#include "net/link.h"
#include "net/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum qn_err qn_transport_listen(struct qn_transport *transport, const struct qn_endpoint *endpoint,
                                char *why)
{
    const char *text = NULL;
    int fd = qn_socket_listen(endpoint, &transport->listen, &text);

    if (fd < 0 || uv_poll_init(transport->loop, &transport->listen_poll, fd) != 0) {
        char place[QN_ENDPOINT_TEXT_SIZE];
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot listen on %s: %s",
                       qn_endpoint_format(place, endpoint),
                       text != NULL ? text : qn_socket_error_text(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return QN_ERR_IO;
    }
    transport->listen_fd = fd;
    transport->listen_poll.data = transport;
    return QN_OK;
}

static bool has_slot(const struct qn_transport *transport)
{
    return transport->counters.half_open < transport->limits.half_open_max;
}

static bool has_room(const struct qn_transport *transport)
{
    const struct qn_transport_limits *limits = &transport->limits;

    /* Some above links_max may finish the handshake: the node itself tells them that it is full. And one above
     * the half-open ones may ask: the node then gives up one that was silent for too long, or refuses. */
    return transport->counters.half_open <= limits->half_open_max &&
           transport->counters.open < limits->links_max + limits->half_open_max;
}

void qn_listener_take_slot(struct qn_transport *transport)
{
    transport->counters.half_open += 1;
}

void qn_listener_free_slot(struct qn_transport *transport)
{
    transport->counters.half_open -= 1;
    if (has_slot(transport)) {
        transport->full_since_us = 0;
    }
    qn_listener_watch(transport);
}

static void pause_listening(struct qn_transport *transport)
{
    (void)uv_poll_stop(&transport->listen_poll);
    transport->is_listening = false;
}

/* A burst of good clients, after a restart for instance, waits a moment in the kernel's queue, where
 * it costs nothing. Slots that nobody frees in that time belong to silent clients: then waiting helps
 * nobody, and the others had better try again elsewhere. */
static bool should_wait(struct qn_transport *transport)
{
    if (has_slot(transport)) {
        return false;
    }
    qn_time_us now = qn_clock_now();
    if (transport->full_since_us == 0) {
        transport->full_since_us = now;
    }
    return now - transport->full_since_us < transport->limits.accept_patience;
}

static void admit(struct qn_transport *transport, int fd, const struct sockaddr_storage *address)
{
    struct qn_endpoint remote;
    struct qn_link *link = NULL;

    qn_socket_describe(&remote, address);
    if (has_room(transport)) {
        link = qn_link_new(transport);
    }
    if (link == NULL) {
        (void)close(fd);
        qn_transport_note_failure(transport, &remote, true, QN_CLOSE_FULL,
                                  "too many links in their handshake, or in all");
        return;
    }
    qn_link_id id = link->id;
    link->remote = remote;
    link->state = QN_LINK_ACCEPTED;
    qn_listener_take_slot(transport);
    transport->sink.on_inbound(transport->sink.context, id, &remote);
    if (qn_link_find(transport, id) == NULL) { /* refused */
        (void)close(fd);
        return;
    }
    if (transport->counters.half_open > transport->limits.half_open_max) { /* nobody gave way */
        (void)close(fd);
        qn_link_fail(link, QN_CLOSE_FULL, "too many links in their handshake");
        return;
    }
    if (!qn_link_attach(link, fd)) {
        qn_link_fail(link, QN_CLOSE_IO, "the loop refused the socket");
        return;
    }
    link->deadline_us = qn_clock_now() + transport->limits.handshake_timeout;
    qn_link_watch(link, UV_READABLE);
}

/* A client that went away before we got to it. */
static bool is_passing(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM;
}

static void on_listen_poll(uv_poll_t *handle, int status, int events)
{
    struct qn_transport *transport = handle->data;

    (void)status;
    (void)events;
    for (unsigned i = 0; i < QN_ACCEPTS_PER_WAKE_MAX && transport->is_listening; i++) {
        if (should_wait(transport)) {
            pause_listening(transport); /* until a slot is free, or the next check */
            break;
        }
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof address;
        int fd = accept4(transport->listen_fd, (struct sockaddr *)&address, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(transport, fd, &address);
        } else if (!is_passing(errno)) {
            if (errno != EAGAIN) {
                /* Out of descriptors: asking again at once would only burn the processor. The next
                 * check listens again. */
                qn_transport_note_failure(transport, &transport->listen, true, QN_CLOSE_IO,
                                          qn_socket_error_text(errno));
                pause_listening(transport);
            }
            break;
        }
    }
    qn_transport_flush(transport);
}

void qn_listener_watch(struct qn_transport *transport)
{
    if (transport->listen_fd >= 0 && !transport->is_listening && !transport->is_stopped) {
        transport->is_listening = true;
        QN_ASSERT(uv_poll_start(&transport->listen_poll, UV_READABLE, on_listen_poll) == 0);
    }
}

void qn_listener_close(struct qn_transport *transport)
{
    if (transport->listen_fd >= 0) {
        uv_close((uv_handle_t *)&transport->listen_poll, NULL);
        (void)close(transport->listen_fd);
        transport->listen_fd = -1;
        transport->is_listening = false;
    }
}
