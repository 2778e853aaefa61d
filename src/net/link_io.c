/* Bytes in and out of an open or closing link, a bounded amount per wake-up. */
#include "net/link.h"

#include "net/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_closing(const struct qn_link *link)
{
    return link->state == QN_LINK_FLUSHING || link->state == QN_LINK_LINGERING;
}

/* A callback may have ended the link: whoever calls looks at the state afterwards. */
static void feed(struct qn_link *link, struct qn_span bytes)
{
    struct qn_transport *transport = link->transport;

    while (link->state == QN_LINK_OPEN) { /* each round uses up a frame of bytes */
        struct qn_message_bytes message;
        enum qn_err err = qn_assembler_next(&link->assembler, &message, &bytes);
        if (err == QN_ERR_NOT_FOUND) {
            return;
        }
        if (err != QN_OK) {
            qn_link_expel(link, err == QN_ERR_TOO_BIG ? QN_CLOSE_TOO_BIG : QN_CLOSE_MALFORMED);
            return;
        }
        transport->counters.messages_received[message.class] += 1;
        uint64_t came = link->counted.bytes_received - link->told_received;
        link->told_received = link->counted.bytes_received;
        transport->sink.on_message(transport->sink.context, link->id, &message,
                                   came > UINT32_MAX ? UINT32_MAX : (uint32_t)came);
    }
}

void qn_link_read(struct qn_link *link)
{
    struct qn_transport *transport = link->transport;

    for (unsigned i = 0; i < QN_READS_PER_WAKE_MAX && link->state == QN_LINK_OPEN; i++) {
        size_t len = 0;
        enum qn_tls_result result =
            qn_tls_read(link->tls, transport->read_scratch, sizeof transport->read_scratch, &len);
        qn_link_count_bytes(link);
        switch (result) {
        case QN_TLS_DONE:
            feed(link, (struct qn_span){transport->read_scratch, len});
            if (len < QN_FRAME_CHUNK_MAX) {
                return; /* rarely is there more; if so, the loop says so at once */
            }
            break;
        case QN_TLS_WANT_READ:
            return;
        case QN_TLS_WANT_WRITE:
            qn_link_watch(link, UV_READABLE | UV_WRITABLE);
            return;
        case QN_TLS_CLOSED:
        case QN_TLS_FAILED:
            qn_link_fail(link, qn_tls_failure(link->tls), qn_tls_failure_text(link->tls));
            return;
        }
    }
}

void qn_link_drain(struct qn_link *link)
{
    struct qn_transport *transport = link->transport;

    for (unsigned i = 0; i < QN_READS_PER_WAKE_MAX && is_closing(link); i++) {
        size_t len = 0;
        enum qn_tls_result result =
            qn_tls_read(link->tls, transport->read_scratch, sizeof transport->read_scratch, &len);
        if (result == QN_TLS_CLOSED || result == QN_TLS_FAILED) {
            qn_link_fail(link, QN_CLOSE_NORMAL, "");
        } else if (result != QN_TLS_DONE) {
            return;
        }
    }
}

/* Remembers a record that the socket had no room for. */
static void block(struct qn_link *link, const uint8_t *bytes, size_t len, bool has_p0)
{
    if (link->blocked != NULL) {
        return; /* it is that one */
    }
    link->blocked = malloc(len);
    QN_ASSERT(link->blocked != NULL);
    memcpy(link->blocked, bytes, len);
    link->blocked_len = len;
    link->blocked_has_p0 = has_p0;
    link->blocked_since_us = qn_clock_now();
}

static void unblock(struct qn_link *link)
{
    free(link->blocked);
    link->blocked = NULL;
    link->blocked_len = 0;
    link->blocked_has_p0 = false;
}

/* All is sent: says so to a peer that is being left. */
static void finish_writing(struct qn_link *link)
{
    if (link->state != QN_LINK_FLUSHING) {
        qn_link_watch(link, UV_READABLE);
        return;
    }
    if (qn_tls_shutdown(link->tls) == QN_TLS_WANT_WRITE) {
        qn_link_watch(link, UV_READABLE | UV_WRITABLE);
        return;
    }
    qn_link_count_bytes(link);
    (void)shutdown(link->fd, SHUT_WR);
    link->state = QN_LINK_LINGERING;
    qn_link_watch(link, UV_READABLE);
}

static void count_messages(struct qn_transport_counters *counters, const struct qn_fill *fill)
{
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        counters->messages_sent[i] += fill->messages[i];
    }
}

/* One record. False: stop for now, the link has done what follows. */
static bool write_record(struct qn_link *link)
{
    struct qn_transport *transport = link->transport;
    const uint8_t *bytes = link->blocked;
    size_t len = link->blocked_len;
    bool has_p0 = link->blocked_has_p0;

    if (bytes == NULL) {
        struct qn_fill fill = qn_send_queue_fill(&link->queue, transport->write_scratch,
                                                 sizeof transport->write_scratch, qn_clock_now());
        if (fill.len == 0) {
            finish_writing(link);
            return false;
        }
        count_messages(&transport->counters, &fill);
        bytes = transport->write_scratch;
        len = fill.len;
        has_p0 = fill.has_p0;
    }
    switch (qn_tls_write(link->tls, bytes, len)) {
    case QN_TLS_DONE:
        unblock(link);
        return true;
    case QN_TLS_WANT_READ: /* the read that comes first tries this again */
    case QN_TLS_WANT_WRITE:
        block(link, bytes, len, has_p0);
        qn_link_watch(link, UV_READABLE | UV_WRITABLE);
        return false;
    case QN_TLS_CLOSED:
    case QN_TLS_FAILED:
        qn_link_fail(link, qn_tls_failure(link->tls), qn_tls_failure_text(link->tls));
        return false;
    }
    return false;
}

void qn_link_write(struct qn_link *link)
{
    for (unsigned i = 0; i < QN_WRITES_PER_WAKE_MAX; i++) {
        if (!write_record(link)) {
            if (link->tls != NULL) {
                qn_link_count_bytes(link);
            }
            return;
        }
    }
    qn_link_count_bytes(link);
    qn_link_watch(link, UV_READABLE | UV_WRITABLE); /* the rest when others had their turn */
}
