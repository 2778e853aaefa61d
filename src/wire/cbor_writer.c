#include "wire/cbor.h"

#include "wire/cbor_form.h"
#include "wire/utf8.h"

#include <string.h>

void qn_writer_init(struct qn_writer *w, uint8_t *out, size_t capacity)
{
    *w = (struct qn_writer){.out = out, .capacity = capacity};
}

static void put(struct qn_writer *w, const uint8_t *bytes, size_t len)
{
    if (!w->failed && len <= w->capacity - w->len) {
        if (len > 0) {
            memcpy(w->out + w->len, bytes, len);
        }
    } else {
        w->failed = true;
    }
    w->len += len;
}

/* How many bytes follow the head's first one. */
static size_t argument_width(uint64_t argument)
{
    if (argument <= QN_CBOR_INLINE_MAX) {
        return 0;
    }
    if (argument <= UINT8_MAX) {
        return 1;
    }
    if (argument <= UINT16_MAX) {
        return 2;
    }
    return argument <= UINT32_MAX ? 4 : 8;
}

static void put_head(struct qn_writer *w, enum qn_cbor_major major, uint64_t argument)
{
    size_t width = argument_width(argument);
    uint8_t head[9];
    unsigned info = (unsigned)argument;
    if (width > 0) {
        info = QN_CBOR_WIDTH_1;
        for (size_t power = width; power > 1; power /= 2) {
            info += 1;
        }
    }
    head[0] = (uint8_t)((unsigned)major << 5 | info);
    for (size_t i = 0; i < width; i++) {
        head[1 + i] = (uint8_t)(argument >> (8 * (width - 1 - i)));
    }
    put(w, head, 1 + width);
}

void qn_write_uint(struct qn_writer *w, uint64_t value)
{
    put_head(w, QN_CBOR_UINT, value);
}

void qn_write_int(struct qn_writer *w, int64_t value)
{
    if (value >= 0) {
        put_head(w, QN_CBOR_UINT, (uint64_t)value);
    } else {
        put_head(w, QN_CBOR_NEGATIVE, (uint64_t)(-1 - value));
    }
}

void qn_write_bool(struct qn_writer *w, bool value)
{
    put_head(w, QN_CBOR_SIMPLE, value ? QN_CBOR_TRUE : QN_CBOR_FALSE);
}

void qn_write_bytes(struct qn_writer *w, const uint8_t *bytes, size_t len)
{
    put_head(w, QN_CBOR_BYTES, len);
    put(w, bytes, len);
}

void qn_write_text(struct qn_writer *w, const char *text)
{
    struct qn_span bytes = {(const uint8_t *)text, strlen(text)};
    if (!qn_utf8_is_valid(bytes)) {
        w->invalid = true;
    }
    put_head(w, QN_CBOR_TEXT, bytes.len);
    put(w, bytes.at, bytes.len);
}

void qn_write_array(struct qn_writer *w, size_t count)
{
    put_head(w, QN_CBOR_ARRAY, count);
}

void qn_write_map(struct qn_writer *w, size_t pairs)
{
    put_head(w, QN_CBOR_MAP, pairs);
}

void qn_write_key(struct qn_writer *w, uint64_t key)
{
    qn_write_uint(w, key);
}

enum qn_err qn_writer_done(const struct qn_writer *w, struct qn_span *bytes)
{
    if (w->invalid) {
        return QN_ERR_INVALID;
    }
    if (w->failed) {
        return QN_ERR_TOO_BIG;
    }
    *bytes = (struct qn_span){w->out, w->len};
    return QN_OK;
}
