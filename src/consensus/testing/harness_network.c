/* The event queue and the network between the nodes. */
#include "consensus/testing/harness_state.h"

#include <stdlib.h>

enum { HEAVY_TAIL_PERMILLE = 20, HEAVY_TAIL_FACTOR = 20 };

static bool is_before(const struct harness_event *a, const struct harness_event *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void harness_push(struct harness *h, struct harness_event event)
{
    if (h->event_count == h->event_capacity) {
        h->event_capacity = h->event_capacity == 0 ? 256 : 2 * h->event_capacity;
        h->events = realloc(h->events, h->event_capacity * sizeof *h->events);
        QN_ASSERT(h->events != NULL);
    }
    event.seq = ++h->seq;
    size_t at = h->event_count++;
    while (at > 0 && is_before(&event, &h->events[(at - 1) / 2])) {
        h->events[at] = h->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->events[at] = event;
}

qn_time_us harness_delay(struct harness *h)
{
    qn_time_us range = h->config.delay_max - h->config.delay_min;
    qn_time_us delay = h->config.delay_min + (range > 0 ? qn_rng_below(&h->rng, range + 1) : 0);

    if (range > 0 && qn_rng_below(&h->rng, 1000) < HEAVY_TAIL_PERMILLE) {
        delay *= HEAVY_TAIL_FACTOR;
    }
    return delay;
}

static bool is_lost(struct harness *h, int from, int to, enum qn_message_kind kind)
{
    unsigned lost = h->lost_kind[from][to];

    return h->blocked[from][to] || !h->linked[from][to] || lost == 1 || lost == (unsigned)kind ||
           (h->config.drop_permille > 0 && qn_rng_below(&h->rng, 1000) < h->config.drop_permille);
}

static void deliver(struct harness *h, const struct harness_node *from, struct harness_node *to,
                    enum qn_message_kind kind, struct qn_buf *bytes)
{
    unsigned copies = 1;

    if (is_lost(h, from->validator, to->validator, kind)) {
        return;
    }
    if (h->config.duplicate_permille > 0 &&
        qn_rng_below(&h->rng, 1000) < h->config.duplicate_permille) {
        copies = 2;
    }
    for (unsigned i = 0; i < copies; i++) {
        harness_push(h, (struct harness_event){.at = h->now + harness_delay(h),
                                               .kind = EVENT_MESSAGE,
                                               .node = (int)(to - h->nodes),
                                               .from = from->validator,
                                               .message_kind = kind,
                                               .bytes = qn_buf_hold(bytes)});
    }
}

void harness_transmit(struct harness *h, struct harness_node *node, int to,
                      enum qn_message_kind kind, struct qn_buf *bytes)
{
    for (unsigned i = 0; i < h->node_count; i++) {
        struct harness_node *target = &h->nodes[i];
        bool chosen = to == QN_CONSENSUS_ALL || to == target->validator;
        if (chosen && target->validator != node->validator &&
            (node->recipients & 1U << target->validator) != 0) {
            h->sent += 1;
            deliver(h, node, target, kind, bytes);
        }
    }
    qn_buf_drop(bytes);
}
