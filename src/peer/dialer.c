#include "peer/dialer.h"

#include "base/limits.h"
#include "peer/dial_queue.h"

#include <stdlib.h>
#include <string.h>

enum { REPLACE_TRIES = 32, FAILURES_PER_STEP = 8, DOUBLINGS_MAX = 12 };

const char *qn_dial_purpose_name(enum qn_dial_purpose purpose)
{
    switch (purpose) {
    case QN_DIAL_FOR_COMMITTEE:
        return "committee";
    case QN_DIAL_FOR_RESERVED:
        return "reserved";
    case QN_DIAL_FOR_BOOTSTRAP:
        return "bootstrap";
    case QN_DIAL_FOR_HOT:
        return "hot";
    case QN_DIAL_FOR_FEELER:
        return "feeler";
    case QN_DIAL_FOR_LANDMARK:
        return "landmark";
    case QN_DIAL_FOR_LAN:
        return "lan";
    }
    return "unknown";
}

void qn_dialer_init(struct qn_dialer *dialer, uint64_t seed)
{
    *dialer = (struct qn_dialer){0};
    qn_rng_init(&dialer->rng, seed);
    uint64_t key0 = qn_rng_next(&dialer->rng);
    uint64_t key1 = qn_rng_next(&dialer->rng);
    qn_map_init(&dialer->index, QN_DIALER_TARGETS_MAX, key0, key1);
    qn_dial_queues_init(dialer);
    dialer->targets = calloc(QN_DIALER_TARGETS_MAX, sizeof dialer->targets[0]);
    dialer->free_places = calloc(QN_DIALER_TARGETS_MAX, sizeof dialer->free_places[0]);
    QN_ASSERT(dialer->targets != NULL && dialer->free_places != NULL);
    for (size_t i = 0; i < QN_DIALER_TARGETS_MAX; i++) { /* the lowest place is taken first */
        dialer->free_places[i] = (uint32_t)(QN_DIALER_TARGETS_MAX - 1 - i);
    }
    dialer->free_count = QN_DIALER_TARGETS_MAX;
}

void qn_dialer_fini(struct qn_dialer *dialer)
{
    qn_dial_queues_fini(dialer);
    qn_map_fini(&dialer->index);
    free(dialer->targets);
    free(dialer->free_places);
    *dialer = (struct qn_dialer){0};
}

size_t qn_dialer_memory(const struct qn_dialer *dialer)
{
    size_t queues = (size_t)QN_DIAL_QUEUES * QN_DIALER_TARGETS_MAX * sizeof(uint32_t);
    return QN_DIALER_TARGETS_MAX * (sizeof dialer->targets[0] + sizeof(uint32_t)) + queues +
           dialer->index.slot_count * sizeof dialer->index.slots[0];
}

static uint32_t place_of(const struct qn_dialer *dialer, const struct qn_dial_target *target)
{
    return (uint32_t)(target - dialer->targets);
}

static struct qn_dial_target *find_id(const struct qn_dialer *dialer, const struct qn_node_id *id)
{
    uint32_t place = 0;
    return qn_map_get(&dialer->index, &place, id->bytes) ? &dialer->targets[place] : NULL;
}

const struct qn_dial_target *qn_dialer_find(const struct qn_dialer *dialer,
                                            const struct qn_node_id *id)
{
    return find_id(dialer, id);
}

static struct qn_dial_target *find_dial(const struct qn_dialer *dialer, uint64_t dial)
{
    for (size_t i = 0; i < dialer->under_way && dial != 0; i++) {
        struct qn_dial_target *target = &dialer->targets[dialer->under_way_places[i]];
        if (target->dial == dial) {
            return target;
        }
    }
    return NULL;
}

