#include "sim/queue.h"

#include <stdlib.h>

enum { QUEUE_CAPACITY_FIRST = 4096 };

static bool is_before(const struct qn_sim_event *a, const struct qn_sim_event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void grow(struct qn_sim_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? QUEUE_CAPACITY_FIRST : 2 * queue->capacity;

    queue->heap = realloc(queue->heap, capacity * sizeof *queue->heap);
    queue->slots = realloc(queue->slots, capacity * sizeof *queue->slots);
    queue->free_slots = realloc(queue->free_slots, capacity * sizeof *queue->free_slots);
    QN_ASSERT(queue->heap != NULL && queue->slots != NULL && queue->free_slots != NULL);
    for (size_t slot = capacity; slot-- > queue->capacity;) {
        queue->free_slots[queue->free_count++] = (uint32_t)slot;
    }
    queue->capacity = capacity;
}

void qn_sim_queue_init(struct qn_sim_queue *queue)
{
    *queue = (struct qn_sim_queue){0};
    grow(queue);
}

void qn_sim_event_drop(struct qn_sim_event *event)
{
    qn_buf_drop(event->bytes);
    event->bytes = NULL;
    if (event->kind == QN_SIM_VERIFIED) {
        free(event->job);
        event->job = NULL;
    }
}

void qn_sim_queue_fini(struct qn_sim_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        qn_sim_event_drop(&queue->slots[queue->heap[i]]);
    }
    free(queue->heap);
    free(queue->slots);
    free(queue->free_slots);
}

void qn_sim_queue_add(struct qn_sim_queue *queue, const struct qn_sim_event *event, bool keep_order)
{
    if (queue->free_count == 0) {
        grow(queue);
    }
    uint32_t slot = queue->free_slots[--queue->free_count];
    struct qn_sim_event *added = &queue->slots[slot];
    *added = *event;
    if (!keep_order) {
        added->order = ++queue->next_order;
    }
    size_t at = queue->count++;
    while (at > 0 && is_before(added, &queue->slots[queue->heap[(at - 1) / 2]])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = slot;
}

qn_time_us qn_sim_queue_next_time(const struct qn_sim_queue *queue)
{
    return queue->count == 0 ? UINT64_MAX : queue->slots[queue->heap[0]].at;
}

void qn_sim_queue_take(struct qn_sim_queue *queue, struct qn_sim_event *event)
{
    uint32_t first = queue->heap[0];
    uint32_t last = queue->heap[--queue->count];
    size_t at = 0;

    *event = queue->slots[first];
    queue->free_slots[queue->free_count++] = first;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= queue->count) {
            break;
        }
        if (child + 1 < queue->count &&
            is_before(&queue->slots[queue->heap[child + 1]], &queue->slots[queue->heap[child]])) {
            child += 1;
        }
        if (!is_before(&queue->slots[queue->heap[child]], &queue->slots[last])) {
            break;
        }
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = last;
}
