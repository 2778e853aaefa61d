#include "net/send_queue.h"

#include <stdlib.h>
#include <string.h>

static struct qn_queued *slot_at(const struct qn_queue_class *class, uint32_t index)
{
    return &class->ring[(class->head + index) & (class->capacity - 1)];
}

static void grow(struct qn_queue_class *class)
{
    uint32_t capacity = class->capacity == 0 ? QN_QUEUE_RING_KEPT : class->capacity * 2;
    struct qn_queued *ring = malloc(capacity * sizeof *ring);

    QN_ASSERT(ring != NULL);
    for (uint32_t i = 0; i < class->count; i++) {
        ring[i] = *slot_at(class, i);
    }
    free(class->ring);
    class->ring = ring;
    class->capacity = capacity;
    class->head = 0;
}

static void append(struct qn_queue_class *class, struct qn_queued message)
{
    if (class->count == class->capacity) {
        grow(class);
    }
    *slot_at(class, class->count) = message;
    class->count += 1;
    class->bytes += message.bytes->len;
}

/* Of a link that was busy once, only a small ring stays. */
static void shrink(struct qn_queue_class *class)
{
    if (class->count == 0 && class->capacity > QN_QUEUE_RING_KEPT) {
        free(class->ring);
        class->ring = NULL;
        class->capacity = 0;
        class->head = 0;
    }
}

static void drop_head(struct qn_queue_class *class)
{
    struct qn_queued *head = slot_at(class, 0);

    class->bytes -= head->bytes->len - head->offset;
    qn_buf_drop(head->bytes);
    class->head = (class->head + 1) & (class->capacity - 1);
    class->count -= 1;
    shrink(class);
}

/* The oldest message whose first frame is not out yet: the head, or the one behind it. */
static void drop_oldest_unstarted(struct qn_queue_class *class)
{
    struct qn_queued *head = slot_at(class, 0);

    if (head->started) {
        struct qn_queued kept = *head;
        struct qn_queued *second = slot_at(class, 1);
        *head = *second;
        *second = kept;
    }
    drop_head(class);
}

void qn_send_queue_init(struct qn_send_queue *queue)
{
    *queue = (struct qn_send_queue){.turn = QN_CLASS_P1};
}

void qn_send_queue_fini(struct qn_send_queue *queue)
{
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        while (queue->classes[i].count > 0) {
            drop_head(&queue->classes[i]);
        }
        free(queue->classes[i].ring);
    }
    qn_send_queue_init(queue);
}

static bool has_room(const struct qn_queue_class *class, enum qn_class which, size_t len)
{
    switch (which) {
    case QN_CLASS_P0:
        return class->count < QN_QUEUE_P0_COUNT_MAX && class->bytes + len <= QN_QUEUE_P0_LEN_MAX;
    case QN_CLASS_P1:
        return class->count < QN_QUEUE_P1_COUNT_MAX;
    case QN_CLASS_P2:
        return class->count < QN_QUEUE_P2_COUNT_MAX;
    case QN_CLASS_P3:
        return class->count < QN_QUEUE_P3_COUNT_MAX && class->bytes + len <= QN_QUEUE_P3_LEN_MAX;
    case QN_CLASS_COUNT:
        break;
    }
    return false;
}

/* Whoever asked learns at once that it must try again. */
static enum qn_push_result push_busy(struct qn_send_queue *queue, uint32_t request_id)
{
    struct qn_queue_class *class = &queue->classes[QN_CLASS_P2];
    static const uint8_t empty_map[] = {0xa0};

    if (class->count >= QN_QUEUE_P2_COUNT_MAX + QN_QUEUE_BUSY_RESERVED) {
        return QN_PUSH_REFUSED;
    }
    append(class, (struct qn_queued){
                      .bytes = qn_buf_copy((struct qn_span){empty_map, sizeof empty_map}),
                      .kind = QN_BUSY,
                      .request_id = request_id,
                  });
    return QN_PUSH_BUSY;
}

static enum qn_push_result push_without_room(struct qn_send_queue *queue,
                                             const struct qn_kind_info *info,
                                             struct qn_queued message)
{
    struct qn_queue_class *class = &queue->classes[info->class];

    if (info->class == QN_CLASS_P1) {
        drop_oldest_unstarted(class);
        append(class, message);
        return QN_PUSH_DROPPED_OLDEST;
    }
    qn_buf_drop(message.bytes);
    if (info->class == QN_CLASS_P0) {
        return QN_PUSH_OVERFLOW;
    }
    return info->is_reply ? push_busy(queue, message.request_id) : QN_PUSH_REFUSED;
}

