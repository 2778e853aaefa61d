#include "net/testing/lab_node.h"

#include "net/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PENDING_MAX = 8192 };

struct qn_lab_node {
    struct qn_runtime *runtime;
    struct qn_key *own_key;
    const struct qn_key *key;
    bool is_deaf_to_pings;
    bool keeps_ticks;
    pthread_t thread;
    enum qn_err outcome;
    pthread_mutex_t mutex; /* guards the fields below */
    pthread_cond_t changed;
    struct qn_lab_event *events;
    size_t event_count;
    struct qn_action *pending; /* what the test wants done */
    size_t pending_count;
    uint64_t pings;
    qn_dial_id dials;
};

static void keep_bytes(struct qn_lab_event *kept, struct qn_span bytes)
{
    kept->len = bytes.len;
    memcpy(kept->bytes, bytes.at, bytes.len < QN_LAB_BYTES_KEPT ? bytes.len : QN_LAB_BYTES_KEPT);
}

static void keep_frame(struct qn_lab_event *kept, const struct qn_event *event)
{
    kept->subject = event->frame.link;
    kept->message = event->frame.message.kind;
    kept->request_id = event->frame.message.request_id;
    keep_bytes(kept, event->frame.message.bytes);
}

static void keep_link_up(struct qn_lab_event *kept, const struct qn_event *event)
{
    kept->subject = event->link_up.link;
    kept->dial = event->link_up.dial;
    kept->peer = qn_public_key_id(&event->link_up.key);
    kept->remote = event->link_up.remote;
    kept->handshake_us = event->link_up.handshake_us;
    kept->handshake_cpu_us = event->link_up.handshake_cpu_us;
}

static void keep(struct qn_lab_event *kept, const struct qn_event *event)
{
    *kept = (struct qn_lab_event){.kind = event->kind};
    switch (event->kind) {
    case QN_EVENT_LINK_UP:
        keep_link_up(kept, event);
        break;
    case QN_EVENT_LINK_DOWN:
        kept->subject = event->link_down.link;
        kept->reason = event->link_down.reason;
        break;
    case QN_EVENT_DIAL_FAILED:
        kept->subject = event->dial_failed.dial;
        kept->reason = event->dial_failed.reason;
        break;
    case QN_EVENT_FRAME:
        keep_frame(kept, event);
        break;
    case QN_EVENT_SIGNED:
        kept->subject = event->signed_.cookie;
        kept->ok = event->signed_.ok;
        kept->len = event->signed_.signature.len;
        break;
    case QN_EVENT_VERIFIED:
        kept->subject = event->verified.job->cookie;
        kept->ok = event->verified.job->ok;
        kept->handshake_us = event->verified.job->elapsed_us;
        break;
    case QN_EVENT_PERSISTED:
        kept->subject = event->persisted.cookie;
        kept->ok = event->persisted.ok;
        break;
    case QN_EVENT_REQUEST:
        kept->subject = event->request.token;
        keep_bytes(kept, event->request.bytes);
        break;
    case QN_EVENT_INBOUND:
        kept->subject = event->inbound.link;
        kept->remote = event->inbound.remote;
        break;
    case QN_EVENT_FOUND:
    case QN_EVENT_MAPPED:
        kept->subject = event->found.count;
        break;
    case QN_EVENT_NEIGHBOUR:
        kept->peer = event->neighbour.id;
        kept->remote = event->neighbour.endpoint;
        break;
    case QN_EVENT_TICK:
    case QN_EVENT_LOAD:
    case QN_EVENT_SHUTDOWN:
        break;
    }
}

static void answer_ping(struct qn_actions *actions, const struct qn_event *event)
{
    struct qn_action *action = qn_actions_add(actions, QN_ACTION_SEND);

    action->send.link = event->frame.link;
    action->send.kind = QN_PONG;
    action->send.bytes = qn_buf_copy(event->frame.message.bytes);
}

static void step(void *context, const struct qn_event *event, struct qn_actions *actions)
{
    struct qn_lab_node *node = context;

    (void)pthread_mutex_lock(&node->mutex);
    bool is_tick = event->kind == QN_EVENT_TICK || event->kind == QN_EVENT_LOAD;
    if ((!is_tick || node->keeps_ticks) && node->event_count < QN_LAB_EVENTS_MAX) {
        keep(&node->events[node->event_count], event);
        node->event_count += 1;
    }
    if (event->kind == QN_EVENT_FRAME && event->frame.message.kind == QN_PING &&
        !node->is_deaf_to_pings) {
        answer_ping(actions, event);
    }
    if (event->kind == QN_EVENT_VERIFIED) {
        free(event->verified.job);
    }
    if (event->kind == QN_EVENT_LINK_UP && event->link_up.dial == 0) {
        qn_actions_add(actions, QN_ACTION_REMEMBER)->remember.link = event->link_up.link;
    }
    for (size_t i = 0; i < node->pending_count; i++) {
        *qn_actions_add(actions, node->pending[i].kind) = node->pending[i];
    }
    node->pending_count = 0;
    (void)pthread_cond_broadcast(&node->changed);
    (void)pthread_mutex_unlock(&node->mutex);
}

