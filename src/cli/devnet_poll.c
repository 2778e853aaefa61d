#include "cli/api_access.h"
#include "cli/devnet.h"
#include "net/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    POLL_MIN_MS = 250,      /* between two looks at a child's status */
    POLL_MS_PER_CHILD = 10, /* many children on few cores: look less often */
    DETAILS_EVERY = 6,      /* looks; samples and records cost more */
    RETRY_MS = 50,          /* while a round is wanted and the child does not answer */
    ASK_TIMEOUT_MS = 3000,
    POLL_STACK_LEN = 512 * 1024,
};

/* ---- what came back ---- */

static void read_status(struct qn_devnet_state *state, const json_t *status)
{
    const json_t *consensus = json_object_get(status, "consensus");
    const json_t *first = json_array_get(json_object_get(status, "missing"), 0);
    const json_t *timings = json_object_get(status, "timings");
    state->is_ready = qn_json_flag(status, "ready");
    state->is_registered = qn_json_flag(status, "registered");
    state->registry_index = qn_json_number(status, "registry_index");
    state->height = qn_json_number(status, "height");
    state->links = qn_json_number(json_object_get(status, "links"), "live");
    state->peers = qn_json_number(status, "peers_known");
    state->validators_live = qn_json_number(consensus, "live");
    state->consensus_started = qn_json_flag(consensus, "started");
    state->register_us =
        qn_json_number(json_object_get(timings, qn_node_timing_name(QN_TIMING_REGISTER)), "p50");
    (void)qn_json_hash(state->state_root.bytes, status, "state_root");
    (void)qn_json_printable(state->missing, sizeof state->missing, first, "text");
    /* The answer is newer than the moment it speaks of: a later "ready" never comes too early. */
    if (state->ready_us == 0 && state->is_ready && state->is_registered && state->links > 0) {
        state->ready_us = qn_runtime_now();
    }
}

static void read_samples(struct qn_devnet_details *details, const json_t *timings)
{
    for (unsigned i = 0; i < QN_TIMING_COUNT; i++) {
        const json_t *list = json_object_get(timings, qn_node_timing_name((enum qn_node_timing)i));
        size_t count = json_array_size(list);
        count = count < QN_SAMPLES_MAX ? count : QN_SAMPLES_MAX;
        details->sample_counts[i] = count;
        details->samples[i] = calloc(count + 1, sizeof *details->samples[i]);
        QN_ASSERT(details->samples[i] != NULL);
        for (size_t j = 0; j < count; j++) {
            json_int_t value = json_integer_value(json_array_get(list, j));
            details->samples[i][j] = value < 0            ? 0
                                     : value > UINT32_MAX ? UINT32_MAX
                                                          : (uint32_t)value;
        }
    }
}

static int compare_records(const void *left, const void *right)
{
    const struct qn_devnet_record *a = left;
    const struct qn_devnet_record *b = right;
    return qn_node_id_compare(&a->id, &b->id);
}

/* asked_us and answered_us: our clock around the request. */
static void read_records(struct qn_devnet_details *details, const json_t *answer,
                         qn_time_us asked_us, qn_time_us answered_us)
{
    const json_t *peers = json_object_get(answer, "peers");
    uint64_t theirs = qn_json_number(answer, "now_us");
    size_t count = json_array_size(peers);
    size_t i;
    const json_t *peer;
    const json_t *name;
    details->clock_is_common = theirs >= asked_us && theirs <= answered_us;
    count = count < QN_KNOWN_PEERS_MAX ? count : QN_KNOWN_PEERS_MAX;
    details->records = calloc(count + 1, sizeof *details->records);
    QN_ASSERT(details->records != NULL);
    json_array_foreach(peers, i, peer)
    {
        struct qn_devnet_record *record = &details->records[details->record_count];
        if (i < count && qn_json_hash(record->id.bytes, peer, "id")) {
            record->sequence = qn_json_number(peer, "sequence");
            record->learned_us = qn_json_number(peer, "learned_us");
            record->is_held = qn_json_flag(peer, "record_held");
            details->record_count += 1;
        }
    }
    json_array_foreach(json_object_get(answer, "full_regions"), i, name)
    {
        enum qn_region region;
        if (json_is_string(name) && qn_region_parse(&region, json_string_value(name))) {
            details->region_is_full[region] = true;
        }
    }
    qsort(details->records, details->record_count, sizeof *details->records, compare_records);
}

static void free_details(struct qn_devnet_details *details)
{
    for (unsigned i = 0; i < QN_TIMING_COUNT; i++) {
        free(details->samples[i]);
    }
    free(details->records);
    *details = (struct qn_devnet_details){0};
}

/* ---- one look ---- */

static bool ask_status(struct qn_devnet_child *child)
{
    struct qn_api_result result;
    struct qn_devnet *devnet = child->devnet;
    enum qn_err err = qn_api_ask(&result, &child->api, "/v1/status", ASK_TIMEOUT_MS);
    (void)pthread_mutex_lock(&devnet->mutex);
    child->state.is_answering = err == QN_OK;
    if (err == QN_OK) {
        child->state.has_answered = true;
        read_status(&child->state, result.json);
    }
    (void)pthread_mutex_unlock(&devnet->mutex);
    qn_api_result_fini(&result);
    return err == QN_OK;
}