/* Targets without id are few, and asked for only when one is added. */
static struct qn_dial_target *find_endpoint(const struct qn_dialer *dialer,
                                            const struct qn_endpoint *endpoint)
{
    for (size_t i = 0; i < QN_DIALER_TARGETS_MAX; i++) {
        struct qn_dial_target *target = &dialer->targets[i];
        if (target->used && !target->has_id && qn_endpoint_equal(&target->endpoints[0], endpoint)) {
            return target;
        }
    }
    return NULL;
}

static void set_id(struct qn_dialer *dialer, struct qn_dial_target *target,
                   const struct qn_node_id *id)
{
    target->has_id = true;
    target->id = *id;
    enum qn_err err = qn_map_put(&dialer->index, id->bytes, place_of(dialer, target));
    QN_ASSERT(err == QN_OK); /* as many places as targets */
}

static void end_dial(struct qn_dialer *dialer, struct qn_dial_target *target)
{
    if (target->dial == 0) {
        return;
    }
    target->dial = 0;
    for (size_t i = 0; i < dialer->under_way; i++) {
        if (dialer->under_way_places[i] == place_of(dialer, target)) {
            dialer->under_way -= 1;
            dialer->under_way_places[i] = dialer->under_way_places[dialer->under_way];
            return;
        }
    }
    QN_ASSERT(!"a dial under way is among those under way");
}

static void forget(struct qn_dialer *dialer, struct qn_dial_target *target)
{
    end_dial(dialer, target);
    qn_dial_queue_leave(dialer, target);
    if (target->has_id) {
        qn_map_remove(&dialer->index, target->id.bytes);
    }
    target->used = false;
    dialer->count -= 1;
    dialer->free_places[dialer->free_count] = place_of(dialer, target);
    dialer->free_count += 1;
}

static bool is_replaceable(const struct qn_dial_target *target)
{
    return target->purpose >= QN_DIAL_FOR_HOT && !target->committee && !target->reserved &&
           target->dial == 0 && !target->linked && target->failures > 0;
}

static struct qn_dial_target *take_place(struct qn_dialer *dialer)
{
    QN_ASSERT(dialer->targets != NULL);
    for (size_t i = 0; dialer->free_count == 0 && i < REPLACE_TRIES; i++) {
        dialer->cursor = (dialer->cursor + 1) % QN_DIALER_TARGETS_MAX;
        if (is_replaceable(&dialer->targets[dialer->cursor])) {
            forget(dialer, &dialer->targets[dialer->cursor]);
        }
    }
    if (dialer->free_count == 0) {
        return NULL;
    }
    dialer->free_count -= 1;
    dialer->count += 1;
    return &dialer->targets[dialer->free_places[dialer->free_count]];
}

/* Reserved, or both of us are members of the committee. */
static bool is_due_always(const struct qn_dialer *dialer, const struct qn_dial_target *target)
{
    return target->reserved || (target->committee && dialer->is_member);
}

/* Puts it where it waits, or takes it out: whoever is linked or being dialled waits for nothing. */
static void settle(struct qn_dialer *dialer, struct qn_dial_target *target)
{
    qn_dial_queue_leave(dialer, target);
    if (target->linked || target->dial != 0) {
        return;
    }
    size_t queue = QN_DIAL_WANT_REGION_SHIFT + (size_t)target->region;
    if (is_due_always(dialer, target)) {
        queue = 0;
    } else if (target->committee || target->purpose == QN_DIAL_FOR_BOOTSTRAP ||
               target->purpose == QN_DIAL_FOR_LAN) {
        queue = 1;
    } else if (target->purpose == QN_DIAL_FOR_FEELER) {
        queue = QN_DIAL_FEELER_QUEUE;
    } else if (target->landmark) {
        queue = QN_DIAL_LANDMARK_QUEUE;
    }
    qn_dial_queue_enter(dialer, target, queue);
}