enum qn_push_result qn_send_queue_push(struct qn_send_queue *queue, enum qn_message_kind kind,
                                       uint32_t request_id, struct qn_buf *bytes, qn_time_us now)
{
    const struct qn_kind_info *info = qn_kind_find(kind);
    QN_ASSERT(info != NULL && bytes->len <= info->len_max);
    struct qn_queue_class *class = &queue->classes[info->class];
    struct qn_queued message = {.bytes = bytes, .kind = (uint8_t)kind, .request_id = request_id};

    if (!has_room(class, info->class, bytes->len)) {
        return push_without_room(queue, info, message);
    }
    if (info->class == QN_CLASS_P0 && class->count == 0) {
        queue->p0_progress_us = now;
    }
    append(class, message);
    return QN_PUSH_QUEUED;
}

static uint32_t next_chunk(const struct qn_queue_class *class)
{
    const struct qn_queued *head = slot_at(class, 0);
    size_t left = head->bytes->len - head->offset;

    return left < QN_FRAME_CHUNK_MAX ? (uint32_t)left : QN_FRAME_CHUNK_MAX;
}

static uint32_t next_cost(const struct qn_queue_class *class)
{
    return QN_FRAME_HEADER_LEN + next_chunk(class);
}

static void pass_turn(struct qn_send_queue *queue)
{
    queue->turn = queue->turn == QN_CLASS_P3 ? QN_CLASS_P1 : (enum qn_class)(queue->turn + 1);
    struct qn_queue_class *class = &queue->classes[queue->turn];

    /* An empty class saves nothing up. */
    class->deficit = class->count == 0 ? 0 : class->deficit + QN_QUEUE_QUANTUM;
}

/* Whose frame is next; QN_CLASS_COUNT if nothing waits. A quantum covers any frame, so going once
 * around, and back to where it began, finds it. */
static enum qn_class choose(struct qn_send_queue *queue)
{
    if (queue->classes[QN_CLASS_P0].count > 0) {
        return QN_CLASS_P0;
    }
    for (unsigned i = 0; i < QN_CLASS_COUNT; i++) {
        const struct qn_queue_class *class = &queue->classes[queue->turn];
        if (class->count > 0 && class->deficit >= next_cost(class)) {
            return queue->turn;
        }
        pass_turn(queue);
    }
    return QN_CLASS_COUNT;
}

static void write_frame(struct qn_queue_class *class, enum qn_class which, uint8_t *out)
{
    struct qn_queued *head = slot_at(class, 0);
    uint32_t len = next_chunk(class);
    bool has_more = head->offset + len < head->bytes->len;
    bool is_reply = qn_kind_find(head->kind)->is_reply;

    qn_frame_header_encode(out, &(struct qn_frame_header){
                                    .len = len,
                                    .class = (uint8_t)which,
                                    .kind = head->kind,
                                    .flags = (uint8_t)((has_more ? QN_FRAME_MORE : 0U) |
                                                       (is_reply ? QN_FRAME_REPLY : 0U)),
                                    .request_id = head->request_id,
                                });
    if (len > 0) {
        memcpy(out + QN_FRAME_HEADER_LEN, head->bytes->bytes + head->offset, len);
    }
    head->offset += len;
    head->started = true;
    class->bytes -= len;
}

static void finish_if_sent(struct qn_queue_class *class, enum qn_class which, struct qn_fill *fill)
{
    const struct qn_queued *head = slot_at(class, 0);

    if (head->offset == head->bytes->len) {
        drop_head(class);
        fill->messages[which] += 1;
    }
}

struct qn_fill qn_send_queue_fill(struct qn_send_queue *queue, uint8_t *out, size_t capacity,
                                  qn_time_us now)
{
    struct qn_fill fill = {0};

    QN_ASSERT(capacity >= QN_QUEUE_QUANTUM);
    for (;;) { /* each round writes at least a header into capacity */
        enum qn_class which = choose(queue);
        if (which == QN_CLASS_COUNT) {
            return fill;
        }
        struct qn_queue_class *class = &queue->classes[which];
        uint32_t cost = next_cost(class);
        if (cost > capacity - fill.len) {
            return fill;
        }
        write_frame(class, which, out + fill.len);
        fill.len += cost;
        if (which == QN_CLASS_P0) {
            fill.has_p0 = true;
            queue->p0_progress_us = now;
        } else {
            class->deficit -= cost;
        }
        finish_if_sent(class, which, &fill);
    }
}

size_t qn_send_queue_bytes(const struct qn_send_queue *queue)
{
    size_t bytes = 0;

    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        bytes += queue->classes[i].bytes;
    }
    return bytes;
}

bool qn_send_queue_is_empty(const struct qn_send_queue *queue)
{
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        if (queue->classes[i].count > 0) {
            return false;
        }
    }
    return true;
}

bool qn_send_queue_is_stalled(const struct qn_send_queue *queue, qn_time_us now, qn_time_us timeout)
{
    return queue->classes[QN_CLASS_P0].count > 0 && now - queue->p0_progress_us >= timeout;
}
