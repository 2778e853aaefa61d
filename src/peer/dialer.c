#include "peer/dialer.h"

#include <stdlib.h>
#include <string.h>

void qn_dialer_init(struct qn_dialer *dialer)
{
    *dialer = (struct qn_dialer){0};
    dialer->targets = calloc(QN_DIALER_TARGETS_MAX, sizeof dialer->targets[0]);
    QN_ASSERT(dialer->targets != NULL);
}

void qn_dialer_fini(struct qn_dialer *dialer)
{
    free(dialer->targets);
    *dialer = (struct qn_dialer){0};
}

static struct qn_dial_target *find_id(struct qn_dialer *dialer, const struct qn_node_id *id)
{
    for (size_t i = 0; i < dialer->count; i++) {
        struct qn_dial_target *target = &dialer->targets[i];
        if (target->has_id && qn_node_id_equal(&target->id, id)) {
            return target;
        }
    }
    return NULL;
}

static struct qn_dial_target *find_dial(struct qn_dialer *dialer, uint64_t dial)
{
    for (size_t i = 0; i < dialer->count && dial != 0; i++) {
        if (dialer->targets[i].dial == dial) {
            return &dialer->targets[i];
        }
    }
    return NULL;
}

static struct qn_dial_target *find_endpoint(struct qn_dialer *dialer,
                                            const struct qn_endpoint *endpoint)
{
    for (size_t i = 0; i < dialer->count; i++) {
        struct qn_dial_target *target = &dialer->targets[i];
        if (!target->has_id && qn_endpoint_equal(&target->endpoints[0], endpoint)) {
            return target;
        }
    }
    return NULL;
}

/* A free place, or that of the peer that failed most; NULL if all are good. */
static struct qn_dial_target *place(struct qn_dialer *dialer)
{
    if (dialer->count < QN_DIALER_TARGETS_MAX) {
        return &dialer->targets[dialer->count++];
    }
    struct qn_dial_target *worst = NULL;
    for (size_t i = 0; i < dialer->count; i++) {
        struct qn_dial_target *target = &dialer->targets[i];
        bool replaceable = target->source == QN_DIAL_PEER && !target->pinned && target->dial == 0 &&
                           !target->linked && target->failures > 0;
        if (replaceable && (worst == NULL || target->failures > worst->failures)) {
            worst = target;
        }
    }
    return worst;
}

void qn_dialer_add(struct qn_dialer *dialer, enum qn_dial_source source,
                   const struct qn_node_id *id, const struct qn_endpoint *endpoints,
                   size_t endpoint_count, qn_time_us not_before)
{
    QN_ASSERT(endpoint_count <= QN_ENDPOINTS_MAX);
    if (endpoint_count == 0) {
        return;
    }
    struct qn_dial_target *target =
        id != NULL ? find_id(dialer, id) : find_endpoint(dialer, &endpoints[0]);
    if (target == NULL) {
        target = place(dialer);
        if (target == NULL) {
            return;
        }
        *target = (struct qn_dial_target){.source = source, .next_us = not_before};
        target->has_id = id != NULL;
        if (id != NULL) {
            target->id = *id;
        }
    }
    memcpy(target->endpoints, endpoints, endpoint_count * sizeof endpoints[0]);
    target->endpoint_count = (uint8_t)endpoint_count;
    target->endpoint_next = 0;
}

static void forget(struct qn_dialer *dialer, struct qn_dial_target *target)
{
    if (target->dial != 0) {
        dialer->under_way -= 1;
    }
    dialer->count -= 1;
    *target = dialer->targets[dialer->count];
}

void qn_dialer_remove(struct qn_dialer *dialer, const struct qn_node_id *id)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL) {
        forget(dialer, target);
    }
}

void qn_dialer_pin(struct qn_dialer *dialer, const struct qn_node_id *id)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL) {
        target->pinned = true;
    }
}