bool qn_dialer_add(struct qn_dialer *dialer, enum qn_dial_purpose purpose,
                   const struct qn_node_id *id, enum qn_region region,
                   const struct qn_endpoint *endpoints, size_t endpoint_count,
                   qn_time_us not_before)
{
    QN_ASSERT(endpoint_count <= QN_ENDPOINTS_MAX);
    if (endpoint_count == 0) {
        return false;
    }
    struct qn_dial_target *target =
        id != NULL ? find_id(dialer, id) : find_endpoint(dialer, &endpoints[0]);
    if (target == NULL) {
        target = take_place(dialer);
        if (target == NULL) {
            return false;
        }
        *target = (struct qn_dial_target){
            .used = true, .purpose = purpose, .next_us = not_before, .heap_at = UINT32_MAX};
        if (id != NULL) {
            set_id(dialer, target, id);
        }
    }
    if (target->purpose == QN_DIAL_FOR_LAN) {
        target->purpose = purpose; /* now somebody says more of it */
    }
    target->region = region;
    memcpy(target->endpoints, endpoints, endpoint_count * sizeof endpoints[0]);
    target->endpoint_count = (uint8_t)endpoint_count;
    target->endpoint_next = 0;
    settle(dialer, target);
    return true;
}

void qn_dialer_remove(struct qn_dialer *dialer, const struct qn_node_id *id)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL) {
        forget(dialer, target);
    }
}

void qn_dialer_pin(struct qn_dialer *dialer, const struct qn_node_id *id,
                   enum qn_dial_purpose purpose)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL) {
        target->committee = target->committee || purpose == QN_DIAL_FOR_COMMITTEE;
        target->reserved = target->reserved || purpose == QN_DIAL_FOR_RESERVED;
        target->landmark = target->landmark || purpose == QN_DIAL_FOR_LANDMARK;
        settle(dialer, target);
    }
}

void qn_dialer_begin_committee(struct qn_dialer *dialer, bool is_member)
{
    dialer->is_member = is_member;
    for (size_t i = 0; i < QN_DIALER_TARGETS_MAX; i++) {
        struct qn_dial_target *target = &dialer->targets[i];
        if (target->used && target->committee) {
            target->committee = false;
            settle(dialer, target);
        }
    }
}

enum qn_dial_purpose qn_dialer_purpose(const struct qn_dial_target *target)
{
    if (target->committee) {
        return QN_DIAL_FOR_COMMITTEE;
    }
    if (target->reserved) {
        return QN_DIAL_FOR_RESERVED;
    }
    bool is_peer = target->purpose == QN_DIAL_FOR_HOT;
    return is_peer && target->landmark ? QN_DIAL_FOR_LANDMARK : target->purpose;
}

/* The committee, reserved peers and genesis nodes, of which there are few. */
static bool is_needed(size_t queue)
{
    return queue < QN_DIAL_WANT_REGION_SHIFT;
}

/* Whoever finds nobody dials more and more seldom: it costs itself little, and the network, when it is back,
 * is not asked by everybody at once. Those that are needed have a pace of their own. */
static qn_time_us pace_of(const struct qn_dialer *dialer, size_t queue)
{
    if (is_needed(queue)) {
        return QN_DIAL_NEEDED_INTERVAL;
    }
    unsigned steps = dialer->failed_in_row / FAILURES_PER_STEP;
    qn_time_us pace = QN_DIAL_PEER_INTERVAL << (steps < 5 ? steps : 5);
    return pace < QN_DIAL_PEER_INTERVAL_MAX ? pace : QN_DIAL_PEER_INTERVAL_MAX;
}

static unsigned burst_of(const struct qn_dialer *dialer, size_t queue)
{
    if (is_needed(queue)) {
        return QN_DIAL_NEEDED_BURST;
    }
    return dialer->failed_in_row < FAILURES_PER_STEP ? QN_DIAL_PEER_BURST : 1;
}

static const struct qn_rate *rate_of(const struct qn_dialer *dialer, size_t queue)
{
    return is_needed(queue) ? &dialer->pace_needed : &dialer->pace_peers;
}

