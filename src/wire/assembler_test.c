#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/pool.h"
#include "base/testing/allocations.h"
#include "wire/frame.h"
#include "wire/testing/frame_stream.h"
#include "wire/testing/run.h"
#include "wire/testing/sample.h"

static uint8_t filler[QN_MESSAGE_LEN_MAX + QN_FRAME_CHUNK_MAX];

static struct qn_span filler_of(size_t len)
{
    return (struct qn_span){filler, len};
}

static uint32_t request_id_of(enum qn_message_kind kind)
{
    const struct qn_kind_info *info = qn_kind_find((unsigned)kind);
    return info->is_reply || info->is_request ? 7 : 0;
}

/* What a stream leads to: the messages' number and the last result. */
static enum qn_err run(const struct qn_frame_stream *stream, size_t *messages)
{
    struct qn_assembler assembler;
    struct qn_message_bytes message;
    struct qn_span in = {stream->bytes, stream->len};
    enum qn_err err = QN_OK;
    *messages = 0;
    qn_assembler_init(&assembler);
    while ((err = qn_assembler_next(&assembler, &message, &in)) == QN_OK) {
        *messages += 1;
    }
    if (err != QN_ERR_NOT_FOUND) { /* and it stays so */
        struct qn_span more = filler_of(100);
        assert_int_equal(qn_assembler_next(&assembler, &message, &more), err);
        assert_int_equal(more.len, 100);
    } else {
        assert_int_equal(in.len, 0);
    }
    qn_assembler_fini(&assembler);
    return err;
}

static void a_message_of_one_frame_comes_out(void **state)
{
    (void)state;
    struct qn_frame_stream stream;
    struct qn_assembler assembler;
    struct qn_message_bytes message;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_message(&stream, QN_SUBMIT, 0xAABBCCDD, filler_of(100));
    struct qn_span in = {stream.bytes, stream.len};

    qn_assembler_init(&assembler);
    assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_OK);
    assert_int_equal(message.kind, QN_SUBMIT);
    assert_int_equal(message.class, QN_CLASS_P2);
    assert_int_equal(message.request_id, 0xAABBCCDD);
    assert_true(qn_span_equal(message.bytes, filler_of(100)));
    assert_int_equal(in.len, 0);
    assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_ERR_NOT_FOUND);
    qn_assembler_fini(&assembler);
    qn_frame_stream_fini(&stream);
}

static void an_empty_message_comes_out(void **state)
{
    (void)state;
    struct qn_frame_stream stream;
    size_t messages;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_frame(&stream, QN_PING, 0, false, filler_of(0));
    qn_frame_stream_put_frame(&stream, QN_BLOCKS, 1, true, filler_of(5));
    qn_frame_stream_put_frame(&stream, QN_BLOCKS, 1, false, filler_of(0));
    assert_int_equal(run(&stream, &messages), QN_ERR_NOT_FOUND);
    assert_int_equal(messages, 2);
    qn_frame_stream_fini(&stream);
}

static void nothing_is_not_an_error(void **state)
{
    (void)state;
    struct qn_frame_stream stream;
    size_t messages;
    qn_frame_stream_init(&stream);
    assert_int_equal(run(&stream, &messages), QN_ERR_NOT_FOUND);
    assert_int_equal(messages, 0);
    qn_frame_stream_fini(&stream);
}

/* --- many messages, interleaved and split at random --- */

enum { MESSAGES_PER_CLASS = 12 };

struct sent {
    enum qn_message_kind kind;
    uint32_t request_id;
    struct qn_buf *bytes;
};

struct traffic {
    struct qn_sampler s;
    struct sent sent[QN_CLASS_COUNT][MESSAGES_PER_CLASS];
    size_t begun[QN_CLASS_COUNT];  /* messages whose frames are all sent */
    size_t offset[QN_CLASS_COUNT]; /* bytes of the next one that are sent */
    size_t received[QN_CLASS_COUNT];
    struct qn_frame_stream stream;
};

static enum qn_message_kind random_kind(struct traffic *t, unsigned class)
{
    for (;;) { /* each class has kinds, so this ends */
        const struct qn_kind_info *info = qn_kind_find((unsigned)qn_rng_below(&t->s.rng, 256));
        if (info != NULL && (unsigned)info->class == class) {
            return info->kind;
        }
    }
}

