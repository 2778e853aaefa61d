#include "wire/field.h"

#include <string.h>

uint64_t qn_read_uint_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                         uint64_t max)
{
    qn_read_key(in, map, key);
    return qn_read_uint(in, max);
}

struct qn_span qn_read_bytes_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                                size_t min, size_t max)
{
    qn_read_key(in, map, key);
    return qn_read_bytes(in, min, max);
}

void qn_read_fixed_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key, uint8_t *out,
                      size_t len)
{
    qn_read_key(in, map, key);
    qn_read_fixed(in, out, len);
}

void qn_read_text_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key, char *out,
                     size_t max)
{
    qn_read_key(in, map, key);
    qn_read_text(in, out, max);
}

void qn_read_public_key_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key_number,
                           struct qn_public_key *key, enum qn_err *err)
{
    *key = (struct qn_public_key){0};
    struct qn_span spki = qn_read_bytes_at(in, map, key_number, 1, QN_SPKI_LEN_MAX);
    if (in->failed) {
        return;
    }
    enum qn_err key_err = qn_public_key_from_spki(key, spki);
    if (key_err != QN_OK) {
        *err = key_err;
    }
}

void qn_read_signature_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                          struct qn_signature *signature)
{
    struct qn_span bytes = qn_read_bytes_at(in, map, key, 1, QN_NODE_SIGNATURE_LEN_MAX);
    signature->len = (uint16_t)bytes.len;
    if (bytes.len > 0) {
        memcpy(signature->bytes, bytes.at, bytes.len);
    }
}

void qn_write_uint_at(struct qn_writer *w, uint64_t key, uint64_t value)
{
    qn_write_key(w, key);
    qn_write_uint(w, value);
}

void qn_write_bytes_at(struct qn_writer *w, uint64_t key, const uint8_t *bytes, size_t len)
{
    qn_write_key(w, key);
    qn_write_bytes(w, bytes, len);
}

void qn_write_text_at(struct qn_writer *w, uint64_t key, const char *text)
{
    qn_write_key(w, key);
    qn_write_text(w, text);
}

static size_t measure(qn_write_record write, const void *record)
{
    struct qn_writer w;
    qn_writer_init(&w, NULL, 0);
    write(&w, record);
    return w.len;
}

enum qn_err qn_encode_into(uint8_t *out, size_t capacity, struct qn_span *bytes,
                           qn_write_record write, const void *record)
{
    struct qn_writer w;
    qn_writer_init(&w, out, capacity);
    write(&w, record);
    return qn_writer_done(&w, bytes);
}

enum qn_err qn_encode_bounded(struct qn_buf **buf, size_t len_max, qn_write_record write,
                              const void *record)
{
    size_t len = measure(write, record);
    if (len > len_max) {
        return QN_ERR_TOO_BIG;
    }
    struct qn_buf *encoded = qn_buf_new(len);
    struct qn_span bytes;
    QN_ASSERT(qn_encode_into(encoded->bytes, len, &bytes, write, record) == QN_OK);
    *buf = encoded;
    return QN_OK;
}

struct qn_buf *qn_encode(qn_write_record write, const void *record)
{
    struct qn_buf *buf = NULL;
    QN_ASSERT(qn_encode_bounded(&buf, QN_MESSAGE_LEN_MAX, write, record) == QN_OK);
    return buf;
}
