#include "net/runtime.h"

#include "net/clock.h"
#include "net/runtime_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

qn_time_us qn_runtime_now(void)
{
    return qn_clock_now();
}

qn_unix_ms qn_runtime_unix_ms(void)
{
    return qn_clock_unix_ms();
}

static void wake_loop(void *context)
{
    struct qn_runtime *runtime = context;

    (void)uv_async_send(&runtime->wake);
}

static void on_wake(uv_async_t *handle);

static void on_dns_done(void *context, unsigned seed, const struct qn_dns_answer *answer)
{
    struct qn_runtime *runtime = context;
    struct qn_event event = {.kind = QN_EVENT_FOUND};

    event.found.seed = seed;
    event.found.count = answer->count;
    memcpy(event.found.endpoints, answer->endpoints, answer->count * sizeof answer->endpoints[0]);
    qn_runtime_deliver(runtime, &event, NULL);
    qn_transport_flush(&runtime->transport);
}

static void init_loop(struct qn_runtime *runtime)
{
    QN_ASSERT(uv_loop_init(&runtime->loop) == 0);
    QN_ASSERT(uv_async_init(&runtime->loop, &runtime->wake, on_wake) == 0);
    QN_ASSERT(uv_timer_init(&runtime->loop, &runtime->tick_timer) == 0);
    QN_ASSERT(uv_timer_init(&runtime->loop, &runtime->stop_timer) == 0);
    QN_ASSERT(uv_prepare_init(&runtime->loop, &runtime->prepare) == 0);
    runtime->wake.data = runtime;
    runtime->tick_timer.data = runtime;
    runtime->stop_timer.data = runtime;
    runtime->prepare.data = runtime;
    QN_ASSERT(pthread_mutex_init(&runtime->post_mutex, NULL) == 0);
    runtime->dns_seeds = qn_dns_seeds_new(&runtime->loop, on_dns_done, runtime);
    qn_actions_init(&runtime->actions);
}

static void on_neighbour(void *context, const struct qn_node_id *id,
                         const struct qn_endpoint *endpoint)
{
    struct qn_runtime *runtime = context;
    struct qn_event event = {.kind = QN_EVENT_NEIGHBOUR};

    event.neighbour.id = *id;
    event.neighbour.endpoint = *endpoint;
    qn_runtime_deliver(runtime, &event, NULL);
    qn_transport_flush(&runtime->transport);
}

static enum qn_err open_lan(struct qn_runtime *runtime, char *why)
{
    const struct qn_runtime_config *config = &runtime->config;
    struct qn_lan_settings settings = {.network = config->network,
                                       .id = qn_public_key_id(qn_key_public(config->key)),
                                       .choice = config->lan,
                                       .log = config->log,
                                       .heard = on_neighbour,
                                       .context = runtime};

    settings.choice.listens = config->listens;
    settings.choice.listen = runtime->transport.listen;
    qn_random_bytes((uint8_t *)&settings.seed, sizeof settings.seed);
    return qn_lan_open(&runtime->lan, &runtime->loop, &settings, why);
}

static void on_mapped(void *context, const struct qn_endpoint *external)
{
    struct qn_runtime *runtime = context;
    struct qn_event event = {.kind = QN_EVENT_MAPPED};

    event.mapped.external = *external;
    qn_runtime_deliver(runtime, &event, NULL);
    qn_transport_flush(&runtime->transport);
}

static void start_mapper(struct qn_runtime *runtime)
{
    const struct qn_runtime_config *config = &runtime->config;
    struct qn_port_mapper_settings settings = {.port = runtime->transport.listen.port,
                                               .has_gateway = config->has_gateway,
                                               .gateway = config->gateway,
                                               .log = config->log,
                                               .mapped = on_mapped,
                                               .context = runtime};

    if (config->maps_port && config->listens) {
        runtime->mapper = qn_port_mapper_new(&runtime->loop, &settings);
    }
}

