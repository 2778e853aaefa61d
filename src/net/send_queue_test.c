#include "net/send_queue.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { OUT_SIZE = 16384, FRAMES_MAX = 512 };

static uint64_t seed;

/* One frame as it came out. */
struct frame {
    struct qn_frame_header header;
    const uint8_t *payload;
};

static struct qn_buf *bytes_of(size_t len, uint8_t value)
{
    struct qn_buf *buf = qn_buf_new(len);
    memset(buf->bytes, value, len);
    return buf;
}

static enum qn_push_result push(struct qn_send_queue *queue, enum qn_message_kind kind, size_t len,
                                uint32_t request_id)
{
    return qn_send_queue_push(queue, kind, request_id, bytes_of(len, (uint8_t)request_id), 0);
}

/* Splits what fill wrote; every header must be one that the other end accepts. */
static size_t split(struct frame *frames, const uint8_t *out, size_t len)
{
    size_t count = 0;
    size_t at = 0;

    while (at < len) {
        assert_true(count < FRAMES_MAX);
        struct frame *frame = &frames[count];
        assert_int_equal(qn_frame_header_decode(&frame->header, out + at), QN_OK);
        frame->payload = out + at + QN_FRAME_HEADER_LEN;
        at += QN_FRAME_HEADER_LEN + frame->header.len;
        count += 1;
    }
    assert_int_equal(at, len);
    return count;
}

static size_t fill(struct qn_send_queue *queue, struct frame *frames, uint8_t *out, size_t capacity)
{
    struct qn_fill result = qn_send_queue_fill(queue, out, capacity, 0);
    assert_true(result.len <= capacity);
    return split(frames, out, result.len);
}

static void an_empty_queue_gives_nothing(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    assert_true(qn_send_queue_is_empty(&queue));
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 0);
    qn_send_queue_fini(&queue);
}

static void small_messages_share_one_record(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    assert_int_equal(push(&queue, QN_PING, 10, 0), QN_PUSH_QUEUED);
    assert_int_equal(push(&queue, QN_HEAD, 30, 0), QN_PUSH_QUEUED);
    assert_int_equal(push(&queue, QN_GET_GENESIS, 1, 7), QN_PUSH_QUEUED);
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 3);
    assert_int_equal(frames[0].header.kind, QN_PING);
    assert_int_equal(frames[2].header.request_id + frames[1].header.request_id, 7);
    assert_true(qn_send_queue_is_empty(&queue));
    qn_send_queue_fini(&queue);
}

static void an_empty_message_is_one_empty_frame(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    assert_int_equal(push(&queue, QN_GET_GENESIS, 0, 9), QN_PUSH_QUEUED);
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 1);
    assert_int_equal(frames[0].header.len, 0);
    assert_int_equal(frames[0].header.flags, 0);
    assert_true(qn_send_queue_is_empty(&queue));
    qn_send_queue_fini(&queue);
}

static void a_long_message_is_cut_into_chunks_with_more_on_all_but_the_last(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    assert_int_equal(push(&queue, QN_BLOCKS, 2 * QN_FRAME_CHUNK_MAX + 5, 3), QN_PUSH_QUEUED);
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(frames[i].header.kind, QN_BLOCKS);
        assert_int_equal(frames[i].header.request_id, 3);
        assert_int_equal(frames[i].header.flags,
                         QN_FRAME_REPLY | (i < 2 ? (unsigned)QN_FRAME_MORE : 0U));
        assert_int_equal(frames[i].header.len, i < 2 ? QN_FRAME_CHUNK_MAX : 5);
    }
    qn_send_queue_fini(&queue);
}

static void p0_steps_in_between_the_chunks_of_bulk(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    (void)push(&queue, QN_BLOCKS, 100000, 3);
    assert_int_equal(fill(&queue, frames, out, QN_QUEUE_QUANTUM), 1);
    assert_int_equal(frames[0].header.kind, QN_BLOCKS);
    (void)push(&queue, QN_PING, 10, 0);
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 4);
    assert_int_equal(frames[0].header.kind, QN_PING);
    assert_int_equal(frames[1].header.kind, QN_BLOCKS);
    qn_send_queue_fini(&queue);
}

