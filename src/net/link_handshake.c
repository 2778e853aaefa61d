/* The TLS handshake of a link, inbound or dialled, timed on both clocks. */
#include "net/link.h"

#include "net/clock.h"
#include "net/socket.h"

#include <errno.h>
#include <sys/socket.h>

void qn_link_begin_handshake(struct qn_link *link, bool is_client,
                             const struct qn_node_id *expected_id, qn_time_us deadline_us)
{
    link->state = QN_LINK_HANDSHAKE;
    link->deadline_us = deadline_us;
    link->handshake_start_us = qn_clock_now();
    link->tls = qn_tls_open(link->transport->tls, link->fd, is_client, expected_id);
    if (link->tls == NULL) {
        qn_link_fail(link, QN_CLOSE_TLS_FAILED, "out of memory");
        return;
    }
    if (link->pads) {
        qn_tls_pad_handshake(link->tls);
    }
    qn_link_go_on_with_handshake(link);
}

void qn_link_on_first_byte(struct qn_link *link)
{
    uint8_t byte = 0;
    ssize_t len = recv(link->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);

    if (len > 0) {
        qn_link_begin_handshake(link, false, NULL, link->deadline_us);
    } else if (len == 0) {
        qn_link_fail(link, QN_CLOSE_PEER_CLOSED, "it closed without a word");
    } else if (errno != EAGAIN && errno != EINTR) {
        qn_link_fail(link, QN_CLOSE_IO, qn_socket_error_text(errno));
    }
}

static uint32_t saturate(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void open_link(struct qn_link *link)
{
    struct qn_transport *transport = link->transport;
    qn_time_us now = qn_clock_now();
    struct qn_link_up up = {
        .link = link->id,
        .dial = link->dial,
        .remote = link->remote,
        .handshake_us = saturate(now - link->handshake_start_us),
        .handshake_cpu_us = link->handshake_cpu_us,
        .is_resumed = qn_tls_is_resumed(link->tls),
        .bytes_received = saturate(link->counted.bytes_received),
        .bytes_sent = saturate(link->counted.bytes_sent),
    };

    qn_tls_peer_key(link->tls, &up.key);
    qn_tls_settle(link->tls);
    if (up.is_resumed) {
        transport->counters.handshakes_resumed += 1;
    } else {
        transport->counters.handshakes_full += 1;
    }
    link->told_received = link->counted.bytes_received;
    link->state = QN_LINK_OPEN;
    link->deadline_us = UINT64_MAX;
    link->key_update_us = now + transport->limits.key_update_interval;
    transport->counters.open += 1;
    if (link->dial == 0) {
        qn_listener_free_slot(transport);
        transport->counters.accepted += 1;
    } else {
        transport->counters.dialled += 1;
    }
    qn_link_watch(link, UV_READABLE);
    transport->sink.on_up(transport->sink.context, &up);
}

void qn_link_go_on_with_handshake(struct qn_link *link)
{
    uint64_t cpu_before = qn_clock_thread_cpu_us();
    enum qn_tls_result result = qn_tls_handshake(link->tls);

    link->handshake_cpu_us += saturate(qn_clock_thread_cpu_us() - cpu_before);
    qn_link_count_bytes(link);
    switch (result) {
    case QN_TLS_DONE:
        open_link(link);
        break;
    case QN_TLS_WANT_READ:
        qn_link_watch(link, UV_READABLE);
        break;
    case QN_TLS_WANT_WRITE:
        qn_link_watch(link, UV_WRITABLE);
        break;
    case QN_TLS_CLOSED:
    case QN_TLS_FAILED:
        qn_link_fail(link, qn_tls_failure(link->tls), qn_tls_failure_text(link->tls));
        break;
    }
}
