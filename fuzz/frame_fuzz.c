/* The assembler: the same stream in one piece and in pieces must give the same messages and the same
 * end, within its memory. The first two bytes say how to cut; a cut stream lies in memory of its own,
 * so that nothing points into what is gone. */
#include "wire/frame.h"
#include "wire/testing/run.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a stream led to, as one value that can be compared. */
struct outcome {
    struct qn_hash messages; /* chained over all of them */
    size_t count;
    enum qn_err err;
};

static void note(struct outcome *outcome, const struct qn_message_bytes *message)
{
    const struct qn_kind_info *info = qn_kind_find((unsigned)message->kind);
    QN_ASSERT(info != NULL && info->class == message->class);
    QN_ASSERT(message->bytes.len <= info->len_max);
    uint8_t head[] = {(uint8_t)message->kind,
                      (uint8_t)message->class,
                      (uint8_t)(message->request_id >> 24),
                      (uint8_t)(message->request_id >> 16),
                      (uint8_t)(message->request_id >> 8),
                      (uint8_t)message->request_id};
    struct qn_span parts[] = {
        {outcome->messages.bytes, QN_HASH_LEN}, {head, sizeof head}, message->bytes};
    outcome->messages = qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
    outcome->count += 1;
}

/* Hands over one piece; false when the stream is over. */
static bool feed(struct qn_assembler *assembler, struct outcome *outcome, struct qn_span piece)
{
    struct qn_message_bytes message;
    while ((outcome->err = qn_assembler_next(assembler, &message, &piece)) == QN_OK) {
        note(outcome, &message);
    }
    size_t held = 0;
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        held += assembler->classes[i].capacity;
    }
    QN_ASSERT(held <= 2 * QN_MESSAGE_LEN_MAX);
    QN_ASSERT(outcome->err != QN_ERR_NOT_FOUND || piece.len == 0);
    return outcome->err == QN_ERR_NOT_FOUND;
}

static struct outcome run_whole(struct qn_span stream)
{
    struct outcome outcome = {.err = QN_ERR_NOT_FOUND};
    struct qn_assembler assembler;
    qn_assembler_init(&assembler);
    (void)feed(&assembler, &outcome, stream);
    qn_assembler_fini(&assembler);
    return outcome;
}

static struct outcome run_cut(struct qn_span stream, uint64_t seed)
{
    struct outcome outcome = {.err = QN_ERR_NOT_FOUND};
    struct qn_assembler assembler;
    struct qn_rng rng;
    bool goes_on = true;
    qn_rng_init(&rng, seed);
    qn_assembler_init(&assembler);
    while (goes_on && stream.len > 0) {
        size_t len = 1 + (size_t)qn_rng_below(&rng, 40);
        len = len < stream.len ? len : stream.len;
        uint8_t *piece = malloc(len);
        QN_ASSERT(piece != NULL);
        memcpy(piece, stream.at, len);
        goes_on = feed(&assembler, &outcome, (struct qn_span){piece, len});
        free(piece);
        stream.at += len;
        stream.len -= len;
    }
    qn_assembler_fini(&assembler);
    return outcome;
}

/* A header that decodes is encoded as it was. */
static void check_header(struct qn_span stream)
{
    struct qn_frame_header header;
    uint8_t again[QN_FRAME_HEADER_LEN];
    if (stream.len >= sizeof again && qn_frame_header_decode(&header, stream.at) == QN_OK) {
        qn_frame_header_encode(again, &header);
        QN_ASSERT(memcmp(again, stream.at, sizeof again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_test_start();
    if (size < 2) {
        return 0;
    }
    struct qn_span stream = {data + 2, size - 2};
    check_header(stream);
    struct outcome whole = run_whole(stream);
    struct outcome cut = run_cut(stream, (uint64_t)data[0] << 8 | data[1]);
    QN_ASSERT(whole.count == cut.count && whole.err == cut.err);
    QN_ASSERT(qn_hash_equal(&whole.messages, &cut.messages));
    return 0;
}