/* When its first target and its pace are due. */
static qn_time_us queue_deadline(const struct qn_dialer *dialer, size_t queue)
{
    if (dialer->queues[queue].count == 0) {
        return UINT64_MAX;
    }
    qn_time_us due = dialer->targets[dialer->queues[queue].heap[0]].next_us;
    qn_time_us ready =
        qn_rate_ready(rate_of(dialer, queue), pace_of(dialer, queue), burst_of(dialer, queue));
    return due > ready ? due : ready;
}

static size_t first_queue(const struct qn_dialer *dialer, unsigned wanted, qn_time_us *deadline)
{
    size_t first = 0;
    *deadline = UINT64_MAX;
    for (size_t queue = 0; queue < QN_DIAL_QUEUES; queue++) {
        qn_time_us due = (wanted >> queue & 1U) != 0 ? queue_deadline(dialer, queue) : UINT64_MAX;
        if (due < *deadline) {
            *deadline = due;
            first = queue;
        }
    }
    return first;
}

/* A slowed pace is drawn anew each time: who lost the network together must not dial together. */
static bool take_turn(struct qn_dialer *dialer, size_t queue, qn_time_us now)
{
    qn_time_us pace = pace_of(dialer, queue);
    unsigned burst = burst_of(dialer, queue);
    if (is_needed(queue)) {
        return qn_rate_take(&dialer->pace_needed, pace, burst, now);
    }
    if (burst == 1) {
        pace = pace / 2 + qn_rng_below(&dialer->rng, pace + 1);
    }
    return qn_rate_take(&dialer->pace_peers, pace, burst, now);
}

const struct qn_dial_target *qn_dialer_next(struct qn_dialer *dialer, unsigned wanted,
                                            qn_time_us now)
{
    qn_time_us deadline = 0;
    if (dialer->under_way >= QN_DIALS_AT_ONCE_MAX) {
        return NULL;
    }
    size_t queue = first_queue(dialer, wanted, &deadline);
    if (deadline > now) {
        return NULL;
    }
    struct qn_dial_target *target = &dialer->targets[dialer->queues[queue].heap[0]];
    bool taken = take_turn(dialer, queue, now);
    QN_ASSERT(taken); /* its deadline has come */
    dialer->last_dial += 1;
    target->dial = dialer->last_dial;
    target->endpoint_next %= target->endpoint_count;
    dialer->under_way_places[dialer->under_way] = place_of(dialer, target);
    dialer->under_way += 1;
    settle(dialer, target);
    return target;
}

/* A neighbour says again and again where it is: no address of the local network is tried twice for one word. */
static bool is_for_once(const struct qn_dial_target *target)
{
    return target->purpose == QN_DIAL_FOR_LAN && !target->committee && !target->reserved;
}

/* 0.25 s doubling to 8 s, or to 64 s for those we need not have, each between half and the whole of it, so that
 * nobody marches in step. */
static void back_off(struct qn_dialer *dialer, struct qn_dial_target *target, qn_time_us now)
{
    bool is_due = is_due_always(dialer, target); /* such a link is no matter of places */
    bool is_refusal = target->is_full && !is_due;
    bool is_needed_soon = is_due || target->committee || target->purpose != QN_DIAL_FOR_HOT;
    qn_time_us most = is_refusal       ? QN_DIAL_BACKOFF_REFUSED_MAX
                      : is_needed_soon ? QN_DIAL_BACKOFF_MAX
                                       : QN_DIAL_BACKOFF_PEER_MAX;
    unsigned doublings = target->failures < DOUBLINGS_MAX ? target->failures : DOUBLINGS_MAX;
    qn_time_us wait = (is_refusal ? QN_DIAL_BACKOFF_REFUSED_MIN : QN_DIAL_BACKOFF_MIN) << doublings;
    wait = wait > most || (is_refusal && !target->is_needed) ? most : wait;
    target->next_us = now + wait / 2 + qn_rng_below(&dialer->rng, wait / 2 + 1);
    target->refused = target->is_full;
    target->is_full = false;
    target->failures += 1;
    target->endpoint_next += 1;
    settle(dialer, target);
}