/* Samples and records; both or neither. */
static bool ask_details(struct qn_devnet_child *child)
{
    struct qn_api_result timings;
    struct qn_api_result peers = {0};
    struct qn_devnet_details details = {0};
    enum qn_err err = qn_api_ask(&timings, &child->api, "/v1/timings", ASK_TIMEOUT_MS);
    if (err == QN_OK) {
        qn_time_us asked_us = qn_runtime_now();
        err = qn_api_ask(&peers, &child->api, "/v1/peers", ASK_TIMEOUT_MS);
        if (err == QN_OK) {
            read_samples(&details, timings.json);
            read_records(&details, peers.json, asked_us, qn_runtime_now());
        }
    }
    if (err == QN_OK) {
        (void)pthread_mutex_lock(&child->devnet->mutex);
        struct qn_devnet_details old = child->details;
        child->details = details;
        (void)pthread_mutex_unlock(&child->devnet->mutex);
        free_details(&old);
    }
    qn_api_result_fini(&peers);
    qn_api_result_fini(&timings);
    return err == QN_OK;
}

/* ---- the thread ---- */

static struct timespec deadline_after(unsigned ms)
{
    struct timespec at;
    QN_ASSERT(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    at.tv_sec += (time_t)(ms / 1000U);
    at.tv_nsec += (long)(ms % 1000U) * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec += 1;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

/* What one thread knows of the rounds. */
struct turn {
    uint64_t round; /* the last one seen */
    bool is_round;  /* it is still to be done */
};

static unsigned interval_ms(const struct qn_devnet *devnet, const struct turn *turn)
{
    unsigned interval = (unsigned)devnet->child_count * POLL_MS_PER_CHILD;
    if (turn->is_round) {
        return RETRY_MS;
    }
    return interval > POLL_MIN_MS ? interval : POLL_MIN_MS;
}

/* Sleeps until the next look is due or somebody wants a round. False: all is over. */
static bool wait_for_turn(struct qn_devnet_child *child, struct turn *turn)
{
    struct qn_devnet *devnet = child->devnet;
    struct timespec until = deadline_after(interval_ms(devnet, turn));
    int error = 0;
    (void)pthread_mutex_lock(&devnet->mutex);
    while (!devnet->is_stopping && devnet->round_wanted == turn->round && error == 0) {
        error = pthread_cond_timedwait(&devnet->wake, &devnet->mutex, &until);
    }
    turn->is_round = turn->is_round || devnet->round_wanted != turn->round;
    turn->round = devnet->round_wanted;
    bool goes_on = !devnet->is_stopping && !child->has_ended;
    (void)pthread_mutex_unlock(&devnet->mutex);
    return goes_on;
}

static void note_round(struct qn_devnet_child *child, uint64_t round)
{
    (void)pthread_mutex_lock(&child->devnet->mutex);
    child->state.round = round;
    (void)pthread_mutex_unlock(&child->devnet->mutex);
}

static void *run_poll(void *context)
{
    struct qn_devnet_child *child = context;
    struct turn turn = {0};
    for (unsigned looks = 0; wait_for_turn(child, &turn); looks++) {
        bool is_answered = ask_status(child);
        if (is_answered && (turn.is_round || looks % DETAILS_EVERY == 0)) {
            is_answered = ask_details(child);
        }
        if (is_answered && turn.is_round) {
            note_round(child, turn.round);
            turn.is_round = false;
        }
    }
    return NULL;
}

void qn_devnet_poll_start(struct qn_devnet_child *child)
{
    pthread_attr_t attributes;
    QN_ASSERT(pthread_attr_init(&attributes) == 0);
    QN_ASSERT(pthread_attr_setstacksize(&attributes, POLL_STACK_LEN) == 0);
    QN_ASSERT(pthread_create(&child->poll_thread, &attributes, run_poll, child) == 0);
    child->has_poll_thread = true;
    (void)pthread_attr_destroy(&attributes);
}

void qn_devnet_poll_stop(struct qn_devnet *devnet)
{
    (void)pthread_mutex_lock(&devnet->mutex);
    devnet->is_stopping = true;
    (void)pthread_cond_broadcast(&devnet->wake);
    (void)pthread_mutex_unlock(&devnet->mutex);
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_child *child = &devnet->children[i];
        if (child->has_poll_thread) {
            (void)pthread_join(child->poll_thread, NULL);
            child->has_poll_thread = false;
        }
    }
}

void qn_devnet_poll_free(struct qn_devnet *devnet)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        free_details(&devnet->children[i].details);
    }
}

struct qn_devnet_state qn_devnet_state_of(struct qn_devnet_child *child)
{
    (void)pthread_mutex_lock(&child->devnet->mutex);
    struct qn_devnet_state state = child->state;
    (void)pthread_mutex_unlock(&child->devnet->mutex);
    return state;
}

static bool is_round_complete(struct qn_devnet *devnet, uint64_t round)
{
    bool is_complete = true;
    (void)pthread_mutex_lock(&devnet->mutex);
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_child *child = &devnet->children[i];
        is_complete = is_complete && (child->pid == 0 || child->state.round >= round);
    }
    (void)pthread_mutex_unlock(&devnet->mutex);
    return is_complete;
}

bool qn_devnet_poll_round(struct qn_devnet *devnet, unsigned timeout_ms)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000000L};
    qn_time_us deadline = qn_runtime_now() + QN_MS(timeout_ms);
    (void)pthread_mutex_lock(&devnet->mutex);
    devnet->round_wanted += 1;
    uint64_t round = devnet->round_wanted;
    (void)pthread_cond_broadcast(&devnet->wake);
    (void)pthread_mutex_unlock(&devnet->mutex);
    while (!is_round_complete(devnet, round)) {
        if (qn_runtime_now() > deadline) {
            return false;
        }
        (void)qn_devnet_reap(devnet);
        (void)nanosleep(&pause, NULL);
    }
    return true;
}