static qn_time_us deadline(void *context)
{
    (void)context;
    return UINT64_MAX;
}

static void *run(void *argument)
{
    struct qn_lab_node *node = argument;
    struct qn_core core = {.context = node, .step = step, .deadline = deadline};

    node->outcome = qn_runtime_run_core(node->runtime, &core);
    qn_crypto_thread_fini();
    return NULL;
}

static void open_runtime(struct qn_lab_node *node, const struct qn_lab_options *options)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_transport_limits limits;
    struct qn_runtime_config config = {
        .key = node->key,
        .activation_key = NULL,
        .listen = {.host = "127.0.0.1", .port = 0},
        .listens = true,
        .links_max = QN_LINKS_MAX,
        .log = options->log,
        .storage = options->storage,
    };

    if (options->limits != NULL) {
        limits = *options->limits;
    } else {
        qn_transport_limits_init(&limits, config.links_max);
    }
    if (qn_runtime_open_with(&node->runtime, &config, &limits, why) != QN_OK) {
        (void)fprintf(stderr, "lab node: %s\n", why);
        abort();
    }
}

struct qn_lab_node *qn_lab_node_start(const struct qn_lab_options *options)
{
    struct qn_lab_node *node = calloc(1, sizeof *node);
    uint8_t seed[QN_SEED_LEN];

    node->events = calloc(QN_LAB_EVENTS_MAX, sizeof node->events[0]);
    node->pending = calloc(PENDING_MAX, sizeof node->pending[0]);
    node->is_deaf_to_pings = options->is_deaf_to_pings;
    node->keeps_ticks = options->keeps_ticks;
    node->key = options->key;
    if (node->key == NULL) {
        node->own_key = qn_key_generate(QN_SUITE_MLDSA65, seed);
        node->key = node->own_key;
    }
    QN_ASSERT(pthread_mutex_init(&node->mutex, NULL) == 0);
    QN_ASSERT(pthread_cond_init(&node->changed, NULL) == 0);
    open_runtime(node, options);
    QN_ASSERT(pthread_create(&node->thread, NULL, run, node) == 0);
    return node;
}

enum qn_err qn_lab_node_stop(struct qn_lab_node *node)
{
    qn_runtime_stop(node->runtime);
    (void)pthread_join(node->thread, NULL);
    enum qn_err outcome = node->outcome;
    qn_runtime_close(node->runtime);
    for (size_t i = 0; i < node->pending_count; i++) {
        qn_action_drop(&node->pending[i]);
    }
    qn_key_free(node->own_key);
    free(node->events);
    free(node->pending);
    (void)pthread_cond_destroy(&node->changed);
    (void)pthread_mutex_destroy(&node->mutex);
    free(node);
    return outcome;
}

struct qn_runtime *qn_lab_runtime(struct qn_lab_node *node)
{
    return node->runtime;
}

const struct qn_key *qn_lab_key(const struct qn_lab_node *node)
{
    return node->key;
}

uint16_t qn_lab_port(const struct qn_lab_node *node)
{
    return qn_runtime_listen(node->runtime)->port;
}

static void tick(void *context)
{
    struct qn_lab_node *node = context;
    struct qn_event event = {.kind = QN_EVENT_TICK};

    qn_runtime_deliver(node->runtime, &event, NULL);
}

void qn_lab_do(struct qn_lab_node *node, const struct qn_action *action)
{
    (void)pthread_mutex_lock(&node->mutex);
    QN_ASSERT(node->pending_count < PENDING_MAX);
    node->pending[node->pending_count] = *action;
    node->pending_count += 1;
    (void)pthread_mutex_unlock(&node->mutex);
    (void)qn_runtime_post(node->runtime, tick, node);
}