static void p0_is_served_before_anything_else_as_long_as_it_has_any(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    (void)push(&queue, QN_ANNOUNCE, 1000, 0);
    (void)push(&queue, QN_GET_GENESIS, 1, 1);
    (void)push(&queue, QN_BLOCKS, 9000, 2);
    (void)push(&queue, QN_PROPOSE, 20000, 0);
    (void)push(&queue, QN_NOTARIZE, 100, 0);
    size_t seen_p0 = 0;
    size_t count = fill(&queue, frames, out, OUT_SIZE);
    for (size_t i = 0; i < count; i++) {
        seen_p0 += frames[i].header.class == QN_CLASS_P0;
    }
    assert_int_equal(seen_p0, count);
    assert_true(fill(&queue, frames, out, OUT_SIZE) >= 4);
    assert_int_equal(frames[0].header.kind, QN_PROPOSE);
    assert_int_equal(frames[0].header.flags & QN_FRAME_MORE, QN_FRAME_MORE);
    assert_int_equal(frames[2].header.kind, QN_NOTARIZE);
    assert_int_not_equal(frames[3].header.class, QN_CLASS_P0);
    qn_send_queue_fini(&queue);
}

static void messages_of_a_class_leave_in_their_order(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    for (uint32_t i = 1; i <= 20; i++) {
        (void)push(&queue, QN_SUBMIT, 100, i);
    }
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(frames[i].header.request_id, i + 1);
        assert_int_equal(frames[i].payload[0], i + 1);
    }
    qn_send_queue_fini(&queue);
}

/* Three classes that always have something to send get the same share of bytes, whatever the
 * sizes of their messages. */
static void p1_p2_and_p3_share_by_bytes(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    size_t sent[QN_CLASS_COUNT] = {0};
    (void)state;

    qn_send_queue_init(&queue);
    for (unsigned round = 0; round < 2000; round++) {
        while (queue.classes[QN_CLASS_P1].count < 64) {
            (void)push(&queue, QN_ANNOUNCE, 300, 0);
        }
        while (queue.classes[QN_CLASS_P2].count < 32) {
            (void)push(&queue, QN_SUBMIT, 5000, 1);
        }
        while (queue.classes[QN_CLASS_P3].count < 4) {
            (void)push(&queue, QN_BLOCKS, 200000, 2);
        }
        size_t count = fill(&queue, frames, out, OUT_SIZE);
        for (size_t i = 0; i < count; i++) {
            sent[frames[i].header.class] += QN_FRAME_HEADER_LEN + frames[i].header.len;
        }
    }
    size_t all = sent[QN_CLASS_P1] + sent[QN_CLASS_P2] + sent[QN_CLASS_P3];
    for (size_t i = QN_CLASS_P1; i <= QN_CLASS_P3; i++) {
        assert_in_range(sent[i] * 1000 / all, 323, 343);
    }
    qn_send_queue_fini(&queue);
}

static void p1_drops_its_oldest_message(void **state)
{
    struct qn_send_queue queue;
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    for (unsigned i = 0; i < QN_QUEUE_P1_COUNT_MAX; i++) {
        struct qn_buf *buf = bytes_of(2, (uint8_t)i);
        assert_int_equal(qn_send_queue_push(&queue, QN_HEAD, 0, buf, 0), QN_PUSH_QUEUED);
    }
    assert_int_equal(qn_send_queue_push(&queue, QN_HEAD, 0, bytes_of(2, 200), 0),
                     QN_PUSH_DROPPED_OLDEST);
    assert_int_equal(queue.classes[QN_CLASS_P1].count, QN_QUEUE_P1_COUNT_MAX);
    struct qn_fill filled = qn_send_queue_fill(&queue, out, OUT_SIZE, 0);
    assert_int_equal(filled.messages[QN_CLASS_P1], QN_QUEUE_P1_COUNT_MAX);
    /* The first of them, 0, is gone, and the new one is the last. */
    assert_int_equal(out[QN_FRAME_HEADER_LEN], 1);
    assert_int_equal(out[filled.len - 1], 200);
    qn_send_queue_fini(&queue);
}

static void p1_never_drops_a_message_that_has_begun(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    assert_int_equal(qn_send_queue_push(&queue, QN_ANNOUNCE, 0, bytes_of(5000, 1), 0),
                     QN_PUSH_QUEUED);
    assert_int_equal(fill(&queue, frames, out, QN_QUEUE_QUANTUM), 1);
    assert_int_equal(frames[0].header.flags, QN_FRAME_MORE);
    for (unsigned i = 1; i < QN_QUEUE_P1_COUNT_MAX; i++) {
        (void)qn_send_queue_push(&queue, QN_HEAD, 0, bytes_of(2, 2), 0);
    }
    assert_int_equal(qn_send_queue_push(&queue, QN_HEAD, 0, bytes_of(2, 3), 0),
                     QN_PUSH_DROPPED_OLDEST);
    assert_true(fill(&queue, frames, out, OUT_SIZE) >= 1);
    assert_int_equal(frames[0].header.kind, QN_ANNOUNCE);
    assert_int_equal(frames[0].payload[0], 1);
    assert_int_equal(frames[0].header.len, 5000 - QN_FRAME_CHUNK_MAX);
    qn_send_queue_fini(&queue);
}

