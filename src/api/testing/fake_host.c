#include "api/testing/fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { QUEUE_MAX = 4096, HELD_MAX = 1024, WAIT_SECONDS = 10 };

struct work {
    void (*fn)(void *argument);
    void *argument;
};

struct held {
    struct qn_hash tx_id;
    void (*done)(void *context, const struct qn_submit_result *result);
    void *context;
};

struct qn_fake_host {
    struct qn_node *node;
    pthread_t thread;
    bool is_joined;
    /* All below under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_stopping;
    bool is_paused;
    size_t head;
    size_t count;
    struct work queue[QUEUE_MAX];
    struct qn_submit_result result;
    bool holds_submissions;
    size_t held_count;
    struct held held[HELD_MAX];
};

static void *run(void *argument)
{
    struct qn_fake_host *host = argument;

    pthread_mutex_lock(&host->mutex);
    for (;;) {
        if (host->count > 0 && (!host->is_paused || host->is_stopping)) {
            struct work work = host->queue[host->head];
            host->head = (host->head + 1) % QUEUE_MAX;
            host->count--;
            pthread_mutex_unlock(&host->mutex);
            work.fn(work.argument);
            pthread_mutex_lock(&host->mutex);
        } else if (host->is_stopping) {
            break;
        } else {
            pthread_cond_wait(&host->changed, &host->mutex);
        }
    }
    pthread_mutex_unlock(&host->mutex);
    qn_crypto_thread_fini();
    return NULL;
}

static bool post(void *context, void (*fn)(void *argument), void *argument)
{
    struct qn_fake_host *host = context;

    pthread_mutex_lock(&host->mutex);
    bool takes = !host->is_stopping && host->count < QUEUE_MAX;
    if (takes) {
        host->queue[(host->head + host->count++) % QUEUE_MAX] = (struct work){fn, argument};
        pthread_cond_broadcast(&host->changed);
    }
    pthread_mutex_unlock(&host->mutex);
    return takes;
}

static void request(void *context, enum qn_request_kind kind, struct qn_span bytes,
                    void (*done)(void *done_context, const struct qn_submit_result *result),
                    void *done_context)
{
    struct qn_fake_host *host = context;
    (void)kind;

    pthread_mutex_lock(&host->mutex);
    struct qn_submit_result result = host->result;
    result.tx_id = qn_sha3(bytes);
    bool is_held = host->holds_submissions;
    if (is_held) {
        QN_ASSERT(host->held_count < HELD_MAX);
        host->held[host->held_count++] = (struct held){result.tx_id, done, done_context};
        pthread_cond_broadcast(&host->changed);
    }
    pthread_mutex_unlock(&host->mutex);
    if (!is_held) {
        done(done_context, &result);
    }
}

static void release_held(void *argument)
{
    struct qn_fake_host *host = argument;

    pthread_mutex_lock(&host->mutex);
    host->holds_submissions = false;
    while (host->held_count > 0) {
        struct held held = host->held[--host->held_count];
        struct qn_submit_result result = host->result;
        result.tx_id = held.tx_id;
        pthread_mutex_unlock(&host->mutex);
        held.done(held.context, &result);
        pthread_mutex_lock(&host->mutex);
    }
    pthread_mutex_unlock(&host->mutex);
}

static const struct qn_node *get_node(void *context)
{
    const struct qn_fake_host *host = context;
    return host->node;
}

static void collect(void *context, const struct qn_metric_sink *sink)
{
    qn_node_collect(get_node(context), sink);
}

static const char *storage(void *context, uint64_t *bytes)
{
    *bytes = 123456;
    return get_node(context)->status.durable ? "/var/lib/qnet/9a41c07de25b38f6" : NULL;
}

static qn_time_us now(void)
{
    return 5000000;
}

static qn_unix_ms unix_ms(void)
{
    return QN_FAKE_UNIX_MS;
}

struct qn_api_host qn_fake_host_interface(struct qn_fake_host *host)
{
    return (struct qn_api_host){.context = host,
                                .post = post,
                                .request = request,
                                .node = get_node,
                                .collect = collect,
                                .storage = storage,
                                .now = now,
                                .unix_ms = unix_ms};
}

struct qn_node *qn_fake_host_node(struct qn_fake_host *host)
{
    return host->node;
}

struct qn_fake_host *qn_fake_host_new(struct qn_node *node)
{
    struct qn_fake_host *host = calloc(1, sizeof *host);
    QN_ASSERT(host != NULL);
    host->node = node;
    host->result = (struct qn_submit_result){.code = QN_OK, .height = 4, .index = 11};
    QN_ASSERT(pthread_mutex_init(&host->mutex, NULL) == 0);
    QN_ASSERT(pthread_cond_init(&host->changed, NULL) == 0);
    QN_ASSERT(pthread_create(&host->thread, NULL, run, host) == 0);
    return host;
}

void qn_fake_host_stop(struct qn_fake_host *host)
{
    if (host->is_joined) {
        return;
    }
    pthread_mutex_lock(&host->mutex);
    host->is_stopping = true;
    pthread_cond_broadcast(&host->changed);
    pthread_mutex_unlock(&host->mutex);
    QN_ASSERT(pthread_join(host->thread, NULL) == 0);
    host->is_joined = true;
    release_held(host); /* a runtime answers what it has taken, also when it stops */
}