void qn_dialer_on_linked(struct qn_dialer *dialer, uint64_t dial, const struct qn_node_id *id)
{
    struct qn_dial_target *target = find_dial(dialer, dial);
    if (target == NULL || target->has_id) {
        return;
    }
    if (find_id(dialer, id) != NULL) { /* the address of somebody we know by id already */
        forget(dialer, target);
    } else {
        set_id(dialer, target, id);
    }
}

void qn_dialer_set_linked(struct qn_dialer *dialer, const struct qn_node_id *id, bool linked,
                          qn_time_us now)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (linked) {
        dialer->failed_in_row = 0;
    }
    if (target == NULL) {
        return;
    }
    if (linked) {
        end_dial(dialer, target);
        target->landmark = false;
    }
    if (target->linked == linked) {
        settle(dialer, target);
        return;
    }
    target->linked = linked;
    if (linked) {
        target->linked_us = now;
        settle(dialer, target);
    } else if (is_for_once(target)) {
        forget(dialer, target);
    } else {
        /* A link that was ours for a moment only is no better than none; but those that are needed are
         * wanted back at once unless they have no place. */
        bool is_needed_soon = is_due_always(dialer, target) || target->committee ||
                              target->purpose != QN_DIAL_FOR_HOT;
        bool was_none =
            now - target->linked_us < QN_DIAL_STABLE && (target->is_full || !is_needed_soon);
        target->failures = was_none ? target->failures : 0;
        back_off(dialer, target, now);
    }
}

void qn_dialer_on_failed(struct qn_dialer *dialer, uint64_t dial, qn_time_us now)
{
    struct qn_dial_target *target = find_dial(dialer, dial);
    if (target == NULL) {
        return;
    }
    if (is_for_once(target)) { /* which slows nobody else down */
        forget(dialer, target);
        return;
    }
    end_dial(dialer, target);
    dialer->failed_in_row += dialer->failed_in_row < UINT32_MAX;
    back_off(dialer, target, now);
}

void qn_dialer_note_full(struct qn_dialer *dialer, const struct qn_node_id *id, bool is_needed)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL) {
        target->is_full = true;
        target->is_needed = is_needed;
    }
}

void qn_dialer_punish(struct qn_dialer *dialer, const struct qn_node_id *id, qn_time_us now)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target == NULL) {
        return;
    }
    if (is_for_once(target)) {
        forget(dialer, target);
        return;
    }
    end_dial(dialer, target);
    back_off(dialer, target, now);
}

void qn_dialer_rest(struct qn_dialer *dialer, const struct qn_node_id *id, qn_time_us until)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL && !target->committee && !target->reserved && target->next_us < until) {
        target->next_us = until;
        settle(dialer, target);
    }
}

struct qn_dial_waiting qn_dialer_waiting(const struct qn_dialer *dialer, enum qn_region region,
                                         qn_time_us now)
{
    const struct qn_dial_queue *queue = &dialer->queues[QN_DIAL_WANT_REGION_SHIFT + (size_t)region];
    struct qn_dial_waiting waiting = {.count = queue->count};
    for (size_t i = 0; i < queue->count; i++) {
        const struct qn_dial_target *target = &dialer->targets[queue->heap[i]];
        waiting.refused += target->refused ? 1 : 0;
        waiting.due += target->next_us <= now ? 1 : 0;
    }
    return waiting;
}

qn_time_us qn_dialer_deadline(const struct qn_dialer *dialer, unsigned wanted)
{
    qn_time_us deadline = UINT64_MAX;
    if (dialer->under_way < QN_DIALS_AT_ONCE_MAX) {
        (void)first_queue(dialer, wanted, &deadline);
    }
    return deadline;
}