static enum qn_err open_parts(struct qn_runtime *runtime, const struct qn_transport_limits *limits,
                              char *why)
{
    struct qn_transport_sink sink = qn_runtime_sink(runtime);

    qn_transport_init(&runtime->transport, &runtime->loop, runtime->tls, runtime->config.log,
                      limits, &sink);
    runtime->loads = calloc(runtime->transport.slot_max, sizeof runtime->loads[0]);
    QN_ASSERT(runtime->loads != NULL);
    runtime->workers = qn_workers_new(0, wake_loop, runtime);
    if (runtime->workers == NULL) {
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot start a worker thread");
        return QN_ERR_NO_MEMORY;
    }
    enum qn_err err = runtime->config.listens
                          ? qn_transport_listen(&runtime->transport, &runtime->config.listen, why)
                          : QN_OK;
    return err == QN_OK && runtime->config.has_lan ? open_lan(runtime, why) : err;
}

enum qn_err qn_runtime_open_with(struct qn_runtime **runtime,
                                 const struct qn_runtime_config *config,
                                 const struct qn_transport_limits *limits, char *why)
{
    struct qn_runtime *made = calloc(1, sizeof *made);

    QN_ASSERT(made != NULL);
    made->config = *config;
    made->tls = qn_tls_new(config->key);
    if (made->tls == NULL) {
        free(made);
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "OpenSSL cannot use this key for TLS");
        return QN_ERR_CRYPTO;
    }
    init_loop(made);
    enum qn_err err = open_parts(made, limits, why);
    if (err != QN_OK) {
        qn_runtime_close(made);
        return err;
    }
    *runtime = made;
    return QN_OK;
}

enum qn_err qn_runtime_open(struct qn_runtime **runtime, const struct qn_runtime_config *config,
                            char *why)
{
    struct qn_transport_limits limits;

    qn_transport_limits_init(&limits, config->links_max);
    return qn_runtime_open_with(runtime, config, &limits, why);
}

const struct qn_endpoint *qn_runtime_listen(const struct qn_runtime *runtime)
{
    return &runtime->transport.listen;
}

static void on_tick(uv_timer_t *timer)
{
    struct qn_runtime *runtime = timer->data;
    struct qn_event event;

    runtime->ticked_us = qn_clock_now();
    qn_runtime_fill_tick(runtime, &event, runtime->ticked_us);
    qn_runtime_deliver(runtime, &event, NULL);
    qn_transport_flush(&runtime->transport);
}

static void arm_tick(struct qn_runtime *runtime)
{
    qn_time_us now = qn_clock_now();
    qn_time_us deadline = runtime->core.deadline(runtime->core.context);

    if (deadline > runtime->ticked_us + QN_IDLE_TICK) {
        deadline = runtime->ticked_us + QN_IDLE_TICK;
    }
    qn_time_us wait = deadline > now ? deadline - now : 0;
    uv_update_time(&runtime->loop);
    QN_ASSERT(uv_timer_start(&runtime->tick_timer, on_tick, (wait + 999) / QN_MS(1), 0) == 0);
}

/* Runs each time before the loop sleeps. */
static void on_prepare(uv_prepare_t *handle)
{
    struct qn_runtime *runtime = handle->data;

    arm_tick(runtime);
    if (runtime->is_stopping && qn_transport_links(&runtime->transport) == 0) {
        uv_stop(&runtime->loop);
    }
}

static void on_stop_timeout(uv_timer_t *timer)
{
    struct qn_runtime *runtime = timer->data;

    uv_stop(&runtime->loop);
}

static void stop_lan(struct qn_runtime *runtime)
{
    qn_lan_stop(runtime->lan);
    runtime->lan = NULL;
}

static void stop_mapper(struct qn_runtime *runtime)
{
    qn_port_mapper_stop(runtime->mapper);
    runtime->mapper = NULL;
}

static void begin_stop(struct qn_runtime *runtime)
{
    struct qn_event event;

    qn_runtime_close_posts(runtime);
    stop_lan(runtime);
    stop_mapper(runtime);
    runtime->is_stopping = true;
    event.kind = QN_EVENT_SHUTDOWN;
    qn_runtime_deliver(runtime, &event, NULL);
    qn_transport_stop(&runtime->transport);
    QN_ASSERT(
        uv_timer_start(&runtime->stop_timer, on_stop_timeout, QN_STOP_TIMEOUT / QN_MS(1), 0) == 0);
}

static void on_wake(uv_async_t *handle)
{
    struct qn_runtime *runtime = handle->data;

    if (runtime->is_torn_down) {
        return; /* a wake-up from before */
    }
    qn_runtime_run_posts(runtime);
    qn_runtime_take_work(runtime);
    if (atomic_load(&runtime->stop_asked) && !runtime->is_stopping) {
        begin_stop(runtime);
    }
    qn_transport_flush(&runtime->transport);
}

