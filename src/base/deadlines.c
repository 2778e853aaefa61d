#include "base/deadlines.h"

#include <stdlib.h>

void qn_deadlines_init(struct qn_deadlines *deadlines, size_t capacity)
{
    QN_ASSERT(capacity > 0 && capacity < UINT32_MAX);
    *deadlines = (struct qn_deadlines){.capacity = capacity};
    deadlines->due = calloc(capacity, sizeof deadlines->due[0]);
    deadlines->places = calloc(capacity, sizeof deadlines->places[0]);
    deadlines->heap = calloc(capacity, sizeof deadlines->heap[0]);
    QN_ASSERT(deadlines->due != NULL && deadlines->places != NULL && deadlines->heap != NULL);
    for (size_t i = 0; i < capacity; i++) {
        deadlines->places[i] = UINT32_MAX;
    }
}

void qn_deadlines_fini(struct qn_deadlines *deadlines)
{
    free(deadlines->due);
    free(deadlines->places);
    free(deadlines->heap);
    *deadlines = (struct qn_deadlines){0};
}

static bool is_earlier(const struct qn_deadlines *deadlines, uint32_t a, uint32_t b)
{
    return deadlines->due[a] < deadlines->due[b] ||
           (deadlines->due[a] == deadlines->due[b] && a < b);
}

static void put(struct qn_deadlines *deadlines, size_t place, uint32_t number)
{
    deadlines->heap[place] = number;
    deadlines->places[number] = (uint32_t)place;
}

/* Moves the number at this place up or down to where it belongs. */
static void sift(struct qn_deadlines *deadlines, size_t place)
{
    uint32_t number = deadlines->heap[place];
    while (place > 0 && is_earlier(deadlines, number, deadlines->heap[(place - 1) / 2])) {
        put(deadlines, place, deadlines->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (size_t child = 2 * place + 1; child < deadlines->count; child = 2 * place + 1) {
        bool right = child + 1 < deadlines->count &&
                     is_earlier(deadlines, deadlines->heap[child + 1], deadlines->heap[child]);
        child += right ? 1 : 0;
        if (!is_earlier(deadlines, deadlines->heap[child], number)) {
            break;
        }
        put(deadlines, place, deadlines->heap[child]);
        place = child;
    }
    put(deadlines, place, number);
}

void qn_deadlines_set(struct qn_deadlines *deadlines, uint32_t number, qn_time_us due)
{
    QN_ASSERT(number < deadlines->capacity);
    deadlines->due[number] = due;
    if (deadlines->places[number] == UINT32_MAX) {
        put(deadlines, deadlines->count, number);
        deadlines->count += 1;
    }
    sift(deadlines, deadlines->places[number]);
}

void qn_deadlines_clear(struct qn_deadlines *deadlines, uint32_t number)
{
    QN_ASSERT(number < deadlines->capacity);
    size_t place = deadlines->places[number];
    if (place == UINT32_MAX) {
        return;
    }
    deadlines->places[number] = UINT32_MAX;
    deadlines->count -= 1;
    if (place < deadlines->count) {
        put(deadlines, place, deadlines->heap[deadlines->count]);
        sift(deadlines, place);
    }
}

bool qn_deadlines_next(struct qn_deadlines *deadlines, uint32_t *number, qn_time_us now)
{
    if (deadlines->count == 0 || deadlines->due[deadlines->heap[0]] > now) {
        return false;
    }
    *number = deadlines->heap[0];
    qn_deadlines_clear(deadlines, *number);
    return true;
}