static void make_messages(struct traffic *t)
{
    for (unsigned class = 0; class < QN_CLASS_COUNT; class ++) {
        for (size_t i = 0; i < MESSAGES_PER_CLASS; i++) {
            struct sent *sent = &t->sent[class][i];
            sent->kind = random_kind(t, class);
            const struct qn_kind_info *info = qn_kind_find((unsigned)sent->kind);
            bool has_id = info->is_reply || info->is_request;
            sent->request_id = has_id ? (uint32_t)qn_sample_uint(&t->s, 1, UINT32_MAX) : 0;
            sent->bytes = qn_buf_new((size_t)qn_sample_uint(&t->s, 0, info->len_max));
            qn_sample_bytes(&t->s, sent->bytes->bytes, sent->bytes->len);
        }
    }
}

/* The next frame of a class: a random part of what is left of its message. */
static void put_next_frame(struct traffic *t, unsigned class)
{
    struct sent *sent = &t->sent[class][t->begun[class]];
    size_t left = sent->bytes->len - t->offset[class];
    size_t len = left < QN_FRAME_CHUNK_MAX ? left : QN_FRAME_CHUNK_MAX;
    if (len > 0 && qn_rng_below(&t->s.rng, 4) == 0) {
        len = (size_t)qn_sample_uint(&t->s, 1, len);
    }
    struct qn_span payload = {sent->bytes->bytes + t->offset[class], len};
    qn_frame_stream_put_frame(&t->stream, sent->kind, sent->request_id, len < left, payload);
    t->offset[class] += len;
    if (len == left) {
        t->begun[class] += 1;
        t->offset[class] = 0;
    }
}

static void interleave(struct traffic *t)
{
    size_t open = QN_CLASS_COUNT;
    while (open > 0) {
        unsigned class = (unsigned)qn_rng_below(&t->s.rng, QN_CLASS_COUNT);
        if (t->begun[class] < MESSAGES_PER_CLASS) {
            put_next_frame(t, class);
            open -= t->begun[class] == MESSAGES_PER_CLASS;
        }
    }
}

static void assert_received(struct traffic *t, const struct qn_message_bytes *message)
{
    assert_true(t->received[message->class] < MESSAGES_PER_CLASS);
    const struct sent *sent = &t->sent[message->class][t->received[message->class]];
    assert_int_equal(message->kind, sent->kind);
    assert_int_equal(message->request_id, sent->request_id);
    assert_true(qn_span_equal(message->bytes, qn_buf_span(sent->bytes)));
    t->received[message->class] += 1;
}

/* Hands over the stream in pieces of which each lies in its own memory, gone afterwards. */
static void receive(struct traffic *t)
{
    struct qn_assembler assembler;
    struct qn_message_bytes message;
    qn_assembler_init(&assembler);
    for (size_t at = 0; at < t->stream.len;) {
        size_t len = (size_t)qn_sample_uint(&t->s, 1, 16384);
        len = len < t->stream.len - at ? len : t->stream.len - at;
        struct qn_buf *piece = qn_buf_copy((struct qn_span){t->stream.bytes + at, len});
        struct qn_span in = qn_buf_span(piece);
        enum qn_err err;
        while ((err = qn_assembler_next(&assembler, &message, &in)) == QN_OK) {
            assert_received(t, &message);
        }
        assert_int_equal(err, QN_ERR_NOT_FOUND);
        assert_int_equal(in.len, 0);
        qn_buf_drop(piece);
        at += len;
    }
    qn_assembler_fini(&assembler);
}

static void random_splits_give_the_same_messages(void **state)
{
    (void)state;
    struct qn_rng rng = qn_test_rng();
    for (int round = 0; round < 10; round++) {
        struct traffic *t = calloc(1, sizeof *t);
        assert_non_null(t);
        t->s = (struct qn_sampler){rng, QN_SAMPLE_RANDOM};
        make_messages(t);
        interleave(t);
        receive(t);
        for (unsigned class = 0; class < QN_CLASS_COUNT; class ++) {
            assert_int_equal(t->received[class], MESSAGES_PER_CLASS);
            for (size_t i = 0; i < MESSAGES_PER_CLASS; i++) {
                qn_buf_drop(t->sent[class][i].bytes);
            }
        }
        rng = t->s.rng;
        qn_frame_stream_fini(&t->stream);
        free(t);
    }
}

/* --- limits and faults --- */