void qn_lab_dial(struct qn_lab_node *node, qn_dial_id dial, uint16_t port,
                 const struct qn_node_id *expected_id)
{
    struct qn_action action = {.kind = QN_ACTION_DIAL};

    action.dial.dial = dial;
    action.dial.endpoint = (struct qn_endpoint){.host = "127.0.0.1", .port = port};
    if (expected_id != NULL) {
        action.dial.has_expected_id = true;
        action.dial.expected_id = *expected_id;
    }
    qn_lab_do(node, &action);
}

void qn_lab_send(struct qn_lab_node *node, qn_link_id link, enum qn_message_kind kind,
                 uint32_t request_id, size_t len, uint8_t fill)
{
    struct qn_action action = {.kind = QN_ACTION_SEND};

    action.send.link = link;
    action.send.kind = kind;
    action.send.request_id = request_id;
    action.send.bytes = qn_buf_new(len);
    memset(action.send.bytes->bytes, fill, len);
    qn_lab_do(node, &action);
}

void qn_lab_close(struct qn_lab_node *node, qn_link_id link, enum qn_close_reason reason,
                  bool flush)
{
    struct qn_action action = {.kind = QN_ACTION_CLOSE};

    action.close.link = link;
    action.close.reason = reason;
    action.close.flush = flush;
    qn_lab_do(node, &action);
}

/* With the mutex held. */
static bool is_up(const struct qn_lab_node *node, qn_link_id link)
{
    for (size_t i = 0; i < node->event_count; i++) {
        if (node->events[i].kind == QN_EVENT_LINK_DOWN && node->events[i].subject == link) {
            return false;
        }
    }
    return true;
}

void qn_lab_close_all_but(struct qn_lab_node *node, enum qn_close_reason reason, size_t left)
{
    qn_link_id links[QN_LINKS_MAX];
    size_t count = 0;

    (void)pthread_mutex_lock(&node->mutex);
    for (size_t i = 0; i < node->event_count && count < QN_LINKS_MAX; i++) {
        if (node->events[i].kind == QN_EVENT_LINK_UP && is_up(node, node->events[i].subject)) {
            links[count] = node->events[i].subject;
            count += 1;
        }
    }
    (void)pthread_mutex_unlock(&node->mutex);
    while (count > left) {
        count -= 1;
        qn_lab_close(node, links[count], reason, count % 2 == 0);
    }
}

static struct timespec wait_until(void)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += QN_LAB_WAIT_SECONDS;
    return until;
}

/* With the mutex held: looks at events from *next on. */
static bool look(const struct qn_lab_node *node, struct qn_lab_event *found, size_t *next,
                 enum qn_event_kind kind,
                 bool (*passes)(const struct qn_lab_event *event, uint64_t number), uint64_t number)
{
    for (; *next < node->event_count; *next += 1) {
        const struct qn_lab_event *event = &node->events[*next];
        if (event->kind == kind && (passes == NULL || passes(event, number))) {
            if (found != NULL) {
                *found = *event;
            }
            return true;
        }
    }
    return false;
}

bool qn_lab_wait(struct qn_lab_node *node, struct qn_lab_event *found, enum qn_event_kind kind,
                 bool (*passes)(const struct qn_lab_event *event, uint64_t number), uint64_t number)
{
    struct timespec until = wait_until();
    size_t next = 0;
    bool is_found = false;
    int waited = 0;

    (void)pthread_mutex_lock(&node->mutex);
    while (!is_found && waited == 0) {
        is_found = look(node, found, &next, kind, passes, number);
        if (!is_found) {
            waited = pthread_cond_timedwait(&node->changed, &node->mutex, &until);
        }
    }
    (void)pthread_mutex_unlock(&node->mutex);
    return is_found;
}

static bool is_about(const struct qn_lab_event *event, uint64_t subject)
{
    return event->subject == subject;
}

bool qn_lab_wait_for(struct qn_lab_node *node, struct qn_lab_event *found, enum qn_event_kind kind,
                     uint64_t subject)
{
    return qn_lab_wait(node, found, kind, is_about, subject);
}

/* With the mutex held. */
static size_t count(const struct qn_lab_node *node, enum qn_event_kind kind)
{
    size_t counted = 0;

    for (size_t i = 0; i < node->event_count; i++) {
        counted += node->events[i].kind == kind;
    }
    return counted;
}

size_t qn_lab_count(struct qn_lab_node *node, enum qn_event_kind kind)
{
    (void)pthread_mutex_lock(&node->mutex);
    size_t counted = count(node, kind);
    (void)pthread_mutex_unlock(&node->mutex);
    return counted;
}

