#include "net/link.h"

#include "net/clock.h"
#include "net/socket.h"

#include <stdlib.h>
#include <unistd.h>

static size_t find_free_slot(struct qn_transport *transport)
{
    while (transport->slots[transport->slot_next] != NULL) {
        transport->slot_next = (transport->slot_next + 1) % transport->slot_max;
    }
    return transport->slot_next;
}

struct qn_link *qn_link_new(struct qn_transport *transport)
{
    if (transport->link_count == transport->slot_max) {
        return NULL;
    }
    struct qn_link *link = calloc(1, sizeof *link);
    QN_ASSERT(link != NULL);
    size_t slot = find_free_slot(transport);
    transport->ids += 1;
    link->transport = transport;
    link->id = transport->ids * transport->slot_max + slot;
    link->state = QN_LINK_DIALLING;
    link->fd = -1;
    link->deadline_us = UINT64_MAX;
    qn_send_queue_init(&link->queue);
    qn_assembler_init(&link->assembler);
    transport->slots[slot] = link;
    transport->link_count += 1;
    return link;
}

struct qn_link *qn_link_find(const struct qn_transport *transport, qn_link_id id)
{
    struct qn_link *link = transport->slots[id % transport->slot_max];

    return link != NULL && link->id == id ? link : NULL;
}

static void free_poll(uv_handle_t *handle)
{
    free(handle->data);
}

void qn_link_detach(struct qn_link *link)
{
    if (link->poll == NULL) {
        return;
    }
    link->poll->link = NULL;
    uv_close((uv_handle_t *)&link->poll->handle, free_poll);
    link->poll = NULL;
    link->poll_events = 0;
    (void)close(link->fd);
    link->fd = -1;
}

static void remove_from_dirty(struct qn_link *link)
{
    struct qn_link **at = &link->transport->dirty;

    while (*at != link) {
        at = &(*at)->next_dirty;
    }
    *at = link->next_dirty;
    link->is_dirty = false;
}

void qn_link_destroy(struct qn_link *link)
{
    struct qn_transport *transport = link->transport;

    QN_ASSERT(link->state != QN_LINK_DEAD);
    if (link->tls != NULL) {
        qn_link_count_bytes(link);
    }
    if (link->is_dirty) {
        remove_from_dirty(link);
    }
    qn_dial_free(link);
    qn_tls_close(link->tls);
    link->tls = NULL;
    qn_link_detach(link);
    free(link->blocked);
    link->blocked = NULL;
    qn_send_queue_fini(&link->queue);
    qn_assembler_fini(&link->assembler);
    transport->slots[link->id % transport->slot_max] = NULL;
    transport->link_count -= 1;
    link->state = QN_LINK_DEAD;
    link->next_dirty = transport->dead;
    transport->dead = link;
}

static void on_open_socket(struct qn_link *link, int events)
{
    if ((events & UV_READABLE) != 0) {
        qn_link_read(link);
    }
    if (link->state == QN_LINK_OPEN && (events & UV_WRITABLE) != 0) {
        qn_link_write(link);
    }
}

static void on_closing_socket(struct qn_link *link)
{
    qn_link_drain(link);
    if (link->state == QN_LINK_FLUSHING) {
        qn_link_write(link);
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    const struct qn_link_poll *poll = handle->data;
    struct qn_link *link = poll->link;

    if (link == NULL) {
        return;
    }
    struct qn_transport *transport = link->transport;
    if (status < 0) { /* the loop cannot watch it: let the calls below find out why */
        events = UV_READABLE | UV_WRITABLE;
    }
    switch (link->state) {
    case QN_LINK_DIALLING:
        qn_dial_on_connected(link);
        break;
    case QN_LINK_ACCEPTED:
        qn_link_on_first_byte(link);
        break;
    case QN_LINK_HANDSHAKE:
        qn_link_go_on_with_handshake(link);
        break;
    case QN_LINK_OPEN:
        on_open_socket(link, events);
        break;
    case QN_LINK_FLUSHING:
    case QN_LINK_LINGERING:
        on_closing_socket(link);
        break;
    case QN_LINK_DEAD:
        break;
    }
    qn_transport_flush(transport);
}

bool qn_link_attach(struct qn_link *link, int fd)
{
    struct qn_link_poll *poll = calloc(1, sizeof *poll);

    QN_ASSERT(poll != NULL && link->poll == NULL);
    if (uv_poll_init(link->transport->loop, &poll->handle, fd) != 0) {
        free(poll);
        (void)close(fd);
        return false;
    }
    qn_socket_tune(fd, link->transport->limits.send_buffer_len);
    poll->handle.data = poll;
    poll->link = link;
    link->poll = poll;
    link->poll_events = 0;
    link->fd = fd;
    return true;
}

void qn_link_watch(struct qn_link *link, int events)
{
    if (link->poll_events != events) {
        QN_ASSERT(uv_poll_start(&link->poll->handle, events, on_poll) == 0);
        link->poll_events = events;
    }
}

void qn_link_count_bytes(struct qn_link *link)
{
    struct qn_transport_counters *counters = &link->transport->counters;
    struct qn_tls_stats stats = qn_tls_stats(link->tls);

    counters->bytes_sent += stats.bytes_sent - link->counted.bytes_sent;
    counters->bytes_received += stats.bytes_received - link->counted.bytes_received;
    link->counted = stats;
}

void qn_link_mark_dirty(struct qn_link *link)
{
    if (!link->is_dirty) {
        link->is_dirty = true;
        link->next_dirty = link->transport->dirty;
        link->transport->dirty = link;
    }
}