static void the_largest_message_of_each_kind_fits_and_no_larger(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        const struct qn_kind_info *info = qn_kind_find(kind);
        if (info == NULL) {
            continue;
        }
        for (size_t extra = 0; extra <= 1; extra++) {
            struct qn_frame_stream stream;
            size_t messages;
            qn_frame_stream_init(&stream);
            qn_frame_stream_put_message(&stream, info->kind, request_id_of(info->kind),
                                        filler_of(info->len_max + extra));
            assert_int_equal(run(&stream, &messages),
                             extra == 0 ? QN_ERR_NOT_FOUND : QN_ERR_TOO_BIG);
            assert_int_equal(messages, extra == 0 ? 1 : 0);
            qn_frame_stream_fini(&stream);
        }
    }
}

static size_t held(const struct qn_assembler *assembler)
{
    size_t sum = 0;
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        sum += assembler->classes[i].capacity;
    }
    return sum;
}

/* Feeds frames that all say MORE, of every class in turn; memory must stay below the limits of the
 * largest kinds. */
static void messages_that_never_end_are_cut_off(void **state)
{
    (void)state;
    static const enum qn_message_kind largest[QN_CLASS_COUNT] = {QN_PROPOSE, QN_ANNOUNCE, QN_SUBMIT,
                                                                 QN_BLOCKS};
    size_t limits = 0;
    struct qn_assembler assembler;
    struct qn_message_bytes message;
    enum qn_err err = QN_ERR_NOT_FOUND;
    qn_assembler_init(&assembler);
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        size_t len_max = qn_kind_find((unsigned)largest[i])->len_max;
        limits += len_max;
        for (size_t sent = 0; sent + QN_FRAME_CHUNK_MAX <= len_max; sent += QN_FRAME_CHUNK_MAX) {
            struct qn_frame_stream stream;
            qn_frame_stream_init(&stream);
            qn_frame_stream_put_frame(&stream, largest[i], request_id_of(largest[i]), true,
                                      filler_of(QN_FRAME_CHUNK_MAX));
            struct qn_span in = {stream.bytes, stream.len};
            assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_ERR_NOT_FOUND);
            assert_true(held(&assembler) <= limits);
            qn_frame_stream_fini(&stream);
        }
    }
    struct qn_frame_stream stream;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_frame(&stream, QN_BLOCKS, 7, true, filler_of(1));
    struct qn_span in = {stream.bytes, stream.len};
    err = qn_assembler_next(&assembler, &message, &in);
    assert_int_equal(err, QN_ERR_TOO_BIG);
    assert_true(held(&assembler) <= limits);
    qn_frame_stream_fini(&stream);
    qn_assembler_fini(&assembler);
}

/* One byte of payload per frame is slow, but it ends at the same limit. */
static void tiny_frames_end_at_the_same_limit(void **state)
{
    (void)state;
    size_t len_max = qn_kind_find(QN_HELLO)->len_max;
    struct qn_frame_stream stream;
    size_t messages;
    qn_frame_stream_init(&stream);
    for (size_t i = 0; i < len_max; i++) {
        qn_frame_stream_put_frame(&stream, QN_HELLO, 0, true, filler_of(1));
    }
    assert_int_equal(run(&stream, &messages), QN_ERR_NOT_FOUND);
    qn_frame_stream_put_frame(&stream, QN_HELLO, 0, true, filler_of(1));
    assert_int_equal(run(&stream, &messages), QN_ERR_TOO_BIG);
    assert_int_equal(messages, 0);
    qn_frame_stream_fini(&stream);
}

static enum qn_err run_two_frames(enum qn_message_kind first, uint32_t first_id,
                                  enum qn_message_kind second, uint32_t second_id)
{
    struct qn_frame_stream stream;
    size_t messages;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_frame(&stream, first, first_id, true, filler_of(10));
    qn_frame_stream_put_frame(&stream, second, second_id, false, filler_of(10));
    enum qn_err err = run(&stream, &messages);
    qn_frame_stream_fini(&stream);
    return err;
}

static void a_message_keeps_its_kind_and_request_id(void **state)
{
    (void)state;
    assert_int_equal(run_two_frames(QN_SUBMIT, 7, QN_SUBMIT, 7), QN_ERR_NOT_FOUND);
    assert_int_equal(run_two_frames(QN_SUBMIT, 7, QN_SUBMIT, 8), QN_ERR_MALFORMED);
    assert_int_equal(run_two_frames(QN_SUBMIT, 7, QN_GET_BLOCKS, 7), QN_ERR_MALFORMED);
    assert_int_equal(run_two_frames(QN_SUBMIT, 7, QN_SUBMIT_RESULT, 7), QN_ERR_MALFORMED);
    assert_int_equal(run_two_frames(QN_NOTARIZE, 0, QN_FINALIZE, 0), QN_ERR_MALFORMED);
    assert_int_equal(run_two_frames(QN_NOTARIZE, 0, QN_ANNOUNCE, 0), QN_ERR_NOT_FOUND);
}