bool qn_lab_wait_count(struct qn_lab_node *node, enum qn_event_kind kind, size_t wanted)
{
    struct timespec until = wait_until();
    int waited = 0;

    (void)pthread_mutex_lock(&node->mutex);
    while (count(node, kind) < wanted && waited == 0) {
        waited = pthread_cond_timedwait(&node->changed, &node->mutex, &until);
    }
    bool is_reached = count(node, kind) >= wanted;
    (void)pthread_mutex_unlock(&node->mutex);
    return is_reached;
}

struct metric_search {
    struct qn_lab_node *node;
    const char *name;
    const char *label_value;
    double value;
    bool is_done;
};

static void take_metric(void *context, const struct qn_metric *metric)
{
    struct metric_search *search = context;
    bool is_same_label =
        search->label_value == NULL
            ? metric->label == NULL
            : metric->label != NULL && strcmp(metric->label_value, search->label_value) == 0;

    if (is_same_label && strcmp(metric->name, search->name) == 0) {
        search->value = metric->value;
    }
}

static void collect(void *context)
{
    struct metric_search *search = context;
    struct qn_metric_sink sink = {.metric = take_metric, .context = search};

    qn_runtime_collect(search->node->runtime, &sink);
    (void)pthread_mutex_lock(&search->node->mutex);
    search->is_done = true;
    (void)pthread_cond_broadcast(&search->node->changed);
    (void)pthread_mutex_unlock(&search->node->mutex);
}

double qn_lab_metric(struct qn_lab_node *node, const char *name, const char *label_value)
{
    struct metric_search search = {
        .node = node, .name = name, .label_value = label_value, .value = -1};

    QN_ASSERT(qn_runtime_post(node->runtime, collect, &search));
    (void)pthread_mutex_lock(&node->mutex);
    while (!search.is_done) {
        (void)pthread_cond_wait(&node->changed, &node->mutex);
    }
    (void)pthread_mutex_unlock(&node->mutex);
    return search.value;
}

static bool wait_metric(struct qn_lab_node *node, const char *name, const char *label_value,
                        double least, double most)
{
    qn_time_us until = qn_clock_now() + QN_SECONDS(QN_LAB_WAIT_SECONDS);

    while (qn_clock_now() < until) {
        double value = qn_lab_metric(node, name, label_value);
        if (value >= least && value <= most) {
            return true;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return false;
}

bool qn_lab_wait_metric(struct qn_lab_node *node, const char *name, const char *label_value,
                        double value)
{
    return wait_metric(node, name, label_value, value, 1e300);
}

bool qn_lab_wait_metric_is(struct qn_lab_node *node, const char *name, const char *label_value,
                           double value)
{
    return wait_metric(node, name, label_value, value, value);
}

static bool is_dialled_as(const struct qn_lab_event *event, uint64_t dial)
{
    return event->dial == dial;
}

bool qn_lab_link(struct qn_lab_node *a, struct qn_lab_node *b, qn_link_id *at_a, qn_link_id *at_b)
{
    struct qn_lab_event up_a;
    struct qn_lab_event up_b;
    size_t ups = qn_lab_count(b, QN_EVENT_LINK_UP);

    a->dials += 1;
    qn_lab_dial(a, 1000000 + a->dials, qn_lab_port(b), NULL);
    if (!qn_lab_wait(a, &up_a, QN_EVENT_LINK_UP, is_dialled_as, 1000000 + a->dials) ||
        !qn_lab_wait_count(b, QN_EVENT_LINK_UP, ups + 1)) {
        return false;
    }
    *at_a = up_a.subject;
    (void)pthread_mutex_lock(&b->mutex);
    for (size_t i = 0; i < b->event_count; i++) {
        if (b->events[i].kind == QN_EVENT_LINK_UP) {
            up_b = b->events[i];
            *at_b = up_b.subject;
        }
    }
    (void)pthread_mutex_unlock(&b->mutex);
    return true;
}

static bool is_pong(const struct qn_lab_event *event, uint64_t number)
{
    return event->message == QN_PONG && event->len == sizeof number &&
           memcmp(event->bytes, &number, sizeof number) == 0;
}

bool qn_lab_exchange(struct qn_lab_node *a, qn_link_id link)
{
    struct qn_action action = {.kind = QN_ACTION_SEND};
    a->pings += 1;
    uint64_t number = a->pings * 1000003 + link;

    action.send.link = link;
    action.send.kind = QN_PING;
    action.send.bytes = qn_buf_new(sizeof number);
    memcpy(action.send.bytes->bytes, &number, sizeof number);
    qn_lab_do(a, &action);
    return qn_lab_wait(a, NULL, QN_EVENT_FRAME, is_pong, number);
}
