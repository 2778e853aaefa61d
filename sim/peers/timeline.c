#include "sim/peers/timeline.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 1024 };

static bool is_before(const struct qn_timeline_event *a, const struct qn_timeline_event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void qn_timeline_init(struct qn_timeline *timeline)
{
    *timeline = (struct qn_timeline){0};
}

void qn_timeline_fini(struct qn_timeline *timeline)
{
    free(timeline->heap);
    *timeline = (struct qn_timeline){0};
}

void qn_timeline_add(struct qn_timeline *timeline, struct qn_timeline_event event)
{
    if (timeline->count == timeline->capacity) {
        timeline->capacity = timeline->capacity == 0 ? CAPACITY_FIRST : 2 * timeline->capacity;
        timeline->heap = realloc(timeline->heap, timeline->capacity * sizeof *timeline->heap);
        QN_ASSERT(timeline->heap != NULL);
    }
    event.order = timeline->next_order++;
    size_t at = timeline->count++;
    while (at > 0 && is_before(&event, &timeline->heap[(at - 1) / 2])) {
        timeline->heap[at] = timeline->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    timeline->heap[at] = event;
}

bool qn_timeline_take(struct qn_timeline *timeline, struct qn_timeline_event *event, qn_time_us now)
{
    struct qn_timeline_event *heap = timeline->heap;

    if (timeline->count == 0 || heap[0].at > now) {
        return false;
    }
    *event = heap[0];
    struct qn_timeline_event last = heap[--timeline->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < timeline->count; at = child) {
        if (child + 1 < timeline->count && is_before(&heap[child + 1], &heap[child])) {
            child += 1;
        }
        if (!is_before(&heap[child], &last)) {
            break;
        }
        heap[at] = heap[child];
    }
    heap[at] = last;
    return true;
}