void qn_fake_host_free(struct qn_fake_host *host)
{
    qn_fake_host_stop(host);
    pthread_cond_destroy(&host->changed);
    pthread_mutex_destroy(&host->mutex);
    qn_fake_node_free(host->node);
    free(host);
}

static void set_paused(struct qn_fake_host *host, bool is_paused)
{
    pthread_mutex_lock(&host->mutex);
    host->is_paused = is_paused;
    pthread_cond_broadcast(&host->changed);
    pthread_mutex_unlock(&host->mutex);
}

void qn_fake_host_pause(struct qn_fake_host *host)
{
    set_paused(host, true);
}

void qn_fake_host_resume(struct qn_fake_host *host)
{
    set_paused(host, false);
}

static bool wait_for(struct qn_fake_host *host, const size_t *value, size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_SECONDS;

    pthread_mutex_lock(&host->mutex);
    while (*value < count && pthread_cond_timedwait(&host->changed, &host->mutex, &until) == 0) {
    }
    bool is_there = *value >= count;
    pthread_mutex_unlock(&host->mutex);
    return is_there;
}

bool qn_fake_host_wait_queued(struct qn_fake_host *host, size_t count)
{
    return wait_for(host, &host->count, count);
}

void qn_fake_host_set_result(struct qn_fake_host *host, enum qn_err code, const char *text,
                             uint64_t height, uint64_t index)
{
    pthread_mutex_lock(&host->mutex);
    host->result = (struct qn_submit_result){.code = code, .height = height, .index = index};
    snprintf(host->result.text, sizeof host->result.text, "%s", text);
    pthread_mutex_unlock(&host->mutex);
}

void qn_fake_host_hold_submissions(struct qn_fake_host *host)
{
    pthread_mutex_lock(&host->mutex);
    host->holds_submissions = true;
    pthread_mutex_unlock(&host->mutex);
}

bool qn_fake_host_wait_held(struct qn_fake_host *host, size_t count)
{
    return wait_for(host, &host->held_count, count);
}

void qn_fake_host_release_submissions(struct qn_fake_host *host)
{
    QN_ASSERT(post(host, release_held, host));
}

struct qn_api *qn_fake_host_open_api(struct qn_fake_host *host, const char *address,
                                     const struct qn_api_limits *limits)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api *api = NULL;
    struct qn_api_config config = {.host = qn_fake_host_interface(host), .software = "qnet/0.1.0"};

    snprintf(config.listen.host, sizeof config.listen.host, "%s", address);
    if (qn_api_open_limited(&api, &config, limits, why) != QN_OK) {
        fail_msg("%s", why);
    }
    return api;
}
