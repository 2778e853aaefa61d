#include "wire/frame.h"

#include "base/pool.h"

#include <string.h>

/* Kept of a class's memory between messages: a vote fits, bulk does not. */
enum { KEEP_MAX = QN_FRAME_CHUNK_MAX };

void qn_assembler_init(struct qn_assembler *assembler)
{
    *assembler = (struct qn_assembler){.err = QN_OK};
}

static void release(struct qn_assembler_class *class)
{
    qn_pool_give(class->bytes, class->capacity);
    *class = (struct qn_assembler_class){0};
}

void qn_assembler_fini(struct qn_assembler *assembler)
{
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        release(&assembler->classes[i]);
    }
}

static void release_done(struct qn_assembler *assembler)
{
    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        struct qn_assembler_class *class = &assembler->classes[i];
        if (!class->open && class->capacity > KEEP_MAX) {
            release(class);
        }
    }
}

/* Copies what is there, up to len bytes; returns how many. */
static size_t take(uint8_t *out, size_t len, struct qn_span *in)
{
    size_t taken = in->len < len ? in->len : len;
    if (taken > 0) {
        memcpy(out, in->at, taken);
        in->at += taken;
        in->len -= taken;
    }
    return taken;
}

/* Doubles, so that a long message is not copied once per frame; never beyond the kind's limit. */
static void reserve(struct qn_assembler_class *class, size_t len, size_t len_max)
{
    if (len <= class->capacity) {
        return;
    }
    size_t capacity = class->capacity * 2;
    capacity = capacity < len ? len : capacity;
    capacity = capacity > len_max ? len_max : capacity;
    uint8_t *bytes = qn_pool_take(capacity);
    if (class->len > 0) {
        memcpy(bytes, class->bytes, class->len);
    }
    qn_pool_give(class->bytes, class->capacity);
    class->bytes = bytes;
    class->capacity = capacity;
}

/* A whole header arrived: it opens a message or goes on with the one its class has open. */
static enum qn_err begin_frame(struct qn_assembler *assembler)
{
    struct qn_frame_header *frame = &assembler->frame;
    enum qn_err err = qn_frame_header_decode(frame, assembler->header);
    if (err != QN_OK) {
        return err;
    }
    struct qn_assembler_class *class = &assembler->classes[frame->class];
    if (class->open && (class->kind != frame->kind || class->request_id != frame->request_id)) {
        return QN_ERR_MALFORMED;
    }
    if (!class->open) {
        class->open = true;
        class->len = 0;
        class->kind = frame->kind;
        class->request_id = frame->request_id;
    }
    size_t len_max = qn_kind_find(frame->kind)->len_max;
    if (frame->len > len_max - class->len) {
        return QN_ERR_TOO_BIG;
    }
    reserve(class, class->len + frame->len, len_max);
    assembler->payload_left = frame->len;
    return QN_OK;
}

/* True when the frame that began is whole. */
static bool take_payload(struct qn_assembler *assembler, struct qn_span *in)
{
    struct qn_assembler_class *class = &assembler->classes[assembler->frame.class];
    if (assembler->payload_left > 0) {
        size_t taken = take(class->bytes + class->len, assembler->payload_left, in);
        class->len += taken;
        assembler->payload_left -= taken;
    }
    return assembler->payload_left == 0;
}

static void end_message(struct qn_assembler_class *class, struct qn_message_bytes *message,
                        uint8_t class_number)
{
    class->open = false;
    *message = (struct qn_message_bytes){
        .kind = (enum qn_message_kind) class->kind,
        .class = (enum qn_class)class_number,
        .request_id = class->request_id,
        .bytes = {class->bytes, class->len},
    };
}

enum qn_err qn_assembler_next(struct qn_assembler *assembler, struct qn_message_bytes *message,
                              struct qn_span *in)
{
    release_done(assembler);
    /* Bounded by the input: each turn but the first takes a header from it. */
    while (assembler->err == QN_OK) {
        if (assembler->header_len < QN_FRAME_HEADER_LEN) {
            assembler->header_len += take(assembler->header + assembler->header_len,
                                          QN_FRAME_HEADER_LEN - assembler->header_len, in);
            if (assembler->header_len < QN_FRAME_HEADER_LEN) {
                return QN_ERR_NOT_FOUND;
            }
            assembler->err = begin_frame(assembler);
            continue;
        }
        if (!take_payload(assembler, in)) {
            return QN_ERR_NOT_FOUND;
        }
        assembler->header_len = 0;
        if ((assembler->frame.flags & QN_FRAME_MORE) == 0) {
            end_message(&assembler->classes[assembler->frame.class], message,
                        assembler->frame.class);
            return QN_OK;
        }
    }
    return assembler->err;
}