static void only_one_reply_without_room_becomes_busy(void **state)
{
    struct qn_send_queue queue;
    (void)state;

    qn_send_queue_init(&queue);
    for (unsigned i = 0; i < QN_QUEUE_P2_COUNT_MAX; i++) {
        assert_int_equal(push(&queue, QN_SUBMIT_RESULT, 3, 100), QN_PUSH_QUEUED);
    }
    assert_int_equal(push(&queue, QN_SUBMIT_RESULT, 3, 41), QN_PUSH_BUSY);
    assert_int_equal(push(&queue, QN_SUBMIT_RESULT, 3, 42), QN_PUSH_REFUSED);
    assert_int_equal(queue.classes[QN_CLASS_P2].count, QN_QUEUE_P2_COUNT_MAX + 1);
    qn_send_queue_fini(&queue);
}

static void busy_carries_the_request_id_of_the_reply_it_stands_for(void **state)
{
    struct qn_send_queue queue;
    static uint8_t out[OUT_SIZE];
    struct qn_frame_header header;
    (void)state;

    qn_send_queue_init(&queue);
    for (unsigned i = 0; i < QN_QUEUE_P2_COUNT_MAX; i++) {
        (void)push(&queue, QN_SUBMIT_RESULT, 3, 100);
    }
    assert_int_equal(push(&queue, QN_SUBMIT_RESULT, 3, 41), QN_PUSH_BUSY);
    struct qn_fill filled = qn_send_queue_fill(&queue, out, OUT_SIZE, 0);
    assert_int_equal(filled.messages[QN_CLASS_P2], QN_QUEUE_P2_COUNT_MAX + 1);
    assert_int_equal(qn_frame_header_decode(&header, out + filled.len - QN_FRAME_HEADER_LEN - 1),
                     QN_OK);
    assert_int_equal(header.kind, QN_BUSY);
    assert_int_equal(header.request_id, 41);
    assert_int_equal(header.flags, QN_FRAME_REPLY);
    assert_int_equal(out[filled.len - 1], 0xa0);
    qn_send_queue_fini(&queue);
}

static void a_request_without_room_is_refused(void **state)
{
    struct qn_send_queue queue;
    (void)state;

    qn_send_queue_init(&queue);
    for (unsigned i = 0; i < QN_QUEUE_P2_COUNT_MAX; i++) {
        assert_int_equal(push(&queue, QN_GET_GENESIS, 1, 1), QN_PUSH_QUEUED);
    }
    assert_int_equal(push(&queue, QN_GET_GENESIS, 1, 2), QN_PUSH_REFUSED);
    assert_int_equal(queue.classes[QN_CLASS_P2].count, QN_QUEUE_P2_COUNT_MAX);
    qn_send_queue_fini(&queue);
}

static void bulk_without_room_answers_busy_until_it_is_drained(void **state)
{
    struct qn_send_queue queue;
    struct frame frames[FRAMES_MAX] = {0};
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(push(&queue, QN_BLOCKS, QN_QUEUE_P3_LEN_MAX / 4, 1), QN_PUSH_QUEUED);
    }
    assert_int_equal(push(&queue, QN_BLOCKS, QN_FRAME_CHUNK_MAX, 2), QN_PUSH_BUSY);
    assert_int_equal(fill(&queue, frames, out, OUT_SIZE), 4); /* BUSY and three chunks */
    assert_int_equal(push(&queue, QN_BLOCKS, QN_FRAME_CHUNK_MAX, 3), QN_PUSH_QUEUED);
    qn_send_queue_fini(&queue);
}

static void p0_overflows_by_bytes_and_by_count(void **state)
{
    struct qn_send_queue queue;
    (void)state;

    qn_send_queue_init(&queue);
    size_t len = qn_kind_find(QN_PROPOSE)->len_max;
    for (size_t i = 0; i < QN_QUEUE_P0_LEN_MAX / len; i++) {
        assert_int_equal(push(&queue, QN_PROPOSE, len, 0), QN_PUSH_QUEUED);
    }
    assert_int_equal(push(&queue, QN_PROPOSE, len, 0), QN_PUSH_OVERFLOW);
    qn_send_queue_fini(&queue);
    for (unsigned i = 0; i < QN_QUEUE_P0_COUNT_MAX; i++) {
        assert_int_equal(push(&queue, QN_PING, 3, 0), QN_PUSH_QUEUED);
    }
    assert_int_equal(push(&queue, QN_PING, 3, 0), QN_PUSH_OVERFLOW);
    qn_send_queue_fini(&queue);
}

