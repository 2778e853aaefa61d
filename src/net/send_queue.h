/* What waits to be sent on one link, in four classes (DESIGN section 6).
 *
 * P0 goes first, always. P1, P2 and P3 share the rest by deficit round robin. Messages are cut into
 * frames of at most QN_FRAME_CHUNK_MAX bytes, between which a more urgent one may step in.
 *
 * Pure state: no sockets or clock. Single-threaded. Holds references of shared buffers. */
#ifndef QN_SEND_QUEUE_H
#define QN_SEND_QUEUE_H

#include "base/buf.h"
#include "wire/frame.h"

enum {
    QN_QUEUE_P0_COUNT_MAX = 8192, /* messages; their bytes have a bound of their own */
    QN_QUEUE_P3_COUNT_MAX = 1024,
    QN_QUEUE_BUSY_RESERVED = 1, /* slots above QN_QUEUE_P2_COUNT_MAX, for BUSY only */
    QN_QUEUE_RING_KEPT = 8,     /* slots; a larger ring is given back when it is empty */
    /* What a class may send in one turn: any frame fits. */
    QN_QUEUE_QUANTUM = QN_FRAME_HEADER_LEN + QN_FRAME_CHUNK_MAX,
};

/* One message that waits. */
struct qn_queued {
    struct qn_buf *bytes; /* one reference */
    uint32_t request_id;
    uint32_t offset; /* bytes that are sent already */
    uint8_t kind;
    bool started; /* its first frame is out: it must be finished */
};

/* First in, first out, in a ring that grows. */
struct qn_queue_class {
    struct qn_queued *ring;
    uint32_t capacity; /* zero or a power of two */
    uint32_t head;
    uint32_t count;
    uint32_t deficit; /* bytes that this class may still send in its turn */
    size_t bytes;     /* payload not sent yet */
};

struct qn_send_queue {
    struct qn_queue_class classes[QN_CLASS_COUNT];
    enum qn_class turn;        /* P1, P2 or P3 */
    qn_time_us p0_progress_us; /* when P0 last moved: it sent a frame, or stopped being empty */
};

enum qn_push_result {
    QN_PUSH_QUEUED,
    QN_PUSH_DROPPED_OLDEST, /* queued; the oldest of its class, not begun yet, is gone */
    QN_PUSH_BUSY,           /* a reply without room: the peer gets BUSY instead */
    QN_PUSH_REFUSED,        /* not queued */
    QN_PUSH_OVERFLOW,       /* P0 without room: close the link */
};

void qn_send_queue_init(struct qn_send_queue *queue);
void qn_send_queue_fini(struct qn_send_queue *queue);
/* Takes over the reference to bytes in every case. request_id as the kind wants it. */
enum qn_push_result qn_send_queue_push(struct qn_send_queue *queue, enum qn_message_kind kind,
                                       uint32_t request_id, struct qn_buf *bytes, qn_time_us now);
/* What one call to fill took out. */
struct qn_fill {
    size_t len;                        /* bytes written */
    bool has_p0;                       /* among them */
    uint32_t messages[QN_CLASS_COUNT]; /* that were finished */
};
/* Writes whole frames, headers included, in the order they must be sent; capacity is at least
 * QN_QUEUE_QUANTUM. len 0: nothing waits. */
struct qn_fill qn_send_queue_fill(struct qn_send_queue *queue, uint8_t *out, size_t capacity,
                                  qn_time_us now);
/* Payload that waits, all classes. */
size_t qn_send_queue_bytes(const struct qn_send_queue *queue);
bool qn_send_queue_is_empty(const struct qn_send_queue *queue);
/* P0 has waited for longer than timeout without one frame leaving. */
bool qn_send_queue_is_stalled(const struct qn_send_queue *queue, qn_time_us now,
                              qn_time_us timeout);

#endif
