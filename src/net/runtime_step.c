/* Events into the core, its actions out into the world: in order, never one within another. */
#include "net/runtime_internal.h"

#include "base/pool.h"
#include "net/clock.h"

static void enqueue(struct qn_runtime *runtime, const struct qn_event *event, struct qn_buf *bytes)
{
    struct qn_queued_event *queued = qn_pool_take(sizeof *queued);

    queued->next = NULL;
    queued->bytes = bytes;
    queued->event = *event;
    if (runtime->events_last == NULL) {
        runtime->events_first = queued;
    } else {
        runtime->events_last->next = queued;
    }
    runtime->events_last = queued;
}

static struct qn_queued_event *dequeue(struct qn_runtime *runtime)
{
    struct qn_queued_event *queued = runtime->events_first;

    if (queued != NULL) {
        runtime->events_first = queued->next;
        if (runtime->events_first == NULL) {
            runtime->events_last = NULL;
        }
    }
    return queued;
}

static void perform_dial(struct qn_runtime *runtime, const struct qn_action *action)
{
    qn_transport_dial(&runtime->transport, action->dial.dial, &action->dial.endpoint,
                      action->dial.has_expected_id ? &action->dial.expected_id : NULL,
                      action->dial.pads);
}

static void perform_sign(struct qn_runtime *runtime, const struct qn_action *action)
{
    const struct qn_key *key = action->sign.signer == QN_SIGNER_NODE
                                   ? runtime->config.key
                                   : runtime->config.activation_key;
    if (key == NULL) {
        struct qn_event event = {.kind = QN_EVENT_SIGNED};
        event.signed_.cookie = action->sign.cookie;
        qn_runtime_deliver(runtime, &event, NULL);
        return;
    }
    struct qn_work *work = qn_work_new(QN_WORK_SIGN);
    work->sign.cookie = action->sign.cookie;
    work->sign.key = key;
    work->sign.sign_kind = action->sign.kind;
    work->sign.digest = action->sign.digest;
    qn_workers_put(runtime->workers, work);
}

static void perform_verify(struct qn_runtime *runtime, const struct qn_action *action)
{
    struct qn_work *work = qn_work_new(QN_WORK_VERIFY);

    work->verify = action->verify.job;
    qn_workers_put(runtime->workers, work);
}

/* Memory answers in the same turn; what has to reach a disk must not hold the loop up. */
static void perform_persist(struct qn_runtime *runtime, const struct qn_action *action)
{
    struct qn_work *work = qn_work_new(QN_WORK_PERSIST);

    work->persist.cookie = action->persist.cookie;
    work->persist.batch = action->persist.batch;
    work->persist.storage = runtime->config.storage;
    if (runtime->config.storage->durable) {
        qn_workers_put(runtime->workers, work);
        return;
    }
    work->persist.err =
        runtime->config.storage->apply(runtime->config.storage->context, action->persist.batch);
    qn_runtime_persisted(runtime, work);
    qn_work_free(work);
}

/* The core does nothing any more; what was sent before still goes out. */
static void perform_halt(struct qn_runtime *runtime, const struct qn_action *action)
{
    runtime->outcome = action->halt.err;
    qn_runtime_stop(runtime);
}

static void perform(struct qn_runtime *runtime, const struct qn_action *action)
{
    switch (action->kind) {
    case QN_ACTION_DIAL:
        perform_dial(runtime, action);
        break;
    case QN_ACTION_CLOSE:
        qn_transport_close(&runtime->transport, action->close.link, action->close.reason,
                           action->close.flush);
        break;
    case QN_ACTION_SEND:
        qn_transport_send(&runtime->transport, action->send.link, action->send.kind,
                          action->send.request_id, action->send.bytes);
        break;
    case QN_ACTION_SIGN:
        perform_sign(runtime, action);
        break;
    case QN_ACTION_VERIFY:
        perform_verify(runtime, action);
        break;
    case QN_ACTION_PERSIST:
        perform_persist(runtime, action);
        break;
    case QN_ACTION_REPLY:
        qn_runtime_reply(runtime, action->reply.token, &action->reply.result);
        break;
    case QN_ACTION_LOOKUP:
        qn_dns_seeds_ask(runtime->dns_seeds, action->lookup.seed, &action->lookup.name);
        break;
    case QN_ACTION_REMEMBER:
        qn_transport_remember(&runtime->transport, action->remember.link);
        break;
    case QN_ACTION_HALT:
        perform_halt(runtime, action);
        break;
    case QN_ACTION_ASK_NEIGHBOURS:
        if (runtime->lan != NULL) {
            qn_lan_ask(runtime->lan);
        }
        break;
    }
}

static void step(struct qn_runtime *runtime, struct qn_event *event)
{
    event->now = qn_clock_now();
    event->unix_ms = qn_clock_unix_ms();
    runtime->core.step(runtime->core.context, event, &runtime->actions);
    for (size_t i = 0; i < runtime->actions.count; i++) {
        perform(runtime, &runtime->actions.items[i]);
    }
    runtime->actions.count = 0;
}

void qn_runtime_deliver(struct qn_runtime *runtime, struct qn_event *event, struct qn_buf *bytes)
{
    if (runtime->is_stepping) {
        enqueue(runtime, event, bytes);
        return;
    }
    runtime->is_stepping = true;
    step(runtime, event);
    qn_buf_drop(bytes);
    struct qn_queued_event *queued = dequeue(runtime);
    while (queued != NULL) { /* as long as the core's own actions have consequences */
        step(runtime, &queued->event);
        qn_buf_drop(queued->bytes);
        qn_pool_give(queued, sizeof *queued);
        queued = dequeue(runtime);
    }
    runtime->is_stepping = false;
}

void qn_runtime_drop_events(struct qn_runtime *runtime)
{
    struct qn_queued_event *queued = dequeue(runtime);

    while (queued != NULL) {
        qn_buf_drop(queued->bytes);
        qn_pool_give(queued, sizeof *queued);
        queued = dequeue(runtime);
    }
}