static void p0_stalls_when_nothing_of_it_leaves(void **state)
{
    struct qn_send_queue queue;
    static uint8_t out[OUT_SIZE];
    (void)state;

    qn_send_queue_init(&queue);
    assert_false(qn_send_queue_is_stalled(&queue, 1000, 10));
    (void)qn_send_queue_push(&queue, QN_PROPOSE, 0, bytes_of(40000, 1), 1000);
    assert_false(qn_send_queue_is_stalled(&queue, 1009, 10));
    assert_true(qn_send_queue_is_stalled(&queue, 1010, 10));
    (void)qn_send_queue_fill(&queue, out, QN_QUEUE_QUANTUM, 1010);
    assert_false(qn_send_queue_is_stalled(&queue, 1019, 10));
    /* Another message behind does not make it look alive. */
    (void)qn_send_queue_push(&queue, QN_PING, 0, bytes_of(3, 1), 1019);
    assert_true(qn_send_queue_is_stalled(&queue, 1020, 10));
    qn_send_queue_fini(&queue);
}

static void a_shared_buffer_is_held_and_dropped(void **state)
{
    struct qn_send_queue queues[3];
    struct qn_buf *buf = bytes_of(6000, 1);
    static uint8_t out[OUT_SIZE];
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        qn_send_queue_init(&queues[i]);
        (void)qn_send_queue_push(&queues[i], QN_PROPOSE, 0, qn_buf_hold(buf), 0);
    }
    assert_int_equal(buf->references, 4);
    (void)qn_send_queue_fill(&queues[0], out, OUT_SIZE, 0);
    assert_int_equal(buf->references, 3);
    (void)qn_send_queue_fill(&queues[1], out, QN_QUEUE_QUANTUM, 0);
    for (size_t i = 0; i < 3; i++) {
        qn_send_queue_fini(&queues[i]);
    }
    assert_int_equal(buf->references, 1);
    qn_buf_drop(buf);
}

/* --- Random traffic: everything that was accepted arrives whole and in order. --- */

struct expected {
    uint32_t id; /* first four bytes of the message */
    size_t len;
};

enum { EXPECTED_MAX = 2048 };

struct model {
    struct expected waiting[QN_CLASS_COUNT][EXPECTED_MAX];
    size_t head[QN_CLASS_COUNT];
    size_t count[QN_CLASS_COUNT];
    size_t received[QN_CLASS_COUNT];
};

static const struct {
    enum qn_message_kind kind;
    size_t len_max;
} traffic[] = {
    {QN_PROPOSE, 60000}, {QN_NOTARIZE, 3000},     {QN_ANNOUNCE, 4500}, {QN_HEAD, 30},
    {QN_SUBMIT, 15000},  {QN_SUBMIT_RESULT, 300}, {QN_BLOCKS, 90000},
};

static struct qn_buf *numbered(uint32_t id, size_t len)
{
    struct qn_buf *buf = bytes_of(len, (uint8_t)id);
    memcpy(buf->bytes, &id, sizeof id);
    return buf;
}

static void model_push(struct model *model, struct qn_send_queue *queue, struct qn_rng *rng,
                       uint32_t id)
{
    size_t choice = (size_t)qn_rng_below(rng, QN_ARRAY_COUNT(traffic));
    const struct qn_kind_info *info = qn_kind_find(traffic[choice].kind);
    size_t len = 4 + (size_t)qn_rng_below(rng, traffic[choice].len_max - 4);
    size_t class = info->class;
    uint32_t request_id = info->is_reply || info->is_request ? id + 1 : 0;

    /* BUSY is not modelled: keep below what makes one. */
    if ((class == QN_CLASS_P2 && queue->classes[class].count >= QN_QUEUE_P2_COUNT_MAX) ||
        (class == QN_CLASS_P3 && queue->classes[class].bytes + len > (size_t)QN_QUEUE_P3_LEN_MAX) ||
        (class == QN_CLASS_P0 && queue->classes[class].bytes + len > (size_t)QN_QUEUE_P0_LEN_MAX)) {
        return;
    }
    bool head_started = queue->classes[class].count > 0 &&
                        queue->classes[class].ring[queue->classes[class].head].started;
    enum qn_push_result result =
        qn_send_queue_push(queue, traffic[choice].kind, request_id, numbered(id, len), 0);
    if (result == QN_PUSH_DROPPED_OLDEST) {
        size_t first = model->head[class];
        if (head_started) { /* the second goes, the begun one stays */
            model->waiting[class][(first + 1) % EXPECTED_MAX] =
                model->waiting[class][first % EXPECTED_MAX];
        }
        model->head[class] += 1;
        model->count[class] -= 1;
    } else {
        assert_int_equal(result, QN_PUSH_QUEUED);
    }
    size_t end = model->head[class] + model->count[class];
    model->waiting[class][end % EXPECTED_MAX] = (struct expected){id, len};
    model->count[class] += 1;
    assert_true(model->count[class] < EXPECTED_MAX);
}

