/* The ends of a link: failures at any stage, the orderly close, deadlines. */
#include "net/link.h"

#include "net/clock.h"
#include "wire/control.h"

#include <stdio.h>
#include <sys/socket.h>

enum { FAILURE_LOG_BURST = 5 };
#define FAILURE_LOG_INTERVAL QN_SECONDS(1)

void qn_transport_note_failure(struct qn_transport *transport, const struct qn_endpoint *remote,
                               bool is_inbound, enum qn_close_reason reason, const char *text)
{
    uint64_t suppressed = 0;

    transport->counters.failures[reason] += 1;
    if (!qn_rate_limit_take(&transport->failure_logs[reason], &suppressed, qn_clock_now(),
                            FAILURE_LOG_INTERVAL, FAILURE_LOG_BURST)) {
        return;
    }
    char place[QN_ENDPOINT_TEXT_SIZE];
    qn_log(transport->log, is_inbound ? QN_LOG_WARN : QN_LOG_INFO, "net", "link_failed",
           "reason=%s direction=%s remote=%s detail=\"%s\" suppressed=%llu",
           qn_close_reason_name(reason), is_inbound ? "in" : "out",
           qn_endpoint_format(place, remote), text, (unsigned long long)suppressed);
}

/* Ends that nobody has to look into. */
static bool is_ordinary(enum qn_close_reason reason)
{
    return reason == QN_CLOSE_NORMAL || reason == QN_CLOSE_SHUTDOWN ||
           reason == QN_CLOSE_PEER_CLOSED || reason == QN_CLOSE_DUPLICATE_LINK ||
           reason == QN_CLOSE_SELF;
}

static void note(struct qn_link *link, enum qn_close_reason reason, const char *text)
{
    qn_transport_note_failure(link->transport, &link->remote, link->dial == 0, reason, text);
}

/* A close with unread bytes is a reset, which may overtake the alert that tells the peer why. */
static void read_leftovers(struct qn_link *link)
{
    struct qn_transport *transport = link->transport;
    ssize_t len = 1;

    for (unsigned i = 0; link->fd >= 0 && len > 0 && i < QN_READS_PER_WAKE_MAX; i++) {
        len = recv(link->fd, transport->read_scratch, sizeof transport->read_scratch, MSG_DONTWAIT);
    }
}

/* It never came up. */
static void fail_early(struct qn_link *link, enum qn_close_reason reason, const char *text)
{
    struct qn_transport *transport = link->transport;
    qn_dial_id dial = link->dial;
    qn_link_id id = link->id;

    if (reason != QN_CLOSE_SHUTDOWN) {
        note(link, reason, text);
    }
    if (dial == 0) {
        qn_listener_free_slot(transport);
    }
    read_leftovers(link);
    qn_link_destroy(link);
    if (dial != 0) {
        transport->sink.on_dial_failed(transport->sink.context, dial, reason);
    } else {
        transport->sink.on_down(transport->sink.context, id, reason);
    }
}

static void tell_down(struct qn_link *link, enum qn_close_reason reason, const char *text)
{
    struct qn_transport *transport = link->transport;

    transport->counters.open -= 1;
    if (!is_ordinary(reason)) {
        note(link, reason, text);
    }
    transport->sink.on_down(transport->sink.context, link->id, reason);
}

void qn_link_fail(struct qn_link *link, enum qn_close_reason reason, const char *text)
{
    switch (link->state) {
    case QN_LINK_DIALLING:
    case QN_LINK_ACCEPTED:
    case QN_LINK_HANDSHAKE:
        fail_early(link, reason, text);
        break;
    case QN_LINK_OPEN:
        qn_link_destroy(link);
        tell_down(link, reason, text);
        break;
    case QN_LINK_FLUSHING:
    case QN_LINK_LINGERING:
        link->transport->counters.closing -= 1;
        qn_link_destroy(link);
        break;
    case QN_LINK_DEAD:
        break;
    }
}

static void begin_flush(struct qn_link *link)
{
    link->state = QN_LINK_FLUSHING;
    link->deadline_us = qn_clock_now() + link->transport->limits.flush_timeout;
    link->transport->counters.closing += 1;
    qn_link_mark_dirty(link);
}

void qn_link_close(struct qn_link *link, enum qn_close_reason reason, bool flush)
{
    if (link->dial == 0 && (link->state == QN_LINK_ACCEPTED || link->state == QN_LINK_HANDSHAKE)) {
        fail_early(link, reason, "refused before its handshake was done");
        return;
    }
    if (link->state != QN_LINK_OPEN) {
        return;
    }
    if (flush) {
        begin_flush(link);
    } else {
        if (link->blocked == NULL) {
            (void)qn_tls_shutdown(link->tls); /* if it fits: nobody waits for it */
        }
        qn_link_destroy(link);
    }
    tell_down(link, reason, "");
}

void qn_link_expel(struct qn_link *link, enum qn_close_reason reason)
{
    struct qn_goodbye goodbye = {.reason = reason};

    (void)snprintf(goodbye.text, sizeof goodbye.text, "what you sent is not a frame of qnet/1");
    (void)qn_send_queue_push(&link->queue, QN_GOODBYE, 0, qn_goodbye_encode(&goodbye),
                             qn_clock_now());
    qn_link_close(link, reason, true);
}

static bool is_slow(const struct qn_link *link, qn_time_us now)
{
    qn_time_us timeout = link->transport->limits.p0_stall_timeout;

    return qn_send_queue_is_stalled(&link->queue, now, timeout) ||
           (link->blocked_has_p0 && now - link->blocked_since_us >= timeout);
}

static void check_open(struct qn_link *link, qn_time_us now)
{
    if (is_slow(link, now)) {
        qn_link_fail(link, QN_CLOSE_SLOW_CONSUMER, "urgent messages could not be sent");
    } else if (now >= link->key_update_us && link->blocked == NULL &&
               qn_tls_update_key(link->tls)) {
        link->key_update_us = now + link->transport->limits.key_update_interval;
        link->transport->counters.key_updates += 1;
    }
}

void qn_link_check(struct qn_link *link, qn_time_us now)
{
    if (now >= link->deadline_us) {
        qn_link_fail(link, QN_CLOSE_HANDSHAKE_TIMEOUT, "");
        return;
    }
    if (link->state == QN_LINK_DIALLING) {
        qn_dial_check(link, now);
    } else if (link->state == QN_LINK_OPEN) {
        check_open(link, now);
    }
}