void qn_dialer_unpin_all(struct qn_dialer *dialer)
{
    for (size_t i = 0; i < dialer->count; i++) {
        dialer->targets[i].pinned = false;
    }
}

static bool is_candidate(const struct qn_dial_target *target, bool peers_wanted)
{
    return target->dial == 0 && !target->linked &&
           (peers_wanted || target->pinned || target->source != QN_DIAL_PEER);
}

struct qn_dial_target *qn_dialer_next(struct qn_dialer *dialer, bool peers_wanted, qn_time_us now)
{
    if (dialer->under_way >= QN_DIALS_AT_ONCE_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < dialer->count; i++) {
        struct qn_dial_target *target = &dialer->targets[i];
        if (is_candidate(target, peers_wanted) && target->next_us <= now) {
            dialer->last_dial += 1;
            dialer->under_way += 1;
            target->dial = dialer->last_dial;
            target->endpoint_next %= target->endpoint_count;
            return target;
        }
    }
    return NULL;
}

/* 0.25 s doubling to 8 s, each between half and the whole of it, so that nobody marches in step. */
static void back_off(struct qn_dial_target *target, struct qn_rng *rng, qn_time_us now)
{
    unsigned shift = target->failures < 5 ? target->failures : 5;
    qn_time_us wait = QN_DIAL_BACKOFF_MIN << shift;
    wait = wait > QN_DIAL_BACKOFF_MAX ? QN_DIAL_BACKOFF_MAX : wait;
    target->next_us = now + wait / 2 + qn_rng_below(rng, wait / 2 + 1);
    target->failures += 1;
    target->endpoint_next += 1;
}

static void end_dial(struct qn_dialer *dialer, struct qn_dial_target *target)
{
    if (target->dial != 0) {
        target->dial = 0;
        dialer->under_way -= 1;
    }
}

void qn_dialer_on_linked(struct qn_dialer *dialer, uint64_t dial, const struct qn_node_id *id)
{
    struct qn_dial_target *target = find_dial(dialer, dial);
    if (target == NULL) {
        return;
    }
    if (target->has_id) {
        return;
    }
    if (find_id(dialer, id) != NULL) { /* the address of somebody we know by id already */
        forget(dialer, target);
    } else {
        target->has_id = true;
        target->id = *id;
    }
}

void qn_dialer_set_linked(struct qn_dialer *dialer, const struct qn_node_id *id, bool linked,
                          struct qn_rng *rng, qn_time_us now)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target == NULL) {
        return;
    }
    if (linked) {
        end_dial(dialer, target);
    }
    if (target->linked == linked) {
        return;
    }
    target->linked = linked;
    if (linked) {
        target->failures = 0;
    } else {
        back_off(target, rng, now);
    }
}

void qn_dialer_on_failed(struct qn_dialer *dialer, uint64_t dial, struct qn_rng *rng,
                         qn_time_us now)
{
    struct qn_dial_target *target = find_dial(dialer, dial);
    if (target != NULL) {
        end_dial(dialer, target);
        back_off(target, rng, now);
    }
}

void qn_dialer_punish(struct qn_dialer *dialer, const struct qn_node_id *id, struct qn_rng *rng,
                      qn_time_us now)
{
    struct qn_dial_target *target = find_id(dialer, id);
    if (target != NULL) {
        end_dial(dialer, target);
        back_off(target, rng, now);
    }
}

qn_time_us qn_dialer_deadline(const struct qn_dialer *dialer, bool peers_wanted)
{
    qn_time_us earliest = UINT64_MAX;
    if (dialer->under_way >= QN_DIALS_AT_ONCE_MAX) {
        return earliest; /* a dial must end first, and that is an event */
    }
    for (size_t i = 0; i < dialer->count; i++) {
        const struct qn_dial_target *target = &dialer->targets[i];
        if (is_candidate(target, peers_wanted) && target->next_us < earliest) {
            earliest = target->next_us;
        }
    }
    return earliest;
}