static void model_receive(struct model *model, struct qn_assembler *assembler, struct qn_span in)
{
    for (;;) {
        struct qn_message_bytes message;
        enum qn_err err = qn_assembler_next(assembler, &message, &in);
        if (err == QN_ERR_NOT_FOUND) {
            return;
        }
        assert_int_equal(err, QN_OK);
        size_t class = message.class;
        uint32_t id = 0;
        memcpy(&id, message.bytes.at, sizeof id);
        assert_true(model->count[class] > 0);
        struct expected *expected = &model->waiting[class][model->head[class] % EXPECTED_MAX];
        assert_int_equal(id, expected->id);
        assert_int_equal(message.bytes.len, expected->len);
        model->head[class] += 1;
        model->count[class] -= 1;
        model->received[class] += 1;
    }
}

static void random_traffic_arrives_whole_and_in_order(void **state)
{
    struct qn_rng rng;
    struct qn_send_queue queue;
    struct qn_assembler assembler;
    struct model *model = calloc(1, sizeof *model);
    static uint8_t out[OUT_SIZE];
    uint32_t next_id = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    assert_non_null(model);
    qn_rng_init(&rng, seed);
    qn_send_queue_init(&queue);
    qn_assembler_init(&assembler);
    for (unsigned round = 0; round < 20000; round++) {
        uint64_t pushes = qn_rng_below(&rng, 4);
        for (uint64_t i = 0; i < pushes; i++) {
            model_push(model, &queue, &rng, next_id++);
        }
        size_t capacity =
            QN_QUEUE_QUANTUM + (size_t)qn_rng_below(&rng, OUT_SIZE - QN_QUEUE_QUANTUM + 1);
        struct qn_fill filled = qn_send_queue_fill(&queue, out, capacity, 0);
        assert_true(filled.len <= capacity);
        model_receive(model, &assembler, (struct qn_span){out, filled.len});
    }
    while (!qn_send_queue_is_empty(&queue)) {
        struct qn_fill filled = qn_send_queue_fill(&queue, out, OUT_SIZE, 0);
        assert_true(filled.len > 0);
        model_receive(model, &assembler, (struct qn_span){out, filled.len});
    }
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        assert_int_equal(model->count[i], 0);
        assert_true(model->received[i] > 100);
        assert_int_equal(queue.classes[i].bytes, 0);
    }
    qn_assembler_fini(&assembler);
    qn_send_queue_fini(&queue);
    free(model);
}

static void show(const char *message)
{
    print_error("%s\n", message);
}

int main(int argc, char **argv)
{
    qn_assert_hook = show;
    seed = argc == 3 && strcmp(argv[1], "--seed") == 0 ? strtoull(argv[2], NULL, 10)
                                                       : (uint64_t)time(NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_queue_gives_nothing),
        cmocka_unit_test(small_messages_share_one_record),
        cmocka_unit_test(an_empty_message_is_one_empty_frame),
        cmocka_unit_test(a_long_message_is_cut_into_chunks_with_more_on_all_but_the_last),
        cmocka_unit_test(p0_steps_in_between_the_chunks_of_bulk),
        cmocka_unit_test(p0_is_served_before_anything_else_as_long_as_it_has_any),
        cmocka_unit_test(messages_of_a_class_leave_in_their_order),
        cmocka_unit_test(p1_p2_and_p3_share_by_bytes),
        cmocka_unit_test(p1_drops_its_oldest_message),
        cmocka_unit_test(p1_never_drops_a_message_that_has_begun),
        cmocka_unit_test(only_one_reply_without_room_becomes_busy),
        cmocka_unit_test(busy_carries_the_request_id_of_the_reply_it_stands_for),
        cmocka_unit_test(a_request_without_room_is_refused),
        cmocka_unit_test(bulk_without_room_answers_busy_until_it_is_drained),
        cmocka_unit_test(p0_overflows_by_bytes_and_by_count),
        cmocka_unit_test(p0_stalls_when_nothing_of_it_leaves),
        cmocka_unit_test(a_shared_buffer_is_held_and_dropped),
        cmocka_unit_test(random_traffic_arrives_whole_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