static void a_bad_header_stops_the_stream_after_what_came_before(void **state)
{
    (void)state;
    static const uint8_t bad[QN_FRAME_HEADER_LEN] = {0, 0, 1, QN_CLASS_P1, QN_PING, 0, 0, 0, 0, 0};
    struct qn_frame_stream stream;
    size_t messages;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_message(&stream, QN_PING, 0, filler_of(3));
    qn_frame_stream_put(&stream, bad, sizeof bad);
    qn_frame_stream_put_message(&stream, QN_PING, 0, filler_of(3));
    assert_int_equal(run(&stream, &messages), QN_ERR_MALFORMED);
    assert_int_equal(messages, 1);
    qn_frame_stream_fini(&stream);
}

static void large_memory_is_given_back_and_small_kept(void **state)
{
    (void)state;
    struct qn_frame_stream stream;
    struct qn_assembler assembler;
    struct qn_message_bytes message;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_message(&stream, QN_BLOCKS, 1, filler_of(100000));
    qn_frame_stream_put_message(&stream, QN_NOTARIZE, 0, filler_of(3400));
    qn_frame_stream_put_message(&stream, QN_NOTARIZE, 0, filler_of(3400));
    struct qn_span in = {stream.bytes, stream.len};

    qn_assembler_init(&assembler);
    assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_OK);
    assert_int_equal(message.bytes.len, 100000);
    assert_in_range(held(&assembler), 100000, 2 * 100000);
    assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_OK);
    assert_int_equal(held(&assembler), 3400);
    const uint8_t *memory = message.bytes.at;
    assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_OK);
    assert_ptr_equal(message.bytes.at, memory); /* nothing allocated in the steady state */
    qn_assembler_fini(&assembler);
    assert_int_equal(held(&assembler), 0);
    qn_frame_stream_fini(&stream);
}

/* Votes, and proposals of several frames, whose memory is given back in between. */
static void a_stream_of_messages_allocates_nothing(void **state)
{
    enum { VOTE_LEN = 3400, PROPOSAL_LEN = 30000, ROUNDS = 100 };
    struct qn_frame_stream stream;
    struct qn_assembler assembler;
    struct qn_message_bytes message;
    uint64_t calls = 0;

    (void)state;
    qn_frame_stream_init(&stream);
    qn_frame_stream_put_message(&stream, QN_NOTARIZE, 0, filler_of(VOTE_LEN));
    qn_frame_stream_put_message(&stream, QN_PROPOSE, 0, filler_of(PROPOSAL_LEN));
    qn_assembler_init(&assembler);
    for (int i = 0; i < ROUNDS; i++) {
        struct qn_span in = {stream.bytes, stream.len};
        assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_OK);
        assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_OK);
        assert_int_equal(message.bytes.len, PROPOSAL_LEN);
        assert_int_equal(qn_assembler_next(&assembler, &message, &in), QN_ERR_NOT_FOUND);
        calls = i == 0 ? qn_allocations() : calls;
    }
    assert_int_equal(qn_allocations(), calls);
    qn_assembler_fini(&assembler);
    qn_frame_stream_fini(&stream);
    qn_pool_thread_fini();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_one_frame_comes_out),
        cmocka_unit_test(an_empty_message_comes_out),
        cmocka_unit_test(nothing_is_not_an_error),
        cmocka_unit_test(random_splits_give_the_same_messages),
        cmocka_unit_test(the_largest_message_of_each_kind_fits_and_no_larger),
        cmocka_unit_test(messages_that_never_end_are_cut_off),
        cmocka_unit_test(tiny_frames_end_at_the_same_limit),
        cmocka_unit_test(a_message_keeps_its_kind_and_request_id),
        cmocka_unit_test(a_bad_header_stops_the_stream_after_what_came_before),
        cmocka_unit_test(large_memory_is_given_back_and_small_kept),
        cmocka_unit_test(a_stream_of_messages_allocates_nothing),
    };
    qn_test_init(argc, argv);
    for (size_t i = 0; i < sizeof filler; i++) {
        filler[i] = (uint8_t)(i * 31 + i / 251);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
