#include "peer/dial_queue.h"

#include <stdlib.h>

void qn_dial_queues_init(struct qn_dialer *dialer)
{
    for (size_t i = 0; i < QN_DIAL_QUEUES; i++) {
        dialer->queues[i].heap = calloc(QN_DIALER_TARGETS_MAX, sizeof(uint32_t));
        QN_ASSERT(dialer->queues[i].heap != NULL);
    }
}

void qn_dial_queues_fini(struct qn_dialer *dialer)
{
    for (size_t i = 0; i < QN_DIAL_QUEUES; i++) {
        free(dialer->queues[i].heap);
    }
}

static bool is_earlier(const struct qn_dialer *dialer, uint32_t a, uint32_t b)
{
    qn_time_us at = dialer->targets[a].next_us;
    qn_time_us bt = dialer->targets[b].next_us;
    return at < bt || (at == bt && a < b);
}

static void set(struct qn_dialer *dialer, struct qn_dial_queue *queue, size_t at, uint32_t place)
{
    queue->heap[at] = place;
    dialer->targets[place].heap_at = (uint32_t)at;
}

static void sift(struct qn_dialer *dialer, struct qn_dial_queue *queue, size_t at)
{
    uint32_t place = queue->heap[at];
    while (at > 0 && is_earlier(dialer, place, queue->heap[(at - 1) / 2])) {
        set(dialer, queue, at, queue->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (size_t child = 2 * at + 1; child < queue->count; child = 2 * at + 1) {
        bool right = child + 1 < queue->count &&
                     is_earlier(dialer, queue->heap[child + 1], queue->heap[child]);
        child += right ? 1 : 0;
        if (!is_earlier(dialer, queue->heap[child], place)) {
            break;
        }
        set(dialer, queue, at, queue->heap[child]);
        at = child;
    }
    set(dialer, queue, at, place);
}

void qn_dial_queue_enter(struct qn_dialer *dialer, struct qn_dial_target *target, size_t queue)
{
    struct qn_dial_queue *to = &dialer->queues[queue];
    QN_ASSERT(target->heap_at == UINT32_MAX && to->count < QN_DIALER_TARGETS_MAX);
    target->queue = (uint8_t)queue;
    to->heap[to->count] = (uint32_t)(target - dialer->targets);
    to->count += 1;
    sift(dialer, to, to->count - 1);
}

void qn_dial_queue_leave(struct qn_dialer *dialer, struct qn_dial_target *target)
{
    if (target->heap_at == UINT32_MAX) {
        return;
    }
    struct qn_dial_queue *from = &dialer->queues[target->queue];
    size_t at = target->heap_at;
    target->heap_at = UINT32_MAX;
    from->count -= 1;
    if (at < from->count) {
        from->heap[at] = from->heap[from->count];
        sift(dialer, from, at);
    }
}