void qn_runtime_stop(struct qn_runtime *runtime)
{
    if (!atomic_exchange(&runtime->stop_asked, true)) {
        (void)uv_async_send(&runtime->wake);
    }
}

/* Everything but what other threads may still touch: the wake-up handle and the posts' lock. */
static void tear_down(struct qn_runtime *runtime)
{
    if (runtime->is_torn_down) {
        return;
    }
    runtime->is_torn_down = true;
    runtime->is_stopping = true;
    runtime->is_stepping = true; /* the core hears nothing any more */
    qn_runtime_close_posts(runtime);
    qn_runtime_fail_submits(runtime);
    qn_transport_abort(&runtime->transport);
    qn_dns_seeds_stop(runtime->dns_seeds);
    stop_lan(runtime);
    stop_mapper(runtime);
    qn_workers_free(runtime->workers);
    runtime->workers = NULL;
    uv_close((uv_handle_t *)&runtime->tick_timer, NULL);
    uv_close((uv_handle_t *)&runtime->stop_timer, NULL);
    uv_close((uv_handle_t *)&runtime->prepare, NULL);
    uv_unref((uv_handle_t *)&runtime->wake);
    (void)uv_run(&runtime->loop, UV_RUN_DEFAULT);
    qn_runtime_drop_events(runtime);
}

enum qn_err qn_runtime_run_core(struct qn_runtime *runtime, const struct qn_core *core)
{
    runtime->core = *core;
    runtime->ticked_us = qn_clock_now();
    runtime->loaded_us = runtime->ticked_us;
    runtime->loaded_cpu_us = qn_clock_thread_cpu_us();
    QN_ASSERT(uv_prepare_start(&runtime->prepare, on_prepare) == 0);
    qn_transport_start(&runtime->transport);
    start_mapper(runtime);
    if (runtime->lan != NULL) {
        qn_lan_start(runtime->lan);
    }
    /* A stop or posts from before are still to be looked at. */
    (void)uv_async_send(&runtime->wake);
    (void)uv_run(&runtime->loop, UV_RUN_DEFAULT);
    tear_down(runtime);
    return runtime->outcome;
}

void qn_runtime_collect(const struct qn_runtime *runtime, const struct qn_metric_sink *sink)
{
    qn_transport_collect(&runtime->transport, sink);
    if (runtime->lan != NULL) {
        qn_lan_collect(runtime->lan, sink);
    }
    if (runtime->mapper != NULL) {
        qn_port_mapper_collect(runtime->mapper, sink);
    }
    for (unsigned i = 0; i < QN_WORK_KIND_COUNT && runtime->workers != NULL; i++) {
        enum qn_work_kind kind = (enum qn_work_kind)i;
        struct qn_metric waiting = {
            .name = "qnet_work_waiting",
            .help = "Work of the worker pool that is not done yet, by kind.",
            .type = QN_METRIC_GAUGE,
            .label = "kind",
            .label_value = qn_work_kind_name(kind),
            .value = (double)qn_workers_depth(runtime->workers, kind),
        };
        sink->metric(sink->context, &waiting);
    }
    for (unsigned i = 0; i < QN_WORK_KIND_COUNT && runtime->workers != NULL; i++) {
        enum qn_work_kind kind = (enum qn_work_kind)i;
        struct qn_metric done = {
            .name = "qnet_work_done_total",
            .help = "Work that the worker pool did, by kind.",
            .type = QN_METRIC_COUNTER,
            .label = "kind",
            .label_value = qn_work_kind_name(kind),
            .value = (double)qn_workers_done(runtime->workers, kind),
        };
        sink->metric(sink->context, &done);
    }
}

void qn_runtime_close(struct qn_runtime *runtime)
{
    if (runtime == NULL) {
        return;
    }
    tear_down(runtime);
    uv_close((uv_handle_t *)&runtime->wake, NULL);
    (void)uv_run(&runtime->loop, UV_RUN_DEFAULT);
    QN_ASSERT(uv_loop_close(&runtime->loop) == 0);
    qn_transport_fini(&runtime->transport);
    qn_actions_fini(&runtime->actions);
    free(runtime->loads);
    qn_tls_free(runtime->tls);
    (void)pthread_mutex_destroy(&runtime->post_mutex);
    free(runtime);
}
