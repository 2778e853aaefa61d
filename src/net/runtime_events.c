/* What links and workers report, as events of the core. */
#include "net/runtime_internal.h"

static void on_up(void *context, const struct qn_link_up *up)
{
    struct qn_event event = {.kind = QN_EVENT_LINK_UP};

    event.link_up.link = up->link;
    event.link_up.dial = up->dial;
    event.link_up.key = up->key;
    event.link_up.remote = up->remote;
    event.link_up.handshake_us = up->handshake_us;
    event.link_up.handshake_cpu_us = up->handshake_cpu_us;
    event.link_up.is_resumed = up->is_resumed;
    event.link_up.bytes_received = up->bytes_received;
    event.link_up.bytes_sent = up->bytes_sent;
    qn_runtime_deliver(context, &event, NULL);
}

static void on_inbound(void *context, qn_link_id link, const struct qn_endpoint *remote)
{
    struct qn_event event = {.kind = QN_EVENT_INBOUND};

    event.inbound.link = link;
    event.inbound.remote = *remote;
    qn_runtime_deliver(context, &event, NULL);
}

static void on_down(void *context, qn_link_id link, enum qn_close_reason reason)
{
    struct qn_event event = {.kind = QN_EVENT_LINK_DOWN};

    event.link_down.link = link;
    event.link_down.reason = reason;
    qn_runtime_deliver(context, &event, NULL);
}

static void on_dial_failed(void *context, qn_dial_id dial, enum qn_close_reason reason)
{
    struct qn_event event = {.kind = QN_EVENT_DIAL_FAILED};

    event.dial_failed.dial = dial;
    event.dial_failed.reason = reason;
    qn_runtime_deliver(context, &event, NULL);
}

/* Always the beginning of a turn, so the borrowed bytes live long enough. */
static void on_message(void *context, qn_link_id link, const struct qn_message_bytes *message,
                       uint32_t wire_len)
{
    const struct qn_runtime *runtime = context;
    struct qn_event event;

    QN_ASSERT(!runtime->is_stepping);
    event.kind = QN_EVENT_FRAME;
    event.frame.link = link;
    event.frame.message = *message;
    event.frame.wire_len = wire_len;
    qn_runtime_deliver(context, &event, NULL);
}

static void on_refused(void *context, qn_link_id link, uint32_t request_id)
{
    static const uint8_t empty_map[] = {0xa0};
    struct qn_event event = {.kind = QN_EVENT_FRAME};

    event.frame.link = link;
    event.frame.message = (struct qn_message_bytes){
        .kind = QN_BUSY,
        .class = QN_CLASS_P2,
        .request_id = request_id,
        .bytes = {empty_map, sizeof empty_map},
    };
    qn_runtime_deliver(context, &event, NULL);
}

struct qn_transport_sink qn_runtime_sink(struct qn_runtime *runtime)
{
    return (struct qn_transport_sink){
        .context = runtime,
        .on_up = on_up,
        .on_inbound = on_inbound,
        .on_down = on_down,
        .on_dial_failed = on_dial_failed,
        .on_message = on_message,
        .on_refused = on_refused,
    };
}

static void deliver_signed(struct qn_runtime *runtime, const struct qn_work *work)
{
    struct qn_event event = {.kind = QN_EVENT_SIGNED};

    event.signed_.cookie = work->sign.cookie;
    event.signed_.signature = work->sign.signature;
    event.signed_.ok = work->sign.ok;
    qn_runtime_deliver(runtime, &event, NULL);
}

static void deliver_verified(struct qn_runtime *runtime, struct qn_work *work)
{
    struct qn_event event;

    event.kind = QN_EVENT_VERIFIED;
    event.verified.job = work->verify;
    work->verify = NULL;
    qn_runtime_deliver(runtime, &event, NULL);
}

void qn_runtime_persisted(struct qn_runtime *runtime, const struct qn_work *work)
{
    struct qn_event event = {.kind = QN_EVENT_PERSISTED};

    event.persisted.cookie = work->persist.cookie;
    event.persisted.ok = work->persist.err == QN_OK;
    event.persisted.err = work->persist.err;
    qn_runtime_deliver(runtime, &event, NULL);
}

void qn_runtime_take_work(struct qn_runtime *runtime)
{
    struct qn_work *work = qn_workers_take(runtime->workers);

    while (work != NULL) { /* what the workers had finished */
        struct qn_work *next = work->next;
        switch (work->kind) {
        case QN_WORK_PERSIST:
            qn_runtime_persisted(runtime, work);
            break;
        case QN_WORK_SIGN:
            deliver_signed(runtime, work);
            break;
        case QN_WORK_VERIFY:
            deliver_verified(runtime, work);
            break;
        case QN_WORK_KIND_COUNT:
            break;
        }
        qn_work_free(work);
        work = next;
    }
}
