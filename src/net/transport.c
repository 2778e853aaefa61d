#include "net/transport.h"

#include "net/clock.h"
#include "net/link.h"

#include <stdlib.h>
#include <string.h>

void qn_transport_limits_init(struct qn_transport_limits *limits, size_t links_max)
{
    *limits = (struct qn_transport_limits){
        .connect_timeout = QN_SECONDS(4),
        .handshake_timeout = QN_HANDSHAKE_TIMEOUT,
        .p0_stall_timeout = QN_P0_STALL_TIMEOUT,
        .flush_timeout = QN_SECONDS(2),
        .key_update_interval = QN_KEY_UPDATE_INTERVAL,
        .check_interval = QN_MS(250),
        .accept_patience = QN_MS(250),
        .half_open_max = QN_HALF_OPEN_MAX,
        .links_max = links_max,
    };
}

void qn_transport_init(struct qn_transport *transport, uv_loop_t *loop, struct qn_tls *tls,
                       const struct qn_log *log, const struct qn_transport_limits *limits,
                       const struct qn_transport_sink *sink)
{
    memset(transport, 0, sizeof *transport);
    transport->loop = loop;
    transport->tls = tls;
    transport->log = log;
    transport->limits = *limits;
    transport->sink = *sink;
    transport->listen_fd = -1;
    transport->slot_max = limits->links_max + 2 * limits->half_open_max + QN_DIALS_MAX;
    transport->slots = calloc(transport->slot_max, sizeof(struct qn_link *));
    QN_ASSERT(transport->slots != NULL);
    QN_ASSERT(uv_timer_init(loop, &transport->check_timer) == 0);
    QN_ASSERT(uv_prepare_init(loop, &transport->flush_prepare) == 0);
    transport->check_timer.data = transport;
    transport->flush_prepare.data = transport;
}

static void bury_the_dead(struct qn_transport *transport)
{
    while (transport->dead != NULL) {
        struct qn_link *link = transport->dead;
        transport->dead = link->next_dirty;
        free(link);
    }
}

void qn_transport_flush(struct qn_transport *transport)
{
    while (transport->dirty != NULL) { /* a link comes back only if somebody sends on it again */
        struct qn_link *link = transport->dirty;
        transport->dirty = link->next_dirty;
        link->is_dirty = false;
        if (link->state == QN_LINK_FLUSHING ||
            (link->state == QN_LINK_OPEN && link->blocked == NULL)) {
            qn_link_write(link);
        }
    }
}

static void on_prepare(uv_prepare_t *handle)
{
    struct qn_transport *transport = handle->data;

    bury_the_dead(transport);
    qn_transport_flush(transport);
}

static void measure_lag(struct qn_transport *transport, qn_time_us now)
{
    transport->lag_us = now > transport->next_check_us ? now - transport->next_check_us : 0;
    if (transport->lag_us > transport->lag_us_max) {
        transport->lag_us_max = transport->lag_us;
    }
    transport->next_check_us = now + transport->limits.check_interval;
}

static void on_check(uv_timer_t *timer)
{
    struct qn_transport *transport = timer->data;
    qn_time_us now = qn_clock_now();

    measure_lag(transport, now);
    qn_listener_watch(transport);
    for (size_t i = 0; i < transport->slot_max; i++) {
        if (transport->slots[i] != NULL) {
            qn_link_check(transport->slots[i], now);
        }
    }
    qn_transport_flush(transport);
}

void qn_transport_start(struct qn_transport *transport)
{
    uint64_t interval_ms = transport->limits.check_interval / QN_MS(1);

    uv_update_time(transport->loop);
    transport->next_check_us = qn_clock_now() + transport->limits.check_interval;
    QN_ASSERT(uv_timer_start(&transport->check_timer, on_check, interval_ms, interval_ms) == 0);
    QN_ASSERT(uv_prepare_start(&transport->flush_prepare, on_prepare) == 0);
    qn_listener_watch(transport);
}

static void account_push(struct qn_link *link, enum qn_message_kind kind, uint32_t request_id,
                         enum qn_push_result result)
{
    struct qn_transport *transport = link->transport;
    const struct qn_kind_info *info = qn_kind_find(kind);

    if (result == QN_PUSH_QUEUED) {
        return;
    }
    transport->counters.messages_dropped[info->class] += 1;
    if (result == QN_PUSH_OVERFLOW) {
        qn_link_fail(link, QN_CLOSE_SLOW_CONSUMER, "the queue of urgent messages is full");
    } else if (result == QN_PUSH_REFUSED && info->is_request) {
        transport->sink.on_refused(transport->sink.context, link->id, request_id);
    }
}

void qn_transport_send(struct qn_transport *transport, qn_link_id id, enum qn_message_kind kind,
                       uint32_t request_id, struct qn_buf *bytes)
{
    struct qn_link *link = qn_link_find(transport, id);

    if (link == NULL || link->state != QN_LINK_OPEN) {
        qn_buf_drop(bytes);
        return;
    }
    enum qn_push_result result =
        qn_send_queue_push(&link->queue, kind, request_id, bytes, qn_clock_now());
    qn_link_mark_dirty(link);
    account_push(link, kind, request_id, result);
}

void qn_transport_remember(struct qn_transport *transport, qn_link_id id)
{
    struct qn_link *link = qn_link_find(transport, id);

    if (link != NULL && link->state == QN_LINK_OPEN) {
        qn_tls_hand_out_ticket(link->tls);
    }
}

void qn_transport_close(struct qn_transport *transport, qn_link_id id, enum qn_close_reason reason,
                        bool flush)
{
    struct qn_link *link = qn_link_find(transport, id);

    if (link != NULL) {
        qn_link_close(link, reason, flush);
    }
}

void qn_transport_stop(struct qn_transport *transport)
{
    transport->is_stopped = true;
    qn_listener_close(transport);
    for (size_t i = 0; i < transport->slot_max; i++) {
        struct qn_link *link = transport->slots[i];
        if (link == NULL) {
            continue;
        }
        if (link->state == QN_LINK_OPEN) {
            qn_link_close(link, QN_CLOSE_SHUTDOWN, true);
        } else if (link->state == QN_LINK_DIALLING || link->state == QN_LINK_ACCEPTED ||
                   link->state == QN_LINK_HANDSHAKE) {
            qn_link_fail(link, QN_CLOSE_SHUTDOWN, "");
        }
    }
    qn_transport_flush(transport);
}

size_t qn_transport_links(const struct qn_transport *transport)
{
    return transport->link_count;
}

void qn_transport_abort(struct qn_transport *transport)
{
    transport->is_stopped = true;
    for (size_t i = 0; i < transport->slot_max; i++) {
        if (transport->slots[i] != NULL) {
            qn_link_destroy(transport->slots[i]);
        }
    }
    qn_listener_close(transport);
    uv_close((uv_handle_t *)&transport->check_timer, NULL);
    uv_close((uv_handle_t *)&transport->flush_prepare, NULL);
}

void qn_transport_fini(struct qn_transport *transport)
{
    bury_the_dead(transport);
    free(transport->slots);
    transport->slots = NULL;
}
